//===- ReshardLowering.cpp - A reshard as collectives and local slices ---------------------===//
//
// Sums are made whole first, while they are small in number; then splits are gathered, and made. A
// collective along a dim moves contiguous parts of it, so the factor that it splits or gathers must
// be the major one on each rank. Where it is not, the dim is seen as two around the step: what is
// on the left of the factor, and the rest. These are views, and cost nothing.
//
// A split that moves to another dim is one all_to_all, where the other dim can be split before
// anything is gathered. Otherwise, and where it moves to another factor of its dim, it is gathered
// and split anew.
//
// A wire type: the value is rounded in front of the first collective and widened behind the last
// one, by casts like any other.
//
// Pads: tp.slice fills them itself; before a reduce_scatter or an all_to_all an nn.pad makes them;
// after a gather or an all_to_all an nn.slice drops them where the value is to be whole without.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/partition/ReshardLowering.h"

#include "dialects/nn/NN.h"

using namespace mlir;

namespace tpc {

namespace {

class Lowering {
public:
  Lowering(tp::ReshardOp op, LocalValue input, const Sharding &from, const Sharding &to,
           const Mesh &mesh)
      : op(op), builder(op), mesh(mesh), present(from), to(to), local(std::move(input)) {}

  FailureOr<LocalValue> run() {
    auto isPartial = [](Placement placement) { return placement.kind == Placement::Partial; };
    auto isSplit = [](Placement placement) { return placement.kind == Placement::Split; };
    for (AxisId axis = 0; axis < mesh.axes.size(); ++axis) {
      Placement is = present.placementOn(axis), wanted = to.placementOn(axis);
      if (isPartial(wanted) && is != wanted)
        return fail(axis, "a value does not become partial");
      if (isPartial(is) && isSplit(wanted) && is.reduce == ReduceKind::Max)
        return fail(axis, "a maximum is not scattered; make it replicated first");
      if (isPartial(is) && wanted.kind == Placement::Replicated)
        allReduce(axis, is.reduce);
      else if (isPartial(is) && isSplit(wanted) && mayScatterNow(axis, wanted.dim) &&
               failed(reduceScatter(axis, wanted.dim)))
        return failure();
    }
    // Of two axes on one factor the last one is its minor one, and gathered first.
    for (AxisId axis = mesh.axes.size(); axis-- > 0;) {
      Placement is = present.placementOn(axis), wanted = to.placementOn(axis);
      if (!isSplit(is) || staysOn(axis, is.dim))
        continue;
      bool moves = isSplit(wanted) && mayMoveNow(axis, is.dim, wanted.dim);
      if (failed(moves ? allToAll(axis, is.dim, wanted.dim) : allGather(axis, is.dim)))
        return failure();
    }
    for (AxisId axis = 0; axis < mesh.axes.size(); ++axis) {
      Placement is = present.placementOn(axis), wanted = to.placementOn(axis);
      if (!isSplit(wanted) || isSplit(is))
        continue;
      if (failed(isPartial(is) ? reduceScatter(axis, wanted.dim) : slice(axis, wanted.dim)))
        return failure();
    }
    for (size_t dim = 0; dim < to.dims.size(); ++dim)
      if (present.dims[dim] != to.dims[dim] && failed(changePads(dim)))
        return failure();
    if (present != to)
      return op.emitOpError() << "has no local form: from " << present.str(mesh) << " to "
                              << to.str(mesh) << ": the pads of several factors of a dim change";
    if (narrowed)
      castTo(wide);
    return std::move(local);
  }

private:
  LogicalResult fail(std::optional<AxisId> axis, const Twine &reason) {
    return op.emitOpError() << "has no local form"
                            << (axis ? " on axis \"" + mesh.axes[*axis].name + "\"" : "")
                            << ": from " << present.str(mesh) << " to " << to.str(mesh) << ": "
                            << reason;
  }

