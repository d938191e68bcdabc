//===- Passes.td - The passes that make level `grad` ----------------------*- tablegen -*-===//
//
// In the order in which they run: precision, reads, expansion, training, casts, recomputation,
// verification.
//
//===---------------------------------------------------------------------------------------===//
#ifndef TPC_AUTODIFF_PASSES
#define TPC_AUTODIFF_PASSES

include "mlir/Pass/PassBase.td"

def ApplyPrecision : Pass<"tpc-apply-precision", "::mlir::ModuleOp"> {
  let summary = "gives the tensors of a model the element types of a precision";
  let description = [{
    `f64` makes every float tensor, of declarations too, a float64 one; `f32`, `tf32` and `bf16` keep a
    model as written (see tpc-place-casts). Runs on level `model`, so that whatever is derived from types
    later follows.
  }];
  let options = [Option<"precision", "precision", "std::string", "\"f32\"", "f32, tf32, bf16 or f64">];
}

def ResolveReads : Pass<"tpc-resolve-reads", "::mlir::ModuleOp"> {
  let summary = "lets every entry read each symbol once, and a tie as its target";
  let description = [{
    One storage is one value then: the gradients of all its uses meet in one sum.
  }];
}

def ExpandComposites : Pass<"tpc-expand-composites", "::mlir::ModuleOp"> {
  let summary = "replaces composite ops by primitive ones, in all entries";
  let description = [{
    New ops inherit the scope of the op that they replace. Every op of an entry gets the phase
    `forward`. An `nn.add` of which several addends hold products takes the addends of those that are
    sums themselves, of products and biases say.
  }];
}

def BuildTraining : Pass<"tpc-build-training", "::mlir::ModuleOp"> {
  let summary = "makes an entry of each training: forward, backward, clipping, update";
  let description = [{
    The trained entry is cloned, its first output differentiated with respect to all parameters.
    Forward ops keep their order, backward ops follow in the reverse order of the forward ops they belong
    to, updates come last in the order of the parameters. All contributions to the gradient of one
    value are added by one n-ary `nn.add`. Declares optimizer state, and a scalar of role `step` if there
    is none. Outputs are `loss`, the other 0-d outputs of the trained entry, and `grad_norm` where gradients
    are clipped. Unused ops are removed from all entries.
  }];
}

def PlaceCasts : Pass<"tpc-place-casts", "::mlir::ModuleOp"> {
  let summary = "places the roundings of precision bf16 and tf32";
  let description = [{
    Every operand of a GEMM or an attention is rounded by an `nn.cast`, once per value, in
    front of the first op that needs it; a view of a value is a view of the rounded one. With `bf16` a product
    is rounded, too, behind its sum with other products and biases, unless it is the gradient of a parameter;
    products that are added to other values by one op are summed apart for that. Everything else stays float32: parameters, the residual stream, row statistics, the loss, and the
    gradients of parameters. Other precisions need no casts.

    Runs after differentiation, so that a gradient is rounded once, where it is multiplied.
  }];
  let options = [Option<"precision", "precision", "std::string", "\"f32\"", "f32, tf32, bf16 or f64">];
}

def Recompute : Pass<"tpc-recompute", "::mlir::ModuleOp"> {
  let summary = "lets the backward pass compute forward values again instead of keeping them";
  let description = [{
    In every entry with a backward pass, the values to keep are a vertex cut of least bytes between what
    may not be computed again and what the backward pass needs; forward ops behind it are cloned in front
    of their first use there, as backward ops. `none` computes again what costs no pass over memory either:
    pointwise results that backward kernels can make of other kept values. `selective` computes again what costs a pass over
    memory: ops that sum over nothing which may be split, and views; no GEMM, no attention, no
    lookup, no collective. `full` computes a layer again from the values that enter it.

    Runs before sharding, which so decides on the clones, too, and inserts what collectives they need.
  }];
  let options = [Option<"mode", "mode", "std::string", "\"none\"", "none, selective or full">];
}

def VerifyGrad : Pass<"tpc-verify-grad", "::mlir::ModuleOp"> {
  let summary = "checks the legal form of level `grad`";
  let description = [{
    Entries hold primitive ops with all interfaces that later levels need, each with a phase and a sharding
    rule that fits its shapes; every symbol is read once at most, written once at most, and not read after
    it is written; no training is left.
  }];
}

#endif
