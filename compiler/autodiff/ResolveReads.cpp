//===- ResolveReads.cpp - One read per storage ------------------------------------------------===//
//
// Within an entry nothing is written before it was read for the last time, so all reads of a symbol
// give one value. Ties are names: what reads one reads its target.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/autodiff/Passes.h"
#include "dialects/nn/NN.h"

#include "mlir/IR/BuiltinOps.h"

namespace tpc {

#define GEN_PASS_DEF_RESOLVEREADS
#include "compiler/autodiff/Passes.h.inc"

using namespace mlir;

namespace {

struct ResolveReads final : impl::ResolveReadsBase<ResolveReads> {
  void runOnOperation() override {
    DenseMap<StringAttr, FlatSymbolRefAttr> ties;
    for (auto tie : getOperation().getOps<nn::TieOp>())
      ties[tie.getSymNameAttr()] = tie.getTargetAttr();
    for (auto entry : getOperation().getOps<nn::EntryOp>()) {
      DenseMap<StringAttr, nn::ReadOp> first;
      for (auto read : llvm::make_early_inc_range(entry.getBody().front().getOps<nn::ReadOp>())) {
        if (FlatSymbolRefAttr target = ties.lookup(read.getSourceAttr().getAttr()))
          read.setSourceAttr(target);
        auto [known, isNew] = first.try_emplace(read.getSourceAttr().getAttr(), read);
        if (isNew)
          continue;
        read.replaceAllUsesWith(known->second.getResult());
        read.erase();
      }
    }
  }
};

} // namespace

} // namespace tpc
