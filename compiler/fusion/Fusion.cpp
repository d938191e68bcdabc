//===- Fusion.cpp - Makes kernels of clusters, and checks level fused ----------------------===//
#include "compiler/fusion/Fusion.h"

#include "compiler/codegen/Codegen.h"
#include "compiler/fusion/Accumulate.h"
#include "compiler/fusion/BodyProbe.h"
#include "compiler/fusion/Clusters.h"
#include "compiler/fusion/FoldCasts.h"
#include "dialects/nn/Types.h"
#include "dialects/tp/TP.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Pass/Pass.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace tpc {

namespace {

/// "add+layer_normalize+mul": the ops of a kernel in order, each once, and how many more there are.
std::string nameOf(const Cluster &cluster) {
  constexpr size_t kMost = 5;
  llvm::SetVector<StringRef> names;
  for (Operation *op : cluster.ops)
    names.insert(op->getName().stripDialect());
  std::string name;
  for (auto [i, part] : llvm::enumerate(names)) {
    if (i == kMost)
      return name + "+" + std::to_string(names.size() - kMost);
    name += (i ? "+" : "") + part.str();
  }
  return name;
}

/// The scope that all ops lie in: "h.0" of "h.0.attn" and "h.0.ln_2".
std::string commonScope(const Cluster &cluster) {
  std::optional<SmallVector<StringRef>> common;
  for (Operation *op : cluster.ops) {
    SmallVector<StringRef> parts;
    if (auto scope = op->getAttrOfType<StringAttr>(nn::kScopeAttr))
      scope.getValue().split(parts, '.', -1, /*KeepEmpty=*/false);
    if (!common) {
      common = parts;
      continue;
    }
    size_t equal = 0;
    while (equal < common->size() && equal < parts.size() && (*common)[equal] == parts[equal])
      ++equal;
    common->truncate(equal);
  }
  return llvm::join(*common, ".");
}

/// The largest of its ops' domains.
SmallVector<int64_t> domainOf(const Cluster &cluster) {
  SmallVector<int64_t> domain;
  for (Operation *op : cluster.ops)
    if (SmallVector<int64_t> own = probe(op).domain; own.size() > domain.size())
      domain = std::move(own);
  return domain;
}

void makeKernel(const Cluster &cluster) {
  llvm::SmallPtrSet<Operation *, 16> members(cluster.ops.begin(), cluster.ops.end());
  llvm::SetVector<Value> inputs;
  SmallVector<Value> results;
  SmallVector<Location> locations;
  for (Operation *op : cluster.ops) {
    locations.push_back(op->getLoc());
    for (Value operand : op->getOperands())
      if (!operand.getDefiningOp() || !members.contains(operand.getDefiningOp()))
        inputs.insert(operand);
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(), [&](Operation *user) { return !members.contains(user); }))
        results.push_back(result);
  }
  OpBuilder b(cluster.place);
  Location loc = b.getFusedLoc(locations);
  auto kernel =
      nn::KernelOp::create(b, loc, ValueRange(results).getTypes(), b.getStringAttr(nameOf(cluster)),
                           inputs.getArrayRef(), /*in_place=*/DenseI64ArrayAttr());
  if (std::optional<nn::Phase> phase = nn::phaseOf(cluster.ops.front()))
    nn::setPhase(kernel, *phase);
  if (std::string scope = commonScope(cluster); !scope.empty())
    kernel->setAttr(nn::kScopeAttr, b.getStringAttr(scope));
  Block *body = b.createBlock(&kernel.getBody());
  IRMapping mapping;
  for (Value input : inputs)
    mapping.map(input, body->addArgument(input.getType(), input.getLoc()));
  for (Operation *op : cluster.ops) {
    Operation *copy = b.clone(*op, mapping);
    copy->removeAttr(nn::kPhaseAttr);
  }
  SmallVector<Value> yielded;
  for (Value result : results)
    yielded.push_back(mapping.lookup(result));
  nn::YieldOp::create(b, loc, yielded);
  for (auto [from, to] : llvm::zip(results, kernel.getResults()))
    from.replaceUsesWithIf(to, [&](OpOperand &use) { return !members.contains(use.getOwner()); });
}

/// Whether an op on `shape` finds its place in a kernel: from its shape alone, the kernel takes it
/// for a row value if it is the beginning of the domain `whole`, else for the end of it.
bool findsPlace(ArrayRef<int64_t> shape, ArrayRef<int64_t> whole, Access access,
                ArrayRef<int64_t> readers) {
  bool isBeginning = shape.size() <= whole.size() && whole.take_front(shape.size()) == shape;
  if (shape == readers || shape.empty())
    return true;
  return access == Access::Row ? isBeginning : readers == whole && !isBeginning;
}

