"""What failed is run again so that one call says what is wrong with it: an instruction at a time between guards, under
compute-sanitizer, and gradient by gradient."""
import array
import json
import math
import struct
import time

import losses
import programs
from report import Failed, Skipped

MOST_RUNS = 2  # of those that failed
SHOWN = 8  # gradients


def run(context, seconds):
    plans = {wrong["plan"]: wrong for wrong in reversed(context.wrong)}
    chosen = list(reversed(plans.values()))[:MOST_RUNS]
    if not chosen:
        raise Skipped("no run failed")
    begin = time.monotonic()
    for i, wrong in enumerate(chosen):
        end = begin + seconds * (i + 1) / len(chosen)
        for examine in (check_memory, compare_gradients, sanitize):
            left = end - time.monotonic()
            try:
                examine(context, wrong, left if examine is sanitize else left / 2)
            except Failed as reason:
                context.report.row(f"{wrong['name']}: {examine.__name__}", "fails", str(reason))


def arguments(context, wrong, seconds, *more):
    """Of `tpc`, which names what hangs in time."""
    return ["run", context.plan(wrong["plan"]), "--comm", wrong["comm"], "--timeout", int(max(3, min(10, seconds / 4))),
            *wrong["options"], *more]


def check_memory(context, wrong, seconds):
    """No graph, and one instruction at a time: a failure names it, and other losses than before say that order counts.
    """
    lines, _ = context.tpc(*arguments(context, wrong, seconds, "--check-memory", "--steps", 2, "--log-json", "-"),
                           seconds=seconds, name=f"{wrong['name']}-check-memory")
    found = [record.get("loss") for record in losses.recorded(lines, 2)]
    context.report.row(f"{wrong['name']}: --check-memory", "ends well", f"losses {found}")


def sanitize(context, wrong, seconds):
    sanitizer = programs.tool("compute-sanitizer")
    if not sanitizer:
        return
    name = f"{wrong['name']}-sanitizer"
    context.run([sanitizer, "--print-limit", 20, context.home / "bin/tpc",
                 *arguments(context, wrong, seconds, "--steps", 1)], seconds, name)
    context.report.row(f"{wrong['name']}: compute-sanitizer", "ends well",
                       programs.text_of(context.logs / f"{name}.out").strip().rpartition("\n")[2])


def compare_gradients(context, wrong, seconds):
    """Adam's mean after one step is the gradient, scaled: which parameters' differ from the CPU's?"""
    known = wrong.get("gradients")
    if not known:
        return
    path = context.logs.parent / f"{wrong['name']}.safetensors"
    context.tpc(*arguments(context, wrong, seconds, "--steps", 1, "--save", path), seconds=seconds,
                name=f"{wrong['name']}-gradients")
    found = gradient_norms(path)
    path.unlink()
    off = [(name, norm, found.get(name, math.nan)) for name, norm in known.items()]
    off = [(name, want, got) for name, want, got in off if not abs(got - want) <= 0.02 * abs(want)]
    context.report.row(f"{wrong['name']}: gradients", f"{len(off)} of {len(known)} differ",
                       ", ".join(f"{name} {got:.4g} and not {want:.4g}" for name, want, got in off[:SHOWN]))


def gradient_norms(path):
    """Of a checkpoint: the norm of Adam's mean of each parameter."""
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
        norms = {}
        for name, tensor in header.items():
            if not name.endswith(".m") or tensor["dtype"] != "F32":
                continue
            begin, end = tensor["data_offsets"]
            file.seek(8 + size + begin)
            numbers = array.array("f", file.read(end - begin))
            norms[name] = math.sqrt(sum(number * number for number in numbers))
    return norms