  StringAttr axisName(AxisId axis) { return builder.getStringAttr(mesh.axes[axis].name); }
  RankedTensorType presentType() {
    return RankedTensorType::get(present.localShape(mesh),
                                 cast<RankedTensorType>(local.value.getType()).getElementType());
  }
  /// Takes the result of the op just built, which reports find at the reshard's place.
  void advance(Operation *built) {
    nn::copyPlace(op, built);
    local.value = built->getResult(0);
  }

  /// Whether the factors on the left of `factor` have one index on each rank.
  bool isMajor(const DimLayout &dim, size_t factor) {
    return factor == 0 || localSize(DimLayout(dim.begin(), dim.begin() + factor), mesh) == 1;
  }

  //===--- views ---===//

  void advanceView(Operation *built) {
    built->setAttr(tp::kViewAttr, builder.getUnitAttr());
    advance(built);
  }

  /// Sees `dim` as two: `major` logical indices, and the rest.
  LogicalResult cut(int dim, int64_t major) {
    std::vector<int64_t> sizes = {major, logicalSize(present.dims[dim]) / major};
    auto parts = projectDim(present.dims[dim], sizes, mesh);
    if (!parts)
      return failure();
    auto target = projectDim(to.dims[dim], sizes, mesh);
    if (!target) // What comes later cuts it elsewhere; this step leaves it whole.
      target = {wholeDim(sizes[0]), wholeDim(sizes[1])};
    auto &zero = local.pads.zero;
    auto left = zero[dim].begin() + padIndex((*parts)[0], (*parts)[0].size());
    zero.insert(zero.begin() + dim + 1, std::vector<bool>(left, zero[dim].end()));
    zero[dim].resize(zero[dim].size() - zero[dim + 1].size());
    replaceByTwo(present.dims, dim, *parts);
    replaceByTwo(to.dims, dim, *target);
    advanceView(nn::SplitDimOp::create(builder, op.getLoc(), presentType(), local.value, dim,
                                       localSize(present.dims[dim + 1], mesh)));
    return success();
  }
  static void replaceByTwo(std::vector<DimLayout> &dims, int dim,
                           const std::vector<DimLayout> &parts) {
    dims[dim] = parts[0];
    dims.insert(dims.begin() + dim + 1, parts[1]);
  }

  /// Sees `dim` and the next one as one again; `target` is what it is to become.
  void uncut(int dim, DimLayout target) {
    auto &zero = local.pads.zero;
    zero[dim].insert(zero[dim].end(), zero[dim + 1].begin(), zero[dim + 1].end());
    zero.erase(zero.begin() + dim + 1);
    present.dims[dim] = canonical(composeDim({present.dims[dim], present.dims[dim + 1]}));
    present.dims.erase(present.dims.begin() + dim + 1);
    to.dims[dim] = std::move(target);
    to.dims.erase(to.dims.begin() + dim + 1);
    advanceView(nn::MergeDimsOp::create(builder, op.getLoc(), presentType(), local.value, dim));
  }

  /// Takes a step on the dim of which factor `k` of `layout` is the major one: `dim`, or a part of
  /// it.
  LogicalResult onMajor(std::optional<AxisId> axis, int dim, const DimLayout &layout, size_t k,
                        llvm::function_ref<LogicalResult(int)> step) {
    if (isMajor(layout, k))
      return step(dim);
    DimLayout target = to.dims[dim];
    if (failed(cut(dim, logicalSize(DimLayout(layout.begin(), layout.begin() + k)))))
      return fail(axis, "the factors of dim " + Twine(dim) + " do not correspond");
    if (failed(step(dim + 1)))
      return failure();
    uncut(dim, std::move(target));
    return success();
  }

  //===--- layouts before and after a step ---===//

  static bool has(const Factor &factor, AxisId axis) {
    return llvm::is_contained(factor.axes, axis);
  }
  static size_t factorOf(const DimLayout &layout, AxisId axis) {
    return llvm::find_if(layout, [&](const Factor &factor) { return has(factor, axis); }) -
           layout.begin();
  }

