"""The EDM2 network in PyTorch, written from the formulas of the papers (arXiv:2312.02696 and
arXiv:2206.00364), as the other side of comparisons. Weights come from a safetensors file that
`edm2 convert` wrote: tensors by their names in the official state dictionary, options in the
header."""

import json
import math

import numpy as np
import torch
import torch.nn.functional as F

TYPES = {"F32": np.float32, "F16": np.float16}


def read_safetensors(path):
    """Options and tensors of a network file; no options of a snapshot."""
    data = np.fromfile(path, dtype=np.uint8)
    length = int(data[:8].view(np.int64)[0])
    header = json.loads(data[8 : 8 + length].tobytes())
    options = json.loads(header.pop("__metadata__").get("edm2", "{}"))
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        piece = data[8 + length + begin : 8 + length + end].view(TYPES[entry["dtype"]])
        tensors[name] = torch.from_numpy(piece.astype(np.float32).reshape(entry["shape"]))
    return options, tensors


def normalize(x, dims):
    """Eq. 47: unit root mean square over the axes."""
    elements = math.prod(x.shape[d] for d in dims)
    rms = torch.linalg.vector_norm(x, dim=dims, keepdim=True) / math.sqrt(elements)
    return x / (1e-4 + rms)


def silu(x):
    return F.silu(x) / 0.596


def mp_sum(a, b, t):
    return torch.lerp(a, b, t) / math.sqrt((1 - t) ** 2 + t**2)


def mp_cat(a, b, t):
    na, nb = a.shape[1], b.shape[1]
    c = math.sqrt((na + nb) / ((1 - t) ** 2 + t**2))
    return torch.cat([a * (c / math.sqrt(na) * (1 - t)), b * (c / math.sqrt(nb) * t)], dim=1)


