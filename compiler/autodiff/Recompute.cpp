//===- Recompute.cpp - A cut between forward and backward ----------------------------------===//
//
// A value that the backward pass needs is kept, or computed again from kept ones. So the kept
// values cut every path on which it could be reached from what may not be computed again; of all
// such cuts the one with the fewest bytes is taken. Without recomputation everything is kept but
// what costs nothing: a backward kernel that reads the value can as well read what it is made of.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/autodiff/Recompute.h"

#include "compiler/autodiff/DeadOps.h"
#include "compiler/autodiff/Passes.h"
#include "compiler/autodiff/VertexCut.h"

#include "algebra/Rule.h"
#include "compiler/support/Layer.h"
#include "dialects/nn/Types.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FormatVariadic.h"

namespace tpc {

#define GEN_PASS_DEF_RECOMPUTE
#include "compiler/autodiff/Passes.h.inc"

using namespace mlir;

StringRef name(RecomputeMode mode) {
  switch (mode) {
  case RecomputeMode::None:
    return "none";
  case RecomputeMode::Selective:
    return "selective";
  case RecomputeMode::Full:
    return "full";
  }
  return "";
}

std::optional<RecomputeMode> parseRecomputeMode(StringRef text) {
  return llvm::StringSwitch<std::optional<RecomputeMode>>(text)
      .Case("none", RecomputeMode::None)
      .Case("selective", RecomputeMode::Selective)
      .Case("full", RecomputeMode::Full)
      .Default(std::nullopt);
}

namespace {

bool isForward(Operation *op) { return nn::phaseOf(op) == nn::Phase::Forward; }

StringRef layerOfOp(Operation *op) {
  auto scope = op->getAttrOfType<StringAttr>(nn::kScopeAttr);
  return scope ? layerOf(scope.getValue()) : StringRef();
}

/// One number of each operand makes one of the only result, in the same place.
bool isPointwise(Operation *op) {
  if (!isa<nn::BodyOp>(op) || op->getNumOperands() == 0 || op->getNumResults() != 1 ||
      !isa<FloatType>(nn::elementOf(op->getResult(0))))
    return false;
  Rule rule = cast<nn::ShardingRuleOp>(op).getShardingRule();
  return llvm::all_of(rule.factors,
                      [](const RuleFactor &f) { return f.kind == FactorKind::Parallel; }) &&
         llvm::all_of(rule.operands,
                      [&](const TensorFactors &dims) { return dims == rule.results.front(); });
}

/// Costs a pass over memory, and no collective at any sharding: nothing is summed over a dim that
/// may be split.
bool isCheap(Operation *op) {
  if (nn::isView(op))
    return true;
  if (!isa<nn::BodyOp>(op))
    return false;
  Rule rule = cast<nn::ShardingRuleOp>(op).getShardingRule();
  return llvm::none_of(
      rule.factors, [](const RuleFactor &factor) { return factor.kind == FactorKind::Contracted; });
}

class Recomputation {
public:
  Recomputation(nn::EntryOp entry, RecomputeMode mode)
      : block_(entry.getBody().front()), mode_(mode) {}

  RecomputeReport run() {
    classify();
    collectNeeded();
    if (needed_.empty())
      return {};
    if (mode_ == RecomputeMode::None)
      keepWhatIsNotFree();
    else
      chooseKept();
    for (Operation &op : llvm::make_early_inc_range(block_))
      if (!isForward(&op) && !isa<nn::ReturnOp>(op))
        replaceOperands(&op);
    removeDeadOps(block_);
    return report_;
  }

private:
  /// Values that are there at any time without being kept: what is read, and what is computed from
  /// parameters alone, like their rounded copies, which are no activations.
  void classify() {
    DenseSet<Value> fromParameters;
    for (Operation &op : block_) {
      if (auto read = dyn_cast<nn::ReadOp>(op)) {
        there_.insert(read.getResult());
        Operation *declaration = SymbolTable::lookupNearestSymbolFrom(
            op.getParentOfType<ModuleOp>(), read.getSourceAttr().getAttr());
        if (isa<nn::ParameterOp>(declaration))
          fromParameters.insert(read.getResult());
        continue;
      }
      if (op.getNumOperands() && llvm::all_of(op.getOperands(), [&](Value operand) {
            return fromParameters.contains(operand);
          }))
        for (Value result : op.getResults()) {
          fromParameters.insert(result);
          there_.insert(result);
        }
    }
  }

  bool isActivation(Value value) const {
    Operation *producer = value.getDefiningOp();
    return producer && isForward(producer) && !there_.contains(value) &&
           isa<RankedTensorType>(value.getType());
  }

  void collectNeeded() {
    for (Operation &op : block_)
      if (!isForward(&op) && !isa<nn::ReturnOp>(op))
        for (Value operand : op.getOperands())
          if (isActivation(operand) && needed_.insert(operand)) {
            ++report_.keptValuesBefore;
            report_.keptBytesBefore += nn::bytesOf(operand);
          }
  }

