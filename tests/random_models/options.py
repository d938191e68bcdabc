"""Options that chance draws for a check, each a name and a value."""
from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Option:
    name: str
    values: tuple  # one that stands twice is drawn twice as often
    chance: float = 1.0  # that the option is given at all
    of: Callable = lambda model: True  # models that allow it

    def drawn(self, draw, model):
        if not self.of(model) or not draw.chance(self.chance):
            return ()
        return self.name, draw.choice(*self.values)

    def settings(self):
        """As the coverage of the fixed seeds names them."""
        return {f"{self.name} {value}" for value in self.values}


@dataclass(frozen=True)
class HeldWhole:
    """--shard of a matrix, which all ranks then hold."""

    def drawn(self, draw, model):
        patterns = [parameter.name for parameter in model.module.parameters if len(parameter.shape) == 2] + [
            f"{stack.name}.*.{parameter.name}" for stack in model.module.stacks for parameter in stack.body.parameters
            if len(parameter.shape) == 2]
        return "--shard", f"{draw.choice(*patterns)}=[{{}}, {{}}]"

    def settings(self):
        return set()


def even_batch(model):
    return model.sizes.batch % 2 == 0


def long_sequence(model):
    """One that `on` splits at every tp below: a shorter one would stay whole, and that is refused."""
    return model.sizes.sequence >= 4


def tp(*sizes):
    return Option("--tp", tuple(map(str, sizes)))


def dp(chance=1.0):
    return Option("--dp", ("2",), chance, even_batch)


def sequence_parallel(chance=1.0):
    return Option("--sequence-parallel", ("on", "on", "auto"), chance, long_sequence)


def recompute(chance=1.0):
    return Option("--recompute", ("selective", "full"), chance)


REDUCED = Option("--precision", ("bf16", "bf16", "tf32", "f32"))
WIRE = Option("--comm-dtype", ("bf16", "bf16", "f32"))
CUDA = Option("--target", ("cuda",))
