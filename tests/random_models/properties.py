"""What must be true of every model.

A property is a function of a case and of options, which chance draws for each seed: the mesh, for the most part. It
raises Failed where it does not hold. Its first line says what must be true, and is printed then.
"""
import math
from dataclasses import dataclass
from typing import Callable

import tensors
from case import Failed, Skipped
from comparison import worst_difference
from draw import Draw
from options import CUDA, REDUCED, WIRE, HeldWhole, dp, even_batch, recompute, sequence_parallel, tp
from sources import file_tensors
from tensors import Tensor

STEPS = 4
F64 = ("--precision", "f64")
BOUND = 1e-9  # between float64 runs: anything above is no rounding
LOGGED = 1e-8  # what nine digits tell
DIVERGED = 1e6  # no parameter, state or loss of a model that trains is as large


@dataclass(frozen=True)
class Property:
    check: Callable
    options: tuple  # what chance draws for it
    applies: Callable  # to this model
    share: float  # of the models that it applies to
    needs_cuda: bool

    @property
    def name(self):
        return self.check.__name__

    def settings(self):
        """Itself with each value of its options, as the coverage of the fixed seeds names them."""
        return {f"{self.name} {setting}" for option in self.options for setting in option.settings()}


PROPERTIES = {}


def holds(*options, of=lambda model: True, share=0.3, needs_cuda=False):
    def register(check):
        PROPERTIES[check.__name__] = Property(check, options, of, share, needs_cuda)
        return check
    return register


def choose_checks(model, cuda, every=False):
    """The properties that a seed checks, with their options."""
    checks = []
    for each in PROPERTIES.values():
        draw = Draw(model.seed, each.name)
        if each.applies(model) and (cuda or not each.needs_cuda) and (draw.chance(each.share) or every):
            checks.append((each, tuple(part for option in each.options for part in option.drawn(draw, model))))
    return checks


def clips(model):
    return model.has("clip.always") or model.has("clip.sometimes")


def diverges(case):
    """Some models do, on one rank already: roundings grow with the numbers, and there is nothing to compare."""
    try:
        results = case.train(case.compile(*F64), STEPS)
    except (Failed, Skipped) as why:
        return "is not finite" in str(why)
    return max(map(tensors.largest, results.values())) > DIVERGED


def expect_same(expected, found, bound=BOUND):
    for log in (True, False):
        a, b = ({name: tensor for name, tensor in each.items() if name.startswith("log ") == log}
                for each in (expected, found))
        worst = worst_difference(a, b, max(bound, LOGGED) if log and bound else bound)
        if worst.share > 1:
            raise Failed(f"worst difference: {worst}")


def expect_same_as_one_rank(case, options):
    """Losses, norms, all that is saved, and outputs of the other entries."""
    one, plan = case.compile(*F64), case.compile(*F64, *options)
    expect_same(case.train(one, STEPS), case.train(plan, STEPS))
    for entry in ("loss", "forward"):
        expect_same(case.evaluate(one, entry), case.evaluate(plan, entry))


def expect_guarded_the_same(case, options):
    plan = case.compile(*F64, *options)
    expect_same(case.train(plan, STEPS), case.train(plan, STEPS, "--check-memory"), bound=0.0)


@holds(tp(2, 3, 4), share=1.0)
def tp_changes_nothing(case, options):
    """In float64 tp ranks compute what one rank computes."""
    expect_same_as_one_rank(case, options)


@holds(dp(), tp(1, 2, 3), of=even_batch)
def dp_changes_nothing(case, options):
    """In float64 two groups of ranks, each with half of the batch, compute what one rank computes."""
    expect_same_as_one_rank(case, options)


@holds(dp(), tp(1, 2, 3), of=lambda model: model.has("labels.half-ignored"), share=0.6)
def a_rank_without_labels_changes_nothing(case, options):
    """A dp rank whose labels are all ignored adds nothing to the loss, and the mean divides by those of the others."""
    expect_same_as_one_rank(case, options)


@holds(tp(2, 3, 4), sequence_parallel(), dp(chance=0.2), recompute(chance=0.3))
def sequence_parallelism_changes_nothing(case, options):
    """In float64 ranks that split the residual stream along the sequence compute what one rank computes."""
    expect_same_as_one_rank(case, options)


@holds(tp(1, 2, 3), recompute())
def recomputation_changes_nothing(case, options):
    """In float64 what the backward pass computes again is what was computed first."""
    expect_same_as_one_rank(case, options)


