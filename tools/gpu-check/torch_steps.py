#!/usr/bin/env python3
"""Training steps in PyTorch on the GPU, timed: what the check compares with.

The same model, shapes and clipping; bf16 by autocast over float32 parameters, compiled, flash attention, fused AdamW,
one product for q, k and v, and steps that follow each other without a wait. Prints a JSON object of the times, the one
to compile apart, and then one of the kernels of a step.
"""
import argparse
import contextlib
import json
import statistics
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel


def rope(x, cos, sin):
    """Pairs (i, i + size / 2) of [b, h, t, size] are turned."""
    a, b = x.float().chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1).to(x.dtype)


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.size, self.heads, self.kv_heads = c["width"] // c["heads"], c["heads"], c["kv_heads"]
        llama, bias = c["kind"] == "llama", c["kind"] != "llama"
        norm = nn.RMSNorm if llama else nn.LayerNorm
        self.norm_1, self.norm_2 = norm(c["width"], eps=1e-5), norm(c["width"], eps=1e-5)
        self.qkv = nn.Linear(c["width"], (self.heads + 2 * self.kv_heads) * self.size, bias=bias)
        self.o = nn.Linear(c["width"], c["width"], bias=bias)
        self.up = nn.Linear(c["width"], c["ffn"], bias=bias)
        self.down = nn.Linear(c["ffn"], c["width"], bias=bias)
        self.gate = nn.Linear(c["width"], c["ffn"], bias=False) if llama else None

    def forward(self, x, turn):
        heads = self.qkv(self.norm_1(x)).unflatten(-1, (-1, self.size)).transpose(1, 2)
        q, k, v = heads.split([self.heads, self.kv_heads, self.kv_heads], 1)
        if turn is not None:
            q, k = rope(q, *turn), rope(k, *turn)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=self.heads != self.kv_heads)
        x = x + self.o(y.transpose(1, 2).flatten(2))
        n = self.norm_2(x)
        if self.gate is not None:
            return x + self.down(F.silu(self.gate(n)) * self.up(n))
        return x + self.down(F.gelu(self.up(n), approximate="tanh"))


class Decoder(nn.Module):
    def __init__(self, c):
        super().__init__()
        # Padded, as tpc pads it: rows of 50257 bf16 logits are slow.
        self.pads = -c["vocabulary"] % 64
        self.tokens = nn.Embedding(c["vocabulary"] + self.pads, c["width"])
        self.positions = nn.Embedding(c["positions"], c["width"]) if c["kind"] == "gpt2" else None
        self.blocks = nn.ModuleList(Block(c) for _ in range(c["layers"]))
        self.norm = (nn.RMSNorm if c["kind"] == "llama" else nn.LayerNorm)(c["width"], eps=1e-5)
        if c["kind"] == "llama":
            half = c["width"] // c["heads"] // 2
            frequencies = c["theta"] ** (-torch.arange(half, dtype=torch.float32) / half)
            angles = torch.arange(c["sequence"], dtype=torch.float32)[:, None] * frequencies
            self.register_buffer("cos", angles.cos(), persistent=False)
            self.register_buffer("sin", angles.sin(), persistent=False)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    def count(self):
        """Parameters without pads."""
        return sum(p.numel() for p in self.parameters()) - self.pads * self.tokens.embedding_dim

    def forward(self, inputs, labels):
        x = self.tokens(inputs)
        turn = None
        if self.positions is not None:
            x = x + self.positions(torch.arange(inputs.shape[1], device=inputs.device))
        else:
            turn = self.cos, self.sin
        for block in self.blocks:
            x = block(x, turn)
        logits = F.linear(self.norm(x), self.tokens.weight)  # tied
        return F.cross_entropy(logits.flatten(0, 1), labels.flatten())


def kernels_of(step):
    """The kernels of one step that take longest, in milliseconds."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        step()
        torch.cuda.synchronize()
    events = sorted(profile.key_averages(), key=lambda event: -event.self_device_time_total)
    return [(event.key, event.self_device_time_total / 1e3) for event in events[:12]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=json.loads, required=True)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--attention", choices=["default", "cudnn"], default="default")
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
    chosen = sdpa_kernel(SDPBackend.CUDNN_ATTENTION) if options.attention == "cudnn" else contextlib.nullcontext()

    def step():
        with torch.autocast("cuda", torch.bfloat16):
            loss = compiled(inputs, labels)
        loss.backward()
        if c["clip"]:
            nn.utils.clip_grad_norm_(model.parameters(), c["clip"])
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.detach()

    with chosen:
        begin = time.perf_counter()
        first = float(step())
        compile_seconds = time.perf_counter() - begin
        for _ in range(4):
            step()
        # Nothing waits for the GPU between steps.
        marks = [torch.cuda.Event(enable_timing=True) for _ in range(options.steps + 1)]
        marks[0].record()
        for mark in marks[1:]:
            loss = step()
            mark.record()
        torch.cuda.synchronize()
        seconds = [a.elapsed_time(b) / 1e3 for a, b in zip(marks, marks[1:])]
        print(json.dumps({"version": torch.__version__, "parameters": model.count(),
                          "median": statistics.median(seconds), "min": min(seconds), "compile": compile_seconds,
                          "losses": [first, float(loss)], "memory": torch.cuda.max_memory_allocated()}), flush=True)
        try:
            print(json.dumps({"kernels": kernels_of(step)}), flush=True)
        except Exception as error:  # the times are what counts
            print(f"no profile: {error}", file=sys.stderr)


main()
