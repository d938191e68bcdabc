"""The sections: what is run, and what it is compared with. manifest.json, which pack.sh writes, says which plans and
test programs there are, what the CPU made of the same models, and what a step has to compute."""
import dataclasses
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Callable

import libraries
import steps
import two_processes
from report import Failed, Skipped

PEAK = 989e12  # dense bf16 of H100 and H200 SXM, by their datasheets


class Context:
    def __init__(self, home, out, python, driver, report):
        self.home, self.out, self.python, self.driver, self.report = home, out, python, driver, report
        self.manifest = json.loads((home / "manifest.json").read_text())
        self.environment = libraries.environment(python)
        self.rate = 0.0  # of products, measured in this call; 0 if not known
        self.steps = {}  # seconds of a step of tpc, by model

    def run(self, command, seconds, log, **more):
        """A program with its standard error in a log; its standard output."""
        path = self.out / f"{log}.log"
        with open(path, "w") as errors:
            done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=errors, text=True,
                                  timeout=seconds, env=more.pop("env", self.environment), **more)
        if done.returncode == 5:
            raise Skipped(f"the environment lacks something: {last_line(path)}")
        if done.returncode:
            raise Failed(f"{Path(str(command[0])).name} ended with {done.returncode}: {last_line(path)}")
        return done.stdout, path.read_text()

    def tpc(self, *arguments, seconds, log, **more):
        return self.run([self.home / "bin/tpc", *arguments], seconds, log, **more)

    def plan(self, name):
        return self.home / "plans" / f"{name}.plan"


def last_line(path):
    lines = [line for line in path.read_text().splitlines() if line.strip()]
    errors = [line for line in lines if "error:" in line]
    return (errors or lines or ["it said nothing"])[-1]


def run_versions(context, seconds):
    report, driver = context.report, context.driver
    report.row("tpc", context.manifest["version"], context.manifest["commit"])
    if driver.missing:
        report.row("GPU", "none", driver.missing)
    else:
        report.row("GPU", driver.architecture, f"{driver.name}, {driver.memory / 2**30:.1f} GiB, "
                                                f"{driver.processors} multiprocessors")
        report.row("driver (CUDA)", str(driver.version))
    for name, where, version in libraries.versions(context.python):
        report.row(name, version, where)
    ask = "import torch; print(torch.__version__, torch.version.cuda, torch.cuda.is_available())"
    found = subprocess.run([context.python, "-c", ask], capture_output=True, text=True, timeout=seconds)
    report.row("PyTorch", found.stdout.strip() or "not found", context.python)
    if driver.missing:
        raise Skipped(driver.missing)


def run_conformance(context, seconds):
    """Tests that are skipped by name are counted: nothing passes silently."""
    programs = context.manifest["tests"]
    if not programs:
        raise Skipped("no test programs were packed")
    for program in programs:
        result = context.out / f"{program['program']}.json"
        command = [context.home / "tests" / program["program"], f"--gtest_filter={program['filter']}",
                   f"--gtest_output=json:{result}"]
        with open(context.out / f"{program['program']}.log", "w") as log:
            status = subprocess.run([str(c) for c in command], stdout=log, stderr=log, env=context.environment,
                                    timeout=seconds / len(programs)).returncode
        suites = json.loads(result.read_text())["testsuites"] if result.exists() else []
        tests = [test for suite in suites for test in suite["testsuite"]]
        skipped = sum(test.get("result") == "SKIPPED" for test in tests)
        failed = [f"{test['classname']}.{test['name']}" for test in tests if "failures" in test]
        context.report.row(program["program"], f"{len(tests) - skipped - len(failed)} passed",
                           f"{skipped} skipped, {len(failed)} failed {' '.join(failed[:3])}".rstrip())
        if status:
            raise Failed(f"{program['program']} ended with {status}: {' '.join(failed[:3]) or 'it did not finish'}")
        if skipped == len(tests):
            raise Failed(f"{program['program']} ran none of its {len(tests)} tests, though there is a GPU")


