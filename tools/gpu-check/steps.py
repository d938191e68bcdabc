"""Training steps of a packed plan: rate, utilisation, memory, and where the time goes.

`--comm local` fixes the order of sums, those of attention's backward pass above all; one rank without it does not. Both
rates are reported; the faster one is compared with PyTorch, which fixes none.
"""
import collections
import json
import re
import statistics
import time

from losses import refusal
from report import Failed

UNLIKE = 4  # the first step runs eagerly, in the second the graph is made, and clocks rise


def median(records):
    return statistics.median(record["seconds"] for record in records[UNLIKE:])


def measure_all(context, models, seconds, peak):
    begin, wrong = time.monotonic(), []
    for i, model in enumerate(models):
        measure = Measure(context, model, begin + seconds * (i + 1) / len(models))
        measure.rates(peak)
        measure.profile()
        wrong += measure.wrong
    if wrong:
        raise Failed("; ".join(wrong))


class Measure:
    def __init__(self, context, model, end):
        self.context, self.model, self.end, self.name = context, model, end, model["name"]
        self.wrong = []

    def row(self, what, value, note=""):
        self.context.report.row(f"{self.name}: {what}", value, note)

    def train(self, *options, name, **more):
        data = self.context.home / "fixtures/tokens.bin"
        return self.context.train(self.model["plan"], "--seed", 1, "--data", data, *options, name=name,
                                  seconds=self.end - time.monotonic(), **more)

    def rates(self, peak):
        middles = []
        for comm, what in (("local", "repeats bit for bit"), ("auto", "free order of sums")):
            what = f"tpc, bf16, {what} (--comm {comm})"
            try:
                records, log = self.train(comm=comm, steps=self.model["steps"], name=f"{self.name}-{comm}")
            except Failed as reason:
                self.row(what, "not measured", str(reason))
                self.wrong.append(str(reason))
                continue
            middle = median(records)
            middles.append(middle)
            self.row(what, f"{self.model['tokens'] / middle:.0f} tokens/s", f"step {middle * 1e3:.2f} ms")
            self.check(records, log, comm)
        if not middles:
            return
        self.context.steps[self.name] = min(middles)
        rate, known = self.model["flops"] / min(middles), self.context.rate
        note = f"; {rate / known:.1%} of the products' {known / 1e12:.0f}" if known else ""
        self.row("utilisation (6 N + 6 L h T)", f"{rate / peak:.1%}", f"of {peak / 1e12:.0f} TFLOP/s{note}")

    def check(self, records, log, comm):
        """What a run must have besides a rate."""
        if comm == "local":
            self.row("attention", "the plan's kernels" if refusal(log) else "cuDNN", refusal(log))
            memory = re.search(r"predicted ([\d.]+ \w+), allocated ([\d.]+ \w+)", log)
            outside = re.search(r"outside +([\d.]+ \w+)", log)
            if memory:
                self.row("memory predicted", memory[1],
                         f"allocated {memory[2]}, outside {outside[1] if outside else 'not said'}")
            if not memory or memory[1] != memory[2]:
                self.wrong.append(f"{self.name} was to take {memory[1]} and took {memory[2]}" if memory else
                                  f"{self.name} does not say what memory it took")
        first, last = records[0]["loss"], records[-1]["loss"]
        if self.model.get("falls") and not last < first:
            self.wrong.append(f"{self.name} ({comm}): the loss does not fall, {first} to {last}")

    def profile(self):
        """Of one eager step: time per class, and the gaps between instructions."""
        path = self.context.logs / f"{self.name}-trace.json"
        try:
            self.train("--profile", path, steps=3, name=f"{self.name}-profile")
            trace = json.loads(path.read_text())
        except (Failed, OSError, ValueError) as reason:
            self.row("profile", "not measured", str(reason))
            return
        events = trace["traceEvents"] if isinstance(trace, dict) else trace
        events = [e for e in events if e["ph"] == "X" and e["args"]["step"] == 3]
        times = collections.Counter()
        for event in events:
            times[kind_of(event)] += event["dur"]
        total = sum(times.values())
        for kind, duration in times.most_common(10):
            self.row(kind, f"{duration / 1e3:.3f} ms", f"{duration / total:.1%}")
        ordered = sorted(events, key=lambda e: e["ts"])
        gaps = [b["ts"] - a["ts"] - a["dur"] for a, b in zip(ordered, ordered[1:]) if a["tid"] == b["tid"]]
        gaps = [gap for gap in gaps if gap > 0]
        if gaps:
            self.row("gaps between launches (eager)", f"{sum(gaps) / 1e3:.3f} ms",
                     f"median {statistics.median(gaps):.1f} us, {len(events)} instructions")


def kind_of(event):
    """The class of an instruction: products, attention, collectives, or what its kernel is made of."""
    if event["cat"] != "KernelLaunch":
        return event["cat"]
    ops = event["name"].split(": ")[-1]
    for part in ("adam", "sgd", "embedding_grad", "embedding", "ce_row", "norm", "gelu", "silu", "rope"):
        if part in ops:
            return part
    return "other kernels"
