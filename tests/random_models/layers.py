"""Layers of a random transformer. Each takes the residual stream, [batch, sequence, hidden], and returns its type."""
from attention import attention
from parts import activation, dropout, linear, norm
from views import rearranged


def mlp(build, body, x):
    hidden, inner = x.shape[-1], build.sizes.inner
    kind = build.draw.choice("plain", "plain", "gated", "gated-fused", "two-paths", "low-rank")
    build.mark(f"mlp.{kind}")
    if kind == "plain":
        y = activation(build, body, linear(build, body, x, inner, "fc"))
    elif kind == "gated":
        gate = activation(build, body, linear(build, body, x, inner, "gate"))
        y = body.elementwise("mul", gate, linear(build, body, x, inner, "up"))
    elif kind == "gated-fused":
        both = linear(build, body, x, 2 * inner, "gate_up")
        gate = activation(build, body, body.slice(both, 2, 0, inner))
        y = body.elementwise("mul", gate, body.slice(both, 2, inner, inner))
    elif kind == "two-paths":
        wide = activation(build, body, linear(build, body, x, inner, "wide"))
        narrow = activation(build, body, linear(build, body, x, build.draw.choice(inner, 5, 9), "narrow"))
        build.mark("view.concat")
        y = body.concat([wide, narrow], 2)
    else:
        weight, rank = body.parameter("base", (inner, hidden)), build.draw.choice(2, 3)
        down, up = body.parameter("thin_in", (rank, hidden)), body.parameter("thin_out", (inner, rank))
        update = body.linear(body.linear(x, down), up)
        y = activation(build, body, body.elementwise("add", body.linear(x, weight), body.scale(update, 0.5)))
    return linear(build, body, dropout(build, body, y), hidden, "proj")


def shared_weights(build, body, x):
    """One weight in two scopes, the second time transposed; and a parameter of the whole module."""
    hidden, inner = x.shape[-1], build.sizes.inner
    weight = body.parameter("both_ways", (inner, hidden))
    name = body.parameters[-1].name
    build.mark("parameter.twice", "parameter.scopes", "scope")
    y = body.scope("there", lambda scope: activation(build, scope, scope.linear(x, weight)))

    def back(scope):
        again = scope.read(name, weight.shape)
        build.mark("view.transpose")
        return scope.linear(y, scope.transpose(again, [1, 0]))
    y = body.scope("back", back)
    if build.shared:
        build.mark("parameter.global")
        y = body.linear(y, body.read(build.shared.name, build.shared.shape))
    return y


def attended(build, body, x):
    if build.draw.chance(0.5):
        return attention(build, body, x)
    build.mark("scope")
    return body.scope("attention", lambda scope: attention(build, scope, x))


def sublayer(build, body, x):
    part = build.draw.choice(attended, attended, attended, mlp, mlp, shared_weights, rearranged, rearranged)
    return dropout(build, body, part(build, body, x))


def block(build, body, x):
    """One or two sublayers, with the norm before, behind, or without a residual; or two side by side."""
    kind = build.draw.choice("before", "before", "behind", "alone", "parallel")
    for _ in range(build.draw.choice(1, 1, 2) if kind in ("before", "behind") else 1):
        if kind == "before":
            x = body.elementwise("add", x, sublayer(build, body, norm(build, body, x)))
        elif kind == "behind":
            x = norm(build, body, body.elementwise("add", x, sublayer(build, body, x)))
        elif kind == "alone":
            x = norm(build, body, sublayer(build, body, x))
        else:
            y = norm(build, body, x)
            x = body.elementwise("add", x, sublayer(build, body, y), sublayer(build, body, y))
    return x
