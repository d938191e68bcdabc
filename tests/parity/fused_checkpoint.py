"""A checkpoint in GPT-2's published layout gives a model with one fused linear for query, key and value
the same losses as one that reads the three as slices, at every mesh.

usage: fused_checkpoint.py BUILD_DIR
"""
import json
import pathlib
import random
import struct
import sys

import model_variant

HIDDEN, INNER, VOCABULARY, POSITIONS, LAYERS = 96, 384, 257, 64, 2


def checkpoint():
    """Names and shapes as published: matrices are [in, out]."""
    shapes = {"wte.weight": [VOCABULARY, HIDDEN], "wpe.weight": [POSITIONS, HIDDEN],
              "ln_f.weight": [HIDDEN], "ln_f.bias": [HIDDEN]}
    for layer in range(LAYERS):
        for name, rows, columns in (("attn.c_attn", HIDDEN, 3 * HIDDEN), ("attn.c_proj", HIDDEN, HIDDEN),
                                    ("mlp.c_fc", HIDDEN, INNER), ("mlp.c_proj", INNER, HIDDEN)):
            shapes[f"h.{layer}.{name}.weight"] = [rows, columns]
            shapes[f"h.{layer}.{name}.bias"] = [columns]
        for norm in ("ln_1", "ln_2"):
            shapes[f"h.{layer}.{norm}.weight"] = [HIDDEN]
            shapes[f"h.{layer}.{norm}.bias"] = [HIDDEN]
    return shapes


def write_safetensors(path, shapes):
    generator = random.Random(7)
    header, data = {}, bytearray()
    for name, shape in shapes.items():
        count = 1
        for extent in shape:
            count *= extent
        begin = len(data)
        data += struct.pack(f"<{count}f", *(generator.gauss(0.0, 0.1) for _ in range(count)))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main():
    build = pathlib.Path(sys.argv[1])
    folder = build / "tests/parity"
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / "gpt2-small.safetensors"
    write_safetensors(weights, checkpoint())
    tokens = model_variant.write_tokens(folder / "gpt2-small.bin", VOCABULARY)
    fused = model_variant.write_variant(folder / "gpt2-fused-loaded.mlir",
                                        "tests/parity/models/gpt2-fused.mlir", [])
    sliced = model_variant.write_variant(
        folder / "gpt2-sliced-loaded.mlir", "models/gpt2-124m.mlir",
        [("count 12", "count 2"), ("4x64x12x64x", "2x16x12x8x"), ("4x64x", "2x16x"), ("@B = 4", "@B = 2"),
         ("@T = 64", "@T = 16"), ("minor 64", "minor 8"), ("50257x", "257x"), ("1024x", "64x"),
         ("1536", "192"), ("3072", "384"), ("768", "96"), (r"lr : tensor<f32> = 3.0e-4", "lr : tensor<f32> = 1.0e-3")])
    run = ["--data", tokens, "--weights", weights, "--steps", "5"]
    expected = model_variant.losses(build, sliced, ["--tp", "1"], run)
    for tp in ("1", "2", "3", "4"):
        actual = model_variant.losses(build, fused, ["--tp", tp], run)
        model_variant.expect_close(expected, actual, f"fused query, key and value from a checkpoint, tp={tp}")


main()
