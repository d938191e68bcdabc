"""Tensors of floats, and safetensors files of them."""
import json
import math
import struct
from array import array
from dataclasses import dataclass

FORMATS = {"F64": "d", "F32": "f", "I32": "i", "I64": "q"}


@dataclass
class Tensor:
    shape: tuple
    values: array  # row-major


def read(path):
    """All tensors of a file, and its metadata."""
    data = path.read_bytes()
    length, = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + length])
    metadata, tensors = header.pop("__metadata__", {}), {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = Tensor(tuple(entry["shape"]), array(FORMATS[entry["dtype"]], data[begin:end]))
    return tensors, metadata


def write(path, tensors, metadata=None):
    header, blocks, offset = {"__metadata__": metadata} if metadata else {}, [], 0
    dtypes = {code: dtype for dtype, code in FORMATS.items()}
    for name, tensor in tensors.items():
        block = tensor.values.tobytes()
        header[name] = {"dtype": dtypes[tensor.values.typecode], "shape": list(tensor.shape),
                        "data_offsets": [offset, offset + len(block)]}
        blocks.append(block)
        offset += len(block)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blocks))


def transpose(tensor):
    rows, columns = tensor.shape
    values = [tensor.values[row * columns + column] for column in range(columns) for row in range(rows)]
    return Tensor((columns, rows), array(tensor.values.typecode, values))


def concat(tensors, dim):
    """Of two dims."""
    if dim == 1:
        return transpose(concat([transpose(tensor) for tensor in tensors], 0))
    values = array(tensors[0].values.typecode)
    for tensor in tensors:
        values.extend(tensor.values)
    return Tensor((sum(tensor.shape[0] for tensor in tensors), tensors[0].shape[1]), values)


def place(tensor, index):
    """A flat index as one index a dim."""
    result = []
    for extent in reversed(tensor.shape):
        result.append(index % extent)
        index //= extent
    return result[::-1]


def largest(tensor):
    return max((abs(value) for value in tensor.values), default=0.0)


def finite(tensor):
    return all(math.isfinite(value) for value in tensor.values)
