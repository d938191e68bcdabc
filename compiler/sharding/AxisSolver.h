//===- AxisSolver.h - Least predicted time of one entry along one axis ---------------------===//
//
// One variable per class of ops (how it is executed), of values (in which placements it is made
// available) and of symbols (how it is held); cost tables between them; solved by
// elimination. Equal layers are one class, so the problem does not grow with depth.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/sharding/AxisOptions.h"
#include "compiler/sharding/Elimination.h"
#include "compiler/sharding/LayerNames.h"
#include "dialects/nn/NN.h"

#include "llvm/ADT/SetVector.h"

#include <map>

namespace tpc {

class ConstraintReasons;

class AxisSolver {
public:
  AxisSolver(mlir::SymbolTable &symbols, const SolverOptions &options, const FactorAtoms &atoms,
             const LayerNames &layerNames, AxisId axis, bool gathersAllowed)
      : symbols_(symbols), solverOptions_(options), atoms_(atoms), layerNames_(layerNames),
        axis_(axis), may_(options, atoms, axis, gathersAllowed) {}

  /// Finds the plan of an entry; false if none is possible, or if the search gave up. `fixed` holds
  /// the placements of symbols that earlier entries decided.
  bool search(nn::EntryOp entry, const llvm::StringMap<Place> &fixed);
  bool gaveUp() const { return solution_.gaveUp; }

  // Of the plan that was found:
  void fixSymbols(llvm::StringMap<Place> &fixed) const;
  /// How every value is held.
  llvm::DenseMap<mlir::Value, Availability> held() const;
  /// By which strategy of its rule every op is executed.
  llvm::DenseMap<mlir::Operation *, int> strategiesOfOps() const;
  /// Writes it into the decision, with what else was possible.
  void record(nn::EntryOp entry, const ConstraintReasons &reasons, Decision &decision,
              SolverReport &report) const;

private:
  /// Ops that share one decision.
  struct OpClass {
    mlir::Operation *representative = nullptr;
    Rule rule;
    std::vector<mlir::Operation *> members;
    std::vector<OpOption> options;
    int variable = -1;
  };
  struct SymbolClass {
    mlir::Operation *declaration = nullptr; ///< of the first member
    std::vector<std::string> members;
    std::vector<Place> options;
    std::vector<int64_t> bytes; ///< per option, on one rank
    int variable = -1;
    bool isWeight = false;     ///< to be split on this axis if there is any way
    bool mayReplicate = false; ///< a weight that a rule allows to be held whole, if that costs less
  };
  struct ValueClass {
    int producer = -1;             ///< variable of the class of ops or symbols
    std::vector<Place> producedBy; ///< per option of the producer
    std::vector<mlir::Value> members;
    std::vector<Availability> options;
    int variable = -1;
    /// A weight that may be held whole is then used whole: with a slice of it the sum that follows
    /// would be one more collective.
    bool mayBeSliced = true;

    int64_t count() const { return static_cast<int64_t>(members.size()); }
  };

  // The problem: AxisProblem.cpp.
  void collect(nn::EntryOp entry, const llvm::StringMap<Place> &fixed);
  void collectOp(mlir::Operation *op, std::map<std::string, int> &classOfKey,
                 std::map<std::string, int> &ordinals);
  void collectSymbol(llvm::StringRef name, const llvm::StringMap<Place> &fixed);
  void collectValues();
  void makeTables();
  void requirePlaces(int consumer, const ValueClass &value,
                     llvm::ArrayRef<std::pair<Place, bool>> places);
  std::string resolve(llvm::StringRef symbol) const;
  std::string originOf(mlir::Value value) const;
  static Picoseconds penaltyOf(const SymbolClass &symbolClass, Place place);
  Picoseconds penaltyOf(const EliminationResult &result) const;
  /// Without penalties, which are no time.
  Picoseconds timeOf(const EliminationResult &result) const;
  /// Whether an op or a symbol of the entry is split along the axis.
  bool splitsAnything() const;

  // What else was possible: Alternatives.cpp.
  /// The best plan that takes none of some options of a variable.
  std::optional<EliminationResult> without(int variable, llvm::ArrayRef<uint8_t> forbidden) const;
  std::set<std::string> heldOtherwise(const EliminationResult &other) const;
  std::string alternativeStr(const std::optional<EliminationResult> &other,
                             llvm::StringRef condition) const;
  std::string reasonAgainst(const std::optional<EliminationResult> &other) const;
  llvm::DenseMap<mlir::Operation *, std::string>
  originsOfReshards(const ConstraintReasons &reasons) const;
  std::string whyHeldWhole(const std::optional<EliminationResult> &other) const;
  void noteChoices(SolverReport &report) const;
  std::string factorStr(const SymbolClass &symbolClass, Place place) const;

  /// What the solution chooses for a class.
  template <typename Class> const auto &chosen(const Class &of) const {
    return of.options[solution_.assignment[of.variable]];
  }

  mlir::SymbolTable &symbols_;
  const SolverOptions &solverOptions_;
  const FactorAtoms &atoms_;
  const LayerNames &layerNames_;
  AxisId axis_;
  AxisOptions may_;

  std::vector<OpClass> opClasses_;
  std::vector<SymbolClass> symbolClasses_;
  std::vector<ValueClass> valueClasses_;
  llvm::DenseMap<mlir::Operation *, int> classOfOp_;
  llvm::StringMap<int> classOfSymbol_;
  llvm::DenseMap<mlir::Value, int> classOfValue_;
  std::vector<std::pair<mlir::Value, std::string>> reads_, writes_;
  llvm::SetVector<mlir::Value> returned_;

  int variables_ = 0;
  std::vector<CostTable> tables_;
  EliminationResult solution_;
};

} // namespace tpc
