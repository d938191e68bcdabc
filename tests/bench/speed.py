#!/usr/bin/env python3
"""How fast compiled training steps are, beside what this machine could do at best.

    python3 tests/bench/speed.py [--build build] [--torch-python PYTHON] [--json FILE]

In one run it measures the floor (the products of a step at the best measured rate of a product,
plus the bytes of the optimizer at the best measured bandwidth), steps of GPT-2 124M in float32 for
two shapes at tp = 1 and tp = 2, where their time goes, how long every model takes to compile, and
the same steps in PyTorch where it is installed. It fails only if a program fails: numbers are for
people. On a shared machine start it by `nice -n -20`, and look at the load that it prints.
"""
import argparse
import collections
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHAPES = {"4 x 64": (4, 64), "1 x 1024": (1, 1024)}
PARTS = ["steps", "compile", "torch"]


def say(text=""):
    print(text, flush=True)


def load():
    return "load %.1f %.1f" % os.getloadavg()[:2]


def table(header, rows):
    """Right-aligned columns but for the first."""
    cells = [header] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    for row in cells:
        say("  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))))


def call(command, **options):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)
    if done.returncode:
        sys.exit(f"error: {' '.join(map(str, command))} ended with {done.returncode}\n{done.stderr}")
    return done.stdout


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, Path(folder)
        self.bin = (ROOT / options.build / "bin").resolve()
        self.result = {"threads": options.threads, "rates": [], "steps": {}, "torch": {}}
        self.data = self.folder / "tokens.bin"
        # Which tokens they are does not matter to the time.
        self.data.write_bytes(b"".join((i * 7919 % 50257).to_bytes(2, "little") for i in range(20000)))

    # ---- the floor ----

    def measure_rates(self):
        """The best rates are those of the quietest moment: each call may only raise them."""
        self.result["rates"].append(json.loads(call([self.bin / "floor_bench", self.options.threads])))
        best = {key: max(rate[key] for rate in self.result["rates"]) for key in ("gemm", "bandwidth")}
        self.result["best"] = best
        return best

    def floor(self, work):
        best = self.result["best"]
        return work["product_flops"] / best["gemm"] + work["optimizer_bytes"] / best["bandwidth"]

    # ---- steps ----

    def compile(self, model, tp, batch=None, sequence=None):
        plan = self.folder / f"{model.stem}-{tp}-{batch}-{sequence}.plan"
        dims = ["--dim", f"B={batch}", "--dim", f"T={sequence}"] if batch else []
        begin = time.perf_counter()
        call([self.bin / "tpc", "compile", model, "--tp", tp, "--cpu", self.options.cpu, *dims, "-o", plan])
        return plan, time.perf_counter() - begin

    def run(self, plan, tp, steps, *more):
        return call(
            [self.bin / "tpc", "run", plan, "--data", self.data, "--steps", steps,
             "--threads-per-rank", self.options.threads // tp, "--log-json", "-", *more])

    def train(self, shape, tp):
        batch, sequence = SHAPES[shape]
        plan, _ = self.compile(ROOT / "models/gpt2-124m.mlir", tp, batch, sequence)
        lines = self.run(plan, tp, self.options.steps + 1).splitlines()
        seconds = [json.loads(line)["seconds"] for line in lines][1:]
        trace = self.folder / "trace.json"
        self.run(plan, tp, 4, "--profile", trace)
        step = {"min": min(seconds), "median": statistics.median(seconds), "tokens": batch * sequence}
        step.update(analyse(json.loads(trace.read_text())["traceEvents"]))
        self.result["steps"][f"{shape} tp {tp}"] = step
        plan.unlink()

    def steps(self):
        say(f"rates: best of several measurements between the steps; {load()}")
        self.measure_rates()
        for shape in self.options.shapes:
            for tp in (1, 2):
                if self.options.threads % tp == 0:
                    self.train(shape, tp)
                    self.measure_rates()
        best = self.result["best"]
        where = max(self.result["rates"], key=lambda rate: rate["gemm"])["gemm_shape"]
        say(f"best product {best['gemm'] * 1e-9:.1f} GF/s ({where}), "
            f"bandwidth {best['bandwidth'] * 1e-9:.1f} GB/s, {self.options.threads} threads; {load()}\n")
        rows = []
        for name, step in self.result["steps"].items():
            shape = name.split(" tp ")[0]
            one = self.result["steps"].get(f"{shape} tp 1", step)
            step["floor"] = self.floor(one["work"])
            step["of_floor"] = step["floor"] / step["min"]
            rows.append([name, f"{step['min'] * 1e3:.0f}", f"{step['median'] * 1e3:.0f}",
                         f"{step['tokens'] / step['min']:.0f}", f"{step['floor'] * 1e3:.0f}",
                         f"{step['of_floor']:.3f}", f"{one['min'] / step['min']:.3f}"])
        table(["GPT-2 124M f32", "ms", "median", "tokens/s", "floor ms", "of floor", "of tp 1"], rows)
        for name, step in self.result["steps"].items():
            say(f"\n{name}: where {step['span'] * 1e3:.0f} ms go (the fastest profiled step, ranks' mean)")
            rows = [[kind, count, f"{s * 1e3:.2f}", f"{100 * s / step['span']:.1f}", rate]
                    for kind, count, s, rate in step["classes"]]
            table(["", "calls", "ms", "%", "rate"], rows)

    # ---- compile times ----

    def compile_times(self):
        say(f"\ncompile times, --tp 2; {load()}")
        times = {}
        for model in sorted((ROOT / "models").glob("*.mlir")):
            times[model.stem] = self.compile(model, 2)[1]
        self.result["compile"] = times
        table(["model", "seconds"], [[name, f"{seconds:.2f}"] for name, seconds in times.items()])

    # ---- PyTorch ----

    def torch(self):
        python = self.options.torch_python
        probe = subprocess.run([python, "-c", "import torch"], capture_output=True)
        if probe.returncode:
            say(f"\nskipped: PyTorch is not installed for {python}; --torch-python names another one")
            return
        script = Path(__file__).with_name("torch_gpt2.py")
        rows = []
        for shape in self.options.shapes:
            batch, sequence = SHAPES[shape]
            ours = self.result["steps"]
            ways = {"eager": ["--threads", self.options.threads],
                    "compiled": ["--threads", self.options.threads, "--compile"]}
            if self.options.threads % 2 == 0:
                ways["tp 2"] = ["--threads", self.options.threads // 2, "--ranks", 2]
            for way, arguments in ways.items():
                command = [python, script, "--batch", batch, "--sequence", sequence,
                           "--steps", self.options.steps, *arguments]
                done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
                lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
                if done.returncode or not lines:
                    reason = (done.stderr.strip().splitlines() or ["no reason"])[-1]
                    say(f"skipped: PyTorch {way} at {shape} failed: {reason}")
                    continue
                theirs = json.loads(lines[-1])
                self.result["torch"][f"{shape} {way}"] = theirs
                same = ours.get(f"{shape} tp {2 if way == 'tp 2' else 1}")
                rows.append([f"{shape} {way}", theirs["version"], f"{theirs['min'] * 1e3:.0f}",
                             f"{theirs['median'] * 1e3:.0f}",
                             f"{theirs['min'] / same['min']:.2f}" if same else "-"])
        say(f"\nPyTorch, fused AdamW, same dtype and threads; {load()}")
        table(["", "version", "ms", "median", "tpc is faster by"], rows)


# ---- the trace of --profile ----

def kind_of(event):
    """Of "h.3.mlp: linear" what it is: kernels by name, the rest by kind."""
    name = event["name"].split(": ", 1)[-1]
    if event["cat"] == "Gemm":
        return "product " + name
    if event["cat"] == "Attention":
        return "attention " + event["args"]["phase"]
    if event["cat"] == "KernelLaunch":
        return "kernel " + re.sub(r" \(sum of \d+ blocks\)", " (sums)", name)
    return event["cat"].lower()


def analyse(events):
    """Classes of the fastest step: (name, calls, seconds, rate), and the step's work over all ranks."""
    by_step = collections.defaultdict(list)
    for event in events:
        if event.get("ph") == "X":
            by_step[event["args"]["step"]].append(event)
    del by_step[min(by_step)]  # the first one warms up

    def span(step):
        return max(e["ts"] + e["dur"] for e in step) - min(e["ts"] for e in step)

    step = min(by_step.values(), key=span)
    ranks = {event["pid"] for event in step}
    calls, micros, flops, traffic = (collections.Counter() for _ in range(4))
    order = {rank: [e for e in step if e["pid"] == rank and e["cat"] == "Collective"] for rank in ranks}
    waits = collections.defaultdict(float)
    for together in zip(*order.values()):
        last = max(event["ts"] for event in together)
        for event in together:
            waits[id(event)] = last - event["ts"]
    for event in step:
        kind, wait = kind_of(event), waits[id(event)]
        if wait:
            calls["waiting for other ranks"] += 1
            micros["waiting for other ranks"] += wait
        calls[kind] += 1
        micros[kind] += event["dur"] - wait
        flops[kind] += event["args"].get("flops", 0)
        traffic[kind] += event["args"].get("bytes", 0)

    def rate(kind):
        seconds = micros[kind] * 1e-6 / len(ranks)
        if kind.startswith(("product", "attention")) and seconds:
            return f"{flops[kind] / seconds * 1e-9:.1f} GF/s"
        if kind.startswith("kernel") and traffic[kind] and seconds:
            return f"{traffic[kind] / seconds * 1e-9:.1f} GB/s"
        return ""

    classes = [(kind, calls[kind] // len(ranks) or calls[kind], micros[kind] * 1e-6 / len(ranks), rate(kind))
               for kind in sorted(micros, key=micros.get, reverse=True)]
    idle = span(step) * 1e-6 - sum(seconds for _, _, seconds, _ in classes)
    sums = [("all products", "product"), ("all attention", "attention"), ("all kernels", "kernel")]
    totals = []
    for name, prefix in sums:
        parts = [kind for kind in micros if kind.startswith(prefix + " ")]
        seconds = sum(micros[kind] for kind in parts) * 1e-6 / len(ranks)
        done = sum(flops[kind] for kind in parts)
        totals.append((name, sum(calls[kind] for kind in parts) // len(ranks), seconds,
                       f"{done / seconds * 1e-9:.1f} GF/s" if prefix != "kernel" and seconds else ""))
    classes = totals + classes + [("between instructions", "", idle, "")]
    products = sum(flops[kind] for kind in micros if kind.startswith(("product", "attention")))
    optimizer = sum(e["args"].get("bytes", 0) for e in step
                    if e["cat"] == "KernelLaunch" and "adam" in e["name"])
    return {"span": span(step) * 1e-6, "classes": classes,
            "work": {"product_flops": products, "optimizer_bytes": optimizer}}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build", help="build folder, below the root of the tree")
    parser.add_argument("--threads", type=int, default=2, help="in all, over all ranks")
    parser.add_argument("--steps", type=int, default=5, help="timed steps of each run")
    parser.add_argument("--cpu", default="native", help="level of the generated kernels")
    parser.add_argument("--shape", dest="shapes", action="append", choices=SHAPES)
    parser.add_argument("--part", dest="parts", action="append", choices=PARTS)
    parser.add_argument("--torch-python", default=sys.executable, help="an interpreter with PyTorch")
    parser.add_argument("--json", help="write all numbers to this file")
    options = parser.parse_args()
    options.shapes = options.shapes or list(SHAPES)
    parts = options.parts or PARTS
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, folder)
        if "steps" in parts:
            bench.steps()
        if "compile" in parts:
            bench.compile_times()
        if "torch" in parts:
            bench.torch()
        bench.result["load"] = os.getloadavg()
        if options.json:
            Path(options.json).write_text(json.dumps(bench.result, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
