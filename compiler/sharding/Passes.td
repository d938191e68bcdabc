//===- Passes.td - From level grad to level sharded ----------------------*- tablegen -*-===//
#ifndef TPC_SHARDING_PASSES
#define TPC_SHARDING_PASSES

include "mlir/Pass/PassBase.td"

def ShardPass : Pass<"tpc-shard", "::mlir::ModuleOp"> {
  let summary = "decide how every value is split, and write it into types and reshards";
  let description = [{
    Takes a module at level `grad` to level `sharded`: finds the sharding of least predicted time
    (compiler/sharding/Solver.h) and applies it (compiler/sharding/ApplyShardings.h). With `report`
    the decision about every symbol, and the sizes of the problem, are remarks.
  }];
  let options = [
    Option<"tp", "tp", "int64_t", "1", "ranks along the axis tp">,
    Option<"dp", "dp", "int64_t", "1", "ranks along the axis dp">,
    Option<"sequenceParallel", "sequence-parallel", "::tpc::SequenceParallel", "::tpc::SequenceParallel::Off",
      "let tp split the sequence between the blocks", [{::llvm::cl::values(
        clEnumValN(::tpc::SequenceParallel::Off, "off", "never"),
        clEnumValN(::tpc::SequenceParallel::Auto, "auto", "where it is predicted to be faster"),
        clEnumValN(::tpc::SequenceParallel::On, "on", "always"))}]>,
    ListOption<"constraints", "constraint", "std::string", "PATTERN=SHARDING, as --shard">,
    Option<"report", "report", "bool", "false", "emit remarks about the solution">,
  ];
}

#endif