@holds(tp(1, 2, 3), recompute(), dp(chance=0.2), of=lambda model: model.has("dropout"))
def recomputation_drops_the_same(case, options):
    """A dropout that is computed again drops the same elements, in every step."""
    expect_same_as_one_rank(case, options)


@holds(of=clips)
def clipping_is_by_the_norm_of_all(case, _):
    """The gradient's norm counts every element once, whether ranks split a parameter or hold it whole; so clipped
    steps are the same at every tp."""
    one = case.train(case.compile(*F64), STEPS)
    for ranks in ("2", "3", "4"):
        expect_same(one, case.train(case.compile(*F64, "--tp", ranks), STEPS))


@holds(tp(2, 3, 4), HeldWhole(), of=clips)
def clipping_counts_what_all_ranks_hold_once(case, options):
    """Of a matrix that --shard makes every rank hold whole the norm counts every element once, too."""
    expect_same_as_one_rank(case, options)


@holds(tp(1, 2, 3), recompute(chance=0.3))
def memory_guards_change_no_bit(case, options):
    """With --check-memory nobody writes out of a buffer or reads what is dead, and all bits are the same."""
    expect_guarded_the_same(case, options)


@holds(tp(2, 3, 4), share=0.2)
def processes_change_no_bit(case, options):
    """Ranks as processes compute what ranks as threads compute, bit for bit."""
    plan = case.compile(*F64, *options)
    expect_same(case.train(plan, STEPS), case.train(plan, STEPS, "--comm", "tcp"), bound=0.0)


@holds(tp(2, 3, 4), dp(chance=0.3))
def a_checkpoint_goes_on_at_another_mesh(case, options):
    """A run that stops on one mesh and goes on from its checkpoint on another is like one that never stopped."""
    plans = case.compile(*F64), case.compile(*F64, *options)
    whole = case.train(plans[0], STEPS)
    for first, second in (plans, plans[::-1]):
        stop = STEPS // 2
        found = case.train(second, STEPS - stop, "--resume", case.checkpoint(first, stop))
        expected = {name: Tensor((STEPS - stop,), tensor.values[stop:]) if name.startswith("log ") else tensor
                    for name, tensor in whole.items()}
        expect_same(expected, found)


@holds(tp(1, 2, 3), of=lambda model: "also_logits" in model.outputs("loss"), share=1.0)
def entries_agree_on_logits(case, options):
    """The forward entry gives the logits that the entry that is trained makes its loss of."""
    plan = case.compile(*F64, *options)
    forward, trained = case.evaluate(plan, "forward"), case.evaluate(plan, "loss")
    expect_same({"output logits": forward["output logits"]}, {"output logits": trained["output also_logits"]})


@holds(of=lambda model: not model.has("loss.second-term"))
def the_loss_is_that_of_the_forward_logits(case, _):
    """The loss of the first step, and of the entry that is trained, is the cross entropy of what the forward entry
    gives, by its definition."""
    plan = case.compile(*F64)
    logits = case.evaluate(plan, "forward")["output logits"]
    expected = cross_entropy(logits, case.model.cross_entropy)
    trained = case.train(plan, STEPS)["log loss"].values[0]
    evaluated = case.evaluate(plan, "loss")["output loss"].values[0]
    for what, found, bound in (("first step", trained, LOGGED), ("entry", evaluated, BOUND)):
        if not abs(found - expected) <= bound * max(abs(expected), 1e-3):
            raise Failed(f"the loss of the {what} is {found:.17g}, expected {expected:.17g}")


def cross_entropy(logits, told):
    """In the words of its definition: the target is the label, smoothed over all classes."""
    classes, total, counted = logits.shape[-1], 0.0, 0
    rows = [label for row in told.labels for label in row]
    for index, label in enumerate(rows):
        if label == told.ignored:
            continue
        row = logits.values[index * classes:(index + 1) * classes]
        shift = max(row)
        log_sum = shift + math.log(sum(math.exp(value - shift) for value in row))
        total += (1 - told.smoothing) * (log_sum - row[label])
        total += told.smoothing * sum(log_sum - value for value in row) / classes
        counted += 1
    return total if told.summed else total / max(counted, 1)


@holds(tp(1, 2, 3), of=lambda model: model.sources)
def sources_are_the_same_parameters(case, options):
    """Weights from slices and transposes of a file's tensors train as those of a checkpoint, under the plan's names."""
    one, plan = case.compile(*F64), case.compile(*F64, *options)
    own = case.checkpoint(one, 1)
    weights = case.path("weights.safetensors")
    tensors.write(weights, file_tensors(case.model.sources, tensors.read(own)[0]))
    expect_same(case.train(one, STEPS, "--weights", own), case.train(plan, STEPS, "--weights", weights))


