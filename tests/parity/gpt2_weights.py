"""Writes a small GPT-2 in the layout in which its weights are published, loads it, and compares the loss with one
that is computed here, in float64, from the definition.

Published files hold Conv1D matrices [in, out], q, k and v as one, and causal masks; they are float32, float16 or
bfloat16, with or without a prefix. A file that does not fit is refused.

usage: gpt2_weights.py BUILD_DIR
"""
import json
import math
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAYERS, HEADS, SIZE, VOCABULARY, BATCH, LENGTH = 2, 12, 4, 101, 2, 8
HIDDEN = HEADS * SIZE


def small_model():
    """The model of the tree with other sizes, so that its own sources are tested."""
    text = (ROOT / "models/gpt2-124m.mlir").read_text()
    for pattern, size in ((r"\b1536\b", 2 * HIDDEN), (r"3072", 4 * HIDDEN), (r"768", HIDDEN), (r"50257", VOCABULARY),
                          (r"minor 64", f"minor {SIZE}"), (r"x12x64xf32", f"x{HEADS}x{SIZE}xf32"),
                          (r"count 12", f"count {LAYERS}")):
        text = re.sub(pattern, str(size), text)
    return text


def as_stored(kind, values):
    """The bytes of a tensor, and the values that they stand for."""
    if kind == "F32":
        data = struct.pack(f"<{len(values)}f", *values)
        return data, struct.unpack(f"<{len(values)}f", data)
    if kind == "F16":
        data = struct.pack(f"<{len(values)}e", *values)
        return data, struct.unpack(f"<{len(values)}e", data)
    words = [struct.unpack("<I", struct.pack("<f", value))[0] >> 16 for value in values]
    data = struct.pack(f"<{len(words)}H", *words)
    return data, [struct.unpack("<f", struct.pack("<I", word << 16))[0] for word in words]


def published(kind):
    """name -> (shape, bytes, values), as a published file has them."""
    draw = random.Random(5)
    shapes = {"wte.weight": [VOCABULARY, HIDDEN], "wpe.weight": [1024, HIDDEN],
              "ln_f.weight": [HIDDEN], "ln_f.bias": [HIDDEN]}
    for layer in range(LAYERS):
        for name, shape in (("ln_1.weight", [HIDDEN]), ("ln_1.bias", [HIDDEN]),
                            ("attn.bias", [1, 1, 16, 16]),
                            ("attn.c_attn.weight", [HIDDEN, 3 * HIDDEN]), ("attn.c_attn.bias", [3 * HIDDEN]),
                            ("attn.c_proj.weight", [HIDDEN, HIDDEN]), ("attn.c_proj.bias", [HIDDEN]),
                            ("ln_2.weight", [HIDDEN]), ("ln_2.bias", [HIDDEN]),
                            ("mlp.c_fc.weight", [HIDDEN, 4 * HIDDEN]), ("mlp.c_fc.bias", [4 * HIDDEN]),
                            ("mlp.c_proj.weight", [4 * HIDDEN, HIDDEN]), ("mlp.c_proj.bias", [HIDDEN])):
            shapes[f"h.{layer}.{name}"] = shape
    tensors = {}
    for name, shape in shapes.items():
        # Far from symmetric, so that a matrix that is taken for its transpose is seen.
        mean = 1.0 if re.search(r"ln_\w+\.weight", name) else 0.0
        tensors[name] = (shape, *as_stored(kind, [draw.gauss(mean, 0.25) for _ in range(math.prod(shape))]))
    return tensors


def write(path, kind, tensors):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, (shape, values, _) in tensors.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


