"""PyTorch's side of tests/benchmark/compare: reads tasks from standard input, runs each once, and
answers with the seconds that it took. Arguments: network, number of threads, folder of snapshots;
a batch as the fourth makes it train some steps and print its peak memory instead."""

import pathlib
import subprocess
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


def reconstruct(_):
    """The mean of all snapshots stands for any weighted sum."""
    start = time.perf_counter()
    files = sorted(pathlib.Path(sys.argv[3]).glob("*.safetensors"))
    total = {}
    for file in files:
        _, tensors = peer.read_safetensors(file)
        for name, tensor in tensors.items():
            if name in total:
                total[name].add_(tensor, alpha=1 / len(files))
            else:
                total[name] = tensor.mul_(1 / len(files))
    return time.perf_counter() - start


def start(_):
    """A program of its own, from its start to the first image."""
    program = pathlib.Path(__file__).with_name("peer_image.py")
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, program, sys.argv[1], sys.argv[2]], check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - begin


def peak_memory():
    """Of this process in bytes; getrusage would count what the process was forked from."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    return float("nan")


def memory(batch):
    """Peak resident memory in bytes of a process that only trains."""
    output = subprocess.run(
        [sys.executable, __file__, *sys.argv[1:4], str(batch)], check=True, capture_output=True
    ).stdout
    return float(output.split()[-1])


TASKS = {
    "forward": forward,
    "sample": sample,
    "train": train,
    "ema": ema,
    "reconstruct": reconstruct,
    "start": start,
    "memory": memory,
}


def product_speed():
    """GFLOP/s of a matrix product: Debian's PyTorch takes whatever BLAS is installed."""
    a = torch.randn(1024, 1024)
    a @ a
    start = time.perf_counter()
    a @ a
    return 2e-9 * 1024**3 / (time.perf_counter() - start)


if len(sys.argv) > 4:
    for _ in range(5):
        train(int(sys.argv[4]))
    print(peak_memory())
    sys.exit()
speed = product_speed()
advice = "" if speed > 20 else "; the reference BLAS is no comparison, install libopenblas0-openmp"
print(f"ready {torch.__version__}, matrix products at {speed:.0f} GFLOP/s{advice}", flush=True)
for line in sys.stdin:
    task, batch = line.split()
    print(TASKS[task](int(batch)), flush=True)
