"""Compiles a published model for a mesh, trains it, and compares its losses with the published ones.

usage: published_run.py BUILD_DIR MODEL [compile options...]
"""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    build, model, options = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    published_path = ROOT / "tests/parity/published" / f"{model}.json"
    published = json.loads(published_path.read_text())
    plan = build / "tests/parity" / f"{model}{''.join(options)}.plan"
    subprocess.run([build / "bin/tpc-compile", "compile", ROOT / "models" / f"{model}.mlir", *options,
                    "-o", plan], check=True)
    command = [build / "bin/tpc", "run", plan, "--init", published["init"], "--seed",
               str(published["seed"]), "--steps", str(len(published["losses"])), "--log-json", "-"]
    # On the double of a GPU nothing may be reported: no leak, no allocation behind the start.
    reports = plan.with_suffix(".reports")
    reports.unlink(missing_ok=True)
    if "cuda" in options:
        command += ["--comm", "local"]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE,
                         env=os.environ | {"TPC_FAKE_GPU_REPORT": str(reports)})
    if reports.exists():
        sys.exit(reports.read_text())
    compare = [sys.executable, ROOT / "tools/setup/compare_losses.py", published_path]
    sys.exit(subprocess.run(compare, input=run.stdout).returncode)


main()
