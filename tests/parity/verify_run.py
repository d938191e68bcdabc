"""Compiles a model and verifies every op of one step against float64.

usage: verify_run.py BUILD_DIR MODEL.mlir [compile options...]
"""
import pathlib
import subprocess
import sys


def main():
    build, model, options = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    name = "".join([model.stem, *options]).replace("/", "-")
    plan = build / "tests/parity" / f"verify-{name}.plan"
    subprocess.run([build / "bin/tpc-compile", "compile", model, *options, "-o", plan], check=True)
    sys.exit(subprocess.run([build / "bin/tpc", "verify", plan]).returncode)


main()
