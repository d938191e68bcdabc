//===- Initialise.h - The first values of parameters and of inputs -------------------------===//
//
// Values are drawn on the host in float32 and then stored in the type of the buffer: a plan in f64
// or bf16 starts from the numbers of one in f32. Every value belongs to a logical element, so the
// values do not depend on the mesh; pads are zero.
//
//   philox  each rank draws its own elements only (Philox.h). uniform: the upper 24 bits of word i.
//           normal: words 2i and 2i + 1 are a Box-Muller pair, in float64, then rounded.
//   torch   one generator draws whole tensors in the order of `draw` (TorchGenerator.h); ranks take
//           their elements from each. One tensor is held at a time.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/CoordinateMap.h"
#include "runtime/device/Device.h"

#include <span>

namespace tpc {

enum class Initialiser : uint8_t { Philox, Torch };

/// constant a; normal of mean a and standard deviation b; uniform in [a, b).
struct InitSpec {
  enum Kind : uint8_t { Zeros, Ones, Constant, Normal, Uniform } kind = Zeros;
  double a = 0, b = 0;
};

/// Where one rank wants its elements.
struct InitialTarget {
  const CoordinateMap *map;
  DType dtype;
  void *local;              ///< map->localElements() elements
  Device *device = nullptr; ///< whose memory that is; null: the host's
};

struct InitialTensor {
  std::string name; ///< dotted
  std::vector<int64_t> globalShape;
  InitSpec init;
  /// Position in the order of draws; used by torch.
  uint32_t draw = 0;
  /// One per rank that lives here. None: a tie, whose values are drawn, in order, and dropped.
  std::vector<InitialTarget> targets;
};

/// Initialises all tensors from one seed. Parameters are one call and inputs another: the generator
/// starts anew for inputs.
Status initialise(Initialiser initialiser, uint32_t seed, std::span<const InitialTensor> tensors);

/// Stores a whole tensor's elements where one rank keeps them.
Status scatter(std::span<const float> global, const InitialTarget &target);
Status scatter(std::span<const double> global, const InitialTarget &target);
Status scatter(std::span<const int32_t> global, const InitialTarget &target);

} // namespace tpc
