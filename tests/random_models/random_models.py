"""Checks what must be true of every model on models that chance makes.

usage: random_models.py check BUILD_DIR SEED... | FIRST:END [options]   checks these seeds
       random_models.py show SEED                                       prints a model, its features and its checks
       random_models.py cover FIRST:END                                 finds few seeds that have everything
"""
import argparse
import pathlib
import shlex
import shutil
import sys
import time
import traceback
from collections import Counter

from case import Case, Failed, Skipped
from coverage import found_in, seeds_for
from generator import generate
from properties import PROPERTIES, choose_checks, diverges


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="check seeds")
    check.add_argument("build", type=pathlib.Path, help="folder of the build: bin/tpc lies in it")
    check.add_argument("seeds", nargs="+", help="seeds, or ranges FIRST:END")
    check.add_argument("--only", choices=sorted(PROPERTIES), help="check one property, whatever chance says")
    check.add_argument("--every", action="store_true", help="check every property that applies")
    check.add_argument("--strict", action="store_true", help="a check that finds nothing to do is a failure")
    check.add_argument("--minutes", type=float, help="begin no seed after this time")
    check.add_argument("--folder", type=pathlib.Path, help="where models of failures stay "
                       "(default: BUILD_DIR/tests/random_models)")
    check.add_argument("--cuda-libraries", type=pathlib.Path, help="folder of the doubles of CUDA's libraries; without "
                       "it nothing is checked for GPUs (default: BUILD_DIR/tests/fake_gpu/lib if it is there)")
    show = commands.add_parser("show", help="print a model")
    show.add_argument("seed", type=int)
    cover = commands.add_parser("cover", help="find few seeds that have everything")
    cover.add_argument("seeds", nargs="+", help="seeds to choose from")
    return parser.parse_args()


def numbers(texts):
    for text in texts:
        first, colon, end = text.partition(":")
        yield from range(int(first), int(end)) if colon else [int(first)]


def report(case, each, options, message, again):
    """Everything that is needed to see a failure again."""
    print(f"FAILED seed {case.model.seed}: {each.name} {shlex.join(options)}")
    print("  must be true: " + " ".join((each.check.__doc__ or "").split()))
    print("  " + message.replace("\n", "\n  "))
    print(f"  model: {case.path('model.mlir')}")
    print("  commands:")
    for command in case.commands:
        print(f"    {command}")
    print(f"  again: {again} --only {each.name}", flush=True)


def check_seed(arguments, seed, counts):
    """Whether everything held."""
    model = generate(seed)
    folder = arguments.folder / str(seed)
    shutil.rmtree(folder, ignore_errors=True)
    again = shlex.join([sys.executable, __file__, "check", str(arguments.build), str(seed)])
    checks = choose_checks(model, arguments.cuda_libraries, arguments.every or arguments.only)
    good = True
    case = Case(model, arguments.build, folder, arguments.cuda_libraries)
    unfit = diverges(case)
    for each, options in checks:
        if arguments.only and each.name != arguments.only:
            continue
        case.commands.clear()
        try:
            if unfit:
                raise Skipped("the model diverges")
            each.check(case, options)
            counts[each.name, "held"] += 1
        except Skipped as why:
            counts[each.name, "skipped"] += 1
            if arguments.strict:
                good = False
                report(case, each, options, f"nothing was checked: {why}", again)
        except Failed as why:
            counts[each.name, "FAILED"] += 1
            good = False
            report(case, each, options, str(why), again)
        except Exception:  # A file that is missing or can't be read, for instance.
            counts[each.name, "FAILED"] += 1
            good = False
            report(case, each, options, traceback.format_exc(), again)
    if good:
        shutil.rmtree(folder, ignore_errors=True)
    return good


def check(arguments):
    arguments.build = arguments.build.resolve()
    arguments.folder = (arguments.folder or arguments.build / "tests/random_models").resolve()
    doubles = arguments.build / "tests/fake_gpu/lib"
    if not arguments.cuda_libraries and doubles.is_dir():
        arguments.cuda_libraries = doubles
    start, counts, bad, done = time.monotonic(), Counter(), [], 0
    for seed in numbers(arguments.seeds):
        if arguments.minutes and time.monotonic() - start > 60 * arguments.minutes:
            break
        done += 1
        if not check_seed(arguments, seed, counts):
            bad.append(seed)
        if done % 20 == 0:
            print(f"{done} models in {time.monotonic() - start:.0f} s", flush=True)
    for (name, result), count in sorted(counts.items()):
        print(f"{count:6} {result:8} {name}")
    print(f"{done} models in {time.monotonic() - start:.1f} s" + (f"; failures of seeds {bad}" if bad else ""))
    if not counts:
        sys.exit("nothing was checked")
    return 1 if bad else 0


def show(seed):
    model = generate(seed)
    print(model.text)
    print("// features: " + ", ".join(sorted(model.features)))
    for each, options in choose_checks(model, cuda=True):
        print("// check: " + " ".join([each.name, *options]))


def main():
    arguments = parsed()
    if arguments.command == "check":
        sys.exit(check(arguments))
    if arguments.command == "show":
        show(arguments.seed)
    else:
        print(*seeds_for(found_in(numbers(arguments.seeds))))


main()
