//===- ProgramEdit.cpp - Changes of a program that can be taken back -----------------------===//
#include "ProgramEdit.h"

using namespace mlir;

namespace tpc {

ProgramEdit::~ProgramEdit() {
  for (auto &step : llvm::reverse(undo))
    step();
}

void ProgramEdit::setAttr(Operation *op, StringRef name, Attribute attr) {
  auto set = [op, name = name.str()](Attribute value) {
    if (value)
      op->setAttr(name, value);
    else
      op->removeAttr(name);
  };
  undo.push_back([set, before = op->getAttr(name)] { set(before); });
  set(attr);
  ops.insert(op);
}

void ProgramEdit::setOperand(Operation *op, unsigned index, Value value) {
  undo.push_back([op, index, before = op->getOperand(index)] { op->setOperand(index, before); });
  op->setOperand(index, value);
  ops.insert(op);
}

void ProgramEdit::setOperands(Operation *op, ArrayRef<Value> values) {
  undo.push_back([op, before = SmallVector<Value>(op->getOperands())] { op->setOperands(before); });
  op->setOperands(values);
  ops.insert(op);
}

void ProgramEdit::setType(Value value, Type type) {
  undo.push_back([value, before = value.getType()]() mutable { value.setType(before); });
  value.setType(type);
  ops.insert(value.getDefiningOp());
  for (Operation *user : value.getUsers())
    ops.insert(user);
}

void ProgramEdit::replaceUses(Value value, Value by, Operation *except) {
  SmallVector<OpOperand *> uses;
  for (OpOperand &use : value.getUses())
    if (use.getOwner() != except)
      uses.push_back(&use);
  for (OpOperand *use : uses)
    setOperand(use->getOwner(), use->getOperandNumber(), by);
}

Operation *ProgramEdit::cloneBefore(Operation *op) {
  Operation *copy = OpBuilder(op).clone(*op);
  undo.push_back([copy] { copy->erase(); });
  ops.insert(copy);
  return copy;
}

Operation *ProgramEdit::cloneAfter(Operation *op) {
  Operation *copy = cloneBefore(op);
  copy->moveAfter(op);
  return copy;
}

void ProgramEdit::remove(Operation *op) {
  setOperands(op, {}); // it uses nothing any more
  ops.remove(op);
  Block *block = op->getBlock();
  Operation *next = op->getNextNode();
  undo.push_back([op, block, next] {
    block->getOperations().insert(next ? Block::iterator(next) : block->end(), op);
  });
  op->remove();
}

} // namespace tpc
