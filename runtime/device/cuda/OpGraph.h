//===- OpGraph.h - Tensors and operations that a library makes kernels of ------------------===//
//
// A graph is data: it is written down operation by operation, translated for cuDNN, and evaluated
// by the tests, which need no cuDNN for it. Every tensor has four dims, since all of attention's
// have: [batch, heads, rows, columns].
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tpc::cuda {

using GraphDims = std::array<int64_t, 4>;
/// Row-major, without gaps.
GraphDims contiguousStrides(const GraphDims &dims);

enum class GraphType : uint8_t { F32, BF16, I32, Bool };

struct GraphTensor {
  enum Kind : uint8_t {
    Operand,   ///< in device memory, where the call says for `uid`; 16-byte aligned
    Number,    ///< one number in host memory, where the call says for `uid`
    Temporary, ///< only connects operations
  };
  Kind kind;
  int64_t uid; ///< of the whole graph, temporaries included
  GraphDims dims, strides;
  GraphType type;
};

enum class GraphOpKind : uint8_t {
  Matmul,   ///< x [.., m, k] . b [.., k, n]; the heads of b may be shared by as many heads of x
  Mul,      ///< x * b; the dims of b may be 1. Computed, as all that follow, in the result's type,
            ///< in f32 where that is bf16
  Add,      ///< x + b
  Sub,      ///< x - b
  Div,      ///< x / b
  Exp,      ///< e^x
  Log,      ///< the natural logarithm
  Identity, ///< x in the result's type
  NotLess,  ///< x >= b
  Select,   ///< x where `condition` holds, else b
  Index,    ///< the position along dim `axis` in a tensor like x
  Max,      ///< over the dims that are 1 in the result; if it has fewer heads, over each group of
  Sum,      ///< neighbours
  Reshape,  ///< the elements of x, in the same order of memory, with the result's dims and strides
};

struct GraphOp {
  static constexpr size_t kNone = ~size_t(0);
  GraphOpKind kind;
  size_t x = kNone, b = kNone, condition = kNone, result = kNone; ///< tensors of the graph
  int64_t axis = 0;                                               ///< of Index
};

struct OpGraph {
  std::vector<GraphTensor> tensors;
  std::vector<GraphOp> ops;

  size_t operand(int64_t uid, const GraphDims &dims, const GraphDims &strides, GraphType type);
  size_t number(int64_t uid, GraphType type);
  size_t temporary(const GraphDims &dims, const GraphDims &strides, GraphType type);
  size_t temporary(const GraphDims &dims, GraphType type) {
    return temporary(dims, contiguousStrides(dims), type);
  }

  void add(GraphOpKind kind, size_t x, size_t result) {
    ops.push_back({.kind = kind, .x = x, .result = result});
  }
  void add(GraphOpKind kind, size_t x, size_t b, size_t result) {
    ops.push_back({.kind = kind, .x = x, .b = b, .result = result});
  }
  void addIndex(size_t like, int64_t axis, size_t result) {
    ops.push_back({.kind = GraphOpKind::Index, .x = like, .result = result, .axis = axis});
  }
  void addSelect(size_t condition, size_t x, size_t otherwise, size_t result) {
    ops.push_back({.kind = GraphOpKind::Select,
                   .x = x,
                   .b = otherwise,
                   .condition = condition,
                   .result = result});
  }
};

} // namespace tpc::cuda
