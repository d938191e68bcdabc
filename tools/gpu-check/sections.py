"""The sections: what is run, and what it is compared with. manifest.json, which pack.sh writes, says which plans and
test programs there are, what the CPU made of the same models, and what a step has to compute."""
import dataclasses
import json
import platform
import sys
import time
from typing import Callable

import diagnosis
import libraries
import losses
import programs
import steps
import torch_section
import two_processes
from report import Failed, Skipped

PEAK = 989e12  # dense bf16 of H100 and H200 SXM, by their datasheets


class Context:
    def __init__(self, home, logs, python, report):
        self.home, self.logs, self.python, self.report = home, logs, python, report
        self.manifest = json.loads((home / "manifest.json").read_text())
        self.environment = libraries.environment(python, logs.parent / "kernels")
        # NCCL writes to standard output otherwise, where the log of the steps is.
        self.environment |= {"NCCL_DEBUG": "INFO", "NCCL_DEBUG_FILE": str(logs / "nccl-of-%p.txt")}
        self.driver, self.libraries = {"missing": "no GPU: the driver was not asked"}, []
        self.ask_libraries()
        self.rate = 0.0  # of products, measured in this call; 0 if not known
        self.steps = {}  # seconds of a step of tpc, by model
        self.wrong = []  # runs of tpc that failed, for diagnosis

    def ask_libraries(self):
        probe = programs.Program([self.python, self.home / "libraries.py", self.python], self.logs, "libraries",
                                 self.environment)
        done = programs.finish(probe, 25)
        answers = [json.loads(line) for line in probe.output().splitlines() if line.startswith(("{", "["))]
        if answers:
            self.driver, *self.libraries = answers
        else:
            what = programs.how(probe.code) if done else "does not answer"
            self.driver = {"missing": f"no GPU: the driver {what} ({probe.last_line()})"}

    def has_library(self, name):
        return any(library == name and version != "not found" for library, _, version in self.libraries)

    def run(self, command, seconds, name, environment=None):
        """A program's standard output and standard error; Failed says why there are none."""
        try:
            program = programs.Program(command, self.logs, name, environment or self.environment)
        except OSError as error:
            raise Failed(f"{command[0]} does not start: {error}") from None
        done = programs.finish(program, max(1, seconds))
        if done and program.code == 0:
            return program.output(), program.errors()
        self.gpu_state(name)
        what = f"{program.command[0].rpartition('/')[2]} ({name})"
        if not done:
            raise Failed(f"{what} was not done within {seconds:.0f} s: {program.last_line()}")
        # Also with status 5: there is a GPU, so that what is lacking is no reason to pass.
        raise Failed(f"{what} {programs.how(program.code)}: {program.last_line()}")

    def tpc(self, *arguments, seconds, name, **more):
        return self.run([self.home / "bin/tpc", *arguments], seconds, name, **more)

    def train(self, plan, *options, steps, seconds, name, comm="local", **more):
        """The records of a run's steps, and its log. What hangs on the GPU is to be named before the deadline."""
        command = ["run", self.plan(plan), "--comm", comm, "--steps", steps, "--timeout",
                   int(max(3, min(20, seconds / 3))), "--log-json", "-", *options]
        try:
            lines, log = self.tpc(*command, seconds=seconds, name=name, **more)
            return losses.recorded(lines, steps), log
        except Failed:
            self.wrong.append({"name": name, "plan": plan, "comm": comm, "options": options})
            raise

    def options(self, run):
        """Those of a packed run, whose data is beside the plans."""
        return run["options"] + (["--data", self.home / run["data"]] if "data" in run else [])

    def plan(self, name):
        return self.home / "plans" / f"{name}.plan"

    def gpu_state(self, name):
        """Who else is on the GPU, for a log."""
        smi = programs.tool("nvidia-smi")
        if smi:
            programs.finish(programs.Program([smi], self.logs, f"{name}-nvidia-smi"), 8)


def run_versions(context, seconds):
    report, driver, end = context.report, context.driver, time.monotonic() + seconds
    report.row("tpc", context.manifest["version"], context.manifest["commit"])
    report.row("machine", platform.machine(), f"{platform.platform()}, Python {sys.version.split()[0]}")
    if driver["missing"]:
        report.row("GPU", "none", driver["missing"])
    else:
        report.row("GPU", driver["architecture"], f"{driver['name']}, {driver['memory'] / 2**30:.1f} GiB, "
                                                  f"{driver['processors']} multiprocessors")
        report.row("driver (CUDA)", str(driver["version"]))
    for name, where, version in context.libraries:
        report.row(name, version, where)
    for name in ("compute-sanitizer", "cuda-gdb"):
        report.row(name, "found" if programs.tool(name) else "not found")
    smi = programs.tool("nvidia-smi")
    if smi:
        fields = "driver_version,memory.used,clocks.sm,clocks.max.sm,power.limit,temperature.gpu,utilization.gpu"
        for name, options in (("nvidia-smi-all", ["-q"]),
                              ("nvidia-smi", [f"--query-gpu={fields}", "--format=csv,noheader"])):
            program = programs.Program([smi, *options], context.logs, name)
            programs.finish(program, 8)
        report.row("nvidia-smi", programs.how(program.code), program.output().strip()[:200])
    # A program that the machine's C library refuses says so here, once.
    context.tpc("inspect", context.plan(context.manifest["products"]["plan"]), seconds=10, name="tpc-starts")
    ask = "import torch; print(torch.__version__, torch.version.cuda, torch.cuda.is_available())"
    try:
        found = context.run([context.python, "-c", ask], end - time.monotonic(), "torch-version", torch_section.plain())
        report.row("PyTorch", found[0].strip(), context.python)
    except Failed as reason:
        report.row("PyTorch", "not found", str(reason))
    if driver["missing"]:
        raise Skipped(driver["missing"])


