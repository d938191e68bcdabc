//===- EvalDropout.cpp - Dropout and its random numbers ------------------------------------===//
//
// Philox4x32-10 written down from its definition (Salmon et al., SC 2011), apart from the one that
// the runtime and the generated kernels use.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/interpreter/Evaluate.h"
#include "dialects/nn/NN.h"

#include <cmath>

namespace tpc::interpreter {

namespace {

/// The first word for a key of two words and a counter of four.
uint32_t philox(uint32_t key0, uint32_t key1, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3) {
  for (int round = 0; round < 10; ++round) {
    uint64_t a = uint64_t{c0} * 0xD2511F53u, b = uint64_t{c2} * 0xCD9E8D57u;
    uint32_t oldC1 = c1, oldC3 = c3;
    c0 = static_cast<uint32_t>(b >> 32) ^ oldC1 ^ key0;
    c1 = static_cast<uint32_t>(b);
    c2 = static_cast<uint32_t>(a >> 32) ^ oldC3 ^ key1;
    c3 = static_cast<uint32_t>(a);
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return c0;
}

/// FNV-1a of 64 bits, its halves xored.
uint32_t nameHash(llvm::StringRef name) {
  uint64_t hash = 14695981039346656037u;
  for (unsigned char c : name.bytes())
    hash = (hash ^ c) * 1099511628211u;
  return static_cast<uint32_t>(hash ^ (hash >> 32));
}

} // namespace

std::optional<Results> evaluateDropout(mlir::Operation *op, Operands operands) {
  auto dropout = mlir::dyn_cast<nn::DropoutOp>(op);
  if (!dropout)
    return std::nullopt;
  auto in = named(dropout, operands);
  double p = dropout.getP().convertToDouble();
  Tensor y = *in.getX();
  Shape global = dropout.getGlobalShape() ? Shape(*dropout.getGlobalShape()) : y.shape;
  auto seed = static_cast<uint32_t>(in.getSeed()->integer(0));
  auto step = static_cast<uint32_t>(in.getStep()->integer(0));
  auto threshold = static_cast<int64_t>(std::floor(p * 4294967296.0)) - 2147483648;

  forEachIndex(y.shape, [&](llvm::ArrayRef<int64_t> index) {
    uint64_t element = 0; // logical, global, row-major
    for (size_t dim = 0; dim < index.size(); ++dim) {
      int64_t offset = in.getOffsets().empty() ? 0 : in.getOffsets()[dim]->integer(0);
      element = element * global[dim] + index[dim] + offset;
    }
    uint32_t bits = philox(seed, nameHash(dropout.getStream()), static_cast<uint32_t>(element),
                           static_cast<uint32_t>(element >> 32), step, 0);
    bool dropped = static_cast<int32_t>(bits) < threshold;
    y.at(index) = dropped ? 0 : y.at(index) / (1 - p);
  });
  return Results{std::move(y)};
}

} // namespace tpc::interpreter
