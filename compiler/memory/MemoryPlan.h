//===- MemoryPlan.h - Every value of a scheduled program in a place ------------------------===//
//
// Values share a buffer where one is a view of another, where a parameter or state is updated in
// place, and where a step may write over an input that nobody reads afterwards. A buffer lives from
// the first writer of its first value to the last reader of its last one, streams considered
// (StreamOrder.h). Parameters, states and inputs have a place of their own for good, which all
// entries share; of everything else the entries overlap, since one entry runs at a time. Scratch
// memory is one buffer: the steps that need some run one after the other, on one stream.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Sharding.h"
#include "compiler/memory/Packer.h"
#include "compiler/schedule/Program.h"
#include "runtime/plan/plan_generated.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"

namespace tpc {

struct PlannedBuffer {
  std::string name;
  plan::ArenaKind arena;
  mlir::RankedTensorType type; ///< local, without encoding
  Sharding sharding;
  uint64_t bytes = 0;
  uint64_t offset = 0;
};

/// What is live where an entry needs the most memory.
struct EntryPeak {
  mlir::StringAttr entry;
  mlir::Operation *step = nullptr;
  uint64_t bytes = 0;            ///< of what the entry places itself
  std::vector<uint32_t> buffers; ///< live there, the largest first
};

class MemoryPlan {
public:
  /// Bytes of scratch memory that a step needs while it runs.
  using WorkspaceBytes = llvm::function_ref<uint64_t(mlir::Operation *)>;

  /// `module` is at level `scheduled`.
  static MemoryPlan make(mlir::ModuleOp module, const Mesh &mesh, WorkspaceBytes workspaceBytes);

  llvm::ArrayRef<PlannedBuffer> buffers() const { return buffers_; }
  /// Bytes per ArenaKind.
  llvm::ArrayRef<uint64_t> arenas() const { return arenas_; }
  /// What one rank allocates.
  uint64_t totalBytes() const;

  uint32_t bufferOf(mlir::Value value) const { return valueBuffer_.at(rootOf(value)); }
  uint32_t bufferOf(mlir::StringAttr symbol) const { return symbolBuffer_.at(symbol); }
  struct Workspace {
    uint32_t buffer;
    uint64_t bytes; ///< of the buffer, that the step uses
  };
  std::optional<Workspace> workspaceOf(mlir::Operation *step) const;
  llvm::ArrayRef<EntryPeak> peaks() const { return peaks_; }

private:
  friend class MemoryPlanner;

  std::vector<PlannedBuffer> buffers_;
  std::vector<uint64_t> arenas_;
  llvm::DenseMap<mlir::Value, uint32_t> valueBuffer_; ///< roots
  llvm::DenseMap<mlir::StringAttr, uint32_t> symbolBuffer_;
  llvm::DenseMap<mlir::Operation *, Workspace> workspace_;
  std::vector<EntryPeak> peaks_;
};

} // namespace tpc
