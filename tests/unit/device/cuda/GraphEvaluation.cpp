//===- GraphEvaluation.cpp - What a graph means, in float64 --------------------------------===//

#include "GraphEvaluation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <set>

using namespace tpc::cuda;

namespace {

/// Row-major, without gaps.
struct Values {
  GraphDims dims{};
  std::vector<double> data;

  explicit Values(const GraphDims &dims = {})
      : dims(dims), data(static_cast<size_t>(dims[0] * dims[1] * dims[2] * dims[3])) {}
  double &at(const GraphDims &i) {
    return data[static_cast<size_t>(((i[0] * dims[1] + i[1]) * dims[2] + i[2]) * dims[3] + i[3])];
  }
  /// A dim of 1 is broadcast, and so are heads that several query heads share.
  double &broadcast(GraphDims i, const GraphDims &like) {
    for (int axis = 0; axis < 4; ++axis)
      i[axis] = dims[axis] == 1 ? 0 : i[axis];
    if (dims[1] != 1 && dims[1] != like[1])
      i[1] /= like[1] / dims[1];
    return at(i);
  }
};

void forEach(const GraphDims &dims, const std::function<void(const GraphDims &)> &visit) {
  for (int64_t a = 0; a < dims[0]; ++a)
    for (int64_t b = 0; b < dims[1]; ++b)
      for (int64_t c = 0; c < dims[2]; ++c)
        for (int64_t d = 0; d < dims[3]; ++d)
          visit({a, b, c, d});
}

int64_t offsetOf(const GraphDims &i, const GraphDims &strides) {
  return i[0] * strides[0] + i[1] * strides[1] + i[2] * strides[2] + i[3] * strides[3];
}

double pointwise(GraphOpKind kind, double x, double b) {
  switch (kind) {
  case GraphOpKind::Mul:
    return x * b;
  case GraphOpKind::Add:
    return x + b;
  case GraphOpKind::Sub:
    return x - b;
  case GraphOpKind::Div:
    return x / b;
  case GraphOpKind::Exp:
    return std::exp(x);
  case GraphOpKind::Log:
    return std::log(x);
  case GraphOpKind::NotLess:
    return x >= b;
  default:
    return x;
  }
}

void evaluateOp(const OpGraph &graph, const GraphOp &op, std::vector<Values> &values) {
  Values &x = values[op.x], &result = values[op.result];
  switch (op.kind) {
  case GraphOpKind::Matmul: {
    Values &b = values[op.b];
    ASSERT_EQ(x.dims[3], b.dims[2]);
    forEach(result.dims, [&](const GraphDims &i) {
      double sum = 0;
      for (int64_t k = 0; k < x.dims[3]; ++k)
        sum += x.at({i[0], i[1], i[2], k}) * b.broadcast({i[0], i[1], k, i[3]}, result.dims);
      result.at(i) = sum;
    });
    return;
  }
  case GraphOpKind::Max:
  case GraphOpKind::Sum: {
    bool isMax = op.kind == GraphOpKind::Max;
    for (double &value : result.data)
      value = isMax ? -std::numeric_limits<double>::infinity() : 0;
    forEach(x.dims, [&](const GraphDims &i) {
      double &value = result.broadcast(i, x.dims);
      value = isMax ? std::max(value, x.at(i)) : value + x.at(i);
    });
    return;
  }
  case GraphOpKind::Reshape: {
    std::map<int64_t, double> memory;
    forEach(x.dims, [&](const GraphDims &i) {
      memory[offsetOf(i, graph.tensors[op.x].strides)] = x.at(i);
    });
    forEach(result.dims, [&](const GraphDims &i) {
      result.at(i) = memory.at(offsetOf(i, graph.tensors[op.result].strides));
    });
    return;
  }
  case GraphOpKind::Select:
    forEach(result.dims, [&](const GraphDims &i) {
      result.at(i) =
          values[op.condition].at(i) != 0 ? x.at(i) : values[op.b].broadcast(i, result.dims);
    });
    return;
  case GraphOpKind::Index:
    forEach(result.dims, [&](const GraphDims &i) {
      result.at(i) = static_cast<double>(i[static_cast<size_t>(op.axis)]);
    });
    return;
  default:
    forEach(result.dims, [&](const GraphDims &i) {
      double b = op.b == GraphOp::kNone ? 0 : values[op.b].broadcast(i, result.dims);
      result.at(i) = pointwise(op.kind, x.at(i), b);
    });
  }
}

} // namespace

void tpc::test::evaluate(const OpGraph &graph, const std::map<int64_t, double *> &memory) {
  std::vector<Values> values;
  for (const GraphTensor &tensor : graph.tensors)
    values.emplace_back(tensor.dims);
  std::set<size_t> written;
  for (const GraphOp &op : graph.ops) {
    for (size_t operand : {op.x, op.b, op.condition})
      if (operand != GraphOp::kNone && !written.contains(operand)) {
        const GraphTensor &tensor = graph.tensors[operand];
        ASSERT_NE(tensor.kind, GraphTensor::Temporary) << "read before it is written";
        forEach(tensor.dims, [&](const GraphDims &i) {
          values[operand].at(i) = memory.at(tensor.uid)[offsetOf(i, tensor.strides)];
        });
      }
    evaluateOp(graph, op, values);
    ASSERT_TRUE(written.insert(op.result).second) << "written twice";
  }
  for (size_t result : written)
    if (const GraphTensor &tensor = graph.tensors[result]; tensor.kind == GraphTensor::Operand)
      forEach(tensor.dims, [&](const GraphDims &i) {
        memory.at(tensor.uid)[offsetOf(i, tensor.strides)] = values[result].at(i);
      });
}
