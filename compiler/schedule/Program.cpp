//===- Program.cpp - What order and memory need to know of an entry -----------------------===//

#include "compiler/schedule/Program.h"

#include "dialects/tp/TP.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace tpc;

Value tpc::rootOf(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!nn::isView(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

bool tpc::isStep(Operation *op) {
  return !nn::isView(op) && !isa<nn::ReadOp, nn::WriteOp, nn::ReturnOp, tp::OffsetOp>(op);
}

unsigned tpc::streamOf(Operation *step) {
  auto stream = step->getAttrOfType<IntegerAttr>(kStreamAttr);
  return stream ? stream.getInt() : 0;
}

std::optional<unsigned> tpc::inPlaceOperand(Operation *step, unsigned result) {
  auto kernel = dyn_cast<nn::KernelOp>(step);
  ArrayRef<int64_t> pairs =
      kernel ? kernel.getInPlace().value_or(ArrayRef<int64_t>()) : ArrayRef<int64_t>();
  for (size_t i = 0; i < pairs.size(); i += 2)
    if (pairs[i] == result)
      return pairs[i + 1];
  return std::nullopt;
}

StringAttr tpc::readSymbol(Value value) {
  auto read = rootOf(value).getDefiningOp<nn::ReadOp>();
  return read ? storageSymbol(read, read.getSourceAttr()) : StringAttr();
}

std::string tpc::stepName(Operation *step) {
  std::string name;
  if (auto scope = step->getAttrOfType<StringAttr>(nn::kScopeAttr); scope && !scope.empty())
    name = scope.str() + ": ";
  if (auto kernel = dyn_cast<nn::KernelOp>(step))
    return name + kernel.getName().str();
  name += step->getName().stripDialect();
  auto linear = dyn_cast<nn::LinearOp>(step);
  return linear && linear.getBias() ? name + "+bias" : name;
}

StringAttr tpc::storageSymbol(Operation *from, FlatSymbolRefAttr symbol) {
  Operation *declaration =
      SymbolTable::lookupNearestSymbolFrom(from->getParentOfType<ModuleOp>(), symbol.getAttr());
  if (auto tie = dyn_cast_or_null<nn::TieOp>(declaration))
    return tie.getTargetAttr().getAttr();
  return symbol.getAttr();
}

SmallVector<Operation *> tpc::usersOf(Value value) {
  SetVector<Operation *> users;
  SmallVector<Value> open = {value};
  while (!open.empty())
    for (Operation *user : open.pop_back_val().getUsers()) {
      if (nn::isView(user))
        open.push_back(user->getResult(0));
      else
        users.insert(user);
    }
  return users.takeVector();
}

SmallVector<Operation *> SymbolAccess::oldUsers() const {
  SetVector<Operation *> users;
  for (nn::ReadOp read : reads)
    for (Operation *user : usersOf(read->getResult(0)))
      users.insert(user);
  return users.takeVector();
}

llvm::MapVector<StringAttr, SymbolAccess> tpc::symbolAccesses(nn::EntryOp entry) {
  llvm::MapVector<StringAttr, SymbolAccess> accesses;
  for (nn::WriteOp write : entry.getBody().front().getOps<nn::WriteOp>())
    accesses[storageSymbol(write, write.getTargetAttr())].write = write;
  for (nn::ReadOp read : entry.getBody().front().getOps<nn::ReadOp>())
    if (auto *found = accesses.find(storageSymbol(read, read.getSourceAttr()));
        found != accesses.end())
      found->second.reads.push_back(read);
  return accesses;
}
