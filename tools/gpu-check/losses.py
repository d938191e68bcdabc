"""What a run logged, and how far it is from what is known of it."""
import json
import math
import re

from report import Failed


def recorded(lines, steps):
    """The records of the steps that were asked for, between what libraries print."""
    records = []
    for line in lines.splitlines():
        if not line.startswith("{"):
            continue
        try:
            records.append(json.loads(line))
        except ValueError:
            raise Failed(f"a line of its log is no JSON: {line[:200]!r}") from None
    if len(records) < steps:
        raise Failed(f"{len(records)} of {steps} steps were logged")
    return records


def worst_difference(got, want):
    """In which step, and how much; infinite if it is missing or no number there."""
    differences = []
    for i, w in enumerate(want):
        g = got[i] if i < len(got) else None
        known = isinstance(g, (int, float)) and math.isfinite(g)
        differences.append(abs(g - w) / abs(w) if known else math.inf)
    worst = max(differences)
    return differences.index(worst), worst


def refusal(log):
    """Why attention ran in the plan's own kernels, if it did."""
    found = re.search(r"attention runs in those of the plan: (.*)", log)
    return found[1] if found else ""


def judge(context, run, records, name):
    """A row of a run's differences; those that are too large."""
    note, wrong = [], []
    for of, key, want, bound in run["known"]:
        step, worst = worst_difference([record.get(key) for record in records], want)
        note.append(f"{key} {worst:.1e} from {of}")
        if not worst <= bound:
            wrong.append(f"{name}: {key} differs from {of} by {worst:.1e}, more than {bound:g}, most in step "
                         f"{step + 1}: {records[step].get(key)} and not {want[step]}")
    context.report.row(name, f"{records[-1]['loss']:.9g}", ", ".join(note))
    return wrong
