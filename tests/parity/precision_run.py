"""Trains a model twice, in float32 on one rank and as asked, and bounds the difference of the losses.

usage: precision_run.py BUILD_DIR MODEL.mlir STEPS LEARNING_RATE BOUND [compile options...]

BOUND is the largest relative difference that a loss may have. Prints the largest one found.
"""
import json
import pathlib
import subprocess
import sys


def losses(build, model, steps, rate, options):
    name = "".join([model.stem, *options]).replace("/", "-")
    plan = build / "tests/parity" / f"precision-{name}.plan"
    subprocess.run([build / "bin/tpc-compile", "compile", model, *options, "-o", plan], check=True)
    run = subprocess.run([build / "bin/tpc", "run", plan, "--comm", "local", "--seed", "7", "--steps", steps,
                          "--set", f"lr={rate}", "--log-json", "-"], check=True, stdout=subprocess.PIPE, text=True)
    return [json.loads(line)["loss"] for line in run.stdout.splitlines()]


def main():
    build, model = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    steps, rate, bound = sys.argv[3:6]
    options = sys.argv[6:]
    expected = losses(build, model, steps, rate, [])
    found = losses(build, model, steps, rate, options)
    assert len(expected) == len(found) == int(steps)
    worst = max(abs(f - e) / abs(e) for f, e in zip(found, expected))
    print(f"{model.stem} {' '.join(options)}: losses differ by at most {worst:.3g}, bound {bound}")
    for step, (e, f) in enumerate(zip(expected, found), 1):
        print(f"  {step:3d}  {e:.9g}  {f:.9g}  {f / e - 1:+.3g}")
    sys.exit(0 if worst <= float(bound) else 1)


main()
