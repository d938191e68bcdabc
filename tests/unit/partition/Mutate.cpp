//===- Mutate.cpp - Wrong programs, made of a right one ------------------------------------===//
//
// A mutant is a clone of the program in which one op, found by its number, is changed. Changes that
// keep the meaning are left out: an operand is not replaced by the same value masked or unmasked.
//
//===---------------------------------------------------------------------------------------===//
#include "Mutate.h"

#include "compiler/partition/Correspondence.h"
#include "compiler/partition/Partition.h"
#include "compiler/partition/Proof.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

#include <iomanip>
#include <sstream>

using namespace mlir;

namespace tpc {

namespace {

SmallVector<Operation *> opsOf(ModuleOp module) {
  SmallVector<Operation *> ops;
  for (nn::EntryOp entry : module.getOps<nn::EntryOp>())
    for (Operation &op : entry.getBody().front())
      ops.push_back(&op);
  return ops;
}

Value unmasked(Value value) {
  while (auto mask = value.getDefiningOp<tp::MaskOp>())
    value = mask.getX();
  return value;
}

class Engine {
public:
  Engine(ModuleOp global, ModuleOp local, unsigned replaceEvery)
      : global(global), local(local), ops(opsOf(local)), replaceEvery(replaceEvery) {
    tp::MeshOp mesh = tp::findMesh(local);
    for (Attribute name : mesh.getAxisNames())
      axes.push_back(cast<StringAttr>(name).getValue());
  }

  MutationReport run() {
    for (size_t index = 0; index < ops.size(); ++index) {
      at = index;
      Operation *op = ops[index];
      if (isa<tp::OffsetOp>(op))
        mutateOffset();
      else if (isa_and_present<tp::TPDialect>(op->getDialect()))
        mutateCollective(op);
      else
        mutateCompute(op);
      replaceOperands(op);
    }
    return std::move(report);
  }

private:
  /// Makes the mutant that `change` makes of the op, and counts what becomes of it.
  void tryMutant(StringRef name, function_ref<void(Operation *)> change) {
    OwningOpRef<ModuleOp> mutant = local.clone();
    Operation *op = opsOf(*mutant)[at];
    std::string place = placeOf(op) + " (op " + std::to_string(at) + ")";
    change(op);
    MutationCount &count = report.classes[name.str()];
    ++count.total;
    ScopedDiagnosticHandler quiet(local.getContext(), [](Diagnostic &) { return success(); });
    if (failed(verify(*mutant)))
      ++count.byVerifier;
    else if (failed(proveLocal(global, *mutant)))
      ++count.byProof;
    else
      report.survivors.push_back(name.str() + ": " + place);
  }

  static Attribute axisAttr(Operation *op, StringRef axis) {
    return StringAttr::get(op->getContext(), axis);
  }

  void changeAxis(Operation *original) {
    for (StringRef axis : axes)
      if (original->getAttr("axis") != axisAttr(original, axis))
        tryMutant("another axis", [&](Operation *op) { op->setAttr("axis", axisAttr(op, axis)); });
  }

  void changeInteger(Operation *original, StringRef cls, StringRef name) {
    auto attr = original->getAttrOfType<IntegerAttr>(name);
    if (!attr)
      return;
    for (int64_t delta : {-1, 1})
      tryMutant(cls, [&](Operation *op) {
        op->setAttr(name, IntegerAttr::get(attr.getType(), attr.getInt() + delta));
      });
  }

  void mutateOffset() {
    changeAxis(ops[at]);
    changeInteger(ops[at], "another extent", "extent");
    if (ops[at]->hasAttr("axis"))
      tryMutant("offset without axis", [](Operation *op) { op->removeAttr("axis"); });
    tryMutant("offset deleted", [](Operation *op) {
      for (OpOperand &use : llvm::make_early_inc_range(op->getUses())) {
        Operation *user = use.getOwner();
        if (isa<tp::MaskOp>(user)) {
          user->getResult(0).replaceAllUsesWith(user->getOperand(0));
          user->erase();
          continue;
        }
        if (auto sizes = user->getAttrOfType<DenseI32ArrayAttr>("operandSegmentSizes")) {
          SmallVector<int32_t> fewer(sizes.asArrayRef());
          --fewer.back();
          user->setAttr("operandSegmentSizes", DenseI32ArrayAttr::get(op->getContext(), fewer));
        }
        user->eraseOperand(use.getOperandNumber());
      }
      op->erase();
    });
  }

