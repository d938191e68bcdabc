"""What a set of seeds has: features of its models, properties that are checked, and with which options each."""
from dataclasses import dataclass

from features import FEATURES
from generator import generate
from properties import PROPERTIES, choose_checks


def everything(cuda=True):
    properties = [each for each in PROPERTIES.values() if cuda or not each.needs_cuda]
    return set(FEATURES).union({each.name for each in properties}, *(each.settings() for each in properties))


@dataclass
class Found:
    """What one seed has, and about what it costs: every check compiles every op."""
    items: set
    cost: int


def found_in(seeds, cuda=True):
    found = {}
    for seed in seeds:
        model = generate(seed)
        checks = choose_checks(model, cuda)
        items = set(model.features) | {each.name for each, _ in checks}
        for each, options in checks:
            pairs = {f"{each.name} {name} {value}" for name, value in zip(options[::2], options[1::2])}
            items |= pairs & each.settings()
        found[seed] = Found(items, model.operations * (1 + len(checks)))
    return found


def seeds_for(found):
    """Cheap seeds that have, together, everything that one of them has: greedily what is new for its cost."""
    rest, chosen = set().union(*(each.items for each in found.values())), []
    while rest:
        best = max(found, key=lambda seed: len(found[seed].items & rest) / found[seed].cost)
        chosen.append(best)
        rest -= found[best].items
    for seed in list(chosen):
        others = set().union(*(found[other].items for other in chosen if other != seed))
        if found[seed].items <= others:
            chosen.remove(seed)
    return sorted(chosen)
