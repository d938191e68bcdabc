//===- BodyBuilder.h - What an op's body is built with -----------------------------------===//
//
// A body says what one op computes at one point of its domain. The domain is the shape of result 0
// (or of the operand that BodyOp::getDomainOperand names), collapsed to rows x columns: the last
// dim and the rest. Code generation makes linalg ops of it; op files see scalars only, so one body
// serves every target.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Sharding.h"

#include "mlir/IR/Value.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace tpc::nn {

class BodyBuilder {
public:
  virtual ~BodyBuilder() = default;

  /// A scalar: floats in the compute type (f32; f64 for f64 tensors), integers as i32, positions
  /// as index.
  using Scalar = mlir::Value;

  //===--- tensors ---===//
  /// The element of an operand at the current point. Its shape is a suffix of the domain's, along
  /// whose leading dims it is repeated; a 0-d one is repeated everywhere.
  virtual Scalar operand(unsigned index) = 0;
  /// The element of an operand whose shape is the domain's without the last dim: one per row. (Its
  /// own method, since such a shape may be a suffix too.)
  virtual Scalar rowOperand(unsigned index) = 0;
  /// The element of an operand at explicit indices (index-typed), one per dim.
  virtual Scalar operandAt(unsigned index, llvm::ArrayRef<Scalar> indices) = 0;
  /// Sets a result at the current point; a result without the last dim is set once a row.
  virtual void result(unsigned index, Scalar value) = 0;
  /// The index of the current point along dim `dim` of the domain.
  virtual Scalar position(unsigned dim) = 0;
  /// The n-th offset operand, or the constant 0 if the op has none (index type).
  virtual Scalar offset(unsigned n) = 0;

  //===--- reductions; `element` is built at a point ---===//
  /// Over the columns of the current row; the value can be used at every point of the row.
  virtual Scalar reduceColumns(ReduceKind kind, llvm::function_ref<Scalar()> element) = 0;
  /// Sum over dims of operand 0 that the result lacks (nn.sum, nn.count_labels): the op's only
  /// statement. Rows are summed in fixed blocks, then the blocks in order.
  virtual void sumInto(unsigned result, llvm::function_ref<Scalar()> element) = 0;
  /// Sum into rows (nn.embedding_grad): for each point of operand 1 in ascending order of rows,
  /// adds `element` to the row `row` of result 0, unless it is out of range.
  virtual void scatterRows(Scalar row, llvm::function_ref<Scalar()> element) = 0;

  //===--- arithmetic ---===//
  virtual Scalar constant(double value) = 0;
  virtual Scalar constantIndex(int64_t value) = 0;
  virtual Scalar constantInt(int64_t value) = 0; ///< i32
  virtual Scalar add(Scalar a, Scalar b) = 0;    ///< float, i32 or index
  virtual Scalar sub(Scalar a, Scalar b) = 0;
  virtual Scalar mul(Scalar a, Scalar b) = 0;
  virtual Scalar div(Scalar a, Scalar b) = 0;
  virtual Scalar max(Scalar a, Scalar b) = 0;
  virtual Scalar min(Scalar a, Scalar b) = 0;
  virtual Scalar neg(Scalar x) = 0;
  virtual Scalar exp(Scalar x) = 0;
  virtual Scalar expm1(Scalar x) = 0; ///< e^x - 1, exact near 0
  virtual Scalar log(Scalar x) = 0;
  virtual Scalar pow(Scalar x, Scalar y) = 0;
  virtual Scalar erf(Scalar x) = 0;
  virtual Scalar tanh(Scalar x) = 0;
  virtual Scalar sin(Scalar x) = 0;
  virtual Scalar cos(Scalar x) = 0;
  virtual Scalar sqrt(Scalar x) = 0;
  /// f32 with 10 bits of its fraction, to nearest even; a NaN stays one.
  virtual Scalar roundToTf32(Scalar x) = 0;

  //===--- comparisons (i1; integers are signed) and conversions ---===//
  virtual Scalar less(Scalar a, Scalar b) = 0;
  virtual Scalar equal(Scalar a, Scalar b) = 0;
  virtual Scalar logicalAnd(Scalar a, Scalar b) = 0;
  virtual Scalar select(Scalar condition, Scalar ifTrue, Scalar ifFalse) = 0;
  virtual Scalar toFloat(Scalar x) = 0; ///< of i32 or index
  virtual Scalar toIndex(Scalar x) = 0; ///< of i32, sign-extended
  virtual Scalar toInt(Scalar x) = 0;   ///< i32 of index

  /// For dropout, an i32 of 32 random bits: the first word of philox4x32 (runtime/io/Philox.h) with
  /// the key (seed, stream) and the counter (low and high half of element, step, 0).
  virtual Scalar randomBits(Scalar seed, uint32_t stream, Scalar element, Scalar step) = 0;
};

} // namespace tpc::nn
