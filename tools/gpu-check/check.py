#!/usr/bin/env python3
"""What this machine's GPU says of tpc: one call, under ten minutes.

    python3 check.py [--only SECTION ...] [--python PYTHON] [--minutes 9.5] [--out FOLDER]

Runs the programs and plans beside it, section by section, each with a deadline of its own, and
writes results.txt and results.json anew after every section. Needs the driver and CUDA's libraries
(also found among a Python environment's nvidia packages), and PyTorch for the sections that compare
with it. Exit status: 0 all sections that could run passed, 1 one failed, 5 there is no GPU.
"""
import argparse
import shutil
import sys
import time
from pathlib import Path

import libraries
import sections
from report import Report, Skipped

HERE = Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [section.name for section in sections.ALL]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="SECTION",
                        help=f"of {', '.join(names)}")
    parser.add_argument("--python", default=shutil.which("python3") or sys.executable,
                        help="the interpreter whose environment has PyTorch, if any (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=9.5, help="for everything (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path.cwd() / "gpu-check-results",
                        help="where results and logs go (default: %(default)s)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    report = Report(options.out)
    end = time.monotonic() + 60 * options.minutes
    driver = libraries.Driver()
    context = sections.Context(HERE, options.out, options.python, driver, report)
    for section in sections.ALL:
        if section.name not in options.only:
            continue
        left = end - time.monotonic()
        with report.section(section.name):
            if section.needs_gpu and driver.missing:
                raise Skipped(driver.missing)
            if left < 5:
                raise Skipped("the time for all sections is over")
            section.run(context, min(section.seconds, left))
        report.write()
    report.say(f"results are in {options.out}")
    if driver.missing:
        return 5
    return 1 if report.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
