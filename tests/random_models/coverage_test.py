"""Fails if the seeds that ctest checks lack a feature, a property, or an option of one.

usage: coverage_test.py [--without-cuda] SEED...
"""
import sys

from coverage import everything, found_in


def main():
    cuda = "--without-cuda" not in sys.argv
    seeds = [int(argument) for argument in sys.argv[1:] if argument != "--without-cuda"]
    found = set().union(*(each.items for each in found_in(seeds, cuda).values()))
    missing = sorted(everything(cuda) - found)
    print(f"{len(seeds)} seeds have {len(found)} features, properties and options of these")
    if missing:
        sys.exit(f"they lack {', '.join(missing)}; choose others with: random_models.py cover 0:6000")


main()
