"""Training steps of a packed plan: rate, utilisation, memory, and where the time goes.

On one GPU `--comm local` and `--comm nccl` differ in one thing: whether sums, those of attention's backward pass above
all, have a fixed order. Both rates are reported; the faster one is compared with PyTorch, which fixes none.
"""
import collections
import json
import re
import statistics

from report import Failed, Skipped


def losses(lines):
    return [json.loads(line)["loss"] for line in lines.splitlines() if line.strip()]


def worst_difference(got, want):
    """Infinite if a step is missing or no number."""
    if len(got) < len(want):
        return float("inf")
    differences = [abs(g - w) / abs(w) for g, w in zip(got, want)]
    return max(d if d == d else float("inf") for d in differences)


def timed(context, model, comm, seconds, log):
    """The records of a run, its median step in seconds, its log."""
    lines, text = context.tpc("run", context.plan(model["plan"]), "--comm", comm, "--seed", 1, "--data",
                              context.home / "fixtures/tokens.bin", "--steps", model["steps"], "--log-json", "-",
                              seconds=seconds, log=log)
    records = [json.loads(line) for line in lines.splitlines()]
    # The first step runs eagerly, the second is captured.
    return records, statistics.median(record["seconds"] for record in records[3:]), text


def measure(context, model, seconds, peak):
    report, name = context.report, model["name"]
    records, median, log = timed(context, model, "local", seconds, name)
    report.row(f"{name}: tpc, bf16, repeats bit for bit (--comm local)", f"{model['tokens'] / median:.0f} tokens/s",
               f"step {median * 1e3:.2f} ms")
    try:
        free = timed(context, model, "nccl", seconds, f"{name}-nccl")[1]
        report.row(f"{name}: tpc, bf16, free order of sums (--comm nccl)", f"{model['tokens'] / free:.0f} tokens/s",
                   f"step {free * 1e3:.2f} ms")
        median = min(median, free)
    except (Failed, Skipped) as reason:  # NCCL has sections of its own
        report.row(f"{name}: tpc, bf16, free order of sums (--comm nccl)", "not measured", str(reason))
    context.steps[name] = median
    rate = model["flops"] / median
    note = f"of {peak / 1e12:.0f} TFLOP/s"
    if context.rate:
        note += f"; {rate / context.rate:.1%} of the products' {context.rate / 1e12:.0f}"
    report.row(f"{name}: utilisation (6 N + 6 L h T)", f"{rate / peak:.1%}", note)
    memory = re.search(r"predicted ([\d.]+ \w+), allocated ([\d.]+ \w+)", log)
    outside = re.search(r"outside +([\d.]+ \w+)", log)
    if memory:
        report.row(f"{name}: memory predicted", memory[1],
                   f"allocated {memory[2]}, outside {outside[1] if outside else 'not said'}")
        if memory[1] != memory[2]:
            raise Failed(f"{name} was to take {memory[1]} and took {memory[2]}")
    if model.get("falls") and not records[-1]["loss"] < records[0]["loss"]:
        raise Failed(f"{name}: the loss does not fall, {records[0]['loss']} to {records[-1]['loss']}")
    profile(context, model, seconds)


def kind_of(event):
    """The class of an instruction: products, attention, collectives, or what its kernel is made of."""
    if event["cat"] != "KernelLaunch":
        return event["cat"]
    ops = event["name"].split(": ")[-1]
    for part in ("adam", "sgd", "embedding_grad", "embedding", "ce_row", "norm", "gelu", "silu", "rope"):
        if part in ops:
            return part
    return "other kernels"


def profile(context, model, seconds):
    """Of one eager step: time per class, and the gaps between instructions."""
    path = context.out / f"{model['name']}-trace.json"
    context.tpc("run", context.plan(model["plan"]), "--comm", "local", "--seed", 1, "--data",
                context.home / "fixtures/tokens.bin", "--steps", 3, "--profile", path, seconds=seconds,
                log=f"{model['name']}-profile")
    trace = json.loads(path.read_text())
    events = trace["traceEvents"] if isinstance(trace, dict) else trace
    events = [e for e in events if e["ph"] == "X" and e["args"]["step"] == 3]
    times = collections.Counter()
    for event in events:
        times[kind_of(event)] += event["dur"]
    total = sum(times.values())
    for kind, time in times.most_common(10):
        context.report.row(f"{model['name']}: {kind}", f"{time / 1e3:.3f} ms", f"{time / total:.1%}")
    ordered = sorted(events, key=lambda e: e["ts"])
    gaps = [b["ts"] - a["ts"] - a["dur"] for a, b in zip(ordered, ordered[1:]) if a["tid"] == b["tid"]]
    gaps = [gap for gap in gaps if gap > 0]
    if gaps:
        context.report.row(f"{model['name']}: gaps between launches (eager)", f"{sum(gaps) / 1e3:.3f} ms",
                           f"median {statistics.median(gaps):.1f} us, {len(events)} instructions")
