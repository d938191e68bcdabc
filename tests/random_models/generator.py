"""A random model for a seed: what goes in, layers, loss, outputs, training."""
from dataclasses import dataclass

from build import Build
from layers import block
from model_text import Body, Entry, Module, Parameter, Stack, Value, number, tensor_type
from parts import dropout, linear, norm
from sizes import Sizes
from sources import give_sources

OPTIMIZERS = {
    "sgd": "#nn.sgd<lr = @lr>",
    "momentum": "#nn.sgd<lr = @lr, momentum = 0.9 : f64, weight_decay = 0.1 : f64>",
    # Adam divides by the root of tiny squares, some of them rounding alone: eps keeps it from making steps of those.
    "adam": "#nn.adam<lr = @lr, eps = 1.0e-4 : f64>",
    "adamw": "#nn.adam<lr = @lr, beta1 = 0.8 : f64, beta2 = 0.95 : f64, eps = 1.0e-4 : f64, weight_decay = 0.1 : f64,"
             " decoupled = true>",
}


@dataclass
class CrossEntropy:
    """What it is told of, for a check that computes it."""
    labels: list  # a row a sample
    ignored: int  # or None
    smoothing: float
    summed: bool


@dataclass
class Model:
    seed: int
    module: Module
    training: str
    sizes: Sizes
    features: frozenset
    sources: list  # of FileTensor: what a checkpoint with other names holds
    cross_entropy: CrossEntropy

    @property
    def text(self):
        return self.module.text(self.training)

    @property
    def text_of_plain_training(self):
        """The same loss, with steps that are the gradient."""
        return self.module.text(f"nn.training @train of @loss optimizer {OPTIMIZERS['sgd']}")

    @property
    def operations(self):
        """How many ops its training unrolls to, before it is differentiated."""
        return len(self.module.entries[0].ops) + sum(
            len(each.body.lines) * each.count for each in self.module.stacks)

    def has(self, *features):
        return self.features.issuperset(features)

    def draws(self, weights=False):
        """Whether a run needs a seed; given weights it may draw nothing."""
        return not weights or self.has("dropout") or self.has("input.features")

    def outputs(self, entry):
        return next(list(each.outputs) for each in self.module.entries if each.name == entry)


def generate(seed):
    build = Build(seed)
    module = Module(f"random_{seed}")
    body = Body(build.names)
    sizes = build.sizes
    module.declarations += [f"nn.dim @B = {sizes.batch}", f"nn.dim @T = {sizes.sequence}",
                            "nn.scalar @lr : tensor<f32> = 0.01"]
    if build.draw.chance(0.3):
        build.shared = Parameter("everywhere", (sizes.hidden, sizes.hidden), "normal, 0.0, 0.4")
        body.parameters.append(build.shared)
    x, table = stream(build, module, body)
    x = stacked(build, module, body, x)
    logits = head(build, module, body, norm(build, body, x), table)
    front = list(body.lines)
    loss, entropy = loss_of(build, module, body, logits, x)
    outputs = {"loss": loss, **some_outputs(build, body, x, logits)}
    forward = Body(build.names, body.parameters)
    forward_outputs = {"logits": logits, **some_outputs(build, forward, x, logits)}
    module.parameters = body.parameters
    module.entries = [Entry("loss", body.lines, outputs), Entry("forward", front + forward.lines, forward_outputs)]
    sources = give_sources(build, module) if build.draw.chance(0.5) else []
    training = training_of(build, module)
    module.declarations += build.scalar_declarations()
    return Model(seed, module, training, sizes, frozenset(build.features), sources, entropy)


def dense(rows):
    return "dense<[" + ", ".join(f"[{', '.join(map(str, row))}]" for row in rows) + "]>"


def stream(build, module, body):
    """The residual stream, and the embedding's parameter if there is one."""
    draw, sizes = build.draw, build.sizes
    lead, shape = (sizes.batch, sizes.sequence), sizes.stream
    if draw.chance(0.15):
        build.mark("input.features")
        module.declarations.append(
            f'nn.input @features : {tensor_type(shape)} dims ["B", "T", ""] draw #nn.init<normal, 0.0, 1.0>')
        return linear(build, body, body.read("features", shape), sizes.hidden, "features_in"), None
    build.mark("input.tokens")
    type_ = tensor_type(lead, "i32")
    rows = [[draw.below(sizes.vocabulary) for _ in range(sizes.sequence)] for _ in range(sizes.batch)]
    module.declarations.append(f'nn.input @tokens : {type_} dims ["B", "T"] default {dense(rows)} : {type_}')
    tokens = body.read("tokens", lead, "i32")
    weight = body.parameter("embed", (sizes.vocabulary, sizes.hidden), "normal, 0.0, 0.7")
    table = body.parameters[-1]
    x = body.op("embedding", [tokens, weight], shape)
    if draw.chance(0.4):
        x = body.elementwise("add", x, positions(build, body, tokens))
    if draw.chance(0.2):
        build.mark("input.scalar")
        x = body.elementwise("mul", x, build.scalar(body, "gain"))
    return dropout(build, body, x), table


def positions(build, body, tokens):
    sizes, more = build.sizes, build.draw.choice(0, 1, 3)
    rows = body.parameter("position", (sizes.sequence + more, sizes.hidden))
    if build.draw.chance(0.6):
        build.mark("positions.embedding")
        indices = body.op("positions", [tokens], tokens.shape, element="i32")
        return body.op("embedding", [indices, rows], sizes.stream)
    build.mark("positions.rows")
    return body.slice(rows, 0, more, sizes.sequence) if more else rows


