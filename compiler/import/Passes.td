//===- Passes.td - Passes of level `model` --------------------------------*- tablegen -*-===//
#ifndef TPC_IMPORT_PASSES
#define TPC_IMPORT_PASSES

include "mlir/Pass/PassBase.td"

def BindDims : Pass<"tpc-bind-dims", "::mlir::ModuleOp"> {
  let summary = "gives named dims their sizes and infers all shapes anew";
  let description = [{
    `dims` holds NAME=SIZE; a dim that it does not name keeps its default. Inputs get the extents of the
    dims that they name, and the types of all results in entries and layers follow in program order. A
    default value of an input that no longer fits is dropped. An unknown name is an error.
  }];
  let options = [ListOption<"dims", "dims", "std::string", "sizes of dims, as NAME=SIZE">];
}

def UnrollLayers : Pass<"tpc-unroll-layers", "::mlir::ModuleOp"> {
  let summary = "writes repeated layers out";
  let description = [{
    Layer i of `nn.layers @h` owns the parameters `h.i.NAME`, declared where the layers are, layer by layer;
    `{layer}` in the name of a checkpoint's tensor becomes i. An `nn.apply` becomes one `nn.scope "h.i"` per
    layer, which keeps the layers one class for the solver. The stream of a dropout gets the layer's name in
    front, and "#2" behind if the layers are applied a second time. More than 10000 layers are an error.
  }];
}

def FlattenScopes : Pass<"tpc-flatten-scopes", "::mlir::ModuleOp"> {
  let summary = "turns nn.scope ops into nn.scope attributes";
  let description = "Paths of nested scopes are joined by dots. Reads get the attribute as well.";
}

def BoundIds : Pass<"tpc-bound-ids", "::mlir::ModuleOp"> {
  let summary = "says which ids inputs may hold";
  let description = [{
    An input whose values look up rows of a table, or are the labels of a cross_entropy, gets the attribute
    `nn.vocabulary`, the number of rows or classes (the least, if there are several), and `nn.ignored`, the label
    that counts for nothing in all its uses; a run checks its data against them. A table of positions that is shorter than the sequence is an error.
  }];
}

def VerifyModel : Pass<"tpc-verify-model", "::mlir::ModuleOp"> {
  let summary = "checks level `model`";
  let description = [{
    - no layers, applications or scopes are left, and there is at least one entry
    - a tie's target is a parameter
    - a read names an input, scalar, parameter, tie or state, and has its type
    - a write names a parameter or state and has its type, each at most once in an entry, and no read of
      it follows
    - some entry reads each input, scalar and parameter, or an optimizer the scalar
    - each dropout of an entry has a stream of its own
    - a training names an entry whose first output is a 0-d float tensor, and a learning rate that is a
      user's scalar; each of its groups matches a parameter
  }];
}

#endif
