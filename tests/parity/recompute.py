"""Trains one model with every mode of recomputation: equal losses, bit for bit, in less memory.

usage: recompute.py BUILD_DIR [compile options...]
"""
import json
import pathlib
import random
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODES = ["none", "selective", "full"]


def compile_and_inspect(build, plan, options):
    """The summary of a plan."""
    subprocess.run([build / "bin/tpc-compile", "compile", ROOT / "models/gpt-2l.mlir", *options, "-o",
                    plan], check=True)
    inspected = subprocess.run([build / "bin/tpc", "inspect", plan, "--format", "json"], check=True,
                               stdout=subprocess.PIPE)
    return json.loads(inspected.stdout)


def main():
    build, options = pathlib.Path(sys.argv[1]), [*sys.argv[2:], "--dim", "B=2", "--dim", "T=128"]
    stem = build / "tests/parity" / ("recompute" + "".join(sys.argv[2:]))
    tokens = stem.with_suffix(".bin")
    draw = random.Random(1)
    tokens.write_bytes(b"".join(struct.pack("<H", draw.randrange(50257)) for _ in range(2000)))
    logs, sizes, totals = {}, {}, {}
    for mode in MODES:
        plan = stem.with_suffix(f".{mode}.plan")
        summary = compile_and_inspect(build, plan, [*options, "--recompute", mode])
        run = subprocess.run([build / "bin/tpc", "run", plan, "--seed", "5", "--steps", "3", "--data",
                              tokens, "--log-json", "-"], check=True, stdout=subprocess.PIPE)
        logs[mode] = [json.loads(line)["loss"] for line in run.stdout.splitlines()]
        totals[mode] = summary["memory_bytes"]
        sizes[mode] = summary["report"]["memory"]["arenas"]["activations"]
        noted = any(f"recompute {mode}: train keeps" in note for note in summary["notes"])
        if noted == (mode == "none"):
            sys.exit(f"{mode}: the notes are {summary['notes']}")
        print(f"{mode}: activations {sizes[mode]} bytes a rank, losses {logs[mode]}")
    if any(logs[mode] != logs["none"] for mode in MODES):
        sys.exit("the losses differ")
    if not sizes["none"] > sizes["selective"] > sizes["full"]:
        sys.exit("the activations take no less memory")
    # A memory limit takes what recomputation it needs, and says so.
    limited = compile_and_inspect(build, stem.with_suffix(".limited.plan"),
                                  [*options, "--memory-limit", str(totals["selective"])])
    if not any("recompute selective was chosen" in note for note in limited["notes"]):
        sys.exit(f"under a limit the notes are {limited['notes']}")


main()
