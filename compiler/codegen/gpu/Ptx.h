//===- Ptx.h - LLVM's part for NVIDIA GPUs: modules to PTX ---------------------------------===//
#pragma once

#include "compiler/codegen/NativeCode.h"

namespace tpc::codegen {

/// The architecture that kernels are generated for.
constexpr llvm::StringLiteral kGpuArchitecture = "sm_90";

/// Optimizes, and writes PTX. Thread-safe.
llvm::Expected<std::vector<char>> compileToPtx(NativeModule &module);

/// Modules of PTX, in their order, as one, which ends in a zero byte: what drivers load.
std::vector<uint8_t> joinPtx(llvm::ArrayRef<std::vector<char>> modules);

} // namespace tpc::codegen