class Reference:
    """GPT-2's forward pass in float64, from the published tensors."""

    def __init__(self, tensors):
        self.tensors = {name: values for name, (_, _, values) in tensors.items()}

    def norm(self, x, name):
        weight, bias = self.tensors[name + ".weight"], self.tensors[name + ".bias"]
        mean = sum(x) / len(x)
        scale = 1 / math.sqrt(sum((v - mean) ** 2 for v in x) / len(x) + 1e-5)
        return [(v - mean) * scale * w + b for v, w, b in zip(x, weight, bias)]

    def conv1d(self, x, name):
        """x W + b with W [in, out]."""
        weight, y = self.tensors[name + ".weight"], list(self.tensors[name + ".bias"])
        for i, v in enumerate(x):
            for o in range(len(y)):
                y[o] += v * weight[i * len(y) + o]
        return y

    def attention(self, rows):
        out = []
        for t, row in enumerate(rows):
            y = []
            for head in range(HEADS):
                at = slice(head * SIZE, (head + 1) * SIZE)
                query = row[at]
                scores = [sum(a * b for a, b in zip(query, rows[s][HIDDEN:2 * HIDDEN][at])) / math.sqrt(SIZE)
                          for s in range(t + 1)]
                top = max(scores)
                weights = [math.exp(score - top) for score in scores]
                for d in range(SIZE):
                    y.append(sum(w * rows[s][2 * HIDDEN:][at][d] for s, w in enumerate(weights)) / sum(weights))
            out.append(y)
        return out

    def loss(self, tokens, labels):
        wte, wpe = self.tensors["wte.weight"], self.tensors["wpe.weight"]
        x = [[wte[token * HIDDEN + i] + wpe[t * HIDDEN + i] for i in range(HIDDEN)] for t, token in enumerate(tokens)]
        for layer in range(LAYERS):
            at = f"h.{layer}."
            qkv = [self.conv1d(self.norm(row, at + "ln_1"), at + "attn.c_attn") for row in x]
            mixed = [self.conv1d(row, at + "attn.c_proj") for row in self.attention(qkv)]
            x = [[a + b for a, b in zip(row, more)] for row, more in zip(x, mixed)]
            for row in x:
                up = self.conv1d(self.norm(row, at + "ln_2"), at + "mlp.c_fc")
                gelu = [0.5 * v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v ** 3))) for v in up]
                for i, v in enumerate(self.conv1d(gelu, at + "mlp.c_proj")):
                    row[i] += v
        total = 0
        for row, label in zip(x, labels):
            y = self.norm(row, "ln_f")
            logits = [sum(a * b for a, b in zip(y, wte[v * HIDDEN:(v + 1) * HIDDEN])) for v in range(VOCABULARY)]
            top = max(logits)
            total += top + math.log(sum(math.exp(v - top) for v in logits)) - logits[label]
        return total


def main():
    build = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        model, data, weights = folder / "gpt2.mlir", folder / "data.bin", folder / "weights"
        model.write_text(small_model())
        tokens = [(i * i + 5 * i + 3) % VOCABULARY for i in range(BATCH * LENGTH + 1)]
        data.write_bytes(struct.pack(f"<{len(tokens)}H", *tokens))
        plans = {}
        for tp in 1, 2, 3:
            plans[tp] = folder / f"tp{tp}.plan"
            subprocess.run([build / "bin/tpc-compile", "compile", model, "--tp", str(tp), "--dim", f"B={BATCH}",
                            "--dim", f"T={LENGTH}", "-o", plans[tp]], check=True)

        def run(tp, *options):
            return subprocess.run([build / "bin/tpc", "run", plans[tp], "--data", data, "--weights", weights,
                                   "--log-json", "-", *options], capture_output=True, text=True)

        for kind, prefix in (("F32", ""), ("F16", "transformer."), ("BF16", "")):
            tensors = published(kind)
            reference = Reference(tensors)
            expected = sum(reference.loss(tokens[b * LENGTH:(b + 1) * LENGTH], tokens[b * LENGTH + 1:(b + 1) * LENGTH + 1])
                           for b in range(BATCH)) / (BATCH * LENGTH)
            stored = {prefix + key: value for key, value in tensors.items()}
            if prefix:  # as newer files have it: the head again, and a second mask
                stored["lm_head.weight"] = tensors["wte.weight"]
                stored["transformer.h.0.attn.masked_bias"] = ([], *as_stored(kind, [-1e4]))
            write(weights, kind, stored)
            for tp in plans:
                result = run(tp)
                check(result.returncode == 0, result.stderr)
                loss = json.loads(result.stdout)["loss"]
                print(f"{kind} {prefix or '(no prefix)'} tp {tp}: loss {loss}, in float64 {expected:.9g}")
                check(abs(loss - expected) <= 1e-5 * expected, "they differ by more than 1e-5")

        tensors = published("F32")

        def refuses(change, *messages):
            changed = dict(tensors)
            change(changed)
            write(weights, "F32", changed)
            result = run(2)
            check(result.returncode == 1 and all(message in result.stderr for message in messages),
                  f"expected {messages}, got {result.returncode}: {result.stderr}")

        refuses(lambda t: t.pop("h.1.mlp.c_fc.bias"), "has no tensor 'h.1.mlp.c_fc.bias'")
        refuses(lambda t: t.update({"h.0.attn.extra": t["ln_f.bias"]}), "'h.0.attn.extra'", "belongs to no parameter",
                "--unused 'h.*.attn.extra'")
        refuses(lambda t: t.update({"lm_head.weight": (t["wte.weight"][0], t["wte.weight"][1][::-1], None)}),
                "tensor 'lm_head.weight'", "the model ties them")
        wrong = "h.0.mlp.c_fc.weight"
        refuses(lambda t: t.update({wrong: (t[wrong][0][::-1], t[wrong][1], None)}), wrong, "gives shape")
        refuses(lambda t: t.update({"h.0.attn.c_attn.bias": t["ln_f.bias"]}), "h.0.attn.c_attn.bias", "has no rows")


def check(holds, what):
    if not holds:
        sys.exit(what)


main()
