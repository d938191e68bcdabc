"""The GPU check with programs that play `tpc`: what it says of good runs, wrong ones, and ones that hang.

usage: check_test.py FAKE_DRIVER_FOLDER      (a folder with a libcuda.so.1 that has a device, or "")
"""
import json
import os
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DRIVER = sys.argv.pop(1) if len(sys.argv) > 1 else ""
if not (Path(DRIVER) / "libcuda.so.1").exists():
    DRIVER = ""
sys.path.insert(0, str(ROOT / "tools/gpu-check"))
sys.dont_write_bytecode = True

# Stands in for `tpc run`: what it does follows from the plan's text.
PLAYER = """#!{python}
import json, os, signal, struct, sys, time
if sys.argv[1] == "inspect":
    sys.exit(0)
plan = json.load(open(sys.argv[2]))
def option(name, default=None):
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default
if plan.get("hang"):
    open(sys.argv[2] + ".pid" + os.environ.get("RANK", ""), "w").write(str(os.getpid()))
    print("step 1 was the last", file=sys.stderr, flush=True)
    if os.fork() == 0:  # what it started lives on, and holds its output
        open(sys.argv[2] + ".pid-child" + os.environ.get("RANK", ""), "w").write(str(os.getpid()))
    time.sleep(600)
free = option("--comm") == "auto"
if free and plan.get("not_free"):
    sys.exit("error: no free order")
if plan.get("crash"):
    os.kill(os.getpid(), signal.SIGSEGV)
print("a library prints what it likes")
if plan.get("garbage"):
    print("{{no JSON", flush=True)
if option("--save"):
    numbers = struct.pack("<2f", *plan["gradient"])
    header = json.dumps({{"w.m": {{"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}}}).encode()
    open(option("--save"), "wb").write(struct.pack("<Q", len(header)) + header + numbers)
for i in range(int(option("--steps"))):
    loss = plan["losses"][i % len(plan["losses"])]
    print(json.dumps({{"step": i + 1, "loss": loss, "seconds": 0.005 if free else 0.01}}))
print("memory   predicted 2.0 GiB, allocated %s per rank" % plan.get("allocated", "2.0 GiB"), file=sys.stderr)
print("outside  300.0 MiB in this process", file=sys.stderr)
if plan.get("refusal"):
    print("kernels  attention runs in those of the plan: " + plan["refusal"], file=sys.stderr)
if option("--profile"):
    event = {{"ph": "X", "cat": "Gemm", "name": "h.0: linear", "tid": 0, "args": {{"step": 3}}}}
    events = [dict(event, ts=10.0 * i, dur=8.0) for i in range(3)]
    json.dump({{"traceEvents": events}}, open(option("--profile"), "w"))
print(plan.get("error", ""), file=sys.stderr)
sys.exit(plan.get("status", 0))
"""

# Stands in for a test suite of one test, whose end the filter says.
SUITE = """#!{python}
import json, os, sys
case, output = (word.partition("=")[2] for word in sys.argv[1:])
case = dict(json.loads(case), classname="a", name="b")
print("[ RUN      ] a.b", flush=True)
if "crash" in case:
    os.abort()
json.dump({{"testsuites": [{{"testsuite": [case]}}]}}, open(output.removeprefix("json:"), "w"))
sys.exit("failures" in case)
"""

# Stands in for a Python that has PyTorch.
TORCH = """#!{python}
import json, os, sys, time
if not sys.argv[1].endswith("torch_steps.py"):
    if "torch" in " ".join(sys.argv):
        print("2.0 13.0 True")
        sys.exit(0)
    os.execv("{python}", ["{python}"] + sys.argv[1:])
print(json.dumps({{"version": "2.0", "parameters": {parameters}, "median": 0.02, "min": 0.02, "compile": 30.0,
                   "losses": [3.0, 2.0], "memory": 2**30}}), flush=True)
time.sleep({sleep})
print(json.dumps({{"kernels": [["a_kernel", 1.5]]}}))
"""


class CheckTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        for file in (ROOT / "tools/gpu-check").glob("*.py"):
            shutil.copy(file, self.folder)
        for name in ("bin", "plans", "fixtures"):
            (self.folder / name).mkdir()
        self.program("bin/tpc", PLAYER)
        self.python = sys.executable
        self.plan("good")
        run = {"plan": "good", "ranks": 1, "options": ["--seed", "1"], "steps": 2, "gradients": {"w.m": 5.0},
               "known": [["published", "loss", [3.0, 2.0], 1e-5], ["CPU", "loss", [3.0, 2.0], 1e-5]]}
        self.manifest = {
            "version": "0", "commit": "0", "tests": [], "nccl_tests": [],
            "published": [run], "bf16": [run], "nccl_one": run, "nccl_two": run,
            "products": {"plan": "good", "entry": "forward", "flops": 7e12, "steps": 8},
            "steps": [{"name": "model", "plan": "good", "config": {}, "tokens": 1000, "flops": 3.5e12,
                       "parameters": 10, "steps": 10, "falls": True}]}

    def program(self, name, text, **fields):
        path = self.folder / name
        path.write_text(text.format(python=sys.executable, **fields))
        path.chmod(0o755)
        return path

    def plan(self, name, **what):
        (self.folder / f"plans/{name}.plan").write_text(json.dumps({"losses": [3.0, 2.0], "gradient": [3, 4]} | what))

    def check(self, *arguments, driver=DRIVER):
        (self.folder / "manifest.json").write_text(json.dumps(self.manifest))
        environment = dict(os.environ, LD_LIBRARY_PATH=driver)
        if not driver:
            environment["CUDA_VISIBLE_DEVICES"] = ""
        done = subprocess.run([sys.executable, self.folder / "check.py", "--python", self.python, "--out",
                               self.folder / "out", *arguments], env=environment, capture_output=True, text=True)
        self.assertTrue((self.folder / "out/results.json").exists(), done.stderr)
        sections = json.loads((self.folder / "out/results.json").read_text())
        return done.returncode, {section["section"]: section for section in sections}

    def values(self, section):
        return {row["what"]: row["value"] for row in section["rows"]}

    def notes(self, section):
        return {row["what"]: row["note"] for row in section["rows"]}

    def logs(self):
        with tarfile.open(self.folder / "out/logs.tar.gz") as archive:
            return {Path(member.name).name: archive.extractfile(member).read().decode(errors="replace")
                    for member in archive.getmembers()}

    def assert_ended(self, pattern):
        files = list(self.folder.glob(pattern))
        self.assertTrue(files)
        for file in files:
            for _ in range(50):  # init may not have reaped it yet
                state = Path(f"/proc/{file.read_text()}/stat")
                if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
                    break
                time.sleep(0.1)
            else:
                self.fail(f"{file} still runs")

    def test_every_section_says_that_there_is_no_gpu(self):
        status, sections = self.check(driver="")
        self.assertEqual(status, 5)
        self.assertEqual(len(sections), 10)
        for section in sections.values():
            self.assertEqual(section["state"], "skipped")
            self.assertIn("no GPU", section["why"])
        self.assertIn("GPU", self.values(sections["versions"]))

    def test_a_driver_that_crashes_ends_no_more_than_the_question(self):
        source = self.folder / "crash.c"
        source.write_text("#include <stdlib.h>\nint cuInit(unsigned flags) { abort(); }\n")
        (self.folder / "driver").mkdir()
        subprocess.run(["cc", "-shared", "-fPIC", "-o", self.folder / "driver/libcuda.so.1", source], check=True)
        status, sections = self.check("--only", "versions", driver=str(self.folder / "driver"))
        self.assertEqual(status, 5)
        self.assertIn("SIGABRT", sections["versions"]["why"])

    def test_deadlines_add_up_to_the_time_for_all(self):
        import check
        import sections
        ends = [end for _, end in check.deadlines(sections.ALL, 558)]
        self.assertAlmostEqual(ends[-1], 558)
        self.assertEqual(ends, sorted(ends))
        self.assertEqual([end for _, end in check.deadlines(sections.ALL[:1], 60)], [60])

    @unittest.skipUnless(DRIVER, "no stand-in for the driver was built")
    def test_good_runs_pass_and_are_measured(self):
        status, sections = self.check("--only", "published-runs", "bf16-runs", "products", "steps", "nccl-one-process",
                                      "diagnosis", "nccl-two-processes")
        self.assertEqual({name: s["why"] for name, s in sections.items() if s["state"] != "ok"},
                         {"diagnosis": "no run failed"})
        self.assertEqual(status, 0)
        steps = self.values(sections["steps"])
        self.assertEqual(self.values(sections["products"])["large products, bf16"], "700.0 TFLOP/s")
        self.assertEqual(steps["model: tpc, bf16, repeats bit for bit (--comm local)"], "100000 tokens/s")
        self.assertEqual(steps["model: tpc, bf16, free order of sums (--comm auto)"], "200000 tokens/s")
        self.assertEqual(steps["model: utilisation (6 N + 6 L h T)"], "70.8%")
        self.assertEqual(steps["model: memory predicted"], "2.0 GiB")
        self.assertEqual(steps["model: attention"], "cuDNN")
        self.assertEqual(steps["model: Gemm"], "0.024 ms")
        self.assertEqual(steps["model: gaps between launches (eager)"], "0.004 ms")
        self.assertIn("good-auto", self.values(sections["bf16-runs"]))
        self.assertTrue((self.folder / "out/results.txt").read_text().startswith("published-runs: ok"))

    @unittest.skipUnless(DRIVER, "no stand-in for the driver was built")
    def test_results_are_three_files(self):
        self.check("--only", "published-runs", "steps")
        self.assertEqual(sorted(file.name for file in (self.folder / "out").iterdir()),
                         ["logs.tar.gz", "results.json", "results.txt"])
        logs = self.logs()
        self.assertIn("predicted 2.0 GiB", logs["good.log"])
        self.assertIn("good: ended with 0", logs["commands.txt"])

    @unittest.skipUnless(DRIVER, "no stand-in for the driver was built")
    def test_steps_are_measured_in_one_order_if_the_other_fails(self):
        self.plan("good", not_free=True)
        status, sections = self.check("--only", "steps")
        self.assertEqual((status, sections["steps"]["state"]), (1, "failed"))
        steps = self.values(sections["steps"])
        self.assertEqual(steps["model: tpc, bf16, free order of sums (--comm auto)"], "not measured")
        self.assertEqual(steps["model: utilisation (6 N + 6 L h T)"], "35.4%")

    @unittest.skipUnless(DRIVER, "no stand-in for the driver was built")
    def test_wrong_losses_memory_and_exits_fail(self):
        for what, why in (({"losses": [3.0, 2.1]}, "from published by 5.0e-02, more than 1e-05, most in step 2: 2.1"),
                          ({"losses": [3.0, float("nan")]}, "differs from published by inf"),
                          ({"status": 3, "error": "error: rank 1 failed"}, "ended with 3: error: rank 1 failed"),
                          # A GPU was found, so that what is lacking is no reason to pass.
                          ({"status": 5, "error": "error: no memory"}, "ended with 5: error: no memory"),
                          ({"crash": True}, "was ended by SIGSEGV"), ({"garbage": True}, "is no JSON")):
            self.plan("good", **what)
            status, sections = self.check("--only", "published-runs")
            self.assertEqual((status, sections["published-runs"]["state"]), (1, "failed"))
            self.assertIn(why, sections["published-runs"]["why"])
        self.plan("good", allocated="3.0 GiB")
        status, sections = self.check("--only", "steps")
        self.assertEqual(status, 1)
        self.assertIn("was to take 2.0 GiB and took 3.0 GiB", sections["steps"]["why"])

    @unittest.skipUnless(DRIVER, "no stand-in for the driver was built")
    def test_tests_that_fail_or_are_all_skipped_are_told(self):
        (self.folder / "tests").mkdir()
        self.program("tests/suite", SUITE)
        for case, why in (({"result": "SKIPPED"}, "ran none of its 1 tests"), ({"failures": [1]}, "1 failed a.b"),
                          ({"result": "COMPLETED"}, ""), ({"crash": 1}, "SIGABRT"),
                          ({"crash": 1}, "the last test to begin: a.b")):
            test = {"program": "suite", "filter": json.dumps(case)}
            for section, key in (("conformance", "tests"), ("nccl-one-process", "nccl_tests")):
                self.manifest[key] = [test]
                _, sections = self.check("--only", section)
                self.assertEqual(sections[section]["state"], "failed" if why else "ok")
                self.assertIn(why, sections[section]["why"] + self.notes(sections[section])["suite"])

    @unittest.skipUnless(DRIVER, "no stand-in for the driver was built")
    def test_one_model_that_fails_leaves_the_others(self):
        self.plan("bad", status=3)
        self.manifest["steps"].insert(0, dict(self.manifest["steps"][0], name="first", plan="bad"))
        status, sections = self.check("--only", "steps")
        self.assertEqual((status, sections["steps"]["state"]), (1, "failed"))
        self.assertEqual(self.values(sections["steps"])["model: memory predicted"], "2.0 GiB")

    @unittest.skipUnless(DRIVER, "no stand-in for the driver was built")
    def test_attention_that_cudnn_refuses_is_told(self):
        self.plan("good", refusal="no engine")
        _, sections = self.check("--only", "steps")
        self.assertEqual(self.values(sections["steps"])["model: attention"], "the plan's kernels")
        self.assertEqual(self.notes(sections["steps"])["model: attention"], "no engine")

    @unittest.skipUnless(DRIVER, "no stand-in for the driver was built")
    def test_what_fails_is_run_again(self):
        self.plan("good", losses=[3.0, 2.1], gradient=[3, 40])
        sanitizer = self.program("compute-sanitizer", "#!/bin/sh\necho '========= ERROR SUMMARY: 0 errors'\n")
        os.environ["PATH"] = f"{sanitizer.parent}{os.pathsep}{os.environ['PATH']}"
        _, sections = self.check("--only", "published-runs", "diagnosis")
        rows, notes = self.values(sections["diagnosis"]), self.notes(sections["diagnosis"])
        self.assertEqual(notes["good: --check-memory"], "losses [3.0, 2.1]")
        self.assertEqual(rows["good: gradients"], "1 of 1 differ")
        self.assertIn("w.m 40.11 and not 5", notes["good: gradients"])
        self.assertIn("ERROR SUMMARY", notes["good: compute-sanitizer"])

    @unittest.skipUnless(DRIVER, "no stand-in for the driver was built")
    def test_what_hangs_is_ended_and_the_rest_goes_on(self):
        self.plan("hanging", hang=True)
        for key in ("published", "bf16"):
            self.manifest[key].insert(0, dict(self.manifest[key][0], plan="hanging"))
        self.manifest["nccl_two"] = dict(self.manifest["nccl_two"], plan="hanging")
        begin = time.monotonic()
        status, sections = self.check("--only", "published-runs", "nccl-two-processes", "--minutes", "0.4")
        self.assertLess(time.monotonic() - begin, 60)
        self.assertEqual(status, 1)
        for section in ("published-runs", "nccl-two-processes"):
            self.assertIn("not done within", sections[section]["why"])
            self.assertIn("step 1 was the last", sections[section]["why"])
        self.assertIn("good", self.values(sections["published-runs"]))
        self.assert_ended("plans/hanging.plan.pid*")
        self.assertIn("wchan", self.logs()["hanging.hang.txt"])

    @unittest.skipUnless(DRIVER, "no stand-in for the driver was built")
    def test_pytorch_is_compared_with(self):
        self.python = self.program("bin/python3", TORCH, parameters=10, sleep=0)
        _, sections = self.check("--only", "steps", "torch")
        rows = self.values(sections["torch"])
        self.assertEqual(sections["torch"]["state"], "ok")
        self.assertEqual(rows["model: PyTorch"], "50000 tokens/s")
        self.assertEqual(rows["model: PyTorch: tpc over it"], "4.00 x")
        self.assertEqual(rows["model: PyTorch: kernel"], "1.500 ms")
        self.assertEqual(rows["model: PyTorch, attention by cuDNN"], "50000 tokens/s")

    @unittest.skipUnless(DRIVER, "no stand-in for the driver was built")
    def test_another_model_in_pytorch_fails_and_a_hang_behind_its_result_does_not(self):
        self.python = self.program("bin/python3", TORCH, parameters=11, sleep=60)
        _, sections = self.check("--only", "torch", "--minutes", "0.3")
        self.assertEqual(self.values(sections["torch"])["model: PyTorch"], "50000 tokens/s")
        self.assertIn("has 11 parameters, and not 10", sections["torch"]["why"])


unittest.main()
