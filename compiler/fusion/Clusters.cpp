//===- Clusters.cpp - Greedy clustering in program order -----------------------------------===//
#include "compiler/fusion/Clusters.h"

#include "compiler/fusion/BodyProbe.h"
#include "compiler/fusion/FoldCasts.h"
#include "dialects/nn/Types.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"

#include <optional>

using namespace mlir;

namespace tpc {

namespace {

using Shape = SmallVector<int64_t>;

/// Whether `rows` is `whole` without its last dim.
bool isRowsOf(ArrayRef<int64_t> rows, ArrayRef<int64_t> whole) {
  return rows.size() + 1 == whole.size() && whole.drop_back() == rows;
}

/// A kernel in the making.
struct Draft {
  std::vector<Operation *> ops;
  unsigned place = 0;
  Shape domain;
  std::optional<nn::Phase> phase;
  /// Number of row dims that some op insists on.
  std::optional<unsigned> split;
  bool hasRowSum = false; ///< over leading dims or over all
  bool isExpensive = false;
  bool isClosed = false; ///< takes no further op
};

class Clustering {
public:
  Clustering(nn::EntryOp entry, unsigned mostOps) : mostOps(mostOps) {
    for (Operation &op : entry.getBody().front())
      number[&op] = number.size();
    for (Operation &op : entry.getBody().front())
      findFollowing(&op);
    for (Operation &op : entry.getBody().front())
      if (isGenerated(&op) && !follows(&op))
        assign(&op);
  }

  std::vector<Cluster> take();

private:
  /// What a draft would be with one more op.
  struct Proposal {
    unsigned draft;
    unsigned place;
    Shape domain;
    std::optional<unsigned> split;
    int64_t saved = 0;
  };

  /// Operands of the op that are widened for it alone, element by element, follow it: they go where
  /// it goes, so that what passes between kernels is narrow.
  void findFollowing(Operation *op);
  /// An op that no draft takes, and that makes an element of one element for a single reader,
  /// follows this one, too, which may be taken for another operand's sake.
  bool mayFollowItsReader(Operation *op, const BodyTraits &traits) const;
  bool follows(Operation *op) const { return op && following.contains(op); }
  /// The ops that follow `op`, producers first.
  SmallVector<Operation *> followersOf(Operation *op) const;
  /// What a kernel with the operand's reader reads: of an op that follows, its operand.
  Value readFor(Value operand) const;
  void assign(Operation *op);
  void add(Operation *op, BodyTraits traits, unsigned draft);
  std::optional<Proposal> propose(unsigned draft, Operation *op, const BodyTraits &traits);
  /// Where the draft would stand with the op.
  std::optional<unsigned> placeWith(const Draft &draft, unsigned index, Operation *op) const;
  /// The place of what makes a value, or nothing for what is there from the start.
  std::optional<unsigned> placeOf(Value value) const;
  static std::optional<unsigned> splitOf(const BodyTraits &traits, unsigned rank);

