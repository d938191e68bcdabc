//===- Epilogues.cpp - Biases that products add themselves ---------------------------------===//
#include "compiler/fusion/Epilogues.h"

#include "compiler/fusion/FoldCasts.h"
#include "dialects/nn/Types.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace tpc {

namespace {

/// A product, the bias that a kernel adds to it, and what rounds the sum.
struct BiasedProduct {
  nn::LinearOp product;
  Value bias; ///< of the type of `result`
  nn::AddOp add;
  nn::CastOp rounding; ///< null if the sum is not rounded
  Value result;
};

/// The product that nobody but the addition of a bias reads, if `add` is one.
nn::LinearOp productUnder(nn::AddOp add, Value &bias) {
  if (add.getAddends().size() != 2)
    return nullptr;
  for (unsigned side : {0, 1}) {
    auto product = add.getAddends()[side].getDefiningOp<nn::LinearOp>();
    bias = add.getAddends()[1 - side];
    if (product && !product.getBias() && product->hasOneUse() &&
        product.getY().getType() == add.getY().getType() && nn::typeOf(bias).getRank() == 1 &&
        nn::typeOf(bias).getDimSize(0) == nn::typeOf(add.getY()).getShape().back())
      return product;
  }
  return nullptr;
}

/// A matrix times a vector. cuBLASLt may add a bias wrongly to one (known of libraries older than
/// CUDA 12.8 update 1), and there is next to nothing to save.
bool isOfVector(nn::LinearOp product) {
  RankedTensorType type = nn::typeOf(product.getY());
  int64_t columns = type.getShape().back();
  return columns == 1 || type.getNumElements() == columns;
}

/// Of bfloat16 operands: a rounded bias, and a sum that is rounded before anybody reads it.
bool isRounded(BiasedProduct &found) {
  auto widening = found.bias.getDefiningOp<nn::CastOp>();
  if (!found.add->hasOneUse() || !widening || !isWidening(widening))
    return false;
  found.rounding = dyn_cast<nn::CastOp>(*found.add->user_begin());
  Type narrow = nn::elementOf(found.product.getX());
  if (!found.rounding || nn::elementOf(found.rounding.getY()) != narrow ||
      nn::elementOf(widening.getX()) != narrow)
    return false;
  found.bias = widening.getX();
  found.result = found.rounding.getY();
  return true;
}

/// Those that read the value, or widen it and read that.
unsigned tanhGelusOf(Value value) {
  unsigned number = 0;
  for (Operation *user : value.getUsers()) {
    auto gelu = dyn_cast<nn::GeluOp>(user);
    auto cast = dyn_cast<nn::CastOp>(user);
    number += gelu && gelu.getTanh();
    if (cast && isWidening(cast))
      number += tanhGelusOf(cast.getY());
  }
  return number;
}

class Epilogues {
public:
  explicit Epilogues(Cluster &cluster) : cluster(cluster) {}

  void run(EpilogueReport &report) {
    for (Operation *op : std::vector<Operation *>(cluster.ops))
      if (auto add = dyn_cast<nn::AddOp>(op))
        visit(add, report);
  }

private:
  void visit(nn::AddOp add, EpilogueReport &report) {
    BiasedProduct found;
    found.add = add;
    found.product = productUnder(add, found.bias);
    if (!found.product || isOfVector(found.product))
      return;
    found.result = add.getY();
    bool isNarrow = nn::elementOf(found.product.getX()).isBF16();
    if (isNarrow && (!isRounded(found) || !contains(found.rounding))) {
      ++report.inexact;
    } else if (saved(found) <= 0) {
      ++report.inKernels;
    } else {
      ++report.inProducts;
      report.gelus += tanhGelusOf(found.result);
      apply(found);
    }
  }

  bool contains(Operation *op) const { return llvm::is_contained(cluster.ops, op); }

  /// Bytes of memory traffic. Before: the product is written and read, and the result is written if
  /// somebody else needs it. Afterwards the product writes the result, which the rest of the kernel
  /// reads.
  int64_t saved(BiasedProduct found) const {
    auto isInside = [&](Operation *user) { return contains(user); };
    int64_t before = 2 * nn::bytesOf(found.product.getY()), result = nn::bytesOf(found.result);
    if (!llvm::all_of(found.result.getUsers(), isInside))
      before += result;
    return before - result - (llvm::any_of(found.result.getUsers(), isInside) ? result : 0);
  }

  void apply(BiasedProduct found) {
    // Where the kernel stands, the bias is there, and whoever reads the result comes later.
    OpBuilder builder(cluster.place);
    auto product = nn::LinearOp::create(
        builder, builder.getFusedLoc({found.product.getLoc(), found.add.getLoc()}),
        found.result.getType(), found.product.getX(), found.product.getWeight(), found.bias);
    nn::copyPlace(found.product, product);
    Value result = found.result;
    result.replaceAllUsesWith(product.getY());
    if (found.rounding)
      drop(found.rounding);
    Value bias = found.add.getAddends()[found.add.getAddends()[0] == found.product.getY()];
    drop(found.add);
    if (Operation *widening = bias.getDefiningOp();
        widening && widening->use_empty() && contains(widening))
      drop(widening);
    found.product->erase();
  }

  /// Takes an op out of the kernel, which stays where it is.
  void drop(Operation *op) {
    llvm::erase(cluster.ops, op);
    if (op == cluster.place && !cluster.ops.empty()) {
      cluster.place = cluster.ops.back();
      cluster.place->moveBefore(op);
    }
    op->erase();
  }

  Cluster &cluster;
};

} // namespace

EpilogueReport addBiasesInProducts(std::vector<Cluster> &clusters) {
  EpilogueReport report;
  for (Cluster &cluster : clusters)
    Epilogues(cluster).run(report);
  llvm::erase_if(clusters, [](const Cluster &cluster) { return cluster.ops.empty(); });
  return report;
}

std::string EpilogueReport::str(llvm::StringRef name) const {
  unsigned all = inProducts + inKernels + inexact;
  if (all == 0)
    return "";
  std::string text = name.str() + ": of " + std::to_string(all) + " biases of products, " +
                     std::to_string(inProducts) + " are added by the product itself";
  if (inKernels)
    text += "; " + std::to_string(inKernels) +
            " by the kernel behind it, which reads and writes as much without them";
  if (inexact)
    text += "; " + std::to_string(inexact) +
            " by the kernel behind it, because the product would round them first";
  if (gelus)
    text += "; " + std::to_string(gelus) +
            " gelu behind them stay generated, because cuBLASLt states no error of its own";
  return text;
}

} // namespace tpc
