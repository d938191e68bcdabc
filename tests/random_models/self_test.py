"""Tests of the tester: models repeat, differences are found, failures tell all that is needed.

usage: self_test.py
"""
import contextlib
import io
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from array import array

import tensors
from case import Case, Failed, Skipped
from comparison import worst_difference
from generator import CrossEntropy, generate
from properties import (PROPERTIES, choose_checks, cross_entropy, memory_guards_change_no_bit, tp_changes_nothing)
from sources import FileTensor, Part, file_tensors
from tensors import Tensor

HERE = pathlib.Path(__file__).resolve().parent


def tensor(shape, *values):
    return Tensor(shape, array("d", values))


class Models(unittest.TestCase):
    def test_a_seed_is_one_model_in_every_process(self):
        show = [sys.executable, HERE / "random_models.py", "show", "11"]
        texts = {subprocess.run(show, env={**os.environ, "PYTHONHASHSEED": str(hash_seed)}, check=True,
                                stdout=subprocess.PIPE).stdout for hash_seed in range(3)}
        self.assertEqual(len(texts), 1)
        self.assertTrue(texts.pop().decode().startswith(generate(11).text))

    def test_seeds_differ(self):
        self.assertEqual(len({generate(seed).text.replace(f"random_{seed}", "") for seed in range(50)}), 50)

    def test_every_parameter_has_a_source_if_any_has(self):
        model = next(model for model in map(generate, range(50)) if model.sources)
        held = [part.parameter.format(layer=layer) for source in model.sources for layer in source.layers
                for part in source.parts]
        module = model.module
        declared = [parameter.name for parameter in module.parameters] + [
            f"{stack.name}.{layer}.{parameter.name}" for stack in module.stacks for layer in range(stack.count)
            for parameter in stack.body.parameters]
        self.assertEqual(sorted(held), sorted(declared))

    def test_a_new_property_changes_no_choice_of_the_others(self):
        model = generate(3)
        before = [(each.name, options) for each, options in choose_checks(model, cuda=True)]
        PROPERTIES["another"] = PROPERTIES["tp_changes_nothing"]
        try:
            after = [(each.name, options) for each, options in choose_checks(model, cuda=True)]
        finally:
            del PROPERTIES["another"]
        self.assertEqual(before, after[:-1])


