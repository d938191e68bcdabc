"""Smaller forms of the models, tokens to train them on, and runs of them, for the parity tests."""
import json
import pathlib
import re
import struct
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def write_variant(path, model, changes):
    """Writes `model` with `changes` (regular expression, text) made one after the other."""
    text = (ROOT / model).read_text()
    for pattern, replacement in changes:
        text, count = re.subn(pattern, replacement, text)
        if not count:
            raise SystemExit(f"{model} has no '{pattern}'")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def write_tokens(path, vocabulary, count=20000):
    """Tokens as chance has them (a linear congruence), as headerless uint16."""
    state, tokens = 12345, []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        tokens.append((state >> 33) % vocabulary)
    path.write_bytes(struct.pack(f"<{count}H", *tokens))
    return path


def losses(build, model, compile_options, run_options):
    """Compiles and runs; one object a step."""
    name = "".join(compile_options).replace("/", "-")
    plan = model.with_name(f"{model.stem}{name}.plan")
    subprocess.run([build / "bin/tpc-compile", "compile", model, *compile_options, "-o", plan],
                   check=True)
    run = subprocess.run([build / "bin/tpc", "run", plan, *run_options, "--log-json", "-"],
                         check=True, stdout=subprocess.PIPE)
    plan.unlink()
    return [json.loads(line) for line in run.stdout.splitlines()]


# Adam moves a parameter by the sign of its first gradient, however small: the norm of the next
# gradients shows it before the loss does.
BOUNDS = {"loss": 1e-5, "grad_norm": 1e-4}


def expect_close(expected, actual, what):
    """Loss and gradient norm of every step; stops with the first difference above the bound."""
    if len(expected) != len(actual):
        raise SystemExit(f"{what}: {len(actual)} steps, expected {len(expected)}")
    worst = dict.fromkeys(BOUNDS, 0.0)
    for a, b in zip(expected, actual):
        for name, bound in BOUNDS.items():
            if name not in a:
                continue
            difference = abs(a[name] - b[name]) / max(abs(a[name]), 1e-30)
            if not difference <= bound:
                raise SystemExit(f"{what}: step {a['step']} has {name} {b[name]:.9g}, "
                                 f"expected {a[name]:.9g}: {difference:.1e} apart")
            worst[name] = max(worst[name], difference)
    print(f"{what}: {len(actual)} steps, at most " +
          ", ".join(f"{value:.1e} apart in {name}" for name, value in worst.items()))
