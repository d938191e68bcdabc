//===- RepeatedOps.cpp - Value numbering of an entry --------------------------------------===//
#include "compiler/sharding/RepeatedOps.h"

#include <map>
#include <vector>

using namespace mlir;

llvm::DenseMap<Operation *, Operation *> tpc::findRepeatedOps(nn::EntryOp entry) {
  struct Key {
    OperationName name;
    Attribute attributes;
    std::vector<const void *> operands;
    bool operator<(const Key &other) const {
      return std::make_tuple(name.getAsOpaquePointer(), attributes.getAsOpaquePointer(),
                             std::cref(operands)) <
             std::make_tuple(other.name.getAsOpaquePointer(), other.attributes.getAsOpaquePointer(),
                             std::cref(other.operands));
    }
  };
  std::map<Key, Operation *> firstOps;
  llvm::DenseMap<Value, Value> firstValues;
  llvm::DenseMap<Operation *, Operation *> repeated;
  for (Operation &op : entry.getBody().front()) {
    if (!isa<nn::ShardingRuleOp>(op))
      continue;
    NamedAttrList attributes(op.getAttrDictionary());
    attributes.erase(nn::kPhaseAttr);
    Key key{op.getName(), attributes.getDictionary(op.getContext()), {}};
    for (Value operand : op.getOperands()) {
      Value first = firstValues.lookup(operand);
      key.operands.push_back((first ? first : operand).getAsOpaquePointer());
    }
    auto [first, isNew] = firstOps.try_emplace(std::move(key), &op);
    if (isNew)
      continue;
    repeated[&op] = first->second;
    for (auto [mine, theirs] : llvm::zip_equal(op.getResults(), first->second->getResults()))
      firstValues[mine] = theirs;
  }
  return repeated;
}
