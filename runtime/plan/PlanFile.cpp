//===- PlanFile.cpp - Loading a plan ----------------------------------------------------------===//

#include "runtime/plan/PlanFile.h"

#include "runtime/io/InputFile.h"
#include "runtime/plan/ContentHash.h"
#include "runtime/plan/Convert.h"
#include "runtime/plan/PlanCheck.h"
#include "runtime/plan/PlanWriter.h"
#include "runtime/plan/Validator.h"

using namespace tpc;

namespace {

Status damaged(const std::string &what) {
  return Status(Code::InvalidInput, what, "compile the plan again, or copy the file again");
}

} // namespace

Result<PlanFile> PlanFile::open(const std::string &path) {
  TPC_ASSIGN_OR_RETURN(InputFile input, InputFile::open(path));
  if (input.size() == 0)
    return Status(Code::InvalidInput, "'" + path + "' is not a plan: it is empty",
                  "`tpc compile MODEL -o PLAN` writes one");
  TPC_ASSIGN_OR_RETURN(std::vector<uint8_t> bytes, input.read(0, input.size()));
  Result<PlanFile> file = fromBytes(std::move(bytes));
  if (!file.ok())
    return Status(file.status()).withContext("plan '" + path + "'");
  return file;
}

Result<PlanFile> PlanFile::fromBytes(std::vector<uint8_t> bytes) {
  PlanFile file;
  auto owned = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
  file.bytes_ = *owned;
  file.storage_ = owned;
  TPC_RETURN_IF_ERROR(file.check());
  return file;
}

Status PlanFile::check() {
  if (bytes_.size() < 16 || !plan::PlanBufferHasIdentifier(bytes_.data()))
    return Status(Code::InvalidInput, "this is not a plan file (its identifier is not 'TPCP')",
                  "tpc compile MODEL.mlir -o OUT.plan makes one");
  flatbuffers::Verifier verifier(bytes_.data(), bytes_.size(), /*max_depth=*/64,
                                 /*max_tables=*/100'000'000);
  if (!plan::VerifyPlanBuffer(verifier))
    return damaged("the file is damaged: its FlatBuffer does not verify");
  root_ = plan::GetPlan(bytes_.data());
  if (root_->format_version() != kPlanFormatVersion)
    return Status(Code::InvalidInput,
                  "it has format version " + std::to_string(root_->format_version()) +
                      ", and this tpc reads version " + std::to_string(kPlanFormatVersion),
                  "compile the model again with this version of tpc");
  const uint8_t *field = contentHashField(*root_);
  if (!field || contentHash(bytes_, field - bytes_.data()) != root_->content_hash())
    return damaged("the file is damaged: its content hash does not match its bytes");
  TPC_RETURN_IF_ERROR(checkPlan(*root_));
  TPC_RETURN_IF_ERROR(validatePlan(*root_));
  mesh_ = fromPlan(*root_->mesh());
  return Status();
}

const plan::Entry *PlanFile::findEntry(std::string_view name) const {
  for (const plan::Entry *entry : *root_->entries())
    if (entry->name()->string_view() == name)
      return entry;
  return nullptr;
}

std::string PlanFile::entryNames() const {
  std::string names;
  for (const plan::Entry *entry : *root_->entries())
    names += (names.empty() ? "" : ", ") + entry->name()->str();
  return names;
}

uint64_t PlanFile::arenaBytes() const {
  uint64_t bytes = 0;
  for (const plan::Arena *arena : *root_->arenas())
    bytes += arena->bytes();
  return bytes;
}
