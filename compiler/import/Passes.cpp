//===- Passes.cpp - Passes of level `model`: adapters of its functions ---------------------===//
#include "compiler/import/Passes.h"

#include "compiler/import/Import.h"

using namespace mlir;

namespace tpc {

#define GEN_PASS_DEF_BINDDIMS
#define GEN_PASS_DEF_BOUNDIDS
#define GEN_PASS_DEF_UNROLLLAYERS
#define GEN_PASS_DEF_FLATTENSCOPES
#define GEN_PASS_DEF_VERIFYMODEL
#include "compiler/import/Passes.h.inc"

namespace {

struct BindDims : impl::BindDimsBase<BindDims> {
  using BindDimsBase::BindDimsBase;

  void runOnOperation() override {
    llvm::StringMap<int64_t> sizes;
    for (StringRef text : dims) {
      auto [name, size] = text.split('=');
      int64_t value;
      if (name.empty() || size.getAsInteger(10, value)) {
        getOperation().emitError() << "a dim is bound by NAME=SIZE, not \"" << text << "\"";
        return signalPassFailure();
      }
      if (!sizes.try_emplace(name, value).second) {
        getOperation().emitError() << "dim \"" << name << "\" is bound twice";
        return signalPassFailure();
      }
    }
    if (failed(bindDims(getOperation(), sizes)))
      signalPassFailure();
  }
};

struct UnrollLayers : impl::UnrollLayersBase<UnrollLayers> {
  void runOnOperation() override {
    if (failed(unrollLayers(getOperation())))
      signalPassFailure();
  }
};

struct FlattenScopes : impl::FlattenScopesBase<FlattenScopes> {
  void runOnOperation() override { flattenScopes(getOperation()); }
};

struct BoundIds : impl::BoundIdsBase<BoundIds> {
  void runOnOperation() override {
    if (failed(boundIds(getOperation())))
      signalPassFailure();
  }
};

struct VerifyModel : impl::VerifyModelBase<VerifyModel> {
  void runOnOperation() override {
    if (failed(verifyModel(getOperation())))
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
} // namespace tpc