@holds(share=0.25)
def the_gradient_is_the_slope(case, _):
    """A step of plain gradient descent changes parameters by what differences of the loss say of a direction."""
    case.path("plain.mlir").write_text(case.model.text_of_plain_training)
    plan = case.compile(*F64, model="plain.mlir")
    before = case.checkpoint(plan, 1, "--set", "lr=0")
    start, metadata = tensors.read(before)
    after = case.train(plan, 1, "--set", "lr=1")
    draw = Draw(case.model.seed, "direction")
    direction = {name: [draw.between(-1, 1) for _ in tensor.values] for name, tensor in start.items()}
    gradient = {name: [a - b for a, b in zip(tensor.values, after[name].values)] for name, tensor in start.items()}
    expected = sum(g * d for name in start for g, d in zip(gradient[name], direction[name]))
    size = math.sqrt(sum(g * g for values in gradient.values() for g in values))

    def loss(step):
        moved = {name: Tensor(tensor.shape, type(tensor.values)("d", (
            value + step * d for value, d in zip(tensor.values, direction[name])))) for name, tensor in start.items()}
        tensors.write(case.path("moved.safetensors"), moved, metadata)
        return case.evaluate(plan, "loss", "--weights", case.path("moved.safetensors"))["output loss"].values[0]
    slopes, allowed = [], 1e-4 * size + 1e-8 * max(1.0, abs(loss(0.0)))
    # A kink of relu between the two points, or a third derivative that is large, spoils one difference, not all.
    for step in (1e-5, 1e-6, 1e-4):
        slopes.append((loss(step) - loss(-step)) / (2 * step))
        if abs(slopes[-1] - expected) <= allowed:
            return
    raise Failed(f"the gradient says {expected:.12g}, differences of the loss {slopes}; its norm is {size:.6g}")


@holds(tp(2, 3, 4), share=0.15)
def compiling_twice_gives_the_same_bytes(case, options):
    """A plan depends on the model and the options, not on folders or chance."""
    other = case.path("elsewhere/model.mlir")
    other.parent.mkdir(exist_ok=True)
    other.write_text(case.model.text)
    if case.compile(*options).read_bytes() != case.compile(*options, model="elsewhere/model.mlir").read_bytes():
        raise Failed("the plans differ")


@holds(tp(2, 3, 4), sequence_parallel(chance=0.4), dp(chance=0.2))
def wrong_programs_are_refused(case, options):
    """Each program that differs from the proved one by a small mistake is refused, by a message that names the op."""
    case.mutate(options)


@holds(REDUCED, tp(1, 2, 3, 4), recompute(chance=0.3), share=0.5)
def reduced_precision_verifies(case, options):
    """Every op of a plan is within its bound of float64, and the program of all ranks means that of one device."""
    case.verify(case.compile(*options))


@holds(REDUCED, WIRE, tp(2, 3, 4), dp(chance=0.2), sequence_parallel(chance=0.3))
def a_reduced_wire_verifies(case, options):
    """The same of plans that say in which type values travel."""
    case.verify(case.compile(*options))


@holds(CUDA, tp(1, 2, 3), dp(chance=0.2), needs_cuda=True)
def a_gpu_changes_nothing(case, options):
    """In float64 a plan for GPUs computes what one CPU rank computes."""
    expect_same_as_one_rank(case, options)


@holds(CUDA, tp(2, 3, 4), sequence_parallel(), share=0.15, needs_cuda=True)
def sequence_parallelism_changes_nothing_on_a_gpu(case, options):
    """In float64 plans for GPUs that split the residual stream compute what one CPU rank computes."""
    expect_same_as_one_rank(case, options)


@holds(CUDA, tp(2), share=0.1, needs_cuda=True)
def memory_guards_change_no_bit_on_a_gpu(case, options):
    """With --check-memory nobody writes out of a buffer of a GPU or reads what is dead, and all bits are the same."""
    expect_guarded_the_same(case, options)


@holds(CUDA, REDUCED, tp(1, 2, 3), recompute(chance=0.2), needs_cuda=True)
def reduced_precision_verifies_on_a_gpu(case, options):
    """Every op of a plan for GPUs is within its bound of float64."""
    case.verify(case.compile(*options))