class Peer(torch.nn.Module):
    """D(x; sigma) and the log variance u(sigma)."""

    def __init__(self, options, tensors):
        super().__init__()
        self.o = options
        self.names = {}
        for name, value in tensors.items():
            key = name.replace(".", "|")
            self.names[name] = key
            if name.endswith((".freqs", ".phases")):
                self.register_buffer(key, value)
            else:
                self.register_parameter(key, torch.nn.Parameter(value))
        levels = len(options["channelMult"])
        self.resolutions = [options["imgResolution"] >> level for level in range(levels)]
        self.channels = [options["modelChannels"] * m for m in options["channelMult"]]

    def get(self, name):
        return getattr(self, self.names[name])

    def normalize_weights(self):
        """Eq. 66, before each training step."""
        with torch.no_grad():
            for name, key in self.names.items():
                if name.endswith(".weight"):
                    w = getattr(self, key)
                    w.copy_(normalize(w, list(range(1, w.dim()))))

    def multiply(self, name, x, gain=1):
        w = self.get(name + ".weight")
        fan_in = w[0].numel()
        w = normalize(w, list(range(1, w.dim()))) * (gain / math.sqrt(fan_in))
        return x @ w.t() if w.dim() == 2 else F.conv2d(x, w, padding=int(w.shape[-1]) // 2)

    def fourier(self, name, x):
        angles = torch.outer(x, self.get(name + ".freqs")) + self.get(name + ".phases")
        return math.sqrt(2) * torch.cos(angles)

    def block(self, name, x, emb, encoder, resample, attention):
        o = self.o
        if resample == "down":
            x = F.avg_pool2d(x, 2)
        elif resample == "up":
            x = F.interpolate(x, scale_factor=2, mode="nearest")
        skip = name + ".conv_skip.weight" in self.names
        if encoder:
            if skip:
                x = self.multiply(name + ".conv_skip", x)
            x = normalize(x, [1])
        y = self.multiply(name + ".conv_res0", silu(x))
        c = self.multiply(name + ".emb_linear", emb, gain=self.get(name + ".emb_gain")) + 1
        y = silu(y * c[:, :, None, None])
        if self.training and o["dropout"] > 0:
            y = F.dropout(y, o["dropout"])
        y = self.multiply(name + ".conv_res1", y)
        if not encoder and skip:
            x = self.multiply(name + ".conv_skip", x)
        x = mp_sum(x, y, o["resBalance"])
        if attention:
            batch, channels, height, width = x.shape
            heads = channels // o["channelsPerHead"]
            qkv = self.multiply(name + ".attn_qkv", x)
            qkv = qkv.reshape(batch, heads, channels // heads, 3, height * width)
            q, k, v = normalize(qkv, [2]).unbind(3)
            w = torch.einsum("nhcq,nhck->nhqk", q, k / math.sqrt(q.shape[2])).softmax(dim=3)
            y = torch.einsum("nhqk,nhck->nhcq", w, v).reshape(x.shape)
            x = mp_sum(x, self.multiply(name + ".attn_proj", y), o["attnBalance"])
        return x.clip(-o["clipAct"], o["clipAct"])

    def unet(self, x, c_noise, labels):
        o = self.o
        emb = self.multiply("unet.emb_noise", self.fourier("unet.emb_fourier", c_noise))
        if o["labelDim"] > 0:
            label = self.multiply("unet.emb_label", labels * math.sqrt(o["labelDim"]))
            emb = mp_sum(emb, label, o["labelBalance"])
        emb = silu(emb)
        x = torch.cat([x, torch.ones_like(x[:, :1])], dim=1)
        skips = []
        for level, size in enumerate(self.resolutions):
            prefix = f"unet.enc.{size}x{size}_"
            attends = size in o["attnResolutions"]
            if level == 0:
                x = self.multiply(prefix + "conv", x)
            else:
                x = self.block(prefix + "down", x, emb, True, "down", False)
            skips.append(x)
            for i in range(o["numBlocks"]):
                x = self.block(prefix + f"block{i}", x, emb, True, None, attends)
                skips.append(x)
        for level in reversed(range(len(self.resolutions))):
            size = self.resolutions[level]
            prefix = f"unet.dec.{size}x{size}_"
            attends = size in o["attnResolutions"]
            if level == len(self.resolutions) - 1:
                x = self.block(prefix + "in0", x, emb, False, None, True)
                x = self.block(prefix + "in1", x, emb, False, None, False)
            else:
                x = self.block(prefix + "up", x, emb, False, "up", False)
            for i in range(o["numBlocks"] + 1):
                x = mp_cat(x, skips.pop(), o["concatBalance"])
                x = self.block(prefix + f"block{i}", x, emb, False, None, attends)
        return self.multiply("unet.out_conv", x, gain=self.get("unet.out_gain"))

    def forward(self, x, sigma, labels=None):
        """sigma: [batch]; labels one-hot or None."""
        sd = self.o["sigmaData"]
        if self.o["labelDim"] > 0 and labels is None:
            labels = torch.zeros(x.shape[0], self.o["labelDim"])
        s = sigma.reshape(-1, 1, 1, 1)
        c_noise = sigma.log() / 4
        f = self.unet(x / (s**2 + sd**2).sqrt(), c_noise, labels)
        denoised = sd**2 / (s**2 + sd**2) * x + s * sd / (s**2 + sd**2).sqrt() * f
        u = self.multiply("logvar_linear", self.fourier("logvar_fourier", c_noise))
        return denoised, u

    def loss(self, clean, noise, sigma, labels=None):
        """Eq. 14 to 16 and 21: summed over elements, averaged over the batch."""
        sd = self.o["sigmaData"]
        s = sigma.reshape(-1, 1, 1, 1)
        denoised, u = self(clean + s * noise, sigma, labels)
        u = u.reshape(-1, 1, 1, 1)
        weight = (s**2 + sd**2) / (s * sd) ** 2
        return (weight / u.exp() * (denoised - clean) ** 2 + u).sum() / clean.shape[0]


@torch.no_grad()
def heun(denoise, noise, steps, sigma_min=0.002, sigma_max=80, rho=7):
    """The deterministic sampler."""
    i = torch.arange(steps) / max(steps - 1, 1)
    low, high = sigma_min ** (1 / rho), sigma_max ** (1 / rho)
    sigmas = torch.cat([(high + i * (low - high)) ** rho, torch.zeros(1)])
    x = noise * sigmas[0]
    for now, then in zip(sigmas[:-1], sigmas[1:]):
        d = (x - denoise(x, now)) / now
        euler = x + (then - now) * d
        if then > 0:
            d = (d + (euler - denoise(euler, then)) / then) / 2
            euler = x + (then - now) * d
        x = euler
    return x