/// Moves a widening that one kernel would make for another, or that would be a kernel of its own,
/// into the one that reads it: what passes between them stays narrow.
void moveWidenings(std::vector<Cluster> &clusters, unsigned mostOps) {
  llvm::DenseMap<Operation *, Cluster *> clusterOf;
  for (Cluster &cluster : clusters)
    for (Operation *op : cluster.ops)
      clusterOf[op] = &cluster;
  for (Cluster &cluster : clusters)
    for (Operation *op : std::vector<Operation *>(cluster.ops)) {
      auto cast = dyn_cast<nn::CastOp>(op);
      bool isAlone = cluster.ops.size() == 1;
      if (!cast || !isWidening(cast) || !cast.getY().hasOneUse() ||
          (op == cluster.place && !isAlone))
        continue;
      OpOperand &use = *cast.getY().use_begin();
      Cluster *reader = clusterOf.lookup(use.getOwner());
      if (!reader || reader == &cluster || reader->ops.size() >= mostOps)
        continue;
      BodyTraits traits = probe(use.getOwner());
      Access access = traits.operands[use.getOperandNumber()];
      if (access == Access::Elsewhere || traits.scatters ||
          !findsPlace(nn::shapeOf(cast.getY()), domainOf(*reader), access, traits.domain))
        continue;
      llvm::erase(cluster.ops, op);
      reader->ops.insert(reader->ops.begin(), op);
    }
  llvm::erase_if(clusters, [](const Cluster &cluster) { return cluster.ops.empty(); });
}

struct FusePass : PassWrapper<FusePass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FusePass)
  explicit FusePass(const FusionOptions &options) {
    mostOps = options.mostOps;
    biasesInProducts = options.biasesInProducts;
  }
  FusePass(const FusePass &other) : PassWrapper(other) { copyOptionValuesFrom(&other); }
  StringRef getArgument() const override { return "tpc-fuse"; }
  StringRef getDescription() const override {
    return "put ops with bodies into kernels, neighbours together";
  }
  void runOnOperation() override {
    for (auto entry : getOperation().getOps<nn::EntryOp>())
      fuseEntry(entry, {mostOps, biasesInProducts});
  }

  Option<unsigned> mostOps{*this, "most-ops",
                           llvm::cl::desc("ops that a kernel has at most; changes no number"),
                           llvm::cl::init(kUnlimitedOps)};
  Option<bool> biasesInProducts{*this, "biases-in-products",
                                llvm::cl::desc("products can add a bias"), llvm::cl::init(false)};
};

struct VerifyFusedPass : PassWrapper<VerifyFusedPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(VerifyFusedPass)
  StringRef getArgument() const override { return "tpc-verify-fused"; }
  StringRef getDescription() const override { return "check the legal form of level fused"; }
  void runOnOperation() override {
    for (auto entry : getOperation().getOps<nn::EntryOp>())
      if (failed(verifyFused(entry)))
        return signalPassFailure();
  }
};

} // namespace

EpilogueReport fuseEntry(nn::EntryOp entry, const FusionOptions &options) {
  foldCasts(entry);
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(entry.getBody().front())))
    if (isGenerated(&op) && op.use_empty())
      op.erase();
  accumulateSums(entry);
  std::vector<Cluster> clusters = formClusters(entry, options.mostOps);
  moveWidenings(clusters, options.mostOps);
  EpilogueReport report;
  if (options.biasesInProducts)
    report = addBiasesInProducts(clusters);
  for (const Cluster &cluster : clusters)
    makeKernel(cluster);
  for (const Cluster &cluster : llvm::reverse(clusters))
    for (Operation *op : llvm::reverse(cluster.ops))
      op->erase();
  return report;
}

LogicalResult verifyFused(nn::EntryOp entry) {
  for (Operation &op : entry.getBody().front()) {
    if (auto kernel = dyn_cast<nn::KernelOp>(op)) {
      if (!accumulatedProduct(kernel) && failed(codegen::outlineKernel(kernel)))
        return failure();
      continue;
    }
    if (auto product = dyn_cast<nn::LinearOp>(op); product && product.getBias()) {
      // What a product adds has the type of what it stores.
      Type bias = cast<RankedTensorType>(product.getBias().getType()).getElementType();
      if (bias != cast<RankedTensorType>(product.getY().getType()).getElementType())
        return product.emitOpError("adds a bias of ")
               << bias << ", which is not the element type of its result";
    }
    if (isGenerated(&op))
      return op.emitOpError("has a body and is in no kernel; tpc-fuse puts it into one");
    bool isKnown =
        isa<nn::LibraryOp, nn::ReadOp, nn::WriteOp, nn::ReturnOp, tp::SliceOp, tp::OffsetOp>(op) ||
        nn::isView(&op) || tp::isCollective(&op);
    if (!isKnown)
      return op.emitOpError("is no op of level `fused`: it has neither a body nor a library step");
  }
  return success();
}

std::unique_ptr<Pass> createFusePass(const FusionOptions &options) {
  return std::make_unique<FusePass>(options);
}
std::unique_ptr<Pass> createVerifyFusedPass() { return std::make_unique<VerifyFusedPass>(); }
void registerFusionPasses() {
  registerPass([] { return createFusePass(); });
  PassRegistration<VerifyFusedPass>();
}

} // namespace tpc
