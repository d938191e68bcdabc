//===- Target.cpp - What a plan is compiled for -------------------------------------------===//

#include "compiler/support/Target.h"

using namespace tpc;

/// Tensor cores load rows by 16 bytes: cuBLASLt has its fast kernels where every leading dimension
/// is a multiple of that.
static constexpr int64_t kLeadingBytes = 16;
/// Rows of a tile along the largest dim of a model: 50257 tokens become 50304.
static constexpr int64_t kVocabularyRows = 64;

static int64_t elementBytes(const std::string &precision) {
  return precision == "f64" ? 8 : precision == "bf16" ? 2 : 4;
}

Target tpc::cpuTarget(std::string level) {
  Target target;
  target.level = std::move(level);
  return target;
}

Target tpc::cudaTarget(const std::string &precision) {
  Target target;
  target.kind = Target::Kind::Cuda;
  target.level = "sm_90";
  target.alignment = {kLeadingBytes / elementBytes(precision), kVocabularyRows};
  target.overlapsCollectives = true;
  target.ranksMayShareDevice = true;
  // cuBLASLt has no epilogues for products that are computed in f64.
  target.productsAddBiases = precision != "f64";
  target.approximatesFunctions = precision == "bf16";
  return target;
}

/// bf16: the best that is measured of 989 TFLOP/s (ml-engineering, "maximum achievable matmul
/// flops"); tf32: the same part of the data sheet's 495; f32 and f64: the data sheet's 67. Memory:
/// a copy on the device, of 4.8 TB/s. Collectives: NCCL 2.27 all_reduce among eight takes 46 us for
/// 1 MiB and 338 us for 64 MiB, which 40 us + wire bytes / 400 GB/s meets within 3 %, and all sizes
/// from 1 to 256 MiB within 16 %.
static Hardware h200(const std::string &precision) {
  Hardware hardware;
  hardware.name = "h200-" + precision;
  hardware.gemmFlopsPerSecond = precision == "bf16"   ? 794.5e12
                                : precision == "tf32" ? 397e12
                                                      : 67e12;
  hardware.memoryBytesPerSecond = 4.3e12;
  hardware.collectiveLatencySeconds = 40e-6;
  hardware.collectiveBytesPerSecond = 400e9;
  return hardware;
}

Hardware tpc::builtinHardware(Target::Kind kind, const std::string &precision) {
  return kind == Target::Kind::Cuda ? h200(precision) : Hardware();
}
