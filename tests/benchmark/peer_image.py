"""PyTorch's side of "from start to first image": reads a network, samples one image with 18 steps,
and writes it as a portable pixmap. Arguments: network, number of threads."""

import os
import sys
import tempfile

import torch

import peer

options, tensors = peer.read_safetensors(sys.argv[1])
torch.set_num_threads(int(sys.argv[2]))
torch.manual_seed(0)
net = peer.Peer(options, tensors).eval()
size = options["imgResolution"]
labels = torch.eye(options["labelDim"])[:1] if options["labelDim"] > 0 else None
image = peer.heun(
    lambda y, s: net(y, s.expand(1), labels)[0],
    torch.randn(1, options["imgChannels"], size, size),
    18,
)
pixels = (image[0, :3] * 127.5 + 128).clip(0, 255).to(torch.uint8).permute(1, 2, 0).contiguous()
with tempfile.TemporaryDirectory() as folder, open(os.path.join(folder, "0.ppm"), "wb") as file:
    file.write(f"P6 {size} {size} 255\n".encode() + pixels.numpy().tobytes())
