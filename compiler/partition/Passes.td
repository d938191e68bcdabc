//===- Passes.td - From level sharded to level local ----------------------*- tablegen -*-===//
//
// In the order in which they run.
//
//===---------------------------------------------------------------------------------------===//
#ifndef TPC_PARTITION_PASSES
#define TPC_PARTITION_PASSES

include "mlir/Pass/PassBase.td"

def VerifySharded : Pass<"tpc-verify-sharded", "::mlir::ModuleOp"> {
  let summary = "checks the legal form of level `sharded`";
  let description = [{
    There is a mesh; inputs, parameters, states and every tensor of an entry carry a sharding that has a
    layout on it; of each op the shardings of the results are those that its rule makes of the operands'.
  }];
}

def PartitionPass : Pass<"tpc-partition", "::mlir::ModuleOp"> {
  let summary = "makes the program of one rank, and proves that it means the same";
  let description = "The proof compares with the module that the pass was given.";
}

def ProvePass : Pass<"tpc-prove", "::mlir::ModuleOp"> {
  let summary = "proves that a local or a sharded module means what another one does";
  let options = [
    Option<"global", "global", "std::string", "\"\"", "the file of which this local module was made">,
    Option<"grad", "grad", "std::string", "\"\"", "the file of which this sharded module was made">,
  ];
}

def VerifyLocal : Pass<"tpc-verify-local", "::mlir::ModuleOp"> {
  let summary = "checks the legal form of level `local`";
  let description = [{
    There is a mesh; no type in an entry carries a sharding; no reshard is left; what is no tensor is the
    result of a `tp.offset`.
  }];
}

#endif
