//===- FuzzPlan.cpp - Plan files -----------------------------------------------------------===//
//
// The content hash of an input is made right before it is loaded, so that it hides nothing that
// follows. A plan that loads must print and read back. The bytes of kernel images are trusted like
// a program and not part of this.
//
//===---------------------------------------------------------------------------------------===//
#include "tests/fuzz/FuzzInput.h"
#include "tests/fuzz/SealAgain.h"

#include "runtime/plan/PlanText.h"

using namespace tpc;
using namespace tpc::fuzz;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::vector<uint8_t> bytes(data, data + size);
  sealAgain(bytes);
  Result<PlanFile> file = PlanFile::fromBytes(bytes);
  requireBlame(file.status());
  if (!file.ok())
    return 0;
  Result<std::vector<uint8_t>> again = planFromText(planToText(bytes));
  require(again.ok(), "a plan that loads prints and reads back");
  require(PlanFile::fromBytes(*again).ok(), "what is read back loads");
  return 0;
}
