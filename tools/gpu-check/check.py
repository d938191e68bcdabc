#!/usr/bin/env python3
"""What this machine's GPU says of tpc: one call, under ten minutes.

    python3 check.py [--only SECTION ...] [--python PYTHON] [--minutes 9.3] [--out FOLDER]

Runs the programs and plans beside it, section by section, each with a deadline of its own, and writes results.txt,
results.json and logs.tar.gz anew after every section. Needs the driver and CUDA's libraries (also found among a Python
environment's nvidia packages), and PyTorch for the section that compares with it. Exit status: 0 all sections that
could run passed, 1 one failed, 5 there is no GPU.
"""
import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import sections
from report import Report, Skipped

HERE = Path(__file__).resolve().parent


def deadlines(chosen, seconds):
    """When each section is to be over, from the start: what one does not need is left to those behind it."""
    scale = seconds / sum(section.seconds for section in chosen)
    end = 0
    for section in chosen:
        end += section.seconds * scale
        yield section, end


def run(context, chosen, begin, seconds):
    report = context.report
    for section, end in deadlines(chosen, seconds):
        with report.section(section.name):
            if section.needs_gpu and context.driver["missing"]:
                raise Skipped(context.driver["missing"])
            left = begin + end - time.monotonic()
            if left < 2:
                raise Skipped("the time for all sections is over")
            section.run(context, left)
    report.say("== all")
    for section in report.sections:
        report.say(f"   {section['section']:<20} {section['state']:<8} {section['seconds']:>6} s  "
                   f"{section['why'][:200]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [section.name for section in sections.ALL]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="SECTION",
                        help=f"of {', '.join(names)}")
    parser.add_argument("--python", default=shutil.which("python3") or sys.executable,
                        help="the interpreter whose environment has PyTorch, if any (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=9.3, help="for everything (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path.cwd() / "gpu-check-results",
                        help="where results and logs go (default: %(default)s)")
    options = parser.parse_args()
    begin = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    options.out.mkdir(parents=True, exist_ok=True)
    for program in (HERE / "bin/tpc", *(HERE / "tests").glob("*")):  # a copy may have lost it
        if program.exists() and not os.access(program, os.X_OK):
            program.chmod(0o755)
    with tempfile.TemporaryDirectory(prefix="gpu-check-", ignore_cleanup_errors=True) as folder:
        logs = Path(folder) / "logs"
        logs.mkdir()
        context = sections.Context(HERE, logs, options.python, Report(options.out, logs))
        chosen = [section for section in sections.ALL if section.name in options.only]
        run(context, chosen, begin, 60 * options.minutes)
        context.report.say(f"results are in {options.out}")
        if context.driver["missing"]:
            return 5
        return 1 if context.report.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
