//===- EvalMesh.cpp - Collectives and what depends on the rank -----------------------------===//
//
// A collective is a function of the values of all ranks of a group, which are the ranks that
// differ along one axis alone. Sums and maxima are taken in ascending order of ranks.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/interpreter/Evaluate.h"
#include "dialects/tp/TP.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/ErrorHandling.h"

#include <algorithm>

namespace tpc::interpreter {

namespace {

using RankOperands = llvm::ArrayRef<std::vector<const Tensor *>>;
using RankResults = std::vector<Results>;

AxisId axisNamed(const Mesh &mesh, llvm::StringRef name) {
  if (auto axis = mesh.findAxis(name.str()))
    return *axis;
  llvm::report_fatal_error(llvm::Twine("interpreter: the mesh has no axis \"") + name + "\"");
}

/// `extent` indices of `dim` from `start` on; what lies beyond x is zero.
Tensor part(const Tensor &x, int64_t dim, int64_t start, int64_t extent) {
  Shape shape = x.shape;
  shape[dim] = extent;
  Tensor y(shape);
  forEachIndex(shape, [&](llvm::ArrayRef<int64_t> index) {
    Shape from(index);
    from[dim] += start;
    if (from[dim] < x.shape[dim])
      y.at(index) = x.at(from);
  });
  return y;
}

Tensor concatenated(llvm::ArrayRef<Tensor> parts, int64_t dim) {
  Shape shape = parts[0].shape;
  int64_t extent = shape[dim];
  shape[dim] *= parts.size();
  Tensor y(shape);
  forEachIndex(shape, [&](llvm::ArrayRef<int64_t> index) {
    Shape from(index);
    from[dim] %= extent;
    y.at(index) = parts[index[dim] / extent].at(from);
  });
  return y;
}

Tensor reduced(llvm::ArrayRef<const Tensor *> values, tp::Reduce kind) {
  Tensor y = *values[0];
  for (const Tensor *value : values.drop_front())
    for (int64_t i = 0; i < y.size(); ++i)
      y[i] = kind == tp::Reduce::sum ? y[i] + (*value)[i] : largerOf(y[i], (*value)[i]);
  return y;
}

/// Calls `compute(values, coordinate)` for every rank and operand: the values of the rank's group
/// in order of the coordinate along the axis, and the rank's own coordinate.
RankResults
collective(const Mesh &mesh, llvm::StringRef axisName, RankOperands ranks,
           llvm::function_ref<Tensor(llvm::ArrayRef<const Tensor *>, int64_t)> compute) {
  AxisId axis = axisNamed(mesh, axisName);
  RankResults results(ranks.size());
  for (size_t rank = 0; rank < ranks.size(); ++rank)
    for (size_t operand = 0; operand < ranks[rank].size(); ++operand) {
      std::vector<const Tensor *> values;
      for (int64_t member : mesh.group(rank, axis))
        values.push_back(ranks[member][operand]);
      results[rank].push_back(compute(values, mesh.coordinate(rank, axis)));
    }
  return results;
}

RankResults allToAll(tp::AllToAllOp op, const Mesh &mesh, RankOperands ranks) {
  return collective(mesh, op.getAxis(), ranks,
                    [&](llvm::ArrayRef<const Tensor *> values, int64_t coordinate) {
                      int64_t toDim = op.getToDim();
                      int64_t extent = values[0]->extent(toDim) / values.size();
                      std::vector<Tensor> parts;
                      for (const Tensor *value : values)
                        parts.push_back(part(*value, toDim, coordinate * extent, extent));
                      return concatenated(parts, op.getFromDim());
                    });
}

Tensor masked(tp::MaskOp op, const Tensor &x, int64_t offset) {
  Tensor y = x;
  forEachIndex(x.shape, [&](llvm::ArrayRef<int64_t> index) {
    int64_t minor = op.getMinor(), extent = op.getExtent(), logical = op.getLogical();
    if (offset + index[op.getDim()] / minor % extent >= logical)
      y.at(index) = op.getFill().convertToDouble();
  });
  return y;
}

} // namespace

std::optional<RankResults> evaluateOnMesh(mlir::Operation *op, const Mesh &mesh,
                                          RankOperands ranks) {
  using Optional = std::optional<RankResults>;
  return llvm::TypeSwitch<mlir::Operation *, Optional>(op)
      // The value, not its sharding: at level `sharded` all shapes are global.
      .Case([&](tp::ReshardOp) -> Optional {
        RankResults results;
        for (const std::vector<const Tensor *> &operands : ranks)
          results.push_back({*operands[0]});
        return results;
      })
      .Case([&](tp::AllReduceOp op) -> Optional {
        return collective(mesh, op.getAxis(), ranks,
                          [&](llvm::ArrayRef<const Tensor *> values, int64_t) {
                            return reduced(values, op.getKind());
                          });
      })
      .Case([&](tp::AllGatherOp op) -> Optional {
        return collective(mesh, op.getAxis(), ranks,
                          [&](llvm::ArrayRef<const Tensor *> values, int64_t) {
                            std::vector<Tensor> parts;
                            for (const Tensor *value : values)
                              parts.push_back(*value);
                            return concatenated(parts, op.getDim());
                          });
      })
      .Case([&](tp::ReduceScatterOp op) -> Optional {
        return collective(mesh, op.getAxis(), ranks,
                          [&](llvm::ArrayRef<const Tensor *> values, int64_t coordinate) {
                            int64_t extent = values[0]->extent(op.getDim()) / values.size();
                            return part(reduced(values, tp::Reduce::sum), op.getDim(),
                                        coordinate * extent, extent);
                          });
      })
      .Case([&](tp::AllToAllOp op) -> Optional { return allToAll(op, mesh, ranks); })
      .Case([&](tp::SliceOp op) -> Optional {
        int64_t extent = shapeOf(op.getY())[op.getDim()];
        return collective(mesh, op.getAxis(), ranks,
                          [&](llvm::ArrayRef<const Tensor *> values, int64_t coordinate) {
                            return part(*values[coordinate], op.getDim(), coordinate * extent,
                                        extent);
                          });
      })
      .Case([&](tp::OffsetOp op) -> Optional {
        RankResults results;
        for (size_t rank = 0; rank < ranks.size(); ++rank) {
          int64_t coordinate =
              op.getAxis() ? mesh.coordinate(rank, axisNamed(mesh, *op.getAxis())) : 0;
          int64_t extent = op.getExtent();
          results.push_back({Tensor::scalar(coordinate * extent)});
        }
        return results;
      })
      .Case([&](tp::MaskOp op) -> Optional {
        RankResults results;
        for (const std::vector<const Tensor *> &operands : ranks)
          results.push_back({masked(op, *operands[0], operands[1]->integer(0))});
        return results;
      })
      .Default([](mlir::Operation *) -> Optional { return std::nullopt; });
}

} // namespace tpc::interpreter
