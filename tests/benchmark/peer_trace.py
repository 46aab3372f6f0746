"""Traces the network of peer.py for programs without Python (TorchPeer.java): forward passes and the
loss of a training batch, each for the batches that are given. Arguments: network, folder, batches."""

import pathlib
import sys

import torch

import peer

options, tensors = peer.read_safetensors(sys.argv[1])
folder = pathlib.Path(sys.argv[2])


class Loss(torch.nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, clean, noise, sigma, labels):
        return self.net.loss(clean, noise, sigma, labels)


for batch in map(int, sys.argv[3:]):
    net = peer.Peer(options, tensors).eval()
    size = options["imgResolution"]
    x = torch.randn(batch, options["imgChannels"], size, size)
    sigma = torch.ones(batch)
    labels = torch.eye(options["labelDim"])[torch.arange(batch) % options["labelDim"]]
    with torch.no_grad():
        traced = torch.jit.trace(net, (x, sigma, labels), check_trace=False)
    traced.save(str(folder / f"forward-{batch}.pt"))
    loss = Loss(net.train())
    traced = torch.jit.trace(loss, (x, torch.randn_like(x), sigma, labels), check_trace=False)
    traced.save(str(folder / f"train-{batch}.pt"))