def stacked(build, module, body, x):
    kind = build.draw.choice("layers", "layers", "layers", "second", "twice", "inline")
    if kind == "inline":
        build.mark("stack.inline")
        x = block(build, body, x)
    else:
        if kind != "layers":
            build.mark(f"stack.{kind}")
        counts = {"layers": (2, 3), "second": (1, 2), "twice": (1, 2)}[kind]
        for _ in range(2 if kind == "second" else 1):
            module.stacks.append(stack(build, f"h{len(module.stacks)}", build.draw.choice(*counts), x))
            for _ in range(2 if kind == "twice" else 1):
                x = body.apply(module.stacks[-1].name, x)
    if build.shared and "parameter.global" not in build.features:
        again = body.linear(x, body.read(build.shared.name, build.shared.shape))
        x = body.elementwise("add", x, again)
    return x


def stack(build, name, count, x):
    body, argument = Body(build.names), Value("%x", x.shape)
    if count > 1:
        build.mark("stack.layers")
    return Stack(name, count, body, argument, block(build, body, argument))


def head(build, module, body, x, table):
    sizes = build.sizes
    kind = build.draw.choice("own", "tied", "shared") if table else "own"
    build.mark(f"head.{kind}")
    if kind == "own":
        return linear(build, body, x, sizes.vocabulary, "head")
    if kind == "tied":
        module.ties.append(f"nn.tie @lm_head to @{table.name} init #nn.init<zeros>")
    return body.linear(x, body.read("lm_head" if kind == "tied" else table.name, table.shape))


def labels(build, module):
    """Declares them; their rows, and the attributes of the loss that they ask for."""
    draw, sizes = build.draw, build.sizes
    kinds = ["none", "some", "class"] + (["half", "half"] if sizes.batch % 2 == 0 else [])
    kind = draw.choice(*kinds)
    ignored = 1 if kind == "class" else -100
    half = draw.choice(range(sizes.batch // 2), range(sizes.batch // 2, sizes.batch)) if kind == "half" else ()

    def label(sample):
        if sample in half or kind == "some" and draw.chance(0.3):
            return ignored
        return draw.below(sizes.vocabulary)
    rows = [[label(sample) for _ in range(sizes.sequence)] for sample in range(sizes.batch)]
    type_ = tensor_type((sizes.batch, sizes.sequence), "i32")
    module.declarations.append(f'nn.input @labels : {type_} dims ["B", "T"] default {dense(rows)} : {type_}')
    if kind == "none":
        return rows, {}
    build.mark({"some": "labels.some-ignored", "class": "labels.class-ignored", "half": "labels.half-ignored"}[kind])
    return rows, {"ignore_index": ignored}


def loss_of(build, module, body, logits, hidden):
    rows, attributes = labels(build, module)
    if build.draw.chance(0.25):
        build.mark("loss.smoothing")
        attributes["label_smoothing"] = 0.1
    if build.draw.chance(0.3):
        build.mark("loss.sum")
        attributes["reduction"] = "#nn<reduction sum>"
    else:
        build.mark("loss.mean")
    loss = body.op("cross_entropy", [logits, body.read("labels", logits.shape[:2], "i32")], (), **attributes)
    entropy = CrossEntropy(rows, attributes.get("ignore_index"), attributes.get("label_smoothing", 0.0),
                           "reduction" in attributes)
    if build.draw.chance(0.2):
        kind = build.draw.choice("sum", "mean")
        build.mark("loss.second-term", f"reduce.{kind}")
        term = body.scale(body.reduce(kind, body.unary("square", hidden), [0, 1, 2]), 0.05)
        loss = body.elementwise("add", loss, term)
    return loss, entropy


def some_outputs(build, body, hidden, logits):
    """Values that an entry gives beside its first: whole, whatever their sharding."""
    draw, found = build.draw, {}
    if draw.chance(0.3):
        found["hidden"] = hidden
    if draw.chance(0.3):
        found["also_logits"] = logits
        build.mark("output.logits")
    if draw.chance(0.25):
        start = draw.below(logits.shape[1])
        part = body.slice(logits, 1, start, logits.shape[1] - start)
        found["moved"] = body.transpose(part, draw.shuffled(range(3)))
        build.mark("output.moved")
    if draw.chance(0.25):
        start, behind = draw.below(3), draw.below(3)
        found["padded"] = body.pad(hidden, 1, start, start + hidden.shape[1] + behind)
        build.mark("output.padded")
    if draw.chance(0.25):
        found["reduced"] = body.reduce(draw.choice("sum", "mean"), hidden, draw.choice([0], [0, 1], [2], [1, 2]))
        build.mark("output.reduced")
    if body.parameters and draw.chance(0.15):
        first = body.parameters[0]
        found["parameter"] = body.read(first.name, first.shape)
        build.mark("output.parameter")
    if "hidden" in found:
        build.mark("output.hidden")
    return found


def training_of(build, module):
    draw = build.draw
    kind = draw.choice(*OPTIMIZERS)
    build.mark(f"optimizer.{kind}")
    text = f"nn.training @train of @loss optimizer {OPTIMIZERS[kind]}"
    if draw.chance(0.6):
        bound = draw.choice(0.01, 1.0)
        build.mark("clip.always" if bound < 0.1 else "clip.sometimes")
        text += f" clip_norm {number(bound)}"
    if kind in ("momentum", "adamw") and draw.chance(0.5):
        build.mark("optimizer.groups")
        patterns = [parameter.name for parameter in module.parameters] + [
            f"{each.name}.*.{parameter.name}" for each in module.stacks for parameter in each.body.parameters]
        text += f' groups [#nn.group<"{draw.choice(*patterns)}", weight_decay = 0.3 : f64>]'
    return text