  void mutateCollective(Operation *original) {
    tryMutant("deleted", [](Operation *op) {
      for (auto [input, result] : llvm::zip(tensorOperands(op), op->getResults()))
        result.replaceAllUsesWith(input->get());
      op->erase();
    });
    tryMutant("doubled", [](Operation *op) {
      OpBuilder builder(op->getContext());
      builder.setInsertionPointAfter(op);
      Operation *again = builder.clone(*op);
      for (auto [index, input] : llvm::enumerate(tensorOperands(op))) {
        auto from = cast<RankedTensorType>(input->get().getType());
        auto to = cast<RankedTensorType>(op->getResult(index).getType());
        SmallVector<int64_t> shape;
        for (auto [before, after] : llvm::zip_equal(from.getShape(), to.getShape()))
          shape.push_back(std::max<int64_t>(1, after * after / before));
        op->getResult(index).replaceAllUsesExcept(again->getResult(index), again);
        again->setOperand(tensorOperands(again)[index]->getOperandNumber(), op->getResult(index));
        again->getResult(index).setType(RankedTensorType::get(shape, to.getElementType()));
      }
    });
    tryMutant("done twice side by side", [](Operation *op) { OpBuilder(op).clone(*op); });
    if (original->hasAttr("axis"))
      changeAxis(original);
    if (isa<tp::AllReduceOp>(original))
      tryMutant("another reduction", [](Operation *op) {
        auto reduce = cast<tp::AllReduceOp>(op);
        reduce.setKind(reduce.getKind() == tp::Reduce::sum ? tp::Reduce::max : tp::Reduce::sum);
      });
    for (StringRef name : {"dim", "from_dim", "to_dim"})
      changeInteger(original, "another dim", name);
    for (StringRef name : {"minor", "extent", "logical"})
      changeInteger(original, "another mask", name);
    if (isa<tp::MaskOp>(original))
      tryMutant("another mask", [](Operation *op) { cast<tp::MaskOp>(op).setFill(APFloat(1.0)); });
  }

  void mutateCompute(Operation *original) {
    if (!original->hasTrait<OpTrait::IsTerminator>())
      tryMutant("op deleted", [](Operation *op) {
        for (Value result : op->getResults())
          for (Value operand : op->getOperands())
            if (operand.getType() == result.getType()) {
              result.replaceAllUsesWith(operand);
              break;
            }
        op->dropAllUses();
        op->erase();
      });
    if (original->getNumResults() != 0)
      tryMutant("op done twice", [](Operation *op) { OpBuilder(op).clone(*op); });
    for (NamedAttribute attr : original->getAttrs())
      if (isa<FloatAttr, IntegerAttr>(attr.getValue()))
        tryMutant("another attribute", [&](Operation *op) {
          if (auto number = dyn_cast<FloatAttr>(attr.getValue()))
            op->setAttr(attr.getName(),
                        FloatAttr::get(number.getType(), number.getValueAsDouble() + 1));
          else if (auto number = dyn_cast<IntegerAttr>(attr.getValue()))
            op->setAttr(attr.getName(), IntegerAttr::get(number.getType(), number.getValue() ^ 1));
        });
    for (StringRef name : {"source", "target"})
      if (auto symbol = original->getAttrOfType<FlatSymbolRefAttr>(name))
        for (Operation *other : ops)
          if (auto another = other->getAttrOfType<FlatSymbolRefAttr>(name);
              another && another != symbol && other->getName() == original->getName() &&
              replacements++ % replaceEvery == 0)
            tryMutant("another symbol", [&](Operation *op) { op->setAttr(name, another); });
    unsigned count = original->getNumOperands();
    for (unsigned i = 0; i < count; ++i)
      for (unsigned j = i + 1; j < count; ++j)
        if (original->getOperand(i) != original->getOperand(j) &&
            original->getOperand(i).getType() == original->getOperand(j).getType())
          tryMutant("operands swapped", [&](Operation *op) {
            Value first = op->getOperand(i);
            op->setOperand(i, op->getOperand(j));
            op->setOperand(j, first);
          });
  }

  void replaceOperands(Operation *original) {
    for (OpOperand &operand : original->getOpOperands()) {
      if (!isa<RankedTensorType>(operand.get().getType()))
        continue;
      for (size_t before = 0; before < at; ++before)
        for (OpResult other : ops[before]->getResults()) {
          if (ops[before]->getBlock() != original->getBlock() ||
              other.getType() != operand.get().getType() ||
              unmasked(other) == unmasked(operand.get()) || replacements++ % replaceEvery != 0)
            continue;
          tryMutant("operand replaced", [&](Operation *op) {
            op->setOperand(
                operand.getOperandNumber(),
                opsOf(op->getParentOfType<ModuleOp>())[before]->getResult(other.getResultNumber()));
          });
        }
    }
  }

  ModuleOp global, local;
  SmallVector<Operation *> ops;
  SmallVector<StringRef> axes;
  unsigned replaceEvery, replacements = 0;
  size_t at = 0; ///< number of the op that is changed
  MutationReport report;
};

} // namespace

std::string MutationReport::str() const {
  std::ostringstream out;
  for (const auto &[name, count] : classes)
    out << std::left << std::setw(26) << name << std::right << std::setw(5)
        << count.byVerifier + count.byProof << "/" << count.total << " killed (" << count.byVerifier
        << " by the verifier)\n";
  for (const std::string &survivor : survivors)
    out << "survivor: " << survivor << "\n";
  return out.str();
}

MutationReport mutate(ModuleOp global, ModuleOp local, unsigned replaceEvery) {
  return Engine(global, local, replaceEvery).run();
}

} // namespace tpc
