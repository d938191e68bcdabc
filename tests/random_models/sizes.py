"""The extents of a random model."""
from dataclasses import dataclass


@dataclass
class Sizes:
    batch: int
    sequence: int
    hidden: int
    inner: int  # of MLPs
    vocabulary: int
    head: int  # elements of an attention head
    kv_heads: int
    group: int  # query heads for each kv head

    @property
    def stream(self):
        return self.batch, self.sequence, self.hidden


def even(draw):
    return Sizes(batch=draw.choice(2, 4), sequence=draw.choice(4, 6, 8), hidden=draw.choice(8, 12, 16),
                 inner=draw.choice(8, 12, 16, 24), vocabulary=draw.choice(16, 24, 32), head=draw.choice(2, 4, 8),
                 kv_heads=draw.choice(2, 4), group=draw.choice(1, 1, 2))


def odd(draw):
    return Sizes(batch=draw.choice(2, 3, 6), sequence=draw.choice(3, 5, 7), hidden=draw.choice(5, 7, 9, 10),
                 inner=draw.choice(5, 7, 11, 13), vocabulary=draw.choice(7, 11, 13, 23),
                 head=draw.choice(2, 3, 6), kv_heads=draw.choice(1, 2, 3, 5), group=draw.choice(1, 1, 2, 3))


def equal(draw):
    n = draw.choice(3, 4, 5, 6, 8)
    return Sizes(batch=n, sequence=n, hidden=n, inner=n, vocabulary=n, head=draw.choice(2, n),
                 kv_heads=draw.choice(1, 2, n), group=1)


def ones(draw):
    sizes = draw.choice(even, odd)(draw)
    names = ("batch", "sequence", "hidden", "inner", "vocabulary", "head", "kv_heads")
    for name in draw.shuffled(names)[:draw.choice(1, 2, 3)]:
        setattr(sizes, name, 1)
    return sizes


def small_vocabulary(draw):
    sizes = draw.choice(even, odd)(draw)
    sizes.vocabulary = draw.choice(2, 3, 4, 5)
    return sizes


KINDS = {"sizes.even": even, "sizes.odd": odd, "sizes.equal": equal, "sizes.ones": ones,
         "sizes.small-vocabulary": small_vocabulary}


def draw_sizes(draw):
    """The feature's name and the sizes."""
    name = draw.choice(*KINDS)
    return name, KINDS[name](draw)
