//===- ReductionKernels.cpp - How ranks on one device reduce -------------------------------===//
//
// In ascending order of ranks; bf16 is summed in float32 and rounded once; a maximum keeps a NaN:
// the numbers are those of runtime/comm/Reduce.h.
//
//===---------------------------------------------------------------------------------------===//

#include "compiler/emit/ReductionKernels.h"

#include "compiler/codegen/gpu/GpuTiling.h"
#include "dialects/tp/TP.h"
#include "runtime/comm/PartLaunches.h"
#include "runtime/plan/PlanCheck.h"

#include "llvm/Support/raw_ostream.h"

#include <numeric>

using namespace mlir;
using namespace tpc;

namespace {

static_assert(codegen::kAccessBytes <= kKernelAlignment);

/// The reduction of one tensor: every rank's input is [outer, pitch], of which a rank's part is
/// [outer, width].
struct Form {
  int64_t ranks, outer, width, pitch;
  bool isMax;
  /// What all ranks have in places of their own are results: of parts each has its own, the others
  /// have the same. Otherwise there is one result, the part that begins where the pointers stand.
  bool givesAll;
  Type element;

  bool hasParts() const { return width != pitch; }

  std::string key() const {
    std::string text;
    llvm::raw_string_ostream(text) << ranks << ',' << outer << ',' << width << ',' << pitch << ','
                                   << isMax << ',' << givesAll << ',' << element;
    return text;
  }
};

} // namespace

static std::optional<Form> formOf(Operation *collective, unsigned tensor, const Mesh &mesh) {
  auto axisName = collective->getAttrOfType<StringAttr>("axis");
  std::optional<AxisId> axis = axisName ? mesh.findAxis(axisName.str()) : std::nullopt;
  if (!axis || mesh.axisSize(*axis) == 1 || mesh.axisSize(*axis) > kMostRanksOfAGpu)
    return std::nullopt;
  auto type = cast<RankedTensorType>(collective->getResult(tensor).getType());
  Form form{mesh.axisSize(*axis), 1, type.getNumElements(), type.getNumElements(), false, true,
            type.getElementType()};
  if (auto reduce = dyn_cast<tp::AllReduceOp>(collective)) {
    form.isMax = reduce.getKind() == tp::Reduce::max;
    return form;
  }
  auto scatter = dyn_cast<tp::ReduceScatterOp>(collective);
  if (!scatter)
    return std::nullopt;
  ArrayRef<int64_t> outer = type.getShape().take_front(scatter.getDim());
  form.outer = std::accumulate(outer.begin(), outer.end(), int64_t(1), std::multiplies<>());
  form.width = type.getNumElements() / form.outer;
  form.pitch = form.width * form.ranks;
  form.givesAll = !isLaunchedForEachPart(nn::bytesOf(type) / form.outer);
  return form;
}

/// The largest of each element: the maximum of a row whose columns are the ranks.
static Value largest(OpBuilder &builder, Location loc, ArrayRef<Value> parts) {
  auto type = cast<RankedTensorType>(parts.front().getType());
  auto rows =
      RankedTensorType::get({type.getNumElements(), int64_t(parts.size())}, type.getElementType());
  Value joined = nn::ConcatOp::create(builder, loc, rows, parts, 1);
  auto result = RankedTensorType::get({type.getNumElements()}, type.getElementType());
  return nn::CeRowMaxOp::create(builder, loc, result, joined, ValueRange{},
                                builder.getI64IntegerAttr(parts.size()))
      .getRowMax();
}

/// A part of a kernel's input, in the type in which it is reduced.
static Value partOf(OpBuilder &builder, Location loc, Value input, const Form &form, int64_t part,
                    Type sum) {
  Value value = input;
  if (form.hasParts())
    value = nn::SliceOp::create(builder, loc,
                                RankedTensorType::get({form.outer, form.width}, form.element),
                                value, 1, part * form.width, form.width);
  auto type = cast<RankedTensorType>(value.getType());
  if (form.element != sum)
    value = nn::CastOp::create(builder, loc, type.clone(sum), value);
  return value;
}

/// What all ranks' inputs of a kernel make of a part.
static Value reductionOf(OpBuilder &builder, Location loc, ValueRange inputs, const Form &form,
                         int64_t part) {
  Type sum = form.element.isBF16() ? Type(builder.getF32Type()) : form.element;
  SmallVector<Value> values;
  for (Value input : inputs)
    values.push_back(partOf(builder, loc, input, form, part, sum));
  Value reduced =
      form.isMax ? largest(builder, loc, values)
                 : nn::AddOp::create(builder, loc, values.front().getType(), values).getResult();
  if (form.element == sum)
    return reduced;
  auto type = cast<RankedTensorType>(reduced.getType());
  return nn::CastOp::create(builder, loc, type.clone(form.element), reduced);
}

static nn::KernelOp makeKernel(Block &block, Location loc, const Form &form) {
  OpBuilder builder(loc.getContext()); // the block is in no region that could tell it
  builder.setInsertionPointToEnd(&block);
  // A sum of whole tensors has no rows: it may be cut anywhere.
  auto tensor = [&](ArrayRef<int64_t> shape) { return RankedTensorType::get(shape, form.element); };
  RankedTensorType resultType =
      form.hasParts() ? tensor({form.outer, form.width}) : tensor({form.width});
  RankedTensorType inputType = form.hasParts() ? tensor({form.outer, form.pitch})
                               : form.isMax    ? tensor({form.width, 1})
                                               : resultType;
  SmallVector<Value> inputs;
  for (int64_t rank = 0; rank < form.ranks; ++rank)
    inputs.push_back(block.addArgument(inputType, loc));
  SmallVector<Type> results(form.givesAll ? form.ranks : 1, resultType);
  auto kernel =
      nn::KernelOp::create(builder, loc, results, builder.getStringAttr(form.isMax ? "max" : "add"),
                           inputs, /*in_place=*/DenseI64ArrayAttr());
  Block *body = builder.createBlock(&kernel.getBody());
  for (int64_t rank = 0; rank < form.ranks; ++rank)
    body->addArgument(inputType, loc);
  SmallVector<Value> reduced;
  for (size_t i = 0; i < results.size(); ++i)
    reduced.push_back(i == 0 || form.hasParts()
                          ? reductionOf(builder, loc, body->getArguments(), form, i)
                          : reduced.front());
  nn::YieldOp::create(builder, loc, reduced);
  return kernel;
}

void ReductionKernels::add(Operation *collective) {
  for (unsigned tensor = 0; tensor < collective->getNumResults(); ++tensor) {
    std::optional<Form> form = formOf(collective, tensor, mesh_);
    if (form && ofForm_.try_emplace(form->key(), kernels_.size()).second)
      kernels_.push_back(makeKernel(block_, collective->getLoc(), *form));
  }
}

std::optional<size_t> ReductionKernels::find(Operation *collective, unsigned tensor) const {
  std::optional<Form> form = formOf(collective, tensor, mesh_);
  auto found = form ? ofForm_.find(form->key()) : ofForm_.end();
  return found == ofForm_.end() ? std::nullopt : std::optional(found->second);
}
