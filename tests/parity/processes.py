"""Trains a model with ranks as threads and with ranks as processes: logs, checkpoints and outputs are the
same bytes, and a checkpoint of processes goes on as if nothing had stopped.

usage: processes.py BUILD_DIR MODEL [compile options...]
"""
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEPS = 4


def main():
    build, model, options = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    name = f"processes-{model}{''.join(options)}"
    folder = build / "tests/parity"
    plan = folder / f"{name}.plan"
    subprocess.run([build / "bin/tpc-compile", "compile", ROOT / "models" / f"{model}.mlir", *options,
                    "-o", plan], check=True)
    # Any bytes are tokens below 257, read as uint16 or as bytes.
    data = folder / f"{name}.bin"
    data.write_bytes(bytes(value for i in range(40000) for value in ((i * 2654435761 >> 7) % 256, 0)))
    fed = ["--data", data] if "feed" in (ROOT / "models" / f"{model}.mlir").read_text() else []

    def run(communicator, steps, *more):
        checkpoint = folder / f"{name}-{communicator}{len(more)}-{steps}.safetensors"
        log = subprocess.run([build / "bin/tpc", "run", plan, "--comm", communicator, "--steps", str(steps),
                              "--log-json", "-", "--save", checkpoint, *fed, *more],
                             check=True, stdout=subprocess.PIPE).stdout
        losses = [json.loads(line) for line in log.splitlines()]
        for step in losses:
            del step["seconds"]
        return losses, checkpoint

    threads, expected = run("local", STEPS)
    processes, found = run("tcp", STEPS)
    assert len(threads) == STEPS and processes == threads, f"{processes} with processes, {threads} with threads"
    assert found.read_bytes() == expected.read_bytes(), "the checkpoints differ"
    first, half = run("tcp", STEPS // 2)
    second, resumed = run("tcp", STEPS - STEPS // 2, "--resume", half)
    assert first + second == threads, f"{first + second} in two runs, {threads} in one"
    assert resumed.read_bytes() == expected.read_bytes(), "the checkpoint of two runs differs"
    for file in (expected, found, half, resumed, data, plan):
        file.unlink(missing_ok=True)


main()
