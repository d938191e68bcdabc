#!/usr/bin/env python3
"""Training steps in PyTorch on the GPU, timed: what the check compares with.

The same model, shapes and clipping; bf16 by autocast over float32 parameters, compiled, flash
attention, fused AdamW. Prints one JSON object; the time to compile is apart.
"""
import argparse
import json
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


def rope(x, theta):
    """Pairs (i, i + size / 2) of [b, h, t, size] are turned by t theta^(-2i/size)."""
    half = x.shape[-1] // 2
    frequencies = theta ** (-torch.arange(half, device=x.device, dtype=torch.float32) / half)
    angles = torch.arange(x.shape[-2], device=x.device, dtype=torch.float32)[:, None] * frequencies
    a, b = x.float().chunk(2, -1)
    turned = torch.cat([a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()], -1)
    return turned.to(x.dtype)


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c, self.size = c, c["width"] // c["heads"]
        llama, bias = c["kind"] == "llama", c["kind"] != "llama"
        norm = nn.RMSNorm if llama else nn.LayerNorm
        self.norm_1, self.norm_2 = norm(c["width"]), norm(c["width"])
        kv = c["kv_heads"] * self.size
        self.q, self.o = (nn.Linear(c["width"], c["width"], bias=bias) for _ in range(2))
        self.k, self.v = (nn.Linear(c["width"], kv, bias=bias) for _ in range(2))
        self.up = nn.Linear(c["width"], c["ffn"], bias=bias)
        self.down = nn.Linear(c["ffn"], c["width"], bias=bias)
        self.gate = nn.Linear(c["width"], c["ffn"], bias=False) if llama else None

    def forward(self, x):
        n = self.norm_1(x)
        q, k, v = (part(n).unflatten(-1, (-1, self.size)).transpose(1, 2) for part in (self.q, self.k, self.v))
        if self.gate:
            q, k = rope(q, self.c["theta"]), rope(k, self.c["theta"])
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=q.shape[1] != k.shape[1])
        x = x + self.o(y.transpose(1, 2).flatten(2))
        n = self.norm_2(x)
        if self.gate:
            return x + self.down(F.silu(self.gate(n)) * self.up(n))
        return x + self.down(F.gelu(self.up(n), approximate="tanh"))


class Decoder(nn.Module):
    def __init__(self, c):
        super().__init__()
        # Padded, as tpc pads it: rows of 50257 bf16 logits are slow.
        rows = -(-c["vocabulary"] // 64) * 64
        self.tokens = nn.Embedding(rows, c["width"])
        self.positions = nn.Embedding(c["positions"], c["width"]) if c["kind"] == "gpt2" else None
        self.blocks = nn.ModuleList(Block(c) for _ in range(c["layers"]))
        self.norm = nn.RMSNorm(c["width"]) if c["kind"] == "llama" else nn.LayerNorm(c["width"])
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, inputs, labels):
        x = self.tokens(inputs)
        if self.positions:
            x = x + self.positions(torch.arange(inputs.shape[1], device=inputs.device))
        for block in self.blocks:
            x = block(x)
        logits = F.linear(self.norm(x), self.tokens.weight)  # tied
        return F.cross_entropy(logits.flatten(0, 1), labels.flatten())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=json.loads, required=True)
    parser.add_argument("--steps", type=int, default=10)
    options = parser.parse_args()
    c = options.config
    torch.manual_seed(0)
    torch.set_float32_matmul_precision("high")
    with torch.device("cuda"):
        model = Decoder(c)
        tokens = torch.randint(0, c["vocabulary"], (c["batch"], c["sequence"] + 1))
    inputs, labels = tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    compiled = torch.compile(model)

    def step():
        with torch.autocast("cuda", torch.bfloat16):
            loss = compiled(inputs, labels)
        loss.backward()
        if c["clip"]:
            nn.utils.clip_grad_norm_(model.parameters(), c["clip"])
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.detach()

    def timed():
        torch.cuda.synchronize()
        begin = time.perf_counter()
        loss = step()
        torch.cuda.synchronize()
        return time.perf_counter() - begin, float(loss)

    compile_seconds = timed()[0]
    for _ in range(3):
        timed()
    runs = [timed() for _ in range(options.steps)]
    seconds = [run[0] for run in runs]
    print(json.dumps({"version": torch.__version__, "median": statistics.median(seconds), "min": min(seconds),
                      "compile": compile_seconds, "loss": runs[-1][1],
                      "memory": torch.cuda.max_memory_allocated()}))


main()
