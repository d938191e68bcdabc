"""Parts that all layers are made of: products with parameters, norms, activations, dropout."""


def linear(build, body, x, features, hint, bias=None):
    """A product with a parameter; without `bias` chance has it."""
    weight = body.parameter(hint, (features, x.shape[-1]))
    if bias is None:
        bias = build.draw.chance(0.4)
    build.mark("linear.bias" if bias else "linear.plain")
    return body.linear(x, weight, body.parameter(f"{hint}_bias", (features,)) if bias else None)


def norm(build, body, x):
    """Over the last dim, whatever it is."""
    kind = build.draw.choice("layer", "rms", "rms", "none")
    if kind == "none":
        return x
    build.mark(f"norm.{kind}")
    operands, written = [x], x.name
    if build.draw.chance(0.8):
        operands.append(body.parameter("scale", x.shape[-1:], "normal, 1.0, 0.2"))
        written += f" weight {operands[-1].name}"
        if kind == "layer" and build.draw.chance(0.5):
            operands.append(body.parameter("shift", x.shape[-1:]))
            written += f" bias {operands[-1].name}"
    else:
        build.mark("norm.plain")
    return body.op(f"{kind}_norm", operands, x.shape, written, eps=build.draw.choice(1e-5, 0.01))


def activation(build, body, x):
    kind = build.draw.choice("gelu", "gelu_tanh", "relu", "silu", "tanh", "softplus", "squared_relu")
    if kind == "gelu_tanh":
        return body.unary("gelu", x, tanh=None)
    if kind == "squared_relu":
        return body.unary("square", body.unary("relu", x))
    if kind == "softplus":  # of something bounded, so that nothing overflows
        power = body.unary("exp", body.unary("tanh", x))
        return body.unary("log", body.elementwise("add", power, build.scalar(body, "one")))
    return body.unary(kind, x)


def dropout(build, body, x):
    if not build.drops or build.draw.chance(0.4):
        return x
    build.mark("dropout")
    stream = build.names.fresh("drop")
    operands = [x, build.scalar(body, "seed"), build.scalar(body, "step")]
    return body.op("dropout", operands, x.shape, p=build.draw.choice(0.1, 0.5), stream=f'"{stream}"')
