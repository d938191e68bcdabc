"""Stops a training and goes on from its checkpoint: at the same mesh as if it had not stopped, bit for bit, as
threads and as processes; at any other with the same losses.

usage: checkpoints.py BUILD_DIR [PRECISION BOUND]

BOUND is the largest relative difference of a loss between meshes.
"""
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEPS, STOP = 6, 3


def main():
    build = pathlib.Path(sys.argv[1])
    precision, bound = sys.argv[2:4] if len(sys.argv) > 2 else ("f32", 1e-5)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        data = folder / "data.bin"
        # Shorter than the run: the stream begins again between the two halves.
        tokens = [(i * i + 7 * i) % 53 for i in range(107)]
        data.write_bytes(struct.pack(f"<{len(tokens)}H", *tokens))

        def compiled(tp):
            plan = folder / f"tp{tp}.plan"
            if not plan.exists():
                subprocess.run([build / "bin/tpc-compile", "compile", ROOT / "tests/parity/models/checkpoint.mlir",
                                "--tp", str(tp), "--precision", precision, "-o", plan], check=True)
            return plan

        def run(tp, steps, *options):
            out = subprocess.run([build / "bin/tpc", "run", compiled(tp), "--data", data, "--steps", str(steps),
                                  "--log-json", "-", *options], check=True, stdout=subprocess.PIPE).stdout
            lines = [json.loads(line) for line in out.splitlines()]
            return [(line["step"], line["loss"], line["grad_norm"]) for line in lines]

        whole = run(2, STEPS, "--seed", "7", "--save", folder / "whole")
        first = run(2, STOP, "--seed", "7", "--save", folder / "half")
        check(first == whole[:STOP], f"a run repeats: {first} {whole[:STOP]}")
        check(len({loss for _, loss, _ in whole}) == STEPS, "something is learnt")
        with open(folder / "whole", "rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        dtypes = {entry["dtype"] for name, entry in header.items() if name != "__metadata__"}
        check(dtypes <= {"F32", "I32", "I64", "U64"}, f"parameters and states are saved in float32: {dtypes}")
        for comm in "local", "tcp":
            rest = run(2, STEPS - STOP, "--resume", folder / "half", "--save", folder / "rest", "--comm", comm)
            check(rest == whole[STOP:], f"{comm}: going on is like not having stopped: {rest} {whole[STOP:]}")
            check((folder / "rest").read_bytes() == (folder / "whole").read_bytes(), f"{comm}: and saves the same bytes")
        for tp in 1, 3, 4:
            rest = run(tp, STEPS - STOP, "--resume", folder / "half", "--save", folder / "rest")
            for ours, theirs in zip(rest, whole[STOP:], strict=True):
                check(ours[0] == theirs[0] and abs(ours[1] - theirs[1]) <= float(bound) * abs(theirs[1]),
                      f"tp {tp}: step and loss {ours}, without a stop {theirs}")
            # Only what is logical is in the file: the same tensors and bytes at every mesh.
            check((folder / "rest").stat().st_size == (folder / "whole").stat().st_size, f"tp {tp}: the file's size")
            back = run(2, 1, "--resume", folder / "rest")
            check(back[0][0] == STEPS + 1, "a checkpoint of any mesh goes on at any other")


def check(holds, what):
    if not holds:
        sys.exit(what)


main()
