//===- EntryProof.cpp - The lockstep walk of one entry -------------------------------------===//
#include "compiler/partition/EntryProof.h"

#include "compiler/partition/Correspondence.h"
#include "compiler/partition/Partition.h"
#include "dialects/nn/LocalExtents.h"
#include "dialects/nn/Types.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace tpc {

namespace {

InFlightDiagnostic notProved(Operation *op) {
  return std::move(op->emitError() << "not proved: " << placeOf(op) << " ");
}

} // namespace

EntryProof::EntryProof(const Mesh &mesh, const DeclaredShardings &declared, nn::EntryOp global)
    : mesh(mesh), declared(declared) {
  for (Operation &op : global.getBody().front())
    if (!isa<tp::ReshardOp>(op))
      order.push_back(&op);
}

LogicalResult EntryProof::finish(nn::EntryOp local) {
  if (!atEnd())
    return notProved(local) << "ends before " << placeOf(nextOp())
                            << " of the global program is executed";
  return success();
}

const Known *EntryProof::find(Value value) const {
  auto it = known.find(value);
  return it == known.end() ? nullptr : &it->second;
}

void EntryProof::rewind(Mark mark) {
  next = mark.next;
  for (Value value : ArrayRef(learned).drop_front(mark.learned)) {
    known.erase(value);
    offsets.erase(value);
  }
  learned.truncate(mark.learned);
}

void EntryProof::learn(Value value, Known state) {
  known[value] = std::move(state);
  learned.push_back(value);
}

LogicalResult EntryProof::step(Operation *op) {
  if (auto offset = dyn_cast<tp::OffsetOp>(op))
    return recordOffset(offset);
  if (isa_and_present<tp::TPDialect>(op->getDialect()))
    return changeState(op);
  if (op->hasAttr(tp::kWireAttr) || op->hasAttr(tp::kViewAttr) ||
      (isa<nn::PadOp, nn::SliceOp>(op) && !isNext(op)))
    return changeState(op);
  return matchNext(op);
}

//===--- changes of state ---===//

FailureOr<AxisId> EntryProof::axisOf(Operation *op, StringRef name) {
  if (auto axis = mesh.findAxis(name))
    return *axis;
  notProved(op) << "names axis \"" << name << "\", which the mesh lacks";
  return failure();
}

FailureOr<Known> EntryProof::knownOf(Operation *op, Value value) {
  auto it = known.find(value);
  if (it != known.end())
    return it->second;
  notProved(op) << "takes a value that stands for nothing in the global program";
  return failure();
}

LogicalResult EntryProof::recordOffset(tp::OffsetOp op) {
  if (op->use_empty())
    return notProved(op) << "is not used";
  std::optional<AxisId> axis;
  if (auto name = op.getAxis()) {
    FailureOr<AxisId> found = axisOf(op, *name);
    if (failed(found))
      return failure();
    axis = *found;
  }
  offsets[op.getOffset()] = {static_cast<int64_t>(op.getExtent()), axis};
  learned.push_back(op.getOffset());
  return success();
}

LogicalResult EntryProof::changeState(Operation *op) {
  // A second copy of a collective would cost time and change nothing; it is no part of a plan.
  for (Value result : op->getResults())
    if (result.use_empty())
      return notProved(op) << "changes a value that nothing uses";
  if (auto name = op->getAttrOfType<StringAttr>("axis"); name && failed(axisOf(op, name)))
    return failure();
  SmallVector<OpOperand *> inputs = tensorOperands(op);
  if (inputs.size() != op->getNumResults())
    return notProved(op) << "has no meaning in a local program";
  for (auto [input, result] : llvm::zip_equal(inputs, op->getResults())) {
    FailureOr<Known> state = knownOf(op, input->get());
    if (failed(state))
      return failure();
    FailureOr<Known> changed = changed1(op, *std::move(state), result);
    if (failed(changed) || failed(checkType(op, result, changed->sharding)))
      return failure();
    learn(result, *std::move(changed));
  }
  return success();
}