  /// Whether kernels that use `value` can compute it, and read no more for it: it is made by a
  /// pointwise op of what is kept anyhow and has no more bytes, and no product needs it in memory.
  bool isFree(Value value) const {
    Operation *producer = value.getDefiningOp();
    if (!isPointwise(producer))
      return false;
    int64_t bytesRead = 0;
    for (Value operand : producer->getOperands()) {
      if (isActivation(operand) && !needed_.contains(operand))
        return false;
      bytesRead += nn::bytesOf(operand);
    }
    return bytesRead <= nn::bytesOf(value) && llvm::all_of(value.getUsers(), [](Operation *user) {
             return isForward(user) || (isa<nn::BodyOp>(user) && !nn::isView(user));
           });
  }

  void keep(Value value) {
    kept_.insert(value);
    ++report_.keptValues;
    report_.keptBytes += nn::bytesOf(value);
  }

  void keepWhatIsNotFree() {
    for (Value value : needed_)
      if (!isFree(value))
        keep(value);
  }

  bool mayBeComputedAgain(Operation *op) const {
    StringRef layer = layerOfOp(op);
    if (mode_ == RecomputeMode::Selective || layer.empty())
      return isCheap(op);
    // What enters another layer, or leaves all of them, is kept: from it that one starts again.
    return llvm::all_of(op->getUsers(), [&](Operation *user) {
      return !isForward(user) || layerOfOp(user) == layer;
    });
  }

  void chooseKept() {
    VertexCut cut;
    DenseMap<Value, int> vertexOf;
    SmallVector<Value> values;
    for (Operation &op : block_) {
      if (!isForward(&op))
        continue;
      for (Value result : op.getResults()) {
        if (!isActivation(result))
          continue;
        int vertex = cut.addVertex(nn::bytesOf(result));
        vertexOf[result] = vertex;
        values.push_back(result);
        if (!mayBeComputedAgain(&op))
          cut.addSource(vertex);
        else
          for (Value operand : op.getOperands())
            if (auto it = vertexOf.find(operand); it != vertexOf.end())
              cut.addEdge(it->second, vertex);
        if (needed_.contains(result))
          cut.addSink(vertex);
      }
    }
    for (auto [value, isCut] : llvm::zip_equal(values, cut.solve()))
      if (isCut)
        keep(value);
  }

  void replaceOperands(Operation *user) {
    for (OpOperand &operand : user->getOpOperands())
      if (isActivation(operand.get()))
        operand.set(again(operand.get(), user));
  }

  /// The kept value, or its clone, made in front of `user` if there is none yet.
  Value again(Value value, Operation *user) {
    if (!isActivation(value) || kept_.contains(value))
      return value;
    if (Value known = clones_.lookup(value))
      return known;
    Operation *producer = value.getDefiningOp();
    SmallVector<Value> operands;
    for (Value operand : producer->getOperands())
      operands.push_back(again(operand, user));
    OpBuilder builder(user);
    Operation *clone = builder.clone(*producer);
    clone->setOperands(operands);
    nn::setPhase(clone, nn::Phase::Backward);
    for (auto [original, cloned] : llvm::zip_equal(producer->getResults(), clone->getResults()))
      clones_[original] = cloned;
    if (!nn::isView(clone))
      ++report_.clonedOps;
    report_.clonedFlops += cast<nn::CostOp>(clone).getFlops();
    return clones_.lookup(value);
  }

  Block &block_;
  RecomputeMode mode_;
  DenseSet<Value> there_, kept_;
  llvm::SetVector<Value> needed_; ///< activations that backward and update read
  DenseMap<Value, Value> clones_;
  RecomputeReport report_;
};

struct RecomputePass final : impl::RecomputeBase<RecomputePass> {
  using RecomputeBase::RecomputeBase;

  void runOnOperation() override {
    std::optional<RecomputeMode> parsed = parseRecomputeMode(mode);
    if (!parsed) {
      getOperation().emitError() << "'" << mode << "' is none of none, selective, full";
      return signalPassFailure();
    }
    for (auto entry : getOperation().getOps<nn::EntryOp>())
      recompute(entry, *parsed);
  }
};

} // namespace

std::string RecomputeReport::str(StringRef entry, RecomputeMode mode) const {
  return llvm::formatv(
      "recompute {0}: {1} keeps {2} values of {3} bytes for its backward pass, not "
      "{4} of {5}; {6} ops are computed again, {7} flops (all at global shapes)",
      name(mode), entry, keptValues, keptBytes, keptValuesBefore, keptBytesBefore, clonedOps,
      clonedFlops);
}

RecomputeReport recompute(nn::EntryOp entry, RecomputeMode mode) {
  return Recomputation(entry, mode).run();
}

} // namespace tpc
