//===- MemoryPlan.cpp - Every value of a scheduled program in a place ----------------------===//

#include "compiler/memory/MemoryPlan.h"

#include "compiler/memory/ShareMemory.h"
#include "compiler/memory/StreamOrder.h"
#include "dialects/nn/Types.h"
#include "dialects/tp/TP.h"
#include "runtime/plan/PlanCheck.h"

#include "llvm/ADT/MapVector.h"

#include <algorithm>
#include <numeric>

using namespace mlir;
using namespace tpc;

namespace {

uint64_t aligned(uint64_t bytes) {
  return (bytes + kBufferAlignment - 1) / kBufferAlignment * kBufferAlignment;
}

} // namespace

namespace tpc {

class MemoryPlanner {
public:
  MemoryPlanner(ModuleOp module, const Mesh &mesh, MemoryPlan::WorkspaceBytes workspaceBytes)
      : module(module), mesh(mesh), workspaceBytes(workspaceBytes) {
    plan.arenas_.assign(kArenas, 0);
  }

  MemoryPlan run() {
    placeSymbols();
    placeWorkspace();
    for (auto entry : module.getOps<nn::EntryOp>())
      planEntry(entry);
    return std::move(plan);
  }

private:
  static constexpr size_t kArenas = size_t(plan::ArenaKind::MAX) + 1;

  /// A buffer of the entry at hand that is not a symbol's, and when it is needed.
  struct Local {
    uint32_t buffer;
    uint32_t begin, end;
    bool isGradient = false, meetsCollective = false;
  };

  //===--- what all entries share ---===//

  void placeSymbols() {
    for (Operation &op : module.getBody()->getOperations()) {
      if (auto input = dyn_cast<nn::InputOp>(op))
        placeSymbol(input.getSymNameAttr(), input.getType(), plan::ArenaKind::inputs);
      else if (auto scalar = dyn_cast<nn::ScalarOp>(op))
        placeSymbol(scalar.getSymNameAttr(), scalar.getType(), plan::ArenaKind::inputs);
      else if (auto parameter = dyn_cast<nn::ParameterOp>(op))
        placeSymbol(parameter.getSymNameAttr(), parameter.getType(), plan::ArenaKind::parameters);
      else if (auto state = dyn_cast<nn::StateOp>(op))
        placeSymbol(state.getSymNameAttr(), state.getType(), plan::ArenaKind::optimizer);
    }
  }

  void placeSymbol(StringAttr symbol, Type type, plan::ArenaKind arena) {
    auto tensor = cast<RankedTensorType>(type);
    uint32_t index = addBuffer(symbol.str(), arena, tp::localType(tensor, mesh));
    PlannedBuffer &buffer = plan.buffers_[index];
    buffer.sharding = tp::toSharding(tensor, mesh);
    uint64_t &top = plan.arenas_[size_t(arena)];
    buffer.offset = top;
    top += aligned(buffer.bytes);
    plan.symbolBuffer_[symbol] = index;
  }

  void placeWorkspace() {
    uint64_t most = 0;
    uint32_t buffer = plan.buffers_.size();
    for (auto entry : module.getOps<nn::EntryOp>())
      for (Operation &op : entry.getBody().front())
        if (uint64_t bytes = isStep(&op) ? aligned(workspaceBytes(&op)) : 0) {
          plan.workspace_[&op] = {buffer, bytes};
          most = std::max(most, bytes);
        }
    if (most == 0)
      return;
    addBuffer("workspace", plan::ArenaKind::workspace,
              RankedTensorType::get({int64_t(most / 4)}, Float32Type::get(module.getContext())));
    plan.arenas_[size_t(plan::ArenaKind::workspace)] = most;
  }

  uint32_t addBuffer(std::string name, plan::ArenaKind arena, RankedTensorType type) {
    PlannedBuffer buffer{std::move(name), arena, type, Sharding::replicated(type.getShape()),
                         static_cast<uint64_t>(nn::bytesOf(type))};
    plan.buffers_.push_back(std::move(buffer));
    return plan.buffers_.size() - 1;
  }

  //===--- one entry ---===//

  void planEntry(nn::EntryOp entry) {
    locals.clear();
    localOf.clear();
    time.emplace(entry);
    donated = findDonations(entry, inPlaceOperand);
    for (Operation &op : entry.getBody().front())
      placeResults(&op, entry);
    classify();
    packLocals(entry);
  }

  void placeResults(Operation *op, nn::EntryOp entry) {
    if (auto read = dyn_cast<nn::ReadOp>(op)) {
      plan.valueBuffer_[read.getResult()] =
          plan.symbolBuffer_.at(storageSymbol(read, read.getSourceAttr()));
      return;
    }
    if (!isStep(op))
      return;
    for (OpResult result : op->getResults())
      placeResult(result, entry);
  }