class Tensors(unittest.TestCase):
    def test_files_are_read_as_written(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a.safetensors"
            written = {"a": tensor((2, 3), 1, 2, 3, 4, 5, 6), "b": tensor((), 0.1)}
            tensors.write(path, written, {"note": "x"})
            self.assertEqual(tensors.read(path), (written, {"note": "x"}))

    def test_a_file_holds_parts_along_a_dim_and_transposed(self):
        parameters = {"h.0.a": tensor((2, 3), 1, 2, 3, 4, 5, 6), "h.0.b": tensor((1, 3), 7, 8, 9)}
        parts = [Part("h.{layer}.a", True), Part("h.{layer}.b", True)]
        held = file_tensors([FileTensor("f.{layer}", range(1), parts, 1)], parameters)
        self.assertEqual(held, {"f.0": tensor((3, 3), 1, 4, 7, 2, 5, 8, 3, 6, 9)})
        for part in parts:
            part.transposed = False
        held = file_tensors([FileTensor("f.{layer}", range(1), parts, 0)], parameters)
        self.assertEqual(held, {"f.0": tensor((3, 3), 1, 2, 3, 4, 5, 6, 7, 8, 9)})


class Comparisons(unittest.TestCase):
    def test_the_worst_element_is_named(self):
        worst = worst_difference({"a": tensor((2, 2), 1, 2, 3, 4)}, {"a": tensor((2, 2), 1, 2.1, 3.4, 4)}, 0.01)
        self.assertEqual((worst.what, worst.index, worst.expected, worst.found), ("a", [1, 0], 3, 3.4))
        self.assertAlmostEqual(worst.share, 10)

    def test_small_tensors_are_measured_by_their_kind(self):
        expected = {"a": tensor((1,), 1000.0), "b": tensor((1,), 1e-20), "b.m": tensor((1,), 1e-20)}
        self.assertLess(worst_difference(expected, {**expected, "b": tensor((1,), 2e-20)}, 1e-9).share, 1)
        self.assertGreater(worst_difference(expected, {**expected, "b.m": tensor((1,), 2e-20)}, 1e-9).share, 1)

    def test_what_is_not_finite_must_be_so_in_both(self):
        nan, inf = float("nan"), float("inf")
        self.assertEqual(worst_difference({"a": tensor((2,), nan, inf)}, {"a": tensor((2,), nan, inf)}, 1).share, 0)
        for other in (1.0, -inf, nan):
            self.assertGreater(worst_difference({"a": tensor((1,), inf)}, {"a": tensor((1,), other)}, 1).share, 1)

    def test_missing_tensors_and_other_shapes_are_differences(self):
        self.assertGreater(worst_difference({"a": tensor((1,), 1)}, {}, 1).share, 1)
        self.assertGreater(worst_difference({"a": tensor((1,), 1)}, {"a": tensor((1, 1), 1)}, 1).share, 1)

    def test_cross_entropy(self):
        logits = tensor((1, 2, 2), 0.0, 0.0, 5.0, 7.0)
        self.assertAlmostEqual(cross_entropy(logits, CrossEntropy([[1, 0]], 0, 0.0, False)), 0.6931471805599453)
        self.assertAlmostEqual(cross_entropy(logits, CrossEntropy([[0, 0]], None, 0.5, True)),
                               0.6931471805599453 + 2.1269280110429727 - 0.25 * 2)
        self.assertEqual(cross_entropy(logits, CrossEntropy([[0, 0]], 0, 0.0, False)), 0.0)


class Runs:
    """A case whose second plan gives a number that is off by this much."""

    def __init__(self, off):
        self.off = off

    def compile(self, *options):
        return options

    def train(self, plan, _, *options):
        return {"a": tensor((2,), 1.0, 2.0 + (self.off if len(plan + options) > 2 else 0))}

    def evaluate(self, plan, entry):
        return {f"output {entry}": tensor((), 1.0)}


class Failures(unittest.TestCase):
    def test_a_small_difference_is_found(self):
        tp_changes_nothing(Runs(1e-12), ("--tp", "2"))
        with self.assertRaisesRegex(Failed, r"a at \[1\]: 2\.0000000\d+, expected 2;"):
            tp_changes_nothing(Runs(1e-8), ("--tp", "2"))

    def test_bits_are_compared_where_they_must_be_equal(self):
        memory_guards_change_no_bit(Runs(0.0), ())
        with self.assertRaises(Failed):
            memory_guards_change_no_bit(Runs(1e-15), ())

    def test_every_property_says_what_it_is(self):
        for name, each in PROPERTIES.items():
            self.assertTrue(each.check.__doc__, name)

    def check(self, script, *options):
        """Checks one property of seed 3 with a tpc that is this script; status, what was printed, the folder."""
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        folder = pathlib.Path(temporary.name)
        tpc = folder / "bin/tpc"
        tpc.parent.mkdir()
        tpc.write_text(f"#!/bin/sh\n{script}\n")
        tpc.chmod(0o755)
        done = subprocess.run([sys.executable, HERE / "random_models.py", "check", folder, "3", "--only",
                               "tp_changes_nothing", *options], text=True, stdout=subprocess.PIPE, check=False)
        return done.returncode, done.stdout, folder

    def test_a_failure_tells_how_to_see_it_again(self):
        status, said, folder = self.check("echo some reason; exit 70")
        model = folder / "tests/random_models/3/model.mlir"
        self.assertEqual(status, 1)
        self.assertEqual(model.read_text(), generate(3).text)
        for words in ("FAILED seed 3: tp_changes_nothing --tp", "must be true: In float64",
                      "exit status 70: some reason", f"model: {model}",
                      f"{folder}/bin/tpc compile {model} --precision f64 -o ",
                      f"check {folder} 3 --only tp_changes_nothing"):
            self.assertIn(words, said)

    def test_a_check_without_anything_to_do_is_no_failure_unless_asked(self):
        script = "echo 'error: --tp has no effect'; exit 2"
        self.assertEqual(self.check(script)[0], 0)
        self.assertEqual(self.check(script, "--strict")[0], 1)

    def test_a_model_that_diverges_is_no_failure(self):
        script = 'case "$*" in *--tp*) exit 70;; *run*) echo "loss is not finite"; exit 3;; esac'
        status, said, _ = self.check(script)
        self.assertEqual(status, 0)
        self.assertIn("1 skipped  tp_changes_nothing", said)

    def test_only_a_refusal_is_nothing_to_do(self):
        with tempfile.TemporaryDirectory() as name, contextlib.redirect_stdout(io.StringIO()):
            tpc = pathlib.Path(name) / "bin/tpc"
            tpc.parent.mkdir()
            tpc.write_text("#!/bin/sh\necho 'has no effect'; exit 70\n")
            tpc.chmod(0o755)
            with self.assertRaises(Failed):
                Case(generate(3), pathlib.Path(name), pathlib.Path(name)).compile()
            tpc.write_text("#!/bin/sh\necho 'has no effect'; exit 1\n")
            with self.assertRaises(Skipped):
                Case(generate(3), pathlib.Path(name), pathlib.Path(name)).compile()


if __name__ == "__main__":
    unittest.main()
