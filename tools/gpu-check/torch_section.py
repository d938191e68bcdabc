"""The same steps in PyTorch: with the attention that it chooses, then with cuDNN's if time is left."""
import json
import os
import time

import programs
from report import Failed, Skipped

LEAST = 45  # seconds, under which no second form is begun


def plain():
    """The environment as it is: PyTorch brings libraries of its own."""
    return dict(os.environ)


def run(context, seconds):
    end = time.monotonic() + seconds
    ask = "import torch, sys; sys.exit(0 if torch.cuda.is_available() else 1)"
    try:
        context.run([context.python, "-c", ask], seconds / 3, "torch-sees-gpu", plain())
    except Failed as reason:
        raise Skipped(f"PyTorch is not installed, or sees no GPU: {reason}") from None
    models, wrong = context.manifest["steps"], []
    for form in ("default", "cudnn"):
        for i, model in enumerate(models):
            left = end - time.monotonic()
            if form != "default" and left < LEAST:
                return finish(wrong)
            measure(context, model, form, left / (len(models) - i), wrong)
    finish(wrong)


def finish(wrong):
    if wrong:
        raise Failed("; ".join(wrong))


def measure(context, model, form, seconds, wrong):
    name = f"torch-{model['name']}-{form}"
    what = f"{model['name']}: PyTorch" + ("" if form == "default" else ", attention by cuDNN")
    command = [context.python, context.home / "torch_steps.py", "--attention", form, "--config",
               json.dumps(model["config"])]
    try:
        context.run(command, seconds, name, plain())
        reason = "it printed no result"
    except Failed as failure:  # what was printed before is good
        reason = str(failure)
    results = [json.loads(line) for line in programs.text_of(context.logs / f"{name}.out").splitlines()
               if line.startswith("{")]
    if not results:
        context.report.row(what, "not measured", reason)
        if form == "default":
            wrong.append(f"{model['name']}: {reason}")
        return
    result = results[0]
    if result["parameters"] != model["parameters"]:
        wrong.append(f"{model['name']}: PyTorch's model has {result['parameters']} parameters, and not "
                     f"{model['parameters']}")
    ours = context.steps.get(model["name"])
    context.report.row(what, f"{model['tokens'] / result['median']:.0f} tokens/s",
                       f"{result['version']}, step {result['median'] * 1e3:.2f} ms, compiled in "
                       f"{result['compile']:.0f} s, peak {result['memory'] / 2**30:.2f} GiB")
    if ours:
        context.report.row(f"{what}: tpc over it", f"{result['median'] / ours:.2f} x")
    for kernel, milliseconds in (results[1]["kernels"] if len(results) > 1 else []):
        context.report.row(f"{what}: kernel", f"{milliseconds:.3f} ms", kernel[:100])
