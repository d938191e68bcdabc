#!/usr/bin/env python3
"""Reads `tpc run --log-json -` on standard input and prints its losses beside published ones.

Exits with 4 if a loss differs by more than the stated relative bound, or if a step is missing.
"""
import json
import sys


def main():
    with open(sys.argv[1]) as file:
        published = json.load(file)
    losses = [json.loads(line)["loss"] for line in sys.stdin if line.strip()]
    bound = published["relative_bound"]
    print(f"{published['model']}: {published['source']}")
    print(f"{'step':>4}  {'published, 1 GPU':>18}  {'tpc':>18}  {'relative difference':>19}")
    worst = 0.0
    for step, (want, got) in enumerate(zip(published["losses"], losses), start=1):
        difference = abs(got - want) / abs(want)
        worst = max(worst, difference)
        print(f"{step:>4}  {want:>18.9g}  {got:>18.9g}  {difference:>19.1e}")
    if len(losses) < len(published["losses"]) or worst > bound:
        print(f"differs: the bound is {bound:g}")
        sys.exit(4)
    print(f"equal within {bound:g}")


main()
