//===- Target.h - What a plan is compiled for ---------------------------------------------===//
//
// The few facts about a device on which decisions depend, stated once: a level of the compiler
// reads the fact that it needs, and does not ask which device it is.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Cost.h"

#include <cstdint>
#include <string>

namespace tpc {

/// Extents that products are fast at, in elements: what a rank holds of a dim of a weight is a
/// multiple of them. 1: any.
struct WeightAlignment {
  int64_t leading = 1;    ///< of every dim that is a leading dimension of a product
  int64_t vocabulary = 1; ///< of a dim with one index per token
};

struct Target {
  enum class Kind : uint8_t { Cpu, Cuda };

  Kind kind = Kind::Cpu;
  /// What generated code needs: the processor level ("x86-64-v3", or "native"), or the architecture
  /// ("sm_90").
  std::string level = "x86-64-v3";
  WeightAlignment alignment;
  /// Collectives run on a stream of their own, beside what does not depend on them.
  bool overlapsCollectives = false;
  /// Several ranks may run on one device, which then reduces their tensors by kernels of the plan.
  bool ranksMayShareDevice = false;
  /// Products can add a bias to their sums before they round and store them.
  bool productsAddBiases = false;
  /// exp and 1/x of f32 in kernels are the GPU's own instructions: their errors are thousands of
  /// times smaller than those of the bf16 that they are computed from and rounded to.
  bool approximatesFunctions = false;

  /// As the plan spells it: "cpu", "cuda".
  const char *name() const { return kind == Kind::Cuda ? "cuda" : "cpu"; }
  /// Of its kernel images.
  const char *imageTarget() const { return kind == Kind::Cuda ? "nvptx64" : "x86_64"; }
};

Target cpuTarget(std::string level);
/// For products in `precision` ("f32", "tf32", "bf16", "f64").
Target cudaTarget(const std::string &precision);

/// The machine that predictions are made for unless a file describes another: two cores of an AMD
/// EPYC, or one H200 of eight that NVLink joins.
Hardware builtinHardware(Target::Kind kind, const std::string &precision);

} // namespace tpc
