"""PyTorch's side of tests/benchmark/compare: reads tasks from standard input, runs each once, and
answers with the seconds that it took."""

import resource
import sys
import time

import torch

import peer

options, tensors = peer.read_safetensors(sys.argv[1])
torch.set_num_threads(int(sys.argv[2]))
torch.manual_seed(0)
net = peer.Peer(options, tensors).eval()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.9, 0.99), eps=1e-8)
averages = None


def inputs(batch):
    size = options["imgResolution"]
    x = torch.randn(batch, options["imgChannels"], size, size)
    labels = None
    if options["labelDim"] > 0:
        labels = torch.eye(options["labelDim"])[torch.arange(batch) % options["labelDim"]]
    return x, torch.ones(batch), labels


def forward(batch):
    x, sigma, labels = inputs(batch)
    with torch.no_grad():
        start = time.perf_counter()
        net(x, sigma, labels)
        return time.perf_counter() - start


def sample(batch):
    x, _, labels = inputs(batch)
    start = time.perf_counter()
    peer.heun(lambda y, s: net(y, s.expand(batch), labels)[0], x, 18)
    return time.perf_counter() - start


def train(batch):
    x, sigma, labels = inputs(batch)
    noise = torch.randn_like(x)
    net.train()
    start = time.perf_counter()
    net.normalize_weights()
    optimizer.zero_grad(set_to_none=True)
    net.loss(x, noise, sigma, labels).backward()
    for p in net.parameters():
        torch.nan_to_num(p.grad, nan=0, posinf=0, neginf=0, out=p.grad)
    optimizer.step()
    seconds = time.perf_counter() - start
    net.eval()
    return seconds


def ema(_):
    global averages
    if averages is None:
        averages = [[p.detach().clone() for p in net.parameters()] for _ in range(2)]
    start = time.perf_counter()
    with torch.no_grad():
        for average in averages:
            for a, p in zip(average, net.parameters()):
                a.lerp_(p, 0.01)
    return time.perf_counter() - start


def memory(_):
    """Peak resident memory in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


TASKS = {"forward": forward, "sample": sample, "train": train, "ema": ema, "memory": memory}


def product_speed():
    """GFLOP/s of a matrix product: Debian's PyTorch takes whatever BLAS is installed."""
    a = torch.randn(1024, 1024)
    a @ a
    start = time.perf_counter()
    a @ a
    return 2e-9 * 1024**3 / (time.perf_counter() - start)


speed = product_speed()
advice = "" if speed > 20 else "; the reference BLAS is no comparison, install libopenblas0-openmp"
print(f"ready {torch.__version__}, matrix products at {speed:.0f} GFLOP/s{advice}", flush=True)
for line in sys.stdin:
    task, batch = line.split()
    print(TASKS[task](int(batch)), flush=True)