  void placeResult(OpResult result, nn::EntryOp entry) {
    Operation *op = result.getOwner();
    if (auto found = donated.find(result); found != donated.end()) {
      plan.valueBuffer_[result] = plan.symbolBuffer_.at(found->second);
      return;
    }
    uint32_t begin = time->begin(op), end = time->end(op);
    for (Operation *user : usersOf(result))
      end = std::max(end, time->end(user));

    size_t local;
    if (std::optional<size_t> taken = localToOverwrite(result)) {
      local = *taken;
      locals[local].end = std::max(locals[local].end, end);
    } else {
      local = locals.size();
      std::string name = entry.getSymName().str() + "/" + stepName(op);
      if (op->getNumResults() > 1)
        name += " " + std::to_string(result.getResultNumber());
      uint32_t buffer = addBuffer(std::move(name), plan::ArenaKind::activations,
                                  cast<RankedTensorType>(result.getType()));
      locals.push_back({buffer, begin, end});
    }
    plan.valueBuffer_[result] = locals[local].buffer;
    localOf[result] = local;
    bool used = llvm::any_of(
        usersOf(result), [](Operation *user) { return nn::phaseOf(user) == nn::Phase::Update; });
    locals[local].isGradient |=
        nn::phaseOf(op) == nn::Phase::Backward && used && nn::typeOf(result).getRank() > 0;
    locals[local].meetsCollective |=
        tp::isCollective(op) || llvm::any_of(usersOf(result), tp::isCollective);
  }

  /// The buffer that the step writes over with `result`: what the kernel says, or the input of an
  /// all_reduce if nobody reads it afterwards.
  std::optional<size_t> localToOverwrite(OpResult result) {
    Operation *op = result.getOwner();
    unsigned number = result.getResultNumber();
    if (std::optional<unsigned> operand = inPlaceOperand(op, number))
      return localOf.at(rootOf(op->getOperand(*operand)));
    if (!isa<tp::AllReduceOp>(op))
      return std::nullopt;
    auto found = localOf.find(rootOf(op->getOperand(number)));
    if (found == localOf.end() || !isLastUse(op, number))
      return std::nullopt;
    return found->second;
  }

  void classify() {
    for (const Local &local : locals) {
      plan::ArenaKind &arena = plan.buffers_[local.buffer].arena;
      if (local.isGradient)
        arena = plan::ArenaKind::gradients;
      else if (local.meetsCollective)
        arena = plan::ArenaKind::communication;
    }
  }

  void packLocals(nn::EntryOp entry) {
    for (size_t arena = 0; arena < kArenas; ++arena) {
      std::vector<Piece> pieces;
      std::vector<uint32_t> owners;
      for (const Local &local : locals)
        if (PlannedBuffer &buffer = plan.buffers_[local.buffer]; size_t(buffer.arena) == arena) {
          pieces.push_back({buffer.bytes, local.begin, local.end});
          owners.push_back(local.buffer);
        }
      Packing packing = pack(pieces, kBufferAlignment);
      for (size_t i = 0; i < owners.size(); ++i)
        plan.buffers_[owners[i]].offset = packing.offsets[i];
      plan.arenas_[arena] = std::max(plan.arenas_[arena], packing.bytes);
    }
    recordPeak(entry);
  }

  void recordPeak(nn::EntryOp entry) {
    std::vector<Piece> pieces;
    std::vector<uint32_t> owners;
    for (const Local &local : locals) {
      pieces.push_back({plan.buffers_[local.buffer].bytes, local.begin, local.end});
      owners.push_back(local.buffer);
    }
    for (Operation &op : entry.getBody().front())
      if (std::optional<MemoryPlan::Workspace> workspace = plan.workspaceOf(&op)) {
        pieces.push_back({workspace->bytes, time->position(&op), time->position(&op)});
        owners.push_back(workspace->buffer);
      }
    Peak found = findPeak(pieces, kBufferAlignment);
    EntryPeak peak{entry.getSymNameAttr(), nullptr, found.bytes, {}};
    for (Operation &op : entry.getBody().front())
      if (time->position(&op) == found.instruction)
        peak.step = &op;
    for (auto [piece, owner] : llvm::zip_equal(pieces, owners))
      if (piece.begin <= found.instruction && found.instruction <= piece.end)
        peak.buffers.push_back(owner);
    llvm::stable_sort(peak.buffers, [&](uint32_t a, uint32_t b) {
      return plan.buffers_[a].bytes > plan.buffers_[b].bytes;
    });
    plan.peaks_.push_back(std::move(peak));
  }

  ModuleOp module;
  const Mesh &mesh;
  MemoryPlan::WorkspaceBytes workspaceBytes;
  MemoryPlan plan;

  // Of the entry at hand.
  std::optional<StreamOrder> time;
  llvm::DenseMap<Value, StringAttr> donated;
  std::vector<Local> locals;
  llvm::DenseMap<Value, size_t> localOf; ///< roots
};

} // namespace tpc

MemoryPlan MemoryPlan::make(ModuleOp module, const Mesh &mesh, WorkspaceBytes workspaceBytes) {
  return MemoryPlanner(module, mesh, workspaceBytes).run();
}

uint64_t MemoryPlan::totalBytes() const {
  return std::accumulate(arenas_.begin(), arenas_.end(), uint64_t(0));
}

std::optional<MemoryPlan::Workspace> MemoryPlan::workspaceOf(Operation *step) const {
  auto found = workspace_.find(step);
  return found == workspace_.end() ? std::nullopt : std::optional(found->second);
}
