"""Trains a model at tp = 1 and at other meshes; losses and gradient norms must be the same.

usage: same_losses.py BUILD_DIR VARIANT
"""
import pathlib
import sys

import model_variant

# Of each variant: the model, changes of its text, its vocabulary, options of the compiler for all,
# those that differ from run to run, and how many steps.
VARIANTS = {
    # Heads, vocabulary and features that divide by hardly any mesh; three kv heads.
    "llama-mini-uneven": ("models/llama-mini.mlir",
                          [("count 30", "count 2"), ("49152x", "1009x"), ("1536x", "1535x"),
                           ("= 3.0e-3", "= 3.0e-4")], 1009,
                          ["--dim", "B=2", "--dim", "T=16"],
                          [["--tp", "2"], ["--tp", "3"], ["--tp", "4"], ["--tp", "8"],
                           ["--tp", "2", "--sequence-parallel", "on"]], 20),
    # 32 query heads that share 2 kv heads: k and v are computed on every rank.
    "llama-mini-kv-replicated": ("models/llama-mini.mlir",
                                 [("count 30", "count 2"), ("49152x", "1009x"),
                                  ("x9x64x", "x32x18x"), ("x3x64x", "x2x18x"),
                                  ("minor 64", "minor 18"), ("x192x", "x36x"),
                                  ("tensor<192x", "tensor<36x"), ("= 3.0e-3", "= 3.0e-4")], 1009,
                                 ["--dim", "B=2", "--dim", "T=32"],
                                 [["--tp", "4"], ["--tp", "8"]], 20),
    # As published.
    "llama-mini": ("models/llama-mini.mlir", [("of SmolLM", "of SmolLM")], 49152,
                   ["--dim", "B=1", "--dim", "T=16"], [["--tp", "2"]], 2),
    "gpt2-fused-12-heads": ("tests/parity/models/gpt2-fused.mlir", [("@gpt2_fused", "@gpt2_fused")],
                            257, [], [["--tp", "2"], ["--tp", "3"], ["--tp", "4"]], 20),
    "gpt2-fused-5-heads": ("tests/parity/models/gpt2-fused.mlir",
                           [("x12x8x", "x5x8x"), (r"(?<!\d)96x", "40x"), (r"(?<!\d)288x", "120x"),
                            (r"(?<!\d)384x", "160x"), ("minor 96", "minor 40")], 257, [],
                           [["--tp", "2"], ["--tp", "3"], ["--tp", "4"]], 20),
}


def main():
    build, name = pathlib.Path(sys.argv[1]), sys.argv[2]
    model, changes, vocabulary, options, meshes, steps = VARIANTS[name]
    folder = build / "tests/parity"
    variant = model_variant.write_variant(folder / f"{name}.mlir", model, changes)
    tokens = model_variant.write_tokens(folder / f"{name}.bin", vocabulary)
    run = ["--data", tokens, "--seed", "3", "--steps", str(steps)]
    expected = model_variant.losses(build, variant, [*options, "--tp", "1"], run)
    for mesh in meshes:
        actual = model_variant.losses(build, variant, [*options, *mesh], run)
        model_variant.expect_close(expected, actual, f"{name} {' '.join(mesh)}")


main()