def run_published(context, seconds):
    wrong = []
    end = time.monotonic() + seconds
    for run in context.manifest["published"]:
        try:
            lines, _ = context.tpc("run", context.plan(run["plan"]), "--init", run["init"], "--seed", run["seed"],
                                   "--steps", len(run["losses"]), "--comm", "local", "--log-json", "-",
                                   seconds=max(1, end - time.monotonic()), log=run["plan"])
        except Failed as reason:  # the other runs still say something
            wrong.append(f"{run['plan']}: {reason}")
            continue
        got = steps.losses(lines)
        note = []
        for name, want, bound in (("published", run["losses"], run["bound"]),
                                  ("CPU", run["cpu_losses"], run["bound"])):
            worst = steps.worst_difference(got, want)
            note.append(f"{worst:.1e} from {name}")
            if not worst <= bound:
                wrong.append(f"{run['plan']} differs from {name} by {worst:.1e}, more than {bound:g}")
        context.report.row(run["plan"], f"{got[-1]:.9g}", ", ".join(note))
    if wrong:
        raise Failed("; ".join(wrong))


def run_products(context, seconds):
    """The rate of large bf16 products, as the runtime calls them."""
    form = context.manifest["products"]
    lines, _ = context.tpc("run", context.plan(form["plan"]), "--entry", form["entry"], "--steps", 8,
                           "--comm", "local", "--log-json", "-", seconds=seconds, log="products")
    best = min(json.loads(line)["seconds"] for line in lines.splitlines())
    context.rate = form["flops"] / best
    context.report.row("large products, bf16", f"{context.rate / 1e12:.1f} TFLOP/s",
                       f"{context.rate / PEAK:.1%} of {PEAK / 1e12:.0f}")
    if context.rate < PEAK / 3:
        raise Failed("large products run at less than a third of the GPU's rate, so that something else is measured")


def run_steps(context, seconds):
    for model in context.manifest["steps"]:
        steps.measure(context, model, seconds / len(context.manifest["steps"]), PEAK)


def run_torch(context, seconds):
    ask = "import torch, sys; sys.exit(0 if torch.cuda.is_available() else 1)"
    plain = dict(os.environ)  # PyTorch brings libraries of its own
    if subprocess.run([context.python, "-c", ask], capture_output=True, env=plain).returncode:
        raise Skipped("PyTorch is not installed, or sees no GPU")
    models = context.manifest["steps"]
    for model in models:
        command = [context.python, context.home / "torch_steps.py", "--config", json.dumps(model["config"])]
        text, _ = context.run(command, seconds / len(models), f"torch-{model['name']}", env=plain)
        result = json.loads(text.splitlines()[-1])
        rate = model["tokens"] / result["median"]
        ours = context.steps.get(model["name"])
        context.report.row(f"{model['name']}: PyTorch {result['version']}", f"{rate:.0f} tokens/s",
                           f"step {result['median'] * 1e3:.2f} ms, compiled in {result['compile']:.0f} s, "
                           f"peak {result['memory'] / 2**30:.2f} GiB")
        if ours:
            context.report.row(f"{model['name']}: tpc over PyTorch", f"{result['median'] / ours:.2f} x")


def run_nccl_one(context, seconds):
    run = context.manifest["nccl_one"]
    lines, _ = context.tpc("run", context.plan(run["plan"]), "--init", run["init"], "--seed", run["seed"], "--steps",
                           len(run["losses"]), "--comm", "nccl", "--log-json", "-", seconds=seconds, log="nccl-one")
    worst = steps.worst_difference(steps.losses(lines), run["cpu_losses"])
    context.report.row("one process", f"{worst:.1e}", "largest relative difference of losses from CPU")
    if not worst <= run["bound"]:
        raise Failed(f"losses differ by {worst:.1e}, more than {run['bound']:g}")


@dataclasses.dataclass
class Section:
    name: str
    seconds: float
    run: Callable
    needs_gpu: bool = True


ALL = [
    Section("versions", 30, run_versions, needs_gpu=False),
    Section("conformance", 90, run_conformance),
    Section("published-runs", 90, run_published),
    Section("products", 40, run_products),
    Section("steps", 180, run_steps),
    Section("torch", 210, run_torch),
    Section("nccl-one-process", 40, run_nccl_one),
    # Last: what may hang.
    Section("nccl-two-processes", 60, two_processes.run),
]
