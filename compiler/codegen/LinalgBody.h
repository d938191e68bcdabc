//===- LinalgBody.h - The body of one op as linalg ops -------------------------------------===//
//
// A body asks for scalars at a point of its op's domain. They are noted down in one block, and cut
// into linalg.generic ops where a reduction ends, and where a number is the same for a whole row or
// for all: it is computed over the rows alone, or once. What is cut along the loops of an op is
// copied into each piece that needs it.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/BodyArithmetic.h"
#include "compiler/codegen/LinalgKernel.h"

#include "mlir/IR/IRMapping.h"

#include "llvm/ADT/SetVector.h"

namespace tpc::codegen {

class LinalgBody final : public BodyArithmetic {
public:
  /// `tensors` maps values of the kernel to those of the function that `function` writes.
  LinalgBody(mlir::Operation &op, LinalgKernel &kernel, mlir::IRMapping &tensors,
             mlir::OpBuilder function);

  mlir::LogicalResult build();

  Scalar operand(unsigned index) override;
  Scalar rowOperand(unsigned index) override;
  Scalar operandAt(unsigned index, llvm::ArrayRef<Scalar> indices) override;
  void result(unsigned index, Scalar value) override;
  Scalar position(unsigned dim) override;
  Scalar offset(unsigned n) override;
  Scalar reduceColumns(ReduceKind kind, llvm::function_ref<Scalar()> element) override;
  void sumInto(unsigned result, llvm::function_ref<Scalar()> element) override;
  void scatterRows(Scalar row, llvm::function_ref<Scalar()> element) override;
  Scalar randomBits(Scalar seed, uint32_t stream, Scalar element, Scalar step) override;

private:
  /// A tensor that is read along some dims of the op's domain.
  struct Read {
    mlir::Value tensor;
    llvm::SmallVector<unsigned> dims;
  };
  /// What a generic op computes.
  struct Piece {
    llvm::SmallVector<Scalar> roots;
    Level level;                      ///< what is below it is computed elsewhere
    unsigned outer = 0;               ///< loops before those of the domain
    llvm::SetVector<Scalar> ins = {}; ///< what is read
    llvm::DenseSet<mlir::Operation *> ops = {};
  };
  /// What follows in the region: gets the roots and the elements of the outs, gives the yields.
  using Finish = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      mlir::OpBuilder &, llvm::ArrayRef<mlir::Value>, mlir::ValueRange)>;

  Level levelOf(Scalar value) const override;
  Level wholeLevel() const; ///< of what the whole domain has
  void fail(const llvm::Twine &reason);

  Scalar read(mlir::Value tensor, llvm::ArrayRef<unsigned> dims, Level level);
  /// A float that was read, in the arithmetic of its level; others as they are.
  Scalar widened(Scalar value);
  /// A value of the body as an element of a tensor.
  Scalar narrowed(Scalar value, mlir::Type element);

  void collect(Scalar value, Piece &piece);
  /// Computes a value of a row, or of all, by an op of its own; it is read from then on.
  void separate(Scalar value);
  /// Tensors of `elements` along the first dims of the domain.
  mlir::ResultRange pointwise(llvm::ArrayRef<Scalar> values, llvm::ArrayRef<mlir::Type> elements,
                              unsigned rank, Level level);
  /// Over dims of the domain, in the type of `element`.
  mlir::Value reduce(ReduceKind kind, Scalar element, llvm::ArrayRef<int64_t> dims);
  /// Loops over `outer` dims and the first of the domain.
  mlir::ResultRange generic(Piece &piece, mlir::ValueRange outs,
                            llvm::ArrayRef<mlir::AffineMap> outMaps, llvm::ArrayRef<bool> isReduced,
                            Finish finish);
  mlir::Value filled(llvm::ArrayRef<int64_t> shape, mlir::Type element, double value);
  llvm::SmallVector<int64_t> without(llvm::ArrayRef<int64_t> dims) const;
  void setResults();
  /// The tensor of this op's that holds a value along the first dims, or null.
  mlir::Value madeAlong(Scalar value, unsigned rank);

  mlir::Operation *op;
  LinalgKernel &kernel;
  mlir::IRMapping &tensors;
  mlir::OpBuilder f; ///< writes the function; `b` notes scalars down
  llvm::SmallVector<int64_t> domain;

  mlir::Block noted;
  llvm::DenseMap<Scalar, Read> reads;
  mutable llvm::DenseMap<Scalar, Level> levels;
  llvm::SmallVector<std::pair<unsigned, Scalar>> results;
  bool failed = false;
};

} // namespace tpc::codegen