FailureOr<Known> EntryProof::changed1(Operation *op, Known state, Value result) {
  StateChange change(op, atEnd() ? nullptr : nextOp(), mesh);
  auto axis = [&](auto typed) { return *mesh.findAxis(typed.getAxis()); };
  auto extent = [&](int64_t dim) { return nn::typeOf(result).getDimSize(dim); };
  return llvm::TypeSwitch<Operation *, FailureOr<Known>>(op)
      .Case([&](tp::AllReduceOp reduce) {
        return change.allReduce(std::move(state), axis(reduce),
                                reduce.getKind() == tp::Reduce::max ? ReduceKind::Max
                                                                    : ReduceKind::Sum);
      })
      .Case([&](tp::AllGatherOp gather) {
        return change.allGather(std::move(state), axis(gather), gather.getDim());
      })
      .Case([&](tp::ReduceScatterOp scatter) {
        return change.reduceScatter(std::move(state), axis(scatter), scatter.getDim());
      })
      .Case([&](tp::AllToAllOp move) {
        return change.allToAll(std::move(state), axis(move), move.getFromDim(), move.getToDim());
      })
      .Case([&](tp::SliceOp slice) {
        return change.slice(std::move(state), axis(slice), slice.getDim(), extent(slice.getDim()));
      })
      .Case([&](tp::MaskOp mask) -> FailureOr<Known> {
        auto offset = offsets.find(mask.getOffset());
        if (offset == offsets.end()) {
          notProved(op) << "takes an offset that is no tp.offset";
          return failure();
        }
        return change.mask(mask, std::move(state), offset->second);
      })
      .Case([&](nn::PadOp pad) {
        return change.addPads(std::move(state), pad.getDim(), pad.getStart(), extent(pad.getDim()));
      })
      .Case([&](nn::SliceOp slice) {
        return change.dropPads(std::move(state), slice.getDim(), slice.getStart(), slice.getSize());
      })
      .Case([&](nn::SplitDimOp view) {
        return change.splitDim(std::move(state), view.getDim(), view.getMinor());
      })
      .Case([&](nn::MergeDimsOp view) { return change.mergeDims(std::move(state), view.getDim()); })
      .Case([&](nn::CastOp cast) { return changeWireType(cast, std::move(state)); })
      .Default([&](Operation *) -> FailureOr<Known> {
        notProved(op) << "has no meaning in a local program";
        return failure();
      });
}

FailureOr<Known> EntryProof::changeWireType(nn::CastOp op, Known state) {
  Type from = nn::elementOf(op.getX()), to = nn::elementOf(op.getY()),
       own = nn::elementOf(state.global);
  bool narrows =
      from == own && to.getIntOrFloatBitWidth() < own.getIntOrFloatBitWidth() &&
      llvm::all_of(
          op->getUsers(),
          [&](Operation *user) {
            return tp::isCollective(user) ||
                   (isa<nn::PadOp>(user) && llvm::all_of(user->getUsers(), tp::isCollective));
          });
  bool widens = to == own && from.getIntOrFloatBitWidth() < own.getIntOrFloatBitWidth();
  if ((narrows || widens) && !op.getTf32())
    return state;
  notProved(op) << "is no op of the global program, and rounds a value that does not go straight "
                   "to a collective";
  return failure();
}

LogicalResult EntryProof::checkType(Operation *op, Value result, const Sharding &sharding) {
  auto type = dyn_cast<RankedTensorType>(result.getType());
  std::vector<int64_t> shape = sharding.localShape(mesh);
  if (type && !type.getEncoding() && type.getShape() == ArrayRef<int64_t>(shape))
    return success();
  return notProved(op) << "has a result of type " << result.getType() << ", expected the shape "
                       << RankedTensorType::get(shape, type.getElementType()) << " of "
                       << sharding.str(mesh);
}

//===--- the next global op ---===//

