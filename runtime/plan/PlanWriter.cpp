//===- PlanWriter.cpp - From a plan in memory to a sealed file -------------------------------===//

#include "runtime/plan/PlanWriter.h"

#include "runtime/plan/ContentHash.h"
#include "runtime/support/FileError.h"

#include <cstdio>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

using namespace tpc;

const uint8_t *tpc::contentHashField(const plan::Plan &plan) {
  // A generated table hides its base class, which alone knows addresses.
  return reinterpret_cast<const flatbuffers::Table &>(plan).GetAddressOf(
      plan::Plan::VT_CONTENT_HASH);
}

std::vector<uint8_t> tpc::sealPlan(plan::PlanT &plan) {
  plan.format_version = kPlanFormatVersion;
  // A field that holds its default is left out of the file; any other number makes room for it.
  plan.content_hash = 1;
  flatbuffers::FlatBufferBuilder builder(1 << 20);
  builder.Finish(plan::Plan::Pack(builder, &plan), plan::PlanIdentifier());
  std::vector<uint8_t> bytes(builder.GetBufferPointer(),
                             builder.GetBufferPointer() + builder.GetSize());

  uint8_t *field = const_cast<uint8_t *>(contentHashField(*plan::GetPlan(bytes.data())));
  plan.content_hash = contentHash(bytes, field - bytes.data());
  std::memcpy(field, &plan.content_hash, sizeof(plan.content_hash));
  return bytes;
}

namespace {

std::string besideOf(const std::string &path) { return path + ".tmp" + std::to_string(getpid()); }

/// The file beside its target.
Result<FILE *> openBeside(const std::string &path) {
  // Renaming would put a file in the place of a device or a pipe.
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
    return Status(Code::InvalidInput, "cannot write '" + path + "': it is not a regular file",
                  "name a file that is new, or one that may be replaced");
  if (FILE *file = std::fopen(besideOf(path).c_str(), "wb"))
    return file;
  return fileError("write", path);
}

} // namespace

Status tpc::writeFileAtomically(const std::string &path, std::span<const uint8_t> bytes) {
  TPC_ASSIGN_OR_RETURN(FILE * file, openBeside(path));
  bool written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  written &= std::fflush(file) == 0 && fsync(fileno(file)) == 0;
  written &= std::fclose(file) == 0;
  if (written && std::rename(besideOf(path).c_str(), path.c_str()) == 0)
    return Status();
  Status status = fileError("write", path);
  std::remove(besideOf(path).c_str());
  return status;
}

Status tpc::tryFile(const std::string &path) {
  TPC_ASSIGN_OR_RETURN(FILE * file, openBeside(path));
  std::fclose(file);
  std::remove(besideOf(path).c_str());
  return Status();
}
