"""One random model on disk, and the commands that compile and run it."""
import json
import math
import os
import shlex
import subprocess
from array import array

import tensors
from tensors import Tensor

SECONDS = 180  # A command that takes longer hangs: most take less than one.


class Failed(Exception):
    """A property does not hold."""


class Skipped(Exception):
    """The model gives a property nothing to check."""


# What `tpc compile` rightly says of options that this model gives no use.
NOTHING_TO_DO = ("changes nothing", "has no effect")


class Case:
    def __init__(self, model, build, folder, cuda_libraries=None):
        self.model = model
        self.folder = folder
        self.commands = []  # as typed, of one check
        self._tpc = build / "bin/tpc"
        self._mutate_model = build / "tests/mutate_model"
        self._cuda_libraries = cuda_libraries
        self._plans = {}  # by model and options: the plan, and the command that made it
        self._trained = {}  # by plan, steps and options: results, checkpoint, command
        self._evaluated = 0
        folder.mkdir(parents=True, exist_ok=True)
        self.path("model.mlir").write_text(model.text)

    def path(self, name):
        return self.folder / name

    def compile(self, *options, model="model.mlir"):
        """The plan; compiled once for the same options."""
        key = (model, *options)
        if key not in self._plans:
            plan = self.path(f"{len(self._plans)}{'-cuda' if 'cuda' in options else ''}.plan")
            status, said = self._call("compile", self.path(model), *options, "-o", plan)
            if status in (1, 2) and any(words in said for words in NOTHING_TO_DO):
                raise Skipped(said.strip().splitlines()[0])
            demand(status, said)
            self._plans[key] = plan, self.commands[-1]
        plan, command = self._plans[key]
        self._tell(command)
        return plan

    def train(self, plan, steps, *options):
        """Runs steps: all that was saved, and losses and norms as logged. The same run is made once."""
        return self._train(plan, steps, options)[0]

    def checkpoint(self, plan, steps, *options):
        """The file that such a run saves."""
        return self._train(plan, steps, options)[1]

    def _train(self, plan, steps, options):
        key = (plan, steps, options)
        if key not in self._trained:
            saved, log = (self.path(f"train{len(self._trained)}.{suffix}") for suffix in ("safetensors", "json"))
            self._run(plan, "run", "--steps", str(steps), "--save", saved, "--log-json", log, *options)
            results, _ = tensors.read(saved)
            lines = [json.loads(line) for line in log.read_text().splitlines()]
            if len(lines) != steps:
                raise Failed(f"{log} has {len(lines)} lines for {steps} steps")
            for name in ("loss", "grad_norm"):
                if name in lines[0]:
                    values = (math.nan if line[name] is None else line[name] for line in lines)
                    results[f"log {name}"] = Tensor((steps,), array("d", values))
            self._trained[key] = results, saved, self.commands[-1]
        results, saved, command = self._trained[key]
        self._tell(command)
        return results, saved

    def evaluate(self, plan, entry, *options):
        """All outputs of an entry that is not trained."""
        self._evaluated += 1
        files = {name: self.path(f"{entry}{self._evaluated}.{name}.safetensors")
                 for name in self.model.outputs(entry)}
        asked = [part for name, file in files.items() for part in ("--output", f"{name}={file}")]
        self._run(plan, "run", "--entry", entry, *asked, *options)
        results = {}
        for name, file in files.items():
            (tensor,) = tensors.read(file)[0].values()
            results[f"output {name}"] = tensor
        return results

    def verify(self, plan):
        self._run(plan, "verify", "--steps", "2")

    def mutate(self, options):
        """Tries wrong programs beside the local programs of the model; of replaced operands every 13th."""
        pairs = zip(options[::2], options[1::2])
        shard = " ".join(f"{name.removeprefix('--')}={value}" for name, value in pairs)
        demand(*self._call(self.path("model.mlir"), shard, "13", program=self._mutate_model))

    def _run(self, plan, command, *options):
        """With the seed, if anything is drawn, and one thread a rank, or the GPU that ranks share."""
        cuda = "cuda" in plan.name
        more = []
        if "--resume" not in options and self.model.draws("--weights" in options):
            more += ["--seed", str(self.model.seed % 5)]
        if not cuda:
            more += ["--threads-per-rank", "1"]
        elif command == "run":
            more += ["--comm", "local"]
        demand(*self._call(command, plan, *options, *more, cuda=cuda))

    def _call(self, *arguments, cuda=False, program=None):
        """Exit status and what was said, by tpc if nothing else is named."""
        words = [program or self._tpc, *arguments]
        # The double of a GPU runs what nothing orders in an order that this number draws (docs/cuda.md).
        added = {"LD_LIBRARY_PATH": str(self._cuda_libraries),
                 "TPC_FAKE_GPU_ORDER": str(self.model.seed)} if cuda else {}
        typed = " ".join([*(f"{name}={shlex.quote(value)}" for name, value in added.items()),
                          shlex.join(map(str, words))])
        self._tell(typed)
        environment = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"} | added
        try:
            done = subprocess.run(words, env=environment, timeout=SECONDS, text=True, errors="replace",
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        except subprocess.TimeoutExpired:
            raise Failed(f"no end after {SECONDS} s: {typed}") from None
        return done.returncode, done.stdout

    def _tell(self, command):
        if command not in self.commands:
            self.commands.append(command)


def demand(status, said):
    if status != 0:
        raise Failed(f"exit status {status}: {said.strip()[-1500:]}")
