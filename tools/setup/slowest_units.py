#!/usr/bin/env python3
"""Prints the ten slowest translation units of a ninja build, from its log."""
import sys


def main():
    times = {}
    with open(sys.argv[1]) as log:
        next(log)
        for line in log:
            start, end, _, output, _ = line.rstrip("\n").split("\t")
            if output.endswith(".o"):
                times[output] = (int(end) - int(start)) / 1000
    print("slowest translation units:")
    for output, seconds in sorted(times.items(), key=lambda item: -item[1])[:10]:
        print(f"  {seconds:6.1f} s  {output}")


main()
