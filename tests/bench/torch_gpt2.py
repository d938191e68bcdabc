#!/usr/bin/env python3
"""Training steps of models/gpt2-124m.mlir in PyTorch, timed: what `speed.py` compares with.

The same model, shapes, dtype (float32), clipping and optimizer (AdamW, fused); attention is
PyTorch's scaled_dot_product_attention. Prints one JSON object. With --ranks the model is split by
torch.distributed.tensor.parallel over gloo, one process a rank, the loss vocabulary-parallel;
clipping is left out there, which is in PyTorch's favour.
"""
import argparse
import contextlib
import json
import os
import statistics
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

LAYERS, HEADS, WIDTH, VOCABULARY, POSITIONS = 12, 12, 768, 50257, 1024


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH) for _ in range(4))

    def forward(self, x):
        # The number of heads follows from what this rank has of them.
        q, k, v = (
            part(x).unflatten(-1, (-1, WIDTH // HEADS)).transpose(1, 2)
            for part in (self.q, self.k, self.v)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o(y.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.attn, self.ln_2 = nn.LayerNorm(WIDTH), Attention(), nn.LayerNorm(WIDTH)
        self.fc, self.proj = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.proj(F.gelu(self.fc(self.ln_2(x)), approximate="tanh"))


class Gpt2(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(POSITIONS, WIDTH)
        self.h = nn.ModuleList(Block() for _ in range(LAYERS))
        self.ln_f = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, VOCABULARY, bias=False)
        self.head.weight = self.wte.weight
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, tokens):
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1]))
        for block in self.h:
            x = block(x)
        return self.head(self.ln_f(x))


def split(model, ranks):
    """Megatron's layout, as PyTorch's own tutorial writes it."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import Replicate, Shard
    from torch.distributed.tensor.parallel import (
        ColwiseParallel,
        RowwiseParallel,
        parallelize_module,
    )

    mesh = init_device_mesh("cpu", (ranks,))
    for block in model.h:
        plan = {f"attn.{part}": ColwiseParallel() for part in "qkv"}
        plan |= {"attn.o": RowwiseParallel(), "fc": ColwiseParallel(), "proj": RowwiseParallel()}
        parallelize_module(block, mesh, plan)
    plan = {
        "wte": RowwiseParallel(input_layouts=Replicate()),
        "head": ColwiseParallel(output_layouts=Shard(-1), use_local_output=False),
    }
    parallelize_module(model, mesh, plan)
    model.head.weight = model.wte.weight


def optimizers(model):
    """One for split parameters, one for whole ones: a fused step takes tensors of one kind."""
    kinds = {}
    for parameter in model.parameters():
        kinds.setdefault(type(parameter.data), []).append(parameter)
    return [
        torch.optim.AdamW(group, lr=3e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
        for group in kinds.values()
    ]


def run(options, rank):
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    model = Gpt2()
    loss_context = contextlib.nullcontext
    if options.ranks > 1:
        from torch.distributed.tensor.parallel import loss_parallel

        torch.distributed.init_process_group("gloo", rank=rank, world_size=options.ranks)
        split(model, options.ranks)
        loss_context = loss_parallel
    steppers = optimizers(model)
    forward = torch.compile(model) if options.compile else model
    tokens = torch.randint(0, VOCABULARY, (options.batch, options.sequence + 1))
    inputs, labels = tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()

    seconds = []
    for _ in range(options.warmup + options.steps):
        begin = time.perf_counter()
        with loss_context():
            logits = forward(inputs)
            loss = F.cross_entropy(logits.flatten(0, 1), labels.flatten())
            loss.backward()
        if options.ranks == 1:
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for stepper in steppers:
            stepper.step()
            stepper.zero_grad(set_to_none=True)
        seconds.append(time.perf_counter() - begin)
    seconds = seconds[options.warmup :]
    if rank == 0:
        result = {
            "version": torch.__version__,
            "min": min(seconds),
            "median": statistics.median(seconds),
            "loss": float((loss.full_tensor() if hasattr(loss, "full_tensor") else loss).detach()),
        }
        print(json.dumps(result), flush=True)
    if options.ranks > 1:
        torch.distributed.destroy_process_group()


def entry_of_rank(rank, options):
    run(options, rank)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--sequence", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2, help="of each rank")
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--steps", type=int, default=4)
    options = parser.parse_args()
    if options.ranks == 1:
        return run(options, 0)
    import torch.multiprocessing as mp

    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    os.environ.setdefault("MASTER_PORT", "29513")
    mp.spawn(entry_of_rank, (options,), nprocs=options.ranks)
    return 0


if __name__ == "__main__":
    sys.exit(main())
