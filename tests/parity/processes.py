"""Trains a model with ranks as threads and with ranks as processes: logs, checkpoints and outputs are the
same bytes, and a checkpoint of processes goes on as if nothing had stopped. With --target cuda ranks share the
GPU of the machine, driven by one thread, and as processes they are connected by NCCL (its double, where the
GPU is one).

usage: processes.py BUILD_DIR MODEL [compile options...]
"""
import json
import math
import os
import pathlib
import socket
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEPS = 4


def launched(ranks):
    """What torchrun sets, for each rank."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return [{"RANK": str(rank), "WORLD_SIZE": str(ranks), "LOCAL_RANK": "0", "MASTER_ADDR": "127.0.0.1",
             "MASTER_PORT": str(port)} for rank in range(ranks)]


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

    # NCCL's ranks are started here, all on GPU 0; those of tcp start themselves.
    communicator = "nccl" if "cuda" in options else "tcp"
    axes = [int(options[options.index(axis) + 1]) for axis in ("--dp", "--tp") if axis in options]

    def run(comm, steps, *more):
        checkpoint = folder / f"{name}-{comm}{len(more)}-{steps}.safetensors"
        command = [build / "bin/tpc", "run", plan, "--comm", comm, "--steps", str(steps),
                   "--log-json", "-", "--save", checkpoint, *fed, *more]
        places = launched(math.prod(axes)) if comm == "nccl" else [{}]
        ranks = [subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **place}) for place in places]
        logs = [rank.communicate()[0] for rank in ranks]
        assert all(rank.returncode == 0 for rank in ranks), [rank.returncode for rank in ranks]
        losses = [json.loads(line) for line in logs[0].splitlines()]
        for step in losses:
            del step["seconds"]
        return losses, checkpoint

    threads, expected = run("local", STEPS)
    processes, found = run(communicator, STEPS)
    assert len(threads) == STEPS and processes == threads, f"{processes} with processes, {threads} with threads"
    assert found.read_bytes() == expected.read_bytes(), "the checkpoints differ"
    first, half = run(communicator, STEPS // 2)
    second, resumed = run(communicator, STEPS - STEPS // 2, "--resume", half)
    assert first + second == threads, f"{first + second} in two runs, {threads} in one"
    assert resumed.read_bytes() == expected.read_bytes(), "the checkpoint of two runs differs"
    for file in (expected, found, half, resumed, data, plan):
        file.unlink(missing_ok=True)


main()
