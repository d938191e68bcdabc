"""The text of models: values, bodies of ops, parameters, and a module of them.

A body writes one op a line and knows the shape of every value; what the ops mean is told in docs/nn.md.
"""
from dataclasses import dataclass, field


def number(value):
    """A float as MLIR reads it: with a point, whatever the exponent."""
    text = repr(float(value))
    return text if "." in text else text.replace("e", ".0e")


def attribute(name, value):
    """None is an attribute that is there or not."""
    if value is None:
        return name
    if isinstance(value, bool):
        return f"{name} = {str(value).lower()}"
    if isinstance(value, float):
        return f"{name} = {number(value)} : f64"
    if isinstance(value, int):
        return f"{name} = {value} : i64"
    return f"{name} = {value}"


def tensor_type(shape, element="f32"):
    return f"tensor<{''.join(f'{extent}x' for extent in shape)}{element}>"


@dataclass(frozen=True)
class Value:
    name: str
    shape: tuple
    element: str = "f32"

    @property
    def type(self):
        return tensor_type(self.shape, self.element)


@dataclass
class Parameter:
    name: str
    shape: tuple
    init: str
    source: str = ""

    def declaration(self):
        return f"nn.parameter @{self.name} : {tensor_type(self.shape)} init #nn.init<{self.init}>{self.source}"


class Names:
    """Names that are not taken yet, of one module."""

    def __init__(self):
        self._taken = {}

    def fresh(self, hint):
        count = self._taken.get(hint, 0)
        self._taken[hint] = count + 1
        return f"{hint}{count}"


class Body:
    """The ops of one block, in order, and the parameters that it declares."""

    def __init__(self, names, parameters=None):
        self.names = names
        self.parameters = [] if parameters is None else parameters
        self.lines = []

    def op(self, name, operands, shape, written=None, element="f32", **attributes):
        """`written` are the operands with what stands between them, if that is more than commas."""
        result = Value(self.names.fresh("%v"), tuple(shape), element)
        written = written or ", ".join(operand.name for operand in operands)
        listed = ", ".join(attribute(key, value) for key, value in attributes.items())
        types = ", ".join(operand.type for operand in operands)
        self.lines.append(f"{result.name} = nn.{name} {written}{f' {{{listed}}}' if listed else ''}"
                          f" : ({types}) -> {result.type}")
        return result

    def read(self, name, shape, element="f32"):
        result = Value(self.names.fresh("%v"), tuple(shape), element)
        self.lines.append(f"{result.name} = nn.read @{name} : {result.type}")
        return result

    def parameter(self, hint, shape, init=None):
        """Declares a parameter and reads it. Unless said, matrices keep the size of what they multiply, and
        nothing begins at a value, such as 0 or 1, that hides a mistake."""
        if init is None:
            init = f"normal, 0.0, {number(round(0.9 / shape[-1] ** 0.5, 4))}" if len(shape) > 1 else "normal, 0.1, 0.3"
        declared = Parameter(self.names.fresh(hint), tuple(shape), init)
        self.parameters.append(declared)
        return self.read(declared.name, shape)

    def unary(self, name, x, **attributes):
        return self.op(name, [x], x.shape, **attributes)

    def elementwise(self, name, *operands):
        """Smaller operands are repeated over the leading dims of the largest one."""
        return self.op(name, operands, max((operand.shape for operand in operands), key=len))

    def linear(self, x, weight, bias=None):
        shape = (*x.shape[:-1], weight.shape[0])
        if bias is None:
            return self.op("linear", [x, weight], shape)
        return self.op("linear", [x, weight, bias], shape, f"{x.name}, {weight.name} bias {bias.name}")

    def matmul(self, a, b, shape, **transposed):
        return self.op("matmul", [a, b], shape, **transposed)

    def split(self, x, dim, minor):
        shape = (*x.shape[:dim], x.shape[dim] // minor, minor, *x.shape[dim + 1:])
        return self.op("split_dim", [x], shape, f"{x.name} dim {dim} minor {minor}")

    def merge(self, x, dim):
        shape = (*x.shape[:dim], x.shape[dim] * x.shape[dim + 1], *x.shape[dim + 2:])
        return self.op("merge_dims", [x], shape, f"{x.name} dim {dim}")

    def slice(self, x, dim, start, size):
        shape = (*x.shape[:dim], size, *x.shape[dim + 1:])
        return self.op("slice", [x], shape, f"{x.name} dim {dim} start {start} size {size}")

    def concat(self, parts, dim):
        shape = list(parts[0].shape)
        shape[dim] = sum(part.shape[dim] for part in parts)
        return self.op("concat", parts, shape, f"{', '.join(part.name for part in parts)} dim {dim}")

    def pad(self, x, dim, start, extent):
        shape = (*x.shape[:dim], extent, *x.shape[dim + 1:])
        return self.op("pad", [x], shape, f"{x.name} dim {dim} start {start}")

    def transpose(self, x, permutation):
        return self.op("transpose", [x], [x.shape[dim] for dim in permutation], f"{x.name} {list(permutation)}")

    def reduce(self, name, x, dims):
        shape = [extent for dim, extent in enumerate(x.shape) if dim not in dims]
        return self.op(name, [x], shape, f"{x.name} dims {list(dims)}")

    def scale(self, x, factor):
        return self.op("scale", [x], x.shape, factor=float(factor))

    def apply(self, stack, x):
        result = Value(self.names.fresh("%v"), x.shape)
        self.lines.append(f"{result.name} = nn.apply @{stack}({x.name}) : ({x.type}) -> {x.type}")
        return result

    def scope(self, path, write):
        """What `write` adds to a body, in a scope."""
        inner = Body(self.names, self.parameters)
        value = write(inner)
        result = Value(self.names.fresh("%v"), value.shape, value.element)
        self.lines += [f'{result.name} = nn.scope "{path}" -> {value.type} {{', *inner.lines,
                       f"nn.yield {value.name} : {value.type}", "}"]
        return result


@dataclass
class Stack:
    """A block that is repeated."""
    name: str
    count: int
    body: Body
    argument: Value
    result: Value

    def lines(self):
        type_ = self.argument.type
        return [f"nn.layers @{self.name} count {self.count} {{",
                *[parameter.declaration() for parameter in self.body.parameters],
                f"nn.block ({self.argument.name}: {type_}) -> {type_} {{", *self.body.lines,
                f"nn.return {self.result.name} : {type_}", "}", "}"]


@dataclass
class Entry:
    name: str
    ops: list
    outputs: dict  # name: Value

    def lines(self):
        names = ", ".join(f'"{name}"' for name in self.outputs)
        values = ", ".join(value.name for value in self.outputs.values())
        types = ", ".join(value.type for value in self.outputs.values())
        return [f"nn.entry @{self.name} outputs [{names}] {{", *self.ops, f"nn.return {values} : {types}", "}"]


@dataclass
class Module:
    name: str
    declarations: list = field(default_factory=list)  # dims, inputs, scalars
    parameters: list = field(default_factory=list)
    stacks: list = field(default_factory=list)
    ties: list = field(default_factory=list)
    entries: list = field(default_factory=list)

    def text(self, training):
        lines = [f"module @{self.name} {{", *self.declarations,
                 *[parameter.declaration() for parameter in self.parameters],
                 *[line for stack in self.stacks for line in stack.lines()], *self.ties,
                 *[line for entry in self.entries for line in entry.lines()], training, "}"]
        return indented(lines)


def indented(lines):
    depth, result = 0, []
    for line in lines:
        depth -= line == "}"
        result.append("  " * depth + line)
        depth += line.endswith("{")
    return "\n".join(result) + "\n"