  /// The layout if no other axes than `axes` split it, and nothing else is padded.
  static DimLayout restricted(DimLayout layout, ArrayRef<AxisId> axes) {
    for (Factor &factor : layout) {
      llvm::erase_if(factor.axes, [&](AxisId axis) { return !llvm::is_contained(axes, axis); });
      if (!factor.isSplit())
        factor.padded = factor.logical;
    }
    return canonical(std::move(layout));
  }

  /// Whether all axes that stand before `axis` in its factor are among `axes`.
  static bool isReached(const DimLayout &layout, AxisId axis, ArrayRef<AxisId> axes) {
    const std::vector<AxisId> &order = layout[factorOf(layout, axis)].axes;
    return std::all_of(order.begin(), llvm::find(order, axis),
                       [&](AxisId before) { return llvm::is_contained(axes, before); });
  }

  /// Whether the target splits the same factor of `dim` by the axis, which splits it now, and by
  /// the same axes before it.
  bool staysOn(AxisId axis, int dim) {
    const Placement split{Placement::Split, dim, ReduceKind::Sum};
    SmallVector<AxisId> both;
    for (AxisId other = 0; other < mesh.axes.size(); ++other)
      if (present.placementOn(other) == split && to.placementOn(other) == split)
        both.push_back(other);
    auto isLeft = [&](AxisId other) {
      return !isReached(present.dims[dim], other, both) || !isReached(to.dims[dim], other, both);
    };
    for (auto left = llvm::find_if(both, isLeft); left != both.end();
         left = llvm::find_if(both, isLeft))
      both.erase(left);
    return llvm::is_contained(both, axis) &&
           restricted(present.dims[dim], both) == restricted(to.dims[dim], both);
  }

  /// Whether `dim` can be split by the axis before anything is gathered: what splits it stays, and
  /// goes first where both split one factor.
  bool mayScatterNow(AxisId axis, int dim) {
    SmallVector<AxisId> now;
    for (const Factor &factor : present.dims[dim])
      now.append(factor.axes.begin(), factor.axes.end());
    return llvm::all_of(now, [&](AxisId other) { return staysOn(other, dim); }) &&
           isReached(to.dims[dim], axis, now);
  }

  /// Whether the axis may go from one dim to another in one step. Integers can't be padded for it.
  bool mayMoveNow(AxisId axis, int from, int dim) {
    bool padsIntegers =
        isPadded(to.dims[dim]) &&
        !isa<FloatType>(cast<RankedTensorType>(local.value.getType()).getElementType());
    return from != dim && !padsIntegers && mayScatterNow(axis, dim);
  }

  /// The target's layout of `dim`, with the axes alone that split it now, and `axis`. Factors that
  /// are split later get their pads then.
  DimLayout partway(int dim, AxisId axis) {
    DimLayout layout = to.dims[dim];
    for (Factor &factor : layout) {
      bool wasSplit = factor.isSplit();
      llvm::erase_if(factor.axes, [&](AxisId of) {
        return of != axis &&
               llvm::none_of(present.dims[dim], [&](const Factor &now) { return has(now, of); });
      });
      if (wasSplit && !factor.isSplit())
        factor.padded = factor.logical;
    }
    return layout;
  }

  /// Prepares the split of `dim` by `axis`: `next` is the layout after it. If the factor gets pads,
  /// the step fills them (`padsItself`), or an nn.pad does, before.
  LogicalResult startSplit(AxisId axis, int dim, bool padsItself) {
    DimLayout after = partway(dim, axis), before = after;
    size_t k = factorOf(after, axis);
    llvm::erase(before[k].axes, axis);
    if (after[k].axes.back() != axis || !isMajor(after, k))
      return fail(axis, "the part of a rank is not contiguous");
    if (canonical(before) != present.dims[dim]) {
      DimLayout plain = before;
      if (!plain[k].isSplit())
        plain[k].padded = plain[k].logical;
      plain = canonical(plain);
      dropOtherPads(dim, plain);
      if (plain != present.dims[dim])
        return fail(axis, "the factors of dim " + std::to_string(dim) + " do not correspond");
      auto &zero = local.pads.zero[dim];
      zero.insert(zero.begin() + padIndex(after, k), true);
      present.dims[dim] = canonical(before);
      if (!padsItself && failed(pad(dim)))
        return failure();
    }
    next = canonical(std::move(after));
    return success();
  }

