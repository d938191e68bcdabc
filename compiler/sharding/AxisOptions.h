//===- AxisOptions.h - What may happen along one axis, and what it costs -------------------===//
//
// The roles of the axes (docs/sharding.md) are here: which factors an axis may split, in which ways
// an op may be executed, how a value that is produced in one placement may be held in others, and
// how a symbol may be held. The solver chooses among these and knows no roles.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/sharding/FactorAtoms.h"
#include "compiler/sharding/Place.h"
#include "compiler/sharding/Solver.h"

#include <set>

namespace tpc {

/// One way to execute an op.
struct OpOption {
  int strategy = 0; ///< index into strategies(rule)
  std::vector<Place> operands, results;
  /// nn.add: partial addends are summed first and reduced once, so each may also be partial.
  bool addsPartialFirst = false;
  Picoseconds time = 0;
  Picoseconds padding = 0; ///< of the time, what pads take
  int64_t bytes = 0;       ///< of the results, on one rank
};

/// One way to hold a value: as it is produced, and resharded once per further placement.
struct Availability {
  Place produced;
  std::vector<Place> reshards;
  Picoseconds time = 0;

  bool has(Place place) const { return produced == place || llvm::is_contained(reshards, place); }
  bool operator==(const Availability &) const = default;
};

class AxisOptions {
public:
  /// `gathersAllowed`: any split value may be gathered, or its split may move, for a user's
  /// constraint.
  AxisOptions(const SolverOptions &options, const FactorAtoms &atoms, AxisId axis,
              bool gathersAllowed);

  std::vector<OpOption> ofOp(mlir::Operation *op, const Rule &rule) const;
  /// Of a value that is produced in one of these placements; `isReturned`: a result of the entry.
  std::vector<Availability> ofValue(mlir::Value value, const std::set<Place> &produced,
                                    bool isReturned) const;
  /// Of a declaration; a constraint leaves one.
  std::vector<Place> ofSymbol(mlir::Operation *declaration) const;

  /// Whether weights are to be split on this axis if there is any way.
  bool splitsWeights() const { return role_ == Role::Tensor; }
  int64_t localBytes(mlir::RankedTensorType type, const std::vector<DimFacts> &facts,
                     Place place) const;
  /// Where a value may be split along its sequence.
  std::optional<Place> alongSequence(const std::vector<DimFacts> &facts) const;
  /// Whether each rank may take its slice of a value that is held so.
  bool mayBeSliced(const Availability &availability, Place place) const;
  /// Of a rank that takes its slice of a replicated value.
  Picoseconds sliceTime(mlir::Value value, Place place) const;

private:
  enum class Role { Tensor, Data };

  bool mayBeSplit(const DimFacts &facts, int atom) const;
  bool isResidual(mlir::Value value) const;
  bool keepsSequenceSplit(mlir::Operation *op, const Strategy &strategy) const;
  Place constrained(const ShardConstraint &constraint, const std::vector<DimFacts> &facts) const;
  std::vector<Place> movesOf(mlir::Value value, Place split) const;
  Picoseconds collective(CollectiveKind kind, mlir::Value value) const;

  const SolverOptions &options_;
  const FactorAtoms &atoms_;
  AxisId axis_;
  int64_t ranks_;
  Role role_;
  bool gathersAllowed_;
};

} // namespace tpc