  unsigned mostOps;
  DenseMap<Operation *, unsigned> number;
  llvm::DenseSet<Operation *> following;
  DenseMap<Operation *, unsigned> draftOf;
  DenseMap<Operation *, BodyTraits> traitsOf;
  std::vector<Draft> drafts;
};

void Clustering::findFollowing(Operation *op) {
  if (auto cast = dyn_cast<nn::CastOp>(op); !isGenerated(op) || (cast && isWidening(cast)))
    return;
  BodyTraits traits = probe(op);
  llvm::SetVector<Operation *> widenings;
  for (Value operand : op->getOperands()) {
    auto cast = operand.getDefiningOp<nn::CastOp>();
    if (cast && isWidening(cast) && llvm::all_equal(operand.getUsers()) &&
        nn::shapeOf(operand) == ArrayRef<int64_t>(traits.domain))
      widenings.insert(cast);
  }
  if (!traits.scatters && widenings.size() < mostOps)
    following.insert(widenings.begin(), widenings.end());
}

bool Clustering::mayFollowItsReader(Operation *op, const BodyTraits &traits) const {
  // What is narrowed is read narrow.
  if (isa<nn::CastOp>(op) || op->getNumOperands() != 1 || op->getNumResults() != 1 ||
      op->use_empty() || !llvm::all_equal(op->getUsers()) || traits.operands[0] != Access::Point ||
      nn::shapeOf(op->getOperand(0)) != ArrayRef<int64_t>(traits.domain) ||
      nn::shapeOf(op->getResult(0)) != ArrayRef<int64_t>(traits.domain) || traits.needsRows)
    return false;
  Operation *reader = *op->user_begin();
  if (!isGenerated(reader) || nn::phaseOf(reader) != nn::phaseOf(op) ||
      followersOf(op).size() + followersOf(reader).size() + 2 > mostOps)
    return false;
  BodyTraits reading = probe(reader);
  // Each loop over a row would compute its elements anew.
  bool isRepeated = traits.isExpensive && reading.reducesColumns;
  return !reading.scatters && !isRepeated && reading.domain == traits.domain &&
         reading.operands[op->use_begin()->getOperandNumber()] == Access::Point;
}

SmallVector<Operation *> Clustering::followersOf(Operation *op) const {
  SmallVector<Operation *> followers;
  for (Value operand : op->getOperands()) {
    Operation *producer = operand.getDefiningOp();
    if (!follows(producer) || llvm::is_contained(followers, producer))
      continue;
    followers.append(followersOf(producer));
    followers.push_back(producer);
  }
  return followers;
}

Value Clustering::readFor(Value operand) const {
  while (follows(operand.getDefiningOp()))
    operand = operand.getDefiningOp()->getOperand(0);
  return operand;
}

std::optional<unsigned> Clustering::placeOf(Value value) const {
  Operation *producer = value.getDefiningOp();
  if (!producer)
    return std::nullopt;
  auto it = draftOf.find(producer);
  return it == draftOf.end() ? number.lookup(producer) : drafts[it->second].place;
}

std::optional<unsigned> Clustering::splitOf(const BodyTraits &traits, unsigned rank) {
  if (traits.sum == BodyTraits::Leading)
    return traits.summedDims;
  if (traits.sum == BodyTraits::Trailing)
    return rank - traits.summedDims;
  if ((traits.needsRows || traits.sum == BodyTraits::All) && rank > 0)
    return rank - 1;
  return std::nullopt;
}

std::optional<unsigned> Clustering::placeWith(const Draft &draft, unsigned index,
                                              Operation *op) const {
  // Up to the draft's place, if all operands are made by then.
  bool canRise = llvm::all_of(op->getOperands(), [&](Value operand) {
    operand = readFor(operand);
    Operation *producer = operand.getDefiningOp();
    auto it = draftOf.find(producer);
    if (producer && it != draftOf.end() && it->second == index)
      return true;
    std::optional<unsigned> made = placeOf(operand);
    return !made || *made < draft.place;
  });
  if (canRise)
    return draft.place;
  // The draft down to the op, if nothing in between reads what it makes.
  unsigned place = number.lookup(op);
  for (Operation *member : draft.ops)
    for (Operation *user : member->getUsers()) {
      auto it = draftOf.find(user);
      if (it != draftOf.end() && it->second == index)
        continue;
      unsigned read = it == draftOf.end() ? number.lookup(user) : drafts[it->second].place;
      if (user != op && read < place)
        return std::nullopt;
    }
  return place;
}

std::optional<Clustering::Proposal> Clustering::propose(unsigned index, Operation *op,
                                                        const BodyTraits &traits) {
  const Draft &draft = drafts[index];
  size_t count = 1 + followersOf(op).size();
  if (draft.isClosed || draft.ops.size() + count > mostOps || traits.scatters ||
      nn::phaseOf(op) != draft.phase)
    return std::nullopt;
  Proposal proposal;
  proposal.draft = index;
  ArrayRef<int64_t> own = traits.domain, theirs = draft.domain;
  bool isSame = own == theirs;
  bool isRowOp = own.size() > 0 && isRowsOf(own, theirs);
  bool extends = theirs.size() > 0 && isRowsOf(theirs, own);
  if (!isSame && !isRowOp && !extends)
    return std::nullopt;
  // Sums are made in rows of their own shape, so that their order is no matter of fusion.
  if ((isRowOp && (traits.sum != BodyTraits::NoSum || traits.needsRows)) ||
      (extends && draft.hasRowSum))
    return std::nullopt;
  proposal.domain.assign(extends ? own.begin() : theirs.begin(),
                         extends ? own.end() : theirs.end());
  unsigned rank = proposal.domain.size();
  // An op on rows needs them to be the kernel's.
  std::optional<unsigned> needed = isSame || extends ? splitOf(traits, rank) : rank - 1;
  if (extends && (draft.split || !draft.ops.empty())) {
    if (draft.split && *draft.split != rank - 1)
      return std::nullopt;
    needed = needed ? needed : std::optional<unsigned>(rank - 1);
    if (*needed != rank - 1)
      return std::nullopt;
  }
  proposal.split = draft.split ? draft.split : needed;
  if (needed && proposal.split != needed)
    return std::nullopt;
  // Each loop over a row computes its elements anew.
  if (draft.isExpensive && traits.reducesColumns &&
      llvm::any_of(op->getOperands(), [&](Value operand) {
        Operation *producer = operand.getDefiningOp();
        return producer && draftOf.contains(producer) && draftOf.lookup(producer) == index;
      }))
    return std::nullopt;

  for (auto [number, operand] : llvm::enumerate(op->getOperands())) {
    if (!isa<RankedTensorType>(operand.getType()))
      continue;
    Access access = traits.operands[number];
    operand = readFor(operand);
    Operation *producer = operand.getDefiningOp();
    bool isInside = producer && draftOf.contains(producer) && draftOf.lookup(producer) == index;
    if (!isInside) {
      bool isShared = access != Access::None && llvm::any_of(draft.ops, [&](Operation *member) {
                        return llvm::is_contained(member->getOperands(), operand);
                      });
      if (isShared && nn::shapeOf(operand) == ArrayRef<int64_t>(proposal.domain))
        proposal.saved += nn::bytesOf(operand);
      continue;
    }
    const BodyTraits &made = traitsOf.find(producer)->second;
    bool isSum = made.sum == BodyTraits::Leading || made.sum == BodyTraits::All;
    ArrayRef<int64_t> shape = nn::shapeOf(operand);
    bool fits = access == Access::None || (access == Access::Point && shape == own) ||
                (access == Access::Row && isRowsOf(shape, own));
    if (isSum || !fits)
      return std::nullopt;
    proposal.saved += 2 * nn::bytesOf(operand);
  }
  if (proposal.saved == 0)
    return std::nullopt;
  std::optional<unsigned> place = placeWith(draft, index, op);
  if (!place)
    return std::nullopt;
  proposal.place = *place;
  return proposal;
}

void Clustering::assign(Operation *op) {
  BodyTraits traits = probe(op);
  llvm::SetVector<unsigned> candidates;
  for (Value operand : op->getOperands()) {
    if (!isa<RankedTensorType>(operand.getType()))
      continue;
    operand = readFor(operand);
    if (Operation *producer = operand.getDefiningOp())
      if (auto it = draftOf.find(producer); it != draftOf.end())
        candidates.insert(it->second);
    for (Operation *reader : operand.getUsers())
      if (auto it = draftOf.find(reader); it != draftOf.end())
        candidates.insert(it->second);
  }
  std::optional<Proposal> best;
  for (unsigned candidate : candidates) {
    std::optional<Proposal> proposal = propose(candidate, op, traits);
    // Of equal ones the later: values live shorter.
    if (proposal &&
        (!best || proposal->saved > best->saved ||
         (proposal->saved == best->saved && drafts[candidate].place > drafts[best->draft].place)))
      best = std::move(proposal);
  }
  if (!best && mayFollowItsReader(op, traits)) {
    following.insert(op);
    return;
  }
  if (!best) {
    Draft draft;
    draft.domain = traits.domain;
    draft.phase = nn::phaseOf(op);
    draft.split = splitOf(traits, traits.domain.size());
    draft.isClosed = traits.scatters;
    draft.place = number.lookup(op);
    best =
        Proposal{static_cast<unsigned>(drafts.size()), draft.place, draft.domain, draft.split, 0};
    drafts.push_back(std::move(draft));
  }
  Draft &draft = drafts[best->draft];
  draft.place = best->place;
  draft.domain = best->domain;
  draft.split = best->split;
  for (Operation *follower : followersOf(op))
    if (!draftOf.contains(follower))
      add(follower, probe(follower), best->draft);
  add(op, std::move(traits), best->draft);
}

void Clustering::add(Operation *op, BodyTraits traits, unsigned index) {
  Draft &draft = drafts[index];
  draft.ops.push_back(op);
  draft.hasRowSum |= traits.sum == BodyTraits::Leading || traits.sum == BodyTraits::All;
  draft.isExpensive |= traits.isExpensive;
  draftOf[op] = index;
  traitsOf[op] = std::move(traits);
}

std::vector<Cluster> Clustering::take() {
  llvm::sort(drafts, [](const Draft &a, const Draft &b) { return a.place < b.place; });
  std::vector<Cluster> clusters;
  for (Draft &draft : drafts) {
    Operation *place =
        *llvm::find_if(draft.ops, [&](Operation *op) { return number.lookup(op) == draft.place; });
    clusters.push_back({std::move(draft.ops), place});
  }
  return clusters;
}

} // namespace

std::vector<Cluster> formClusters(nn::EntryOp entry, unsigned mostOps) {
  return Clustering(entry, mostOps).take();
}

} // namespace tpc
