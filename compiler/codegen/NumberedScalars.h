//===- NumberedScalars.h - Scalars of a graph, equal ones once -----------------------------===//
//
// What two bodies compute alike is one value. bf16 lies in f32 here, rounded, since targets have no
// arithmetic for it; elementary functions become their code.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/Codegen.h"
#include "compiler/codegen/MathExpansion.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include <map>
#include <tuple>
#include <vector>

namespace tpc::codegen {

class NumberedScalars {
public:
  NumberedScalars(mlir::OpBuilder &b, Arithmetic arithmetic)
      : b(b), loc(b.getUnknownLoc()), math(b, loc), arithmetic(arithmetic) {}

  /// What an op of a region gives for `operands`, values of the graph.
  mlir::Value compute(mlir::Operation *like, llvm::ArrayRef<mlir::Value> operands);
  /// What `make` gives the first time that an op like this is met with these operands.
  mlir::Value once(mlir::Operation *like, llvm::ArrayRef<mlir::Value> operands,
                   llvm::function_ref<mlir::Value()> make);

private:
  mlir::Value expand(mlir::Operation *like, llvm::ArrayRef<mlir::Value> operands);
  /// Nothing, if the op is computed exactly.
  mlir::Value approximate(mlir::Operation *like, llvm::ArrayRef<mlir::Value> operands);

  mlir::OpBuilder &b;
  mlir::Location loc;
  MathExpansion math;
  Arithmetic arithmetic;
  /// By name, attributes, type and operands.
  using Number = std::tuple<const void *, const void *, const void *, std::vector<const void *>>;
  std::map<Number, mlir::Value> numbers;
};

} // namespace tpc::codegen
