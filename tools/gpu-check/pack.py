"""Fills the folder of the GPU check; see pack.sh."""
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 60 * 2**20
PROGRAMS = ["check.py", "libraries.py", "report.py", "sections.py", "steps.py", "torch_steps.py", "two_processes.py"]
# Tests that run on a GPU where there is one, and which of theirs do.
TESTS = [("device_conformance", "*Cuda*")]
PUBLISHED = ["mlp", "gpt-2l"]
DEGREES = [1, 2, 4, 8]
PRODUCT = 8192  # of each dim; the model has eight

GPT2 = {"kind": "gpt2", "layers": 12, "heads": 12, "kv_heads": 12, "width": 768, "ffn": 3072, "vocabulary": 50257,
        "positions": 1024, "batch": 64, "sequence": 1024, "clip": 1.0}
LLAMA = {"kind": "llama", "layers": 16, "heads": 32, "kv_heads": 8, "width": 2048, "ffn": 8192,
         "vocabulary": 128256, "theta": 5e5, "batch": 4, "sequence": 2048, "clip": 1.0}
STEPS = [("gpt2-124m", GPT2), ("llama3.2-1b", LLAMA)]


class Packer:
    def __init__(self, out, build):
        self.out, self.build = out, build

    def call(self, *command):
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"error: {' '.join(map(str, command))} ended with {done.returncode}\n{done.stderr}")
        return done.stdout

    def compile(self, model, plan, *options):
        self.call(self.build / "bin/tpc", "compile", model, *options, "-o", plan)
        return plan

    def gpu_plan(self, name, model, *options):
        self.compile(model, self.out / "plans" / f"{name}.plan", "--target", "cuda", *options)
        return name

    def inspect(self, plan, view):
        return json.loads(self.call(self.build / "bin/tpc", "inspect", self.out / "plans" / f"{plan}.plan",
                                    "--view", view, "--format", "json"))

    def programs(self):
        (self.out / "bin").mkdir(parents=True)
        for folder in ("lib", "tests", "plans", "fixtures"):
            (self.out / folder).mkdir()
        for name in PROGRAMS:
            shutil.copy2(ROOT / "tools/gpu-check" / name, self.out)
        library = next(self.build.glob("**/libtpc_cuda.so"), None)
        if not library:
            sys.exit("error: this build has no libtpc_cuda.so\nhint: configure where the CUDA toolkit's headers are")
        self.stripped(self.build / "bin/tpc", self.out / "bin/tpc")
        self.stripped(library, self.out / "lib" / library.name)  # where programs of bin and tests look
        packed = []
        for program, which in TESTS:
            if (self.build / "tests" / program).exists():
                self.stripped(self.build / "tests" / program, self.out / "tests" / program)
                packed.append({"program": program, "filter": which})
        return packed

    def stripped(self, program, to):
        self.call("strip", "--strip-unneeded", "-o", to, program)

    def published(self, folder):
        """Published losses beside those of this machine's CPU."""
        runs = []
        for name in PUBLISHED:
            known = json.loads((ROOT / f"tests/parity/published/{name}.json").read_text())
            model = ROOT / f"models/{name}.mlir"
            plan = self.compile(model, folder / f"{name}.plan")
            lines = self.call(self.build / "bin/tpc", "run", plan, "--init", known["init"], "--seed", known["seed"],
                              "--steps", len(known["losses"]), "--log-json", "-")
            cpu = [json.loads(line)["loss"] for line in lines.splitlines()]
            for tp in DEGREES:
                runs.append({"plan": self.gpu_plan(f"{name}-tp{tp}", model, "--tp", tp), "init": known["init"],
                             "seed": known["seed"], "losses": known["losses"], "cpu_losses": cpu,
                             "bound": known["relative_bound"]})
        return runs

    def steps(self):
        models = []
        for name, config in STEPS:
            model = ROOT / f"models/{name}.mlir"
            plan = self.gpu_plan(name, model, "--precision", "bf16", "--dim", f"B={config['batch']}", "--dim",
                                 f"T={config['sequence']}")
            tokens = config["batch"] * config["sequence"]
            flops = self.inspect(plan, "cost")["train"]["model_flops"]
            models.append({"name": name, "plan": plan, "config": config, "tokens": tokens, "flops": flops,
                           "steps": 13, "falls": True})
        # Which tokens they are does not matter to the time: the loss falls as they repeat.
        longest = max(c["batch"] * c["sequence"] for _, c in STEPS) + 2048
        (self.out / "fixtures/tokens.bin").write_bytes(
            b"".join((i * 7919 % 50257).to_bytes(2, "little") for i in range(longest)))
        return models

    def pack(self):
        manifest = {"commit": self.call("git", "-C", ROOT, "rev-parse", "--short", "HEAD").strip(),
                    "tests": self.programs()}
        with tempfile.TemporaryDirectory() as folder:
            manifest["published"] = self.published(Path(folder))
        products = self.gpu_plan("products", ROOT / "tools/gpu-check/products.mlir", "--precision", "bf16")
        manifest["version"] = self.inspect(products, "summary")["compiler"]
        manifest["products"] = {"plan": products, "entry": "forward", "flops": 8 * 2 * PRODUCT**3}
        manifest["steps"] = self.steps()
        by_plan = {run["plan"]: run for run in manifest["published"]}
        manifest["nccl_one"], manifest["nccl_two"] = by_plan["gpt-2l-tp1"], by_plan["gpt-2l-tp2"]
        (self.out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
        size = sum(file.stat().st_size for file in self.out.rglob("*") if file.is_file())
        print(f"{self.out}: {size / 2**20:.1f} MiB")
        if size > LIMIT:
            sys.exit(f"error: the folder is larger than {LIMIT / 2**20:.0f} MiB")


def main():
    out, build = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    if out.exists():
        sys.exit(f"error: '{out}' is there\nhint: name a folder that is not")
    Packer(out, build).pack()


main()
