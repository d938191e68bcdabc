"""Fills the folder of the GPU check; see pack.sh."""
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from diagnosis import gradient_norms

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 56 * 2**20
# Tests that run on a GPU where there is one, and which of theirs do.
TESTS = [("device_conformance", "*Cuda*")]
NCCL_TESTS = [("NcclOnGpusTests", "*")]
PUBLISHED = ["mlp", "gpt-2l"]
DEGREES = [1, 2, 4, 8]
# Heads with keys of their own, in a model that is small enough for its gradients, and heads that share keys. A GPU
# rounds the same values as the CPU, but sums in another order: on the doubles, losses differ by 2e-5 and norms of
# gradients by 1.3e-3.
BF16 = [("byte-gpt", ["--dim", "B=8", "--dim", "T=128"], [1, 2], True),
        ("llama-mini", ["--dim", "B=2", "--dim", "T=128"], [1], False)]
BF16_BOUNDS = {"loss": 2e-3, "grad_norm": 2e-2}
BF16_STEPS = 3
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
        for file in (ROOT / "tools/gpu-check").glob("*.py"):
            if file.name != "pack.py":
                shutil.copy2(file, self.out)
        library = next(self.build.glob("**/libtpc_cuda.so"), None)
        if not library:
            sys.exit("error: this build has no libtpc_cuda.so\nhint: configure where the CUDA toolkit's headers are")
        # With their symbols: a debugger shall name the functions of what hangs.
        shutil.copy2(self.build / "bin/tpc", self.out / "bin")
        shutil.copy2(library, self.out / "lib")  # where programs of bin and tests look

    def tests(self, programs):
        packed = []
        for program, which in programs:
            if (self.build / "tests" / program).exists():
                shutil.copy2(self.build / "tests" / program, self.out / "tests")
                packed.append({"program": program, "filter": which})
        return packed

    def on_cpu(self, plan, folder, steps, has_gradients, *options):
        """What this machine's CPU logs of a plan, and the norms of its first gradients."""
        norms, saved = {}, folder / "first.safetensors"
        if has_gradients:
            self.call(self.build / "bin/tpc", "run", plan, *options, "--steps", 1, "--save", saved)
            norms = gradient_norms(saved)
        lines = self.call(self.build / "bin/tpc", "run", plan, *options, "--steps", steps, "--log-json", "-")
        return [json.loads(line) for line in lines.splitlines()], norms

    def published(self, folder):
        """Published losses beside those of this machine's CPU."""
        runs = []
        for name in PUBLISHED:
            known = json.loads((ROOT / f"tests/parity/published/{name}.json").read_text())
            model, steps, bound = ROOT / f"models/{name}.mlir", len(known["losses"]), known["relative_bound"]
            options = ["--init", known["init"], "--seed", str(known["seed"])]
            cpu, norms = self.on_cpu(self.compile(model, folder / f"{name}.plan"), folder, steps, True, *options)
            for tp in DEGREES:
                plan = self.gpu_plan(f"{name}-tp{tp}", model, "--tp", tp)
                runs.append({"plan": plan, "ranks": tp, "options": options, "steps": steps, "gradients": norms,
                             "known": [["published", "loss", known["losses"], bound],
                                       ["CPU", "loss", [record["loss"] for record in cpu], bound]]})
        return runs

    def bf16(self, folder):
        """Runs in bf16 beside the same on this machine's CPU."""
        runs, options = [], ["--seed", "1"]
        for name, dims, degrees, has_gradients in BF16:
            model = ROOT / f"models/{name}.mlir"
            plan = self.compile(model, folder / f"{name}.plan", "--precision", "bf16", *dims)
            data = ["--data", self.out / "fixtures/tokens.bin"]
            cpu, norms = self.on_cpu(plan, folder, BF16_STEPS, has_gradients, *options, *data)
            known = [["CPU", key, [record[key] for record in cpu], bound] for key, bound in BF16_BOUNDS.items()]
            for tp in degrees:
                plan = self.gpu_plan(f"{name}-bf16-tp{tp}", model, "--precision", "bf16", "--tp", tp, *dims)
                runs.append({"plan": plan, "ranks": tp, "options": options, "data": "fixtures/tokens.bin",
                             "steps": BF16_STEPS, "known": known, "gradients": norms})
        return runs

    def steps(self):
        models = []
        for name, config in STEPS:
            model = ROOT / f"models/{name}.mlir"
            plan = self.gpu_plan(name, model, "--precision", "bf16", "--dim", f"B={config['batch']}", "--dim",
                                 f"T={config['sequence']}")
            models.append({"name": name, "plan": plan, "config": config,
                           "tokens": config["batch"] * config["sequence"],
                           "flops": self.inspect(plan, "cost")["train"]["model_flops"],
                           "parameters": self.inspect(plan, "summary")["parameter_elements"],
                           "steps": 24, "falls": True})
        return models

    def tokens(self):
        """Which they are does not matter to the time: the loss falls as they repeat. All vocabularies have them."""
        longest = max(c["batch"] * c["sequence"] for _, c in STEPS) + 2048
        (self.out / "fixtures/tokens.bin").write_bytes(
            b"".join((i * 7919 % 49152).to_bytes(2, "little") for i in range(longest)))

    def pack(self):
        self.programs()
        manifest = {"commit": self.call("git", "-C", ROOT, "describe", "--always", "--dirty").strip(),
                    "tests": self.tests(TESTS), "nccl_tests": self.tests(NCCL_TESTS)}
        self.tokens()
        with tempfile.TemporaryDirectory() as folder:
            manifest["published"] = self.published(Path(folder))
            manifest["bf16"] = self.bf16(Path(folder))
        products = self.gpu_plan("products", ROOT / "tools/gpu-check/products.mlir", "--precision", "bf16")
        manifest["version"] = self.inspect(products, "summary")["compiler"]
        manifest["products"] = {"plan": products, "entry": "forward", "flops": 8 * 2 * PRODUCT**3,
                                "steps": 44}
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
