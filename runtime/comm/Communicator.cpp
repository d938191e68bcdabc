//===- Communicator.cpp - What collectives of all kinds have in common ----------------------===//
#include "runtime/comm/Communicator.h"

#include <algorithm>

using namespace tpc;

std::string tpc::describe(const CollectiveCall &call) {
  return std::string(name(call.kind)) + " of " + std::to_string(call.tensors.size()) +
         " tensor(s), number " + std::to_string(call.sequence);
}

bool tpc::agree(const CollectiveCall &a, const CollectiveCall &b) {
  auto sameTensor = [](const CollectiveTensor &x, const CollectiveTensor &y) {
    return x.outer == y.outer && x.mid == y.mid && x.inner == y.inner && x.dtype == y.dtype &&
           x.outward == y.outward;
  };
  return a.kind == b.kind && a.reduce == b.reduce && a.sequence == b.sequence &&
         std::ranges::equal(a.tensors, b.tensors, sameTensor);
}
