//===- EntryProof.h - The lockstep walk of one entry ---------------------------------------===//
//
// Every local op is one of three: the next global op on local values; a change of state
// (collectives, slices, masks, the nn.pad and nn.slice that add and drop pads, and the casts to the
// type on the wire and back); an offset. An nn.pad or nn.slice is taken for the next global op if
// it can be that: both readings say something true of the value. A cast says that it is for the
// wire; either reading is checked. The walk can go back, so that many changes of one program are
// tried at the price of the ops that they touch.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/partition/ProofState.h"

#include "dialects/nn/NN.h"

namespace tpc {

/// Shardings of declared symbols, ties included.
using DeclaredShardings = llvm::StringMap<Sharding>;

/// What the declarations of the local module say of their shardings; fails where one is wrong.
mlir::FailureOr<DeclaredShardings> readDeclarations(mlir::ModuleOp local, const Mesh &mesh);

class EntryProof {
public:
  EntryProof(const Mesh &mesh, const DeclaredShardings &declared, nn::EntryOp global);

  /// Takes the next op of the local entry.
  mlir::LogicalResult step(mlir::Operation *op);
  /// After the last one: nothing of the global entry is left over.
  mlir::LogicalResult finish(nn::EntryOp local);

  /// What a value of the ops taken so far stands for; null if for nothing.
  const Known *find(mlir::Value value) const;

  /// A place in the walk. Going back to it forgets what was learned since.
  struct Mark {
    size_t next, learned;
  };
  Mark mark() const { return {next, learned.size()}; }
  void rewind(Mark mark);

private:
  bool atEnd() const { return next == order.size(); }
  mlir::Operation *nextOp() const { return order[next]; }
  void learn(mlir::Value value, Known state);

  // Changes of state.
  mlir::FailureOr<AxisId> axisOf(mlir::Operation *op, llvm::StringRef name);
  mlir::FailureOr<Known> knownOf(mlir::Operation *op, mlir::Value value);
  mlir::LogicalResult recordOffset(tp::OffsetOp op);
  mlir::LogicalResult changeState(mlir::Operation *op);
  mlir::FailureOr<Known> changed1(mlir::Operation *op, Known state, mlir::Value result);
  /// Rounds for the wire alone: what is narrowed goes to collectives (through pads, which are
  /// zeros), and what other ops read is of its own type again, which matchNext checks.
  mlir::FailureOr<Known> changeWireType(nn::CastOp op, Known state);
  mlir::LogicalResult checkType(mlir::Operation *op, mlir::Value result, const Sharding &sharding);

  // The next global op.
  /// Whether `op` has the name, the operands and the attributes of the next global op.
  bool isNext(mlir::Operation *op);
  mlir::LogicalResult matchNext(mlir::Operation *op);
  static std::string describe(mlir::Value value);
  /// Nothing partial is kept from forward for backward: it would be reduced twice, or never.
  mlir::LogicalResult checkPhase(mlir::Operation *op, mlir::Operation *global, unsigned index,
                                 const Known &state);
  mlir::LogicalResult setKnown(mlir::Operation *op, mlir::Operation *global, unsigned result,
                               Sharding sharding, PadState pads);
  mlir::LogicalResult matchRead(nn::ReadOp op, mlir::Operation *global);
  mlir::LogicalResult matchWrite(nn::WriteOp op, const Known &state);
  mlir::LogicalResult matchReturn(mlir::Operation *op, const std::vector<Known> &states);
  mlir::LogicalResult matchCompute(mlir::Operation *op, mlir::Operation *global,
                                   const std::vector<Known> &states, unsigned numOffsets);
  mlir::LogicalResult checkOffsets(mlir::Operation *op, const Rule &rule,
                                   const FactorLayouts &layouts, unsigned found);

  const Mesh &mesh;
  const DeclaredShardings &declared;
  llvm::SmallVector<mlir::Operation *> order; ///< of the global program, without reshards
  size_t next = 0;                            ///< the first of them that is not executed yet
  llvm::DenseMap<mlir::Value, Known> known;
  llvm::DenseMap<mlir::Value, KnownOffset> offsets;
  llvm::SmallVector<mlir::Value> learned; ///< keys of both, in the order of the walk
};

} // namespace tpc
