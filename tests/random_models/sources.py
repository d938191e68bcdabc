"""Other names for a model's parameters: several matrices are slices of one tensor of a file, some transposed."""
from dataclasses import dataclass

from tensors import Tensor, concat, transpose


@dataclass
class Part:
    parameter: str  # its name in the plan but for the number of the layer
    transposed: bool


@dataclass
class FileTensor:
    name: str  # with {layer} in it if each layer has one
    layers: range
    parts: list  # in the order in which the tensor holds them
    dim: int  # along which it does


def give_sources(build, module):
    """Every parameter gets a source."""
    groups = [(module.parameters, "", range(1))] + [
        (stack.body.parameters, f"{stack.name}.{{layer}}.", range(stack.count)) for stack in module.stacks]
    return [tensor for parameters, prefix, layers in groups
            for tensor in sources_of(build, parameters, prefix, layers)]


def sources_of(build, parameters, prefix, layers):
    draw, found = build.draw, []
    rest = draw.shuffled(parameters)
    while rest:
        first = rest.pop()
        name = f"file.{prefix}{first.name}"
        if len(first.shape) != 2:
            build.mark("source.name")
            first.source = f' source #nn.source<"{name}">'
            found.append(FileTensor(name, layers, [Part(prefix + first.name, False)], 0))
            continue
        # Of a transposed parameter the file's dims are the other way round.
        dim, transposed = draw.choice(0, 1), draw.chance(0.5)
        fused = [first] + [other for other in rest if len(other.shape) == 2
                           and other.shape[1 - dim] == first.shape[1 - dim]][:draw.choice(0, 1, 2)]
        rest = [other for other in rest if other not in fused]
        file_dim, start = (1 - dim if transposed else dim), 0
        for parameter in fused:
            cut = ""
            if len(fused) > 1:
                build.mark("source.slice")
                cut = f", slice = {file_dim} [{start}, {parameter.shape[dim]}]"
            if transposed:
                build.mark("source.transpose")
            parameter.source = f' source #nn.source<"{name}"{cut}{", transpose" if transposed else ""}>'
            start += parameter.shape[dim]
        parts = [Part(prefix + parameter.name, transposed) for parameter in fused]
        found.append(FileTensor(name, layers, parts, file_dim))
    return found


def file_tensors(sources, parameters):
    """What a file with these sources holds for parameters that are given by their names in the plan."""
    result = {}
    for source in sources:
        for layer in source.layers:
            parts = []
            for part in source.parts:
                tensor = parameters[part.parameter.replace("{layer}", str(layer))]
                parts.append(transpose(tensor) if part.transposed else tensor)
            whole = parts[0] if len(parts) == 1 else concat(parts, source.dim)
            result[source.name.replace("{layer}", str(layer))] = Tensor(whole.shape, whole.values)
    return result
