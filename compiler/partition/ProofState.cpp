//===- ProofState.cpp - What the tp ops do to what a local value stands for ----------------===//
//
// Collectives and slices along a dim take and make contiguous parts of the local dim. So what they
// split or gather is the major factor of the dim that has more than one local index.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/partition/ProofState.h"

#include "compiler/partition/Correspondence.h"

using namespace mlir;

namespace tpc {

namespace {

int64_t extentOf(const DimLayout &dim, size_t begin, size_t end, const Mesh &mesh) {
  return begin < end ? localSize(DimLayout(dim.begin() + begin, dim.begin() + end), mesh) : 1;
}

/// The first factor of more than one local index, or the first one.
size_t majorFactor(const DimLayout &dim, const Mesh &mesh) {
  for (size_t k = 0; k < dim.size(); ++k)
    if (localSize({dim[k]}, mesh) > 1)
      return k;
  return 0;
}

} // namespace

InFlightDiagnostic StateChange::fail() {
  return std::move(op->emitError() << "not proved: " << placeOf(op) << " ");
}

/// Of an op that is none of the global program's, and does not do what it may do besides.
InFlightDiagnostic StateChange::notInItsPlace() {
  InFlightDiagnostic diagnostic = fail();
  if (next)
    diagnostic << "stands where the global program has " << placeOf(next);
  else
    diagnostic << "is one op more than the global program has";
  return diagnostic;
}

LogicalResult StateChange::expectPlacement(const Known &state, AxisId axis, Placement expected) {
  Placement found = state.sharding.placementOn(axis);
  if (found == expected)
    return success();
  return fail() << "expects its operand to be " << expected.str() << " on axis \""
                << mesh.axes[axis].name << "\", but it is " << found.str() << ": "
                << state.sharding.str(mesh);
}

LogicalResult StateChange::gather(Known &state, AxisId axis, int64_t dim) {
  if (failed(
          expectPlacement(state, axis, {Placement::Split, static_cast<int>(dim), ReduceKind::Sum})))
    return failure();
  DimLayout &layout = state.sharding.dims[dim];
  size_t k = 0;
  while (!llvm::is_contained(layout[k].axes, axis))
    ++k;
  if (layout[k].axes.back() != axis || extentOf(layout, 0, k, mesh) != 1)
    return fail() << "gathers parts of dim " << dim
                  << " that are not contiguous: " << state.sharding.str(mesh);
  layout[k].axes.pop_back();
  layout = canonical(std::move(layout));
  return success();
}

LogicalResult StateChange::split(Known &state, AxisId axis, int64_t dim, int64_t localExtent) {
  if (failed(expectPlacement(state, axis, {})))
    return failure();
  DimLayout &layout = state.sharding.dims[dim];
  size_t k = majorFactor(layout, mesh);
  int64_t minor = extentOf(layout, k + 1, layout.size(), mesh);
  int64_t ranks = mesh.axisSize(axis);
  for (const Factor &factor : layout)
    for (AxisId other : factor.axes)
      ranks *= &factor == &layout[k] ? mesh.axisSize(other) : 1;
  Factor factor = layout[k];
  int64_t padded = localExtent / minor * ranks;
  bool mayPad = !factor.isSplit() && !factor.isPadded();
  if (localExtent % minor != 0 || padded < factor.logical || (padded != factor.padded && !mayPad))
    return fail() << "gives each rank " << localExtent << " of dim " << dim
                  << ", which does not split " << state.sharding.str(mesh) << " evenly";
  if (padded != factor.padded) {
    auto &zero = state.pads.zero[dim];
    zero.insert(zero.begin() + padIndex(layout, k), true);
    factor.padded = padded;
  }
  factor.axes.push_back(axis);
  layout[k] = std::move(factor);
  layout = canonical(std::move(layout));
  return success();
}

FailureOr<Known> StateChange::allReduce(Known state, AxisId axis, ReduceKind kind) {
  if (failed(expectPlacement(state, axis, {Placement::Partial, -1, kind})))
    return failure();
  state.sharding = state.sharding.withoutPartial(axis);
  return state;
}

FailureOr<Known> StateChange::allGather(Known state, AxisId axis, int64_t dim) {
  if (failed(gather(state, axis, dim)))
    return failure();
  return state;
}

FailureOr<Known> StateChange::reduceScatter(Known state, AxisId axis, int64_t dim) {
  if (failed(expectPlacement(state, axis, {Placement::Partial, -1, ReduceKind::Sum})))
    return failure();
  int64_t local = localSize(state.sharding.dims[dim], mesh) / mesh.axisSize(axis);
  state.sharding = state.sharding.withoutPartial(axis);
  if (failed(split(state, axis, dim, local)))
    return failure();
  return state;
}

FailureOr<Known> StateChange::allToAll(Known state, AxisId axis, int64_t from, int64_t dim) {
  int64_t local = localSize(state.sharding.dims[dim], mesh) / mesh.axisSize(axis);
  if (failed(gather(state, axis, from)) || failed(split(state, axis, dim, local)))
    return failure();
  return state;
}

FailureOr<Known> StateChange::slice(Known state, AxisId axis, int64_t dim, int64_t localExtent) {
  if (failed(split(state, axis, dim, localExtent)))
    return failure();
  return state;
}

FailureOr<Known> StateChange::mask(tp::MaskOp mask, Known state, const KnownOffset &offset) {
  int64_t dim = mask.getDim(), logical = mask.getLogical();
  int64_t extent = mask.getExtent(), minor = mask.getMinor();
  const DimLayout &layout = state.sharding.dims[dim];
  for (size_t k = 0; k < layout.size(); ++k) {
    // The mask may name a finer or a coarser factor that stores the same: 3:4 groups of 192 for
    // 576:768.
    const Factor &factor = layout[k];
    int64_t minorHere = extentOf(layout, k + 1, layout.size(), mesh);
    if (!factor.isPadded() || factor.logical * minorHere != logical * minor ||
        localSize({factor}, mesh) * minorHere != extent * minor ||
        (minor % minorHere != 0 && minorHere % minor != 0))
      continue;
    if (state.pads.zero[dim][padIndex(layout, k)])
      return fail() << "masks pads of dim " << dim << " that are zero already";
    if (!mask.getFill().isZero())
      return fail() << "fills pads with " << mask.getFill().convertToDouble()
                    << "; what is needed are zeros";
    std::optional<AxisId> axis;
    if (factor.isSplit())
      axis = factor.axes.front();
    if (factor.axes.size() > 1 || offset.extent != extent || offset.axis != axis)
      return fail() << "has another offset than that of the rank on the factor " << factor.logical
                    << ":" << factor.padded << " of dim " << dim;
    state.pads.zero[dim][padIndex(layout, k)] = true;
    return state;
  }
  return fail() << "finds no padded factor of logical extent " << logical << ", local extent "
                << extent << " and minor size " << minor << " in dim " << dim << " of "
                << state.sharding.str(mesh);
}

FailureOr<Known> StateChange::addPads(Known state, int64_t dim, int64_t start, int64_t extent) {
  DimLayout &layout = state.sharding.dims[dim];
  size_t k = majorFactor(layout, mesh);
  int64_t minor = extentOf(layout, k + 1, layout.size(), mesh);
  Factor &factor = layout[k];
  if (start != 0 || factor.isSplit() || factor.isPadded() || extent % minor != 0 ||
      extent / minor <= factor.logical)
    return notInItsPlace() << ", and adds no pads behind dim " << dim << " of "
                           << state.sharding.str(mesh);
  auto &zero = state.pads.zero[dim];
  zero.insert(zero.begin() + padIndex(layout, k), true);
  factor.padded = extent / minor;
  layout = canonical(std::move(layout));
  return state;
}

FailureOr<Known> StateChange::dropPads(Known state, int64_t dim, int64_t start, int64_t size) {
  DimLayout &layout = state.sharding.dims[dim];
  size_t k = majorFactor(layout, mesh);
  Factor &factor = layout[k];
  if (start != 0 || factor.isSplit() || !factor.isPadded() ||
      size != factor.logical * extentOf(layout, k + 1, layout.size(), mesh))
    return notInItsPlace() << ", and does not drop the pads of dim " << dim << " of "
                           << state.sharding.str(mesh);
  auto &zero = state.pads.zero[dim];
  zero.erase(zero.begin() + padIndex(layout, k));
  factor.padded = factor.logical;
  layout = canonical(std::move(layout));
  return state;
}

FailureOr<Known> StateChange::splitDim(Known state, int64_t dim, int64_t minor) {
  std::vector<DimLayout> &dims = state.sharding.dims;
  // What fits goes to the right, factors of one local index, too.
  int64_t rest = minor, logical = 1;
  for (const Factor &factor : llvm::reverse(dims[dim])) {
    int64_t extent = localSize({factor}, mesh);
    if (rest % extent == 0) {
      rest /= extent;
      logical *= factor.logical;
      continue;
    }
    if (extent % rest == 0 && factor.logical % rest == 0) {
      logical *= rest;
      rest = 1;
    }
    break;
  }
  auto parts = projectDim(dims[dim], {logicalSize(dims[dim]) / logical, logical}, mesh);
  if (rest != 1 || !parts || localSize((*parts)[1], mesh) != minor)
    return fail() << "splits dim " << dim << " of " << state.sharding.str(mesh)
                  << " inside of a factor";
  auto &zero = state.pads.zero;
  auto left = zero[dim].begin() + padIndex((*parts)[0], (*parts)[0].size());
  zero.insert(zero.begin() + dim + 1, std::vector<bool>(left, zero[dim].end()));
  zero[dim].resize(zero[dim].size() - zero[dim + 1].size());
  dims[dim] = (*parts)[0];
  dims.insert(dims.begin() + dim + 1, (*parts)[1]);
  return state;
}

FailureOr<Known> StateChange::mergeDims(Known state, int64_t dim) {
  std::vector<DimLayout> &dims = state.sharding.dims;
  auto &zero = state.pads.zero;
  dims[dim] = canonical(composeDim({dims[dim], dims[dim + 1]}));
  dims.erase(dims.begin() + dim + 1);
  zero[dim].insert(zero[dim].end(), zero[dim + 1].begin(), zero[dim + 1].end());
  zero.erase(zero.begin() + dim + 1);
  return state;
}

} // namespace tpc