/// Whether `op` has the name, the operands and the attributes of the next global op.
static DictionaryAttr attributesWithoutExtents(Operation *op) {
  NamedAttrList attributes;
  for (NamedAttribute attribute : op->getAttrDictionary())
    if (!nn::isExtent(op, attribute.getName()))
      attributes.append(attribute);
  return attributes.getDictionary(op->getContext());
}

bool EntryProof::isNext(Operation *op) {
  if (atEnd() || nextOp()->getName() != op->getName() ||
      attributesWithoutExtents(nextOp()) != attributesWithoutExtents(op) ||
      !nn::namesSameExtents(nextOp(), op) || nextOp()->getNumOperands() != op->getNumOperands())
    return false;
  for (auto [mine, theirs] : llvm::zip_equal(op->getOperands(), nextOp()->getOperands())) {
    auto it = known.find(mine);
    if (it == known.end() || it->second.global != withoutReshards(theirs))
      return false;
  }
  return true;
}

LogicalResult EntryProof::matchNext(Operation *op) {
  if (atEnd())
    return notProved(op) << "is one op more than the global program has";
  Operation *global = nextOp();
  if (op->getName() != global->getName())
    return notProved(op) << "stands where the global program has " << placeOf(global);
  ++next;
  if (op->getNumRegions() != 0)
    return notProved(op) << "has a region, and no meaning in a local program";

  SmallVector<OpOperand *> operands = tensorOperands(op), expected = tensorOperands(global);
  unsigned numOffsets = op->getNumOperands() - operands.size();
  if (failed(sameAttributes(global, op, numOffsets)))
    return failure();
  if (operands.size() != expected.size() || global->getNumOperands() != expected.size())
    return notProved(op) << "has " << operands.size() << " tensor operands, the global op "
                         << expected.size();
  if (op->getNumResults() != global->getNumResults())
    return notProved(op) << "has " << op->getNumResults() << " results, the global op "
                         << global->getNumResults();
  std::vector<Known> states;
  for (auto [index, mine, theirs] : llvm::enumerate(operands, expected)) {
    FailureOr<Known> state = knownOf(op, mine->get());
    if (failed(state))
      return failure();
    if (state->global != withoutReshards(theirs->get()))
      return notProved(op) << "takes as operand " << index
                           << " another value than the global program does: "
                           << describe(state->global) << " instead of "
                           << describe(withoutReshards(theirs->get()));
    auto rank = nn::typeOf(theirs->get()).getRank();
    if (static_cast<int64_t>(state->sharding.dims.size()) != rank)
      return notProved(op) << "takes as operand " << index << " a view of "
                           << state->sharding.dims.size()
                           << " dims, which is for collectives alone";
    if (nn::elementOf(mine->get()) != nn::elementOf(theirs->get()))
      return notProved(op) << "takes operand " << index << " as " << nn::elementOf(mine->get())
                           << ", but the global program does as " << nn::elementOf(theirs->get());
    if (failed(checkPhase(op, global, index, *state)))
      return failure();
    states.push_back(*std::move(state));
  }

  if (isa<nn::ReadOp, nn::WriteOp, nn::ReturnOp>(op) && numOffsets != 0)
    return notProved(op) << "takes offsets, and needs none";
  if (auto read = dyn_cast<nn::ReadOp>(op))
    return matchRead(read, global);
  if (auto write = dyn_cast<nn::WriteOp>(op))
    return matchWrite(write, states.front());
  if (isa<nn::ReturnOp>(op))
    return matchReturn(op, states);
  return matchCompute(op, global, states, numOffsets);
}

std::string EntryProof::describe(Value value) {
  Operation *op = value.getDefiningOp();
  if (auto read = dyn_cast_or_null<nn::ReadOp>(op))
    return "@" + read.getSource().str();
  return op ? "a result of " + placeOf(op) : std::string("an argument");
}

