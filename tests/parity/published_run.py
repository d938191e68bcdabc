"""Compiles a published model for a mesh, trains it, and compares its losses with the published ones.

usage: published_run.py BUILD_DIR MODEL [compile options...]
"""
import json
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
    run = subprocess.run([build / "bin/tpc", "run", plan, "--init", published["init"],
                          "--seed", str(published["seed"]), "--steps", str(len(published["losses"])),
                          "--log-json", "-"], check=True, stdout=subprocess.PIPE)
    compare = [sys.executable, ROOT / "tools/setup/compare_losses.py", published_path]
    sys.exit(subprocess.run(compare, input=run.stdout).returncode)


main()
