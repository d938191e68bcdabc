//===- FlattenSums.cpp - One sum of all its products ----------------------------------------===//
//
// Only addends of one op are added before they are reduced. A block that adds two products to the
// residual, as parallel attention and MLP do, reduces them once if they are addends of one sum; the
// bias of one, which the expansion made a sum of its own, would keep them apart. The sum of one
// product and its bias stays: the product adds that bias itself.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/autodiff/FlattenSums.h"

#include "dialects/nn/NN.h"

using namespace mlir;

namespace tpc {

namespace {

class SumFlattener {
public:
  void run(Block &block) {
    for (auto sum : llvm::make_early_inc_range(block.getOps<nn::AddOp>())) {
      auto holds = [&](Value addend) { return holdsProduct(addend, sum); };
      unsigned number = llvm::count_if(sum.getAddends(), holds);
      if (number > 1)
        flatten(sum);
      if (number > 0)
        withProducts_.insert(sum);
    }
  }

private:
  /// Whether an addend is a product, or a sum that holds one, and can be an addend of `sum` alone.
  bool holdsProduct(Value addend, nn::AddOp sum) const {
    Operation *def = addend.getDefiningOp();
    return addend.hasOneUse() && addend.getType() == sum.getType() &&
           (nn::isProduct(def) || withProducts_.contains(def));
  }

  void flatten(nn::AddOp sum) {
    SmallVector<Value> addends, pending = llvm::to_vector(llvm::reverse(sum.getAddends()));
    SmallVector<Operation *> spliced;
    while (!pending.empty()) {
      Value addend = pending.pop_back_val();
      auto inner = addend.getDefiningOp<nn::AddOp>();
      if (!inner || !holdsProduct(addend, sum)) {
        addends.push_back(addend);
        continue;
      }
      llvm::append_range(pending, llvm::reverse(inner.getAddends()));
      spliced.push_back(inner);
    }
    sum.getAddendsMutable().assign(addends);
    for (Operation *inner : spliced) {
      withProducts_.erase(inner);
      inner->erase();
    }
  }

  DenseSet<Operation *> withProducts_; ///< sums of which an addend holds a product
};

} // namespace

void flattenSums(Block &block) { SumFlattener().run(block); }

} // namespace tpc
