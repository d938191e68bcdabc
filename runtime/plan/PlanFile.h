//===- PlanFile.h - A loaded plan -------------------------------------------------------------===//
//
// Loading checks everything but the bytes of kernel images: the FlatBuffer itself, identifier,
// version, content hash, then structure (PlanCheck.h) and values (Validator.h). What a PlanFile
// holds can be followed without looking twice: every index is in range, every slice inside its
// buffer.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Mesh.h"
#include "runtime/plan/plan_generated.h"
#include "runtime/support/Status.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tpc {

class PlanFile {
public:
  /// Reads the file whole: a plan that is replaced or cut during a run is of no concern to it.
  static Result<PlanFile> open(const std::string &path);
  static Result<PlanFile> fromBytes(std::vector<uint8_t> bytes);

  const plan::Plan *operator->() const { return root_; }
  const plan::Plan &root() const { return *root_; }
  const Mesh &mesh() const { return mesh_; }
  std::span<const uint8_t> bytes() const { return bytes_; }

  const plan::Buffer &buffer(uint32_t index) const { return *root_->buffers()->Get(index); }
  const plan::Entry *findEntry(std::string_view name) const;
  /// "train, loss, forward", for messages.
  std::string entryNames() const;
  /// What one rank allocates: the sum of the arenas.
  uint64_t arenaBytes() const;

private:
  PlanFile() = default;
  Status check();

  std::shared_ptr<const std::vector<uint8_t>> storage_;
  std::span<const uint8_t> bytes_;
  const plan::Plan *root_ = nullptr;
  Mesh mesh_;
};

} // namespace tpc