  /// Prepares the gathering of `axis`: `next` is the present layout of `dim` without it, its pads
  /// kept.
  LogicalResult startGather(AxisId axis, int dim) {
    next = present.dims[dim];
    size_t k = factorOf(next, axis);
    if (next[k].axes.back() != axis || !isMajor(next, k))
      return fail(axis, "the parts of the ranks are not contiguous");
    next[k].axes.pop_back();
    next = canonical(std::move(next));
    return success();
  }

  //===--- the type on the wire ---===//

  void castTo(Type element) {
    auto cast = nn::CastOp::create(builder, op.getLoc(), presentType().clone(element), local.value);
    cast->setAttr(tp::kWireAttr, builder.getUnitAttr());
    advance(cast);
  }
  void goOnWire() {
    std::optional<Type> wire = op.getWire();
    if (!wire || narrowed)
      return;
    narrowed = true;
    wide = presentType().getElementType();
    castTo(*wire);
  }

  //===--- steps ---===//

  void allReduce(AxisId axis, ReduceKind kind) {
    goOnWire();
    present = present.withoutPartial(axis);
    advance(tp::AllReduceOp::create(
        builder, op.getLoc(), presentType(), local.value, axisName(axis),
        kind == ReduceKind::Max ? tp::Reduce::max : tp::Reduce::sum, op.getWhyAttr()));
  }

  /// The step that makes the split of `dim` by the axis that the target has.
  LogicalResult split(AxisId axis, int dim, llvm::function_ref<LogicalResult(int)> step) {
    DimLayout after = partway(dim, axis);
    return onMajor(axis, dim, after, factorOf(after, axis), step);
  }

  LogicalResult reduceScatter(AxisId axis, int whole) {
    return split(axis, whole, [&](int dim) -> LogicalResult {
      goOnWire();
      if (failed(startSplit(axis, dim, /*padsItself=*/false)))
        return failure();
      present = present.withoutPartial(axis);
      present.dims[dim] = next;
      advance(tp::ReduceScatterOp::create(builder, op.getLoc(), presentType(), local.value,
                                          axisName(axis), dim, op.getWhyAttr()));
      return success();
    });
  }

  LogicalResult allGather(AxisId axis, int whole) {
    DimLayout before = present.dims[whole];
    return onMajor(axis, whole, before, factorOf(before, axis), [&](int dim) -> LogicalResult {
      goOnWire();
      if (failed(startGather(axis, dim)))
        return failure();
      present.dims[dim] = next;
      advance(tp::AllGatherOp::create(builder, op.getLoc(), presentType(), local.value,
                                      axisName(axis), dim, op.getWhyAttr()));
      return dropPads(dim);
    });
  }

  /// Where a view makes two dims of one, those behind it move back by one.
  LogicalResult allToAll(AxisId axis, int wholeFrom, int wholeTo) {
    DimLayout before = present.dims[wholeFrom];
    return onMajor(axis, wholeFrom, before, factorOf(before, axis), [&](int from) -> LogicalResult {
      int behind = from != wholeFrom && wholeTo > wholeFrom ? wholeTo + 1 : wholeTo;
      auto move = [&](int dim) {
        return exchange(axis, dim != behind && from > behind ? from + 1 : from, dim);
      };
      if (failed(split(axis, behind, move)))
        return failure();
      return dropPads(from);
    });
  }

  LogicalResult exchange(AxisId axis, int from, int dim) {
    if (failed(startSplit(axis, dim, /*padsItself=*/false)))
      return failure();
    DimLayout part = std::move(next);
    if (failed(startGather(axis, from)))
      return failure();
    goOnWire();
    present.dims[dim] = std::move(part);
    present.dims[from] = next;
    advance(tp::AllToAllOp::create(builder, op.getLoc(), presentType(), local.value, axisName(axis),
                                   from, dim, op.getWhyAttr()));
    return success();
  }