/// Nothing partial is kept from forward for backward: it would be reduced twice, or never.
LogicalResult EntryProof::checkPhase(Operation *op, Operation *global, unsigned index,
                                     const Known &state) {
  std::optional<nn::Phase> phase = nn::phaseOf(global);
  bool isKept = phase && phase != nn::Phase::Forward && state.phase == nn::Phase::Forward;
  if (!state.sharding.hasPartial() || !isKept)
    return success();
  // Of a shape nothing is summed.
  auto ruled = dyn_cast<nn::ShardingRuleOp>(global);
  if (!ruled || !llvm::is_contained(ruled.getShardingRule().shapeOnly, static_cast<int>(index)))
    return notProved(op) << "takes operand " << index << " from the forward phase while it is "
                         << state.sharding.str(mesh) << "; reduce it before it is kept";
  return success();
}

LogicalResult EntryProof::setKnown(Operation *op, Operation *global, unsigned result,
                                   Sharding sharding, PadState pads) {
  Value value = op->getResult(result);
  if (failed(checkType(op, value, sharding)))
    return failure();
  if (nn::elementOf(value) != nn::elementOf(global->getResult(result)))
    return notProved(op) << "has another element type than the global op";
  learn(value,
        {global->getResult(result), std::move(sharding), std::move(pads), nn::phaseOf(global)});
  return success();
}

LogicalResult EntryProof::matchRead(nn::ReadOp op, Operation *global) {
  auto it = declared.find(op.getSource());
  if (it == declared.end())
    return notProved(op) << "reads @" << op.getSource() << ", which is not declared";
  return setKnown(op, global, 0, it->second, PadState::of(it->second, /*zero=*/true));
}

LogicalResult EntryProof::matchWrite(nn::WriteOp op, const Known &state) {
  auto it = declared.find(op.getTarget());
  if (it == declared.end())
    return notProved(op) << "writes @" << op.getTarget() << ", which is not declared";
  if (!storesTheSame(state.sharding, it->second))
    return notProved(op) << "writes a value that is " << state.sharding.str(mesh) << ", but @"
                         << op.getTarget() << " is held as " << it->second.str(mesh);
  if (!state.pads.allZero())
    return notProved(op) << "writes @" << op.getTarget()
                         << " with pads that may not be zero; the next step takes them for zeros";
  return success();
}

LogicalResult EntryProof::matchReturn(Operation *op, const std::vector<Known> &states) {
  for (auto [index, state] : llvm::enumerate(states)) {
    auto shape = nn::shapeOf(state.global);
    if (state.sharding != Sharding::replicated(shape))
      return notProved(op) << "returns output " << index << " as " << state.sharding.str(mesh)
                           << "; every rank returns all of it";
  }
  return success();
}

LogicalResult EntryProof::matchCompute(Operation *op, Operation *global,
                                       const std::vector<Known> &states, unsigned numOffsets) {
  auto ruled = dyn_cast<nn::ShardingRuleOp>(global);
  if (!ruled)
    return notProved(op) << "has no sharding rule; give it getShardingRule in its file under "
                            "dialects/nn";
  Rule rule = ruled.getShardingRule();
  std::vector<Sharding> operands;
  std::vector<PadState> pads;
  for (const Known &state : states) {
    operands.push_back(state.sharding);
    pads.push_back(state.pads);
  }
  auto layouts = factorLayouts(rule, operands, mesh);
  if (auto *error = std::get_if<RuleError>(&layouts))
    return notProved(op) << "is not allowed on these placements: " << error->message;
  auto results = applyRule(rule, operands, mesh);
  if (auto *error = std::get_if<RuleError>(&results))
    return notProved(op) << "is not allowed on these placements: " << error->message;

  PadFlow flow = flowPads(rule, std::get<FactorLayouts>(layouts), pads);
  if (!flow.unmet.empty()) {
    const PadDemand &demand = flow.unmet.front();
    return notProved(op) << "sums over the pads of factor \""
                         << rule.factors[demand.ruleFactor].name << "\" in operand "
                         << demand.operand << " (" << operands[demand.operand].str(mesh)
                         << "), which may not be zero; mask them first";
  }
  if (failed(checkOffsets(op, rule, std::get<FactorLayouts>(layouts), numOffsets)))
    return failure();
  auto &derived = std::get<std::vector<Sharding>>(results);
  for (unsigned i = 0; i < derived.size(); ++i)
    if (failed(setKnown(op, global, i, std::move(derived[i]), std::move(flow.results[i]))))
      return failure();
  return success();
}

