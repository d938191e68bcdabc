"""What the parts of a random model share while it is written."""
from draw import Draw
from features import FEATURES
from model_text import Names
from sizes import draw_sizes

# Scalars that ops read: type, value and role.
SCALARS = {"one": ("f32", "1.0"), "gain": ("f32", "0.7"), "seed": ("i32", "0.0 role seed"),
           "step": ("i32", "0.0 role step")}


class Build:
    def __init__(self, seed):
        self.draw = Draw(seed, "model")
        self.names = Names()
        self.features = set()
        self.scalars = set()
        kind, self.sizes = draw_sizes(self.draw)
        self.mark(kind)
        self.drops = self.draw.chance(0.4)
        self.shared = None  # a parameter of the module that layers read

    def mark(self, *features):
        for feature in features:
            if feature not in FEATURES:
                raise KeyError(f"features.py does not list '{feature}'")
            self.features.add(feature)

    def scalar(self, body, name):
        self.scalars.add(name)
        return body.read(name, (), SCALARS[name][0])

    def scalar_declarations(self):
        return [f"nn.scalar @{name} : tensor<{SCALARS[name][0]}> = {SCALARS[name][1]}"
                for name in sorted(self.scalars)]
