"""The GPU check with programs that play `tpc`: what it says of good runs, wrong ones, and ones that hang.

usage: check_test.py FAKE_DRIVER_FOLDER      (a folder with a libcuda.so.1 that has a device, or "")
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DRIVER = sys.argv.pop(1) if len(sys.argv) > 1 else ""
if not (Path(DRIVER) / "libcuda.so.1").exists():
    DRIVER = ""

# Stands in for `tpc run`: what it does follows from the plan's text.
PLAYER = """#!{python}
import json, os, sys, time
plan = json.load(open(sys.argv[2]))
if plan.get("hang"):
    open(sys.argv[2] + ".pid" + os.environ.get("RANK", ""), "w").write(str(os.getpid()))
    time.sleep(600)
steps = int(sys.argv[sys.argv.index("--steps") + 1])
nccl = sys.argv[sys.argv.index("--comm") + 1] == "nccl"
if nccl and plan.get("no_nccl"):
    sys.exit("error: NCCL is not installed")
for i in range(steps):
    loss = plan["losses"][i % len(plan["losses"])]
    print(json.dumps({{"step": i + 1, "loss": loss, "seconds": 0.005 if nccl else 0.01}}))
print("memory   predicted 2.0 GiB, allocated %s per rank" % plan.get("allocated", "2.0 GiB"), file=sys.stderr)
print("outside  300.0 MiB in this process", file=sys.stderr)
if "--profile" in sys.argv:
    event = {{"ph": "X", "cat": "Gemm", "name": "h.0: linear", "tid": 0, "args": {{"step": 3}}}}
    events = [dict(event, ts=10.0 * i, dur=8.0) for i in range(3)]
    json.dump({{"traceEvents": events}}, open(sys.argv[sys.argv.index("--profile") + 1], "w"))
print(plan.get("error", ""), file=sys.stderr)
sys.exit(plan.get("status", 0))
"""


class CheckTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        for file in (ROOT / "tools/gpu-check").glob("*.py"):
            shutil.copy(file, self.folder)
        for name in ("bin", "plans", "fixtures"):
            (self.folder / name).mkdir()
        player = self.folder / "bin/tpc"
        player.write_text(PLAYER.format(python=sys.executable))
        player.chmod(0o755)
        self.plan("good")
        run = {"plan": "good", "init": "torch", "seed": 1, "losses": [3.0, 2.0], "cpu_losses": [3.0, 2.0],
               "bound": 1e-5}
        self.manifest = {
            "version": "0", "commit": "0", "tests": [], "published": [run], "nccl_one": run, "nccl_two": run,
            "products": {"plan": "good", "entry": "forward", "flops": 7e12},
            "steps": [{"name": "model", "plan": "good", "config": {}, "tokens": 1000, "flops": 3.5e12,
                       "steps": 10, "falls": True}]}

    def plan(self, name, **what):
        (self.folder / f"plans/{name}.plan").write_text(json.dumps({"losses": [3.0, 2.0]} | what))

    def check(self, *arguments, driver=DRIVER):
        (self.folder / "manifest.json").write_text(json.dumps(self.manifest))
        environment = dict(os.environ, LD_LIBRARY_PATH=driver)
        if not driver:
            environment["CUDA_VISIBLE_DEVICES"] = ""
        done = subprocess.run([sys.executable, self.folder / "check.py", "--python", sys.executable, "--out",
                               self.folder / "out", *arguments], env=environment, capture_output=True, text=True)
        sections = json.loads((self.folder / "out/results.json").read_text())
        return done.returncode, {section["section"]: section for section in sections}

    def values(self, section):
        return {row["what"]: row["value"] for row in section["rows"]}

    def test_every_section_says_that_there_is_no_gpu(self):
        status, sections = self.check(driver="")
        self.assertEqual(status, 5)
        self.assertEqual(len(sections), 8)
        for section in sections.values():
            self.assertEqual(section["state"], "skipped")
            self.assertIn("no GPU", section["why"])
        self.assertIn("GPU", self.values(sections["versions"]))

    @unittest.skipUnless(DRIVER, "no stand-in for the driver was built")
    def test_good_runs_pass_and_are_measured(self):
        status, sections = self.check("--only", "published-runs", "products", "steps", "nccl-one-process",
                                      "nccl-two-processes")
        self.assertEqual([s["why"] for s in sections.values() if s["state"] != "ok"], [])
        self.assertEqual(status, 0)
        steps = self.values(sections["steps"])
        self.assertEqual(self.values(sections["products"])["large products, bf16"], "700.0 TFLOP/s")
        self.assertEqual(steps["model: tpc, bf16, repeats bit for bit (--comm local)"], "100000 tokens/s")
        self.assertEqual(steps["model: tpc, bf16, free order of sums (--comm nccl)"], "200000 tokens/s")
        self.assertEqual(steps["model: utilisation (6 N + 6 L h T)"], "70.8%")
        self.assertEqual(steps["model: memory predicted"], "2.0 GiB")
        self.assertEqual(steps["model: Gemm"], "0.024 ms")
        self.assertEqual(steps["model: gaps between launches (eager)"], "0.004 ms")
        self.assertTrue((self.folder / "out/results.txt").read_text().startswith("published-runs: ok"))

    @unittest.skipUnless(DRIVER, "no stand-in for the driver was built")
    def test_steps_are_measured_without_nccl(self):
        self.plan("good", no_nccl=True)
        status, sections = self.check("--only", "steps")
        self.assertEqual((status, sections["steps"]["state"]), (0, "ok"))
        steps = self.values(sections["steps"])
        self.assertEqual(steps["model: tpc, bf16, free order of sums (--comm nccl)"], "not measured")
        self.assertEqual(steps["model: utilisation (6 N + 6 L h T)"], "35.4%")

    @unittest.skipUnless(DRIVER, "no stand-in for the driver was built")
    def test_wrong_losses_memory_and_exits_fail(self):
        for what, why in (({"losses": [3.0, 2.1]}, "differs from published by 5.0e-02"),
                          ({"losses": [3.0, float("nan")]}, "differs from published by inf"),
                          ({"status": 3, "error": "error: rank 1 failed"}, "ended with 3: error: rank 1 failed")):
            self.plan("good", **what)
            status, sections = self.check("--only", "published-runs")
            self.assertEqual((status, sections["published-runs"]["state"]), (1, "failed"))
            self.assertIn(why, sections["published-runs"]["why"])
        self.plan("good", allocated="3.0 GiB")
        status, sections = self.check("--only", "steps")
        self.assertEqual(status, 1)
        self.assertIn("was to take 2.0 GiB and took 3.0 GiB", sections["steps"]["why"])

    @unittest.skipUnless(DRIVER, "no stand-in for the driver was built")
    def test_what_hangs_is_ended_and_the_rest_goes_on(self):
        self.plan("hanging", hang=True)
        self.manifest["nccl_two"] = dict(self.manifest["nccl_two"], plan="hanging")
        begin = time.monotonic()
        status, sections = self.check("--only", "nccl-two-processes", "--minutes", "0.2")
        self.assertLess(time.monotonic() - begin, 300)
        self.assertEqual((status, sections["nccl-two-processes"]["state"]), (1, "failed"))
        self.assertIn("not done within", sections["nccl-two-processes"]["why"])
        for file in self.folder.glob("plans/hanging.plan.pid*"):
            with self.assertRaises(ProcessLookupError):
                os.kill(int(file.read_text()), 0)


unittest.main()
