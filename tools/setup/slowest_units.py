#!/usr/bin/env python3
"""Prints the ten slowest translation units of a ninja build, from its log.

The log keeps units that are built no longer; build.ninja beside it says which are.
"""
import pathlib
import re
import sys


def main():
    path = pathlib.Path(sys.argv[1])
    rules = path.with_name("build.ninja").read_text()
    built = set(re.findall(r"^build (\S+\.o):", rules, re.MULTILINE))
    times = {}
    with path.open() as log:
        next(log)
        for line in log:
            start, end, _, output, _ = line.rstrip("\n").split("\t")
            if output in built:
                times[output] = (int(end) - int(start)) / 1000
    print("slowest translation units:")
    for output, seconds in sorted(times.items(), key=lambda item: -item[1])[:10]:
        print(f"  {seconds:6.1f} s  {output}")


main()
