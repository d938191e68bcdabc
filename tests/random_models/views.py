"""Sublayers of views, moves and reductions: the ops whose sharding depends on how dims are made of factors."""
from parts import activation, linear, norm


def flat(build, body, x):
    """Tokens of all samples as rows of one matrix."""
    build.mark("view.flat")
    y = activation(build, body, linear(build, body, body.merge(x, 0), build.sizes.inner, "rows"))
    return body.split(linear(build, body, y, x.shape[-1], "rows_out"), 0, x.shape[1])


def earlier_token(build, body, x):
    """Each token has what the one before it had; the first has a part of its own."""
    length = x.shape[1]
    if length == 1:
        return flat(build, body, x)
    build.mark("view.slice", "view.concat")
    return body.concat([body.scale(body.slice(x, 1, 0, 1), 0.25), body.slice(x, 1, 0, length - 1)], 1)


def turned_features(build, body, x):
    """The halves of inner features changed, one of them negated."""
    inner = build.sizes.inner
    build.mark("view.slice", "view.concat")
    y = linear(build, body, x, 2 * inner, "halves")
    y = body.concat([body.unary("neg", body.slice(y, 2, inner, inner)), body.slice(y, 2, 0, inner)], 2)
    return linear(build, body, activation(build, body, y), x.shape[-1], "halves_out")


def part_of_features(build, body, x):
    """Some of the inner features, and the first of them once more."""
    inner = build.sizes.inner
    build.mark("view.slice", "view.concat")
    start = build.draw.below(inner)
    y = activation(build, body, linear(build, body, x, inner, "part"))
    y = body.slice(y, 2, start, inner - start)
    y = body.concat([y, body.slice(y, 2, 0, 1)], 2)
    return linear(build, body, y, x.shape[-1], "part_out")


def gated_tokens(build, body, x):
    """Each token scaled by a number that all its inner features make."""
    build.mark("view.transpose")
    kind = build.draw.choice("sum", "mean")
    build.mark(f"reduce.{kind}")
    y = activation(build, body, linear(build, body, x, build.sizes.inner, "gauge"))
    gate = body.unary("tanh", body.reduce(kind, y, [2]))
    return body.transpose(body.elementwise("mul", body.transpose(x, [2, 0, 1]), gate), [1, 2, 0])


def mixed_tokens(build, body, x):
    """A product over the sequence."""
    build.mark("view.transpose")
    weight = body.parameter("mix", (x.shape[1], x.shape[1]))
    return body.transpose(body.linear(body.transpose(x, [0, 2, 1]), weight), [0, 2, 1])


def grouped_norm(build, body, x):
    """Inner features normed group by group."""
    build.mark("view.groups")
    size, groups = build.draw.choice(2, 3, 4), build.draw.choice(2, 3, 5)
    y = body.split(linear(build, body, x, groups * size, "groups"), 2, size)
    y = body.merge(norm(build, body, y), 2)
    return linear(build, body, y, x.shape[-1], "groups_out")


def part_of_weight(build, body, x):
    """A weight that is a part of a larger parameter, or of a smaller one made larger."""
    inner = build.sizes.inner
    build.mark("view.weight")
    if inner > 2 and build.draw.chance(0.5):
        build.mark("view.concat")
        small = body.parameter("small", (inner, x.shape[-1]))
        weight = body.concat([body.slice(small, 0, inner - 2, 2), small], 0)
    else:
        weight = body.slice(body.parameter("large", (inner + 3, x.shape[-1])), 0, 2, inner)
    y = activation(build, body, body.linear(x, weight))
    return linear(build, body, y, x.shape[-1], "part_out")


def scaled(build, body, x):
    """By a vector and by a number, both learnt."""
    y = body.elementwise("mul", x, body.parameter("by_feature", x.shape[-1:]))
    return body.elementwise("mul", y, body.parameter("by_number", ()))


def quotient(build, body, x):
    """Of two products; the denominator is at least 1."""
    inner = build.sizes.inner
    above = linear(build, body, x, inner, "above")
    below = body.unary("square", linear(build, body, x, inner, "below"))
    y = body.elementwise("div", above, body.elementwise("add", below, build.scalar(body, "one")))
    return linear(build, body, y, x.shape[-1], "quotient")


def rearranged(build, body, x):
    ways = (flat, earlier_token, turned_features, part_of_features, gated_tokens, mixed_tokens, grouped_norm,
            part_of_weight, scaled, quotient)
    return build.draw.choice(*ways)(build, body, x)
