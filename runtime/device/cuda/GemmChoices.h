//===- GemmChoices.h - Which algorithm a product uses, kept beside the plan -----------------===//
//
// What is chosen once by timing must stay, or a run would not repeat bit for bit. The file is text:
// what the choices belong to (plan, GPU, library, driver), a line per product, and "end". A file of
// anything else counts as none. Only such a file is ever replaced, and only a regular file is
// opened. It needs no CUDA, so that it is tested everywhere.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/Device.h"

#include <array>
#include <map>
#include <optional>
#include <string>

namespace tpc::cuda {

/// As cuBLASLt stores an algorithm: it may be kept for the same version of the library.
using Algorithm = std::array<uint64_t, 8>;

/// The powers of two (bytes, at most 256) that divide the addresses of the operands; without a bias
/// its own says nothing.
struct GemmAlignments {
  size_t a, b, c, bias = 256;
};

/// What makes two products the same: shape, alignments of the operands, and the workspace. As text,
/// a word each.
std::string gemmKey(const GemmShape &shape, const GemmAlignments &alignments,
                    size_t workspaceBytes);

class GemmChoices {
public:
  /// `path`: empty if nothing is kept. `owner`: what the choices belong to, one line.
  GemmChoices(std::string path, std::string owner);

  std::optional<Algorithm> find(const std::string &key) const;
  /// Adds a choice and writes the file anew.
  Status add(const std::string &key, const Algorithm &algorithm);
  /// Whether choices can be kept; only then may they be made by timing.
  bool canKeep();
  /// "'x' is something else", or empty: why choices are not kept where something stands already.
  std::string obstacle() const;

private:
  void load();
  Status save() const;

  std::string path_, owner_;
  std::map<std::string, Algorithm> choices_;
  std::optional<bool> canKeep_;
};

} // namespace tpc::cuda