  LogicalResult slice(AxisId axis, int whole) {
    return split(axis, whole, [&](int dim) -> LogicalResult {
      if (failed(startSplit(axis, dim, /*padsItself=*/true)))
        return failure();
      present.dims[dim] = next;
      advance(tp::SliceOp::create(builder, op.getLoc(), presentType(), local.value, axisName(axis),
                                  dim, op.getWhyAttr()));
      return success();
    });
  }

  /// Zeros behind the present value along `dim`, up to the extent of its layout.
  LogicalResult pad(int dim) {
    auto type = cast<RankedTensorType>(local.value.getType());
    if (!isa<FloatType>(type.getElementType()))
      return op.emitOpError() << "would pad dim " << dim << " of integers; "
                              << "only floats are padded";
    advance(nn::PadOp::create(builder, op.getLoc(), presentType(), local.value, dim, 0));
    return success();
  }

  /// After a gather: drops the pads of `dim`, unless the target keeps them just so.
  LogicalResult dropPads(int dim) {
    while (present.dims[dim] != to.dims[dim]) {
      DimLayout layout = present.dims[dim];
      size_t k =
          llvm::find_if(
              layout, [](const Factor &factor) { return factor.isPadded() && !factor.isSplit(); }) -
          layout.begin();
      if (k == layout.size())
        return success();
      auto drop = [&](int part) {
        dropPad(part, part == dim ? k : 0);
        return success();
      };
      if (failed(onMajor(std::nullopt, dim, layout, k, drop)))
        return failure();
    }
    return success();
  }

  /// Of a factor that is not split and whose pads are at the end of `dim`.
  void dropPad(int dim, size_t k) {
    DimLayout &layout = present.dims[dim];
    auto &zero = local.pads.zero[dim];
    zero.erase(zero.begin() + padIndex(layout, k));
    layout[k].padded = layout[k].logical;
    layout = canonical(std::move(layout));
    RankedTensorType type = presentType();
    advance(
        nn::SliceOp::create(builder, op.getLoc(), type, local.value, dim, 0, type.getDimSize(dim)));
  }

  /// Drops the pads of one factor of `dim`, if what is left is `plain`: pads for another number of
  /// ranks, or for the sake of products, are not those that a split needs.
  void dropOtherPads(int dim, const DimLayout &plain) {
    const DimLayout &layout = present.dims[dim];
    for (size_t k = 0; k < layout.size(); ++k) {
      DimLayout without = layout;
      without[k].padded = without[k].logical;
      if (layout[k].isPadded() && !layout[k].isSplit() && isMajor(layout, k) &&
          canonical(std::move(without)) == plain)
        return dropPad(dim, k);
    }
  }

  /// A dim whose placements are right, but not its pads.
  LogicalResult changePads(int dim) {
    if (failed(dropPads(dim)))
      return failure();
    const DimLayout layout = to.dims[dim];
    for (size_t k = 0; k < layout.size(); ++k) {
      DimLayout plain = layout;
      plain[k].padded = plain[k].logical;
      if (!layout[k].isPadded() || layout[k].isSplit() || canonical(plain) != present.dims[dim])
        continue;
      return onMajor(std::nullopt, dim, layout, k, [&](int part) {
        auto &zero = local.pads.zero[part];
        zero.insert(zero.begin() + padIndex(to.dims[part], part == dim ? k : 0), true);
        present.dims[part] = to.dims[part];
        return pad(part);
      });
    }
    return success();
  }

  tp::ReshardOp op;
  OpBuilder builder;
  const Mesh &mesh;
  Sharding present, to;
  LocalValue local;
  DimLayout next;
  bool narrowed = false;
  Type wide; ///< what the value is, while it is narrowed
};

} // namespace

FailureOr<LocalValue> lowerReshard(tp::ReshardOp op, LocalValue input, const Sharding &from,
                                   const Sharding &to, const Mesh &mesh) {
  return Lowering(op, std::move(input), from, to, mesh).run();
}

} // namespace tpc
