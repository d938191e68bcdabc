//===- NcclExceptions.h - What the suite asks for and NCCL does otherwise ---------------------===//
#pragma once

#include <map>
#include <string>

namespace tpc::test {

inline std::map<std::string, std::string> ncclExceptions() {
  return {{"MaximumKeepsNaN", "takes maxima with fmax, which drops NaN"},
          {"ReducesInAscendingOrder", "adds in the order of its rings"},
          {"SumsOfBF16AreRoundedOnce", "rounds bf16 at every rank of a ring"},
          {"DisagreementIsFound", "compares no calls: that plans agree was seen at the start"},
          {"WaitingEndsWithTheTimeout", "does not know who is late"}};
}

} // namespace tpc::test
