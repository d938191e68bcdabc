//===- FactorAtoms.h - The independent factors of every dim --------------------------------===//
//
// A weight's output dim of 768 that later becomes 12 heads of 64 has to be split, and padded, by
// heads. Which factors a dim has follows from the rules of all ops that it flows through, in both
// directions; this analysis finds the coarsest factors that every op agrees on, and the role that a
// dim inherits from the inputs' named dims.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Rule.h"
#include "compiler/support/Target.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

#include <set>
#include <vector>

namespace tpc {

/// What a dim stands for; decides which axes may split it.
enum class DimRole : uint8_t { Feature, Batch, Sequence };

/// The role of every name that inputs give to dims, in order of declaration. It is one fact of the
/// whole model: what stands behind another name in any input runs along a sequence, in every input
/// (a mask over time alone, too); what comes first wherever it is named is the batch.
llvm::MapVector<llvm::StringRef, DimRole> rolesOfNames(mlir::ModuleOp module);

/// The extents of the factors of one dim, major first; their product is the dim.
using Atoms = std::vector<int64_t>;

/// What is known of a dim beside its size, because some op has said so of it.
struct DimMarks {
  bool inProduct = false;    ///< of a matrix that a library multiplies
  bool isVocabulary = false; ///< data name its indices: the tokens of a table, of logits
  bool isWhole = false;      ///< an op takes all of it and no pads: a norm, a slice
  bool isNumbered = false;   ///< an op numbers its indices, so that pads can only come last
  bool isInside = false; ///< a minor factor of such a dim, where pads would come between indices

  bool operator==(const DimMarks &) const = default;
};

struct DimFacts {
  Atoms atoms;
  DimRole role = DimRole::Feature;
  DimMarks marks = {};
};

class FactorAtoms {
public:
  /// Of all entries of a module at level `grad`, and of the symbols they read and write.
  explicit FactorAtoms(mlir::ModuleOp module);

  const std::vector<DimFacts> &of(mlir::Value value) const { return values_.at(value); }
  const std::vector<DimFacts> &ofSymbol(llvm::StringRef symbol) const {
    return symbols_.at(symbol);
  }
  /// The dims of a symbol of which a rule says that it may be worth to hold them whole.
  std::set<size_t> mayReplicate(llvm::StringRef symbol) const {
    return mayReplicate_.lookup(symbol);
  }
  /// The facts of each factor of an op's rule.
  std::vector<DimFacts> ofFactors(mlir::Operation *op, const Rule &rule) const;

private:
  bool unifyOp(mlir::Operation *op, const Rule &rule);
  void findReplicable(const std::vector<std::pair<mlir::Operation *, Rule>> &ruled,
                      const std::vector<std::pair<mlir::Value, llvm::StringRef>> &bound);
  bool unifyWithSymbol(mlir::Value value, llvm::StringRef symbol);

  llvm::DenseMap<mlir::Value, std::vector<DimFacts>> values_;
  llvm::StringMap<std::vector<DimFacts>> symbols_;
  llvm::StringMap<std::set<size_t>> mayReplicate_;
};

/// What the extent of a weight's dim on a rank is to be a multiple of. Of a dim that is several
/// factors the minor one would have to be padded (the numbers of a head), which no op is asked to
/// bear: it stays as it is.
int64_t alignmentOf(const DimFacts &facts, const WeightAlignment &alignment);

/// The coarsest list that refines both, or nothing if their boundaries do not nest.
std::optional<Atoms> commonRefinement(const Atoms &a, const Atoms &b);

} // namespace tpc
