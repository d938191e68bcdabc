"""How far the results of two runs are apart."""
import math
from dataclasses import dataclass

from tensors import largest, place


@dataclass
class Difference:
    what: str
    index: list
    expected: float
    found: float
    allowed: float

    @property
    def share(self):
        """Of what is allowed; above 1 is too far."""
        apart = abs(self.expected - self.found)
        if math.isnan(apart) or math.isinf(apart):
            both = str(self.expected) == str(self.found)
            return 0.0 if both else math.inf
        return apart / self.allowed if self.allowed else math.inf if apart else 0.0

    def __str__(self):
        return (f"{self.what} at {self.index}: {self.found:.17g}, expected {self.expected:.17g}; "
                f"{abs(self.expected - self.found):.3g} apart, allowed are {self.allowed:.3g}")


def kind(name, results):
    """Parameters are one kind, states of one slot another; everything else stands for itself."""
    owner, _, slot = name.rpartition(".")
    if name.startswith(("output ", "log ")):
        return name
    return f"state {slot}" if owner in results else "parameter"


def worst_difference(expected, found, bound):
    """Of two dicts of tensors. The bound is relative to a tensor's largest element, or to a thousandth of the
    largest of its kind: some gradients are zero but for rounding."""
    missing = set(expected) ^ set(found)
    if missing:
        return Difference(f"one run alone gives {sorted(missing)}", [], math.nan, 0.0, 0.0)
    kinds = {}
    for name, tensor in expected.items():
        key = kind(name, expected)
        kinds[key] = max(kinds.get(key, 0.0), largest(tensor))
    worst = Difference("nothing", [], 0.0, 0.0, 0.0)
    for name, tensor in expected.items():
        other = found[name]
        if tensor.shape != other.shape:
            return Difference(f"{name} has shape {other.shape}, expected {tensor.shape}", [], math.nan, 0.0, 0.0)
        allowed = bound * max(largest(tensor), 1e-3 * kinds[kind(name, expected)])
        for index, (a, b) in enumerate(zip(tensor.values, other.values)):
            if a != b:
                difference = Difference(name, place(tensor, index), a, b, allowed)
                if difference.share > worst.share:
                    worst = difference
    return worst