def run_conformance(context, seconds):
    if not context.manifest["tests"]:
        raise Skipped("no test programs were packed")
    wrong = run_tests(context, context.manifest["tests"], seconds)
    if wrong:
        raise Failed("; ".join(wrong))


def run_tests(context, tests, seconds):
    """What failed. Tests that are skipped by name are counted: nothing passes silently."""
    wrong = []
    for test in tests:
        result = context.logs / f"{test['program']}.json"
        command = [context.home / "tests" / test["program"], f"--gtest_filter={test['filter']}",
                   f"--gtest_output=json:{result}"]
        try:
            context.run(command, seconds / len(tests), test["program"])
        except Failed as reason:
            output = programs.text_of(context.logs / f"{test['program']}.out")
            began = [line for line in output.splitlines() if line.startswith("[ RUN ")]
            wrong.append(f"{reason}; the last test to begin: {began[-1][12:].strip()}" if began else str(reason))
        suites = json.loads(result.read_text())["testsuites"] if result.exists() else []
        cases = [case for suite in suites for case in suite["testsuite"]]
        skipped = sum(case.get("result") == "SKIPPED" for case in cases)
        failed = [f"{case['classname']}.{case['name']}" for case in cases if "failures" in case]
        context.report.row(test["program"], f"{len(cases) - skipped - len(failed)} passed",
                           f"{skipped} skipped, {len(failed)} failed {' '.join(failed)}".rstrip())
        if cases and skipped == len(cases):
            wrong.append(f"{test['program']} ran none of its {len(cases)} tests, though there is a GPU")
    return wrong


def compare(context, run, comm, seconds, name):
    """Trains a packed run, which must be near what is known of it."""
    options = context.options(run)
    records, log = context.train(run["plan"], *options, comm=comm, steps=run["steps"], seconds=seconds, name=name)
    wrong = losses.judge(context, run, records, name)
    refusal = losses.refusal(log)
    if refusal and context.has_library("cuDNN"):
        wrong.append(f"{name}: cuDNN is there and does not run attention: {refusal}")
    if wrong:
        context.wrong.append({"name": name, "plan": run["plan"], "comm": comm, "options": options,
                              "gradients": run.get("gradients")})
        raise Failed("; ".join(wrong))


def compare_all(context, runs, seconds):
    """All of them, since each says something; one that hangs leaves the others half of the time."""
    end, wrong = time.monotonic() + seconds, []
    for run, comm in runs:
        left = end - time.monotonic()
        name = run["plan"] + ("" if comm == "local" else f"-{comm}")
        if left < 2:
            wrong.append(f"{name}: no time was left")
            continue
        try:
            compare(context, run, comm, left / 2, name)
        except Failed as reason:
            wrong.append(str(reason))
    if wrong:
        raise Failed("; ".join(wrong))


def run_published(context, seconds):
    compare_all(context, [(run, "local") for run in context.manifest["published"]], seconds)


def run_bf16(context, seconds):
    """Attention by cuDNN and products of bf16, against the same plans' CPU. Without a fixed order of sums, too."""
    runs = [(run, "local") for run in context.manifest["bf16"]]
    runs += [(run, "auto") for run in context.manifest["bf16"] if run["ranks"] == 1]
    compare_all(context, runs, seconds)


def run_products(context, seconds):
    """The rate of large bf16 products, as the runtime calls them: the middle of many, when clocks have settled."""
    form = context.manifest["products"]
    records, _ = context.train(form["plan"], "--entry", form["entry"], steps=form["steps"], seconds=seconds,
                               name="products")
    seconds = steps.median(records)
    context.rate = form["flops"] / seconds
    context.report.row("large products, bf16", f"{context.rate / 1e12:.1f} TFLOP/s",
                       f"{context.rate / PEAK:.1%} of {PEAK / 1e12:.0f}")
    if context.rate < PEAK / 3:
        raise Failed("large products run at less than a third of the GPU's rate, so that something else is measured")


def run_steps(context, seconds):
    steps.measure_all(context, context.manifest["steps"], seconds, PEAK)


def run_nccl_one(context, seconds):
    if not context.has_library("NCCL"):
        raise Skipped("NCCL was not found")
    end, wrong = time.monotonic() + seconds, []
    try:
        compare(context, context.manifest["nccl_one"], "nccl", seconds / 2, "nccl-one")
    except Failed as reason:
        wrong.append(str(reason))
    # A plan of one rank has no collectives; these tests have all of them.
    wrong += run_tests(context, context.manifest["nccl_tests"], end - time.monotonic())
    if wrong:
        raise Failed("; ".join(wrong))


@dataclasses.dataclass
class Section:
    name: str
    seconds: float
    run: Callable
    needs_gpu: bool = True


ALL = [
    Section("versions", 35, run_versions, needs_gpu=False),
    # What is right, before how fast it is.
    Section("conformance", 50, run_conformance),
    Section("published-runs", 60, run_published),
    Section("bf16-runs", 50, run_bf16),
    Section("products", 25, run_products),
    Section("steps", 120, run_steps),
    Section("nccl-one-process", 40, run_nccl_one),
    Section("diagnosis", 50, diagnosis.run),
    Section("torch", 100, torch_section.run),
    # Last: what may hang.
    Section("nccl-two-processes", 40, two_processes.run),
]