/// Whether pads lie between indices, and not behind the last one.
static bool hasInnerPads(const DimLayout &layout) {
  int64_t outer = 1;
  for (const Factor &factor : layout) {
    if (factor.isPadded() && outer > 1)
      return true;
    outer *= factor.padded;
  }
  return false;
}

LogicalResult EntryProof::checkOffsets(Operation *op, const Rule &rule,
                                       const FactorLayouts &layouts, unsigned found) {
  SmallVector<size_t> factors;
  bool split = false;
  for (size_t i = 0; i < rule.factors.size(); ++i)
    if (rule.factors[i].needsOffset) {
      factors.push_back(i);
      split |= isSplit(layouts.factors[i]);
      if (hasInnerPads(layouts.factors[i]))
        return notProved(op) << "numbers the indices of factor \"" << rule.factors[i].name
                             << "\", between which there are pads";
    }
  unsigned expected = split ? factors.size() : 0;
  if (found != expected)
    return notProved(op) << "has " << found << " offsets, expected " << expected;
  unsigned first = op->getNumOperands() - found;
  for (unsigned i = 0; i < found; ++i) {
    const DimLayout &layout = layouts.factors[factors[i]];
    const std::string &name = rule.factors[factors[i]].name;
    auto offset = offsets.find(op->getOperand(first + i));
    if (offset == offsets.end())
      return notProved(op) << "takes for factor \"" << name << "\" an offset that is no tp.offset";
    // Only then is the rank's part one run of indices that starts at coordinate * extent.
    std::vector<AxisId> axes;
    for (const Factor &factor : layout)
      axes.insert(axes.end(), factor.axes.begin(), factor.axes.end());
    if (axes.size() > 1 || (axes.size() == 1 && !layout.front().isSplit()))
      return notProved(op) << "has no single offset on factor \"" << name << "\"";
    std::optional<AxisId> axis;
    if (!axes.empty())
      axis = axes.front();
    int64_t extent = localSize(layout, mesh);
    if (offset->second.extent != extent || offset->second.axis != axis) {
      auto onAxis = [&](std::optional<AxisId> id) {
        return id ? " on axis \"" + mesh.axes[*id].name + "\"" : std::string(" on no axis");
      };
      return notProved(op) << "takes for factor \"" << name << "\" an offset of extent "
                           << offset->second.extent << onAxis(offset->second.axis)
                           << ", expected extent " << extent << onAxis(axis);
    }
  }
  return success();
}

//===--- declarations ---===//

FailureOr<DeclaredShardings> readDeclarations(ModuleOp local, const Mesh &mesh) {
  DeclaredShardings declared;
  for (Operation &op : *local.getBody()) {
    if (!isa<nn::InputOp, nn::ParameterOp, nn::StateOp, nn::ScalarOp>(op))
      continue;
    auto type = cast<RankedTensorType>(op.getAttrOfType<TypeAttr>("type").getValue());
    Sharding sharding = tp::toSharding(type, mesh);
    if (auto error = sharding.check(mesh)) {
      notProved(&op) << "is declared with a wrong sharding: " << *error;
      return failure();
    }
    if (sharding.hasPartial() || (isa<nn::ScalarOp>(op) && !sharding.isFullyReplicated())) {
      notProved(&op) << "is declared as " << sharding.str(mesh)
                     << "; what is declared is not partial";
      return failure();
    }
    declared[SymbolTable::getSymbolName(&op)] = std::move(sharding);
  }
  for (nn::TieOp tie : local.getOps<nn::TieOp>())
    if (auto target = declared.find(tie.getTarget()); target != declared.end())
      declared[tie.getSymName()] = Sharding(target->second);
  return declared;
}

} // namespace tpc
