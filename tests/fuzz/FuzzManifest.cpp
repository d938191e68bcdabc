//===- FuzzManifest.cpp - Manifests of checkpoints -----------------------------------------===//
//
// An input is the text of a safetensors header; its metadata is the manifest.
//
//===---------------------------------------------------------------------------------------===//
#include "tests/fuzz/FuzzInput.h"

#include "runtime/io/CheckpointManifest.h"
#include "runtime/io/SafetensorsHeader.h"

using namespace tpc;
using namespace tpc::fuzz;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view text(reinterpret_cast<const char *>(data), size);
  Result<SafetensorsHeader> header =
      SafetensorsHeader::parse(text, SafetensorsHeader::kLengthBytes + size);
  requireBlame(header.status());
  if (!header.ok())
    return 0;
  Result<CheckpointInfo> info = checkpointInfo(header->metadata);
  requireBlame(info.status());
  if (!info.ok())
    return 0;
  require(info->step >= 0 && info->step < INT32_MAX, "there is a next step");
  require(info->dataPosition >= 0, "the stream has a position");
  // What was read is what is written.
  Metadata again = manifestOf(*info);
  Result<CheckpointInfo> twice = checkpointInfo(again);
  require(twice.ok() && manifestOf(*twice) == again, "a manifest survives a round trip");
  return 0;
}
