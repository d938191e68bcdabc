"""Compiles a model and verifies every op of one step against float64.

usage: verify_run.py BUILD_DIR MODEL.mlir [tokens=VOCABULARY] [compile options...]
"""
import pathlib
import subprocess
import sys

import model_variant


def main():
    build, model, options = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    name = "".join([model.stem, *options]).replace("/", "-")
    plan = build / "tests/parity" / f"verify-{name}.plan"
    data = []
    if options and options[0].startswith("tokens="):
        vocabulary = int(options.pop(0).removeprefix("tokens="))
        data = ["--data", model_variant.write_tokens(plan.with_suffix(".bin"), vocabulary)]
    subprocess.run([build / "bin/tpc-compile", "compile", model, *options, "-o", plan], check=True)
    sys.exit(subprocess.run([build / "bin/tpc", "verify", plan, *data]).returncode)


main()
