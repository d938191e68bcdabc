//===- Mutate.cpp - Wrong programs, made of a right one ------------------------------------===//
//
// The program is changed in place, and changed back. The proof walks it once: a mutant of an op is
// tried when the walk has come to that op, and costs no more than the ops up to the one that
// refuses it.
//
//===---------------------------------------------------------------------------------------===//
#include "Mutate.h"

#include "ProgramEdit.h"

#include "compiler/partition/Correspondence.h"
#include "compiler/partition/EntryProof.h"
#include "compiler/partition/Partition.h"
#include "compiler/partition/Proof.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

#include "llvm/ADT/DenseSet.h"

#include <iomanip>
#include <sstream>

using namespace mlir;

namespace tpc {

namespace {

Value unmasked(Value value) {
  while (auto mask = value.getDefiningOp<tp::MaskOp>())
    value = mask.getX();
  return value;
}

/// Whether `value` is `of` with some of its pads masked: as good as that wherever it is used.
bool isMaskOf(Value value, Value of) {
  while (auto mask = value.getDefiningOp<tp::MaskOp>())
    if (value = mask.getX(); value == of)
      return true;
  return false;
}

/// Whether two values are offsets on factors that are split alike.
bool areEqualOffsets(Value a, Value b) {
  auto first = a.getDefiningOp<tp::OffsetOp>(), second = b.getDefiningOp<tp::OffsetOp>();
  return first && second && first.getExtent() == second.getExtent() &&
         first.getAxis() == second.getAxis();
}

/// Whether `op`, or an op that it depends on and that is not far, uses a value of `sources`.
bool dependsOn(Operation *op, const llvm::DenseSet<Value> &sources) {
  constexpr size_t far = 64;
  llvm::SetVector<Operation *> dependences;
  dependences.insert(op);
  for (size_t i = 0; i < dependences.size() && i < far; ++i)
    for (Value operand : dependences[i]->getOperands()) {
      if (sources.contains(operand))
        return true;
      if (Operation *definition = operand.getDefiningOp())
        dependences.insert(definition);
    }
  return false;
}

class Engine {
public:
  Engine(ModuleOp global, ModuleOp local, unsigned wholeEvery, unsigned replaceEvery)
      : global(global), local(local), wholeEvery(wholeEvery), replaceEvery(replaceEvery),
        mesh(tp::toMesh(tp::findMesh(local))) {}

  MutationReport run() {
    declared = *readDeclarations(local, mesh);
    for (auto [from, to] :
         llvm::zip_equal(global.getOps<nn::EntryOp>(), local.getOps<nn::EntryOp>()))
      mutateEntry(from, to);
    return std::move(report);
  }

private:
  void mutateEntry(nn::EntryOp from, nn::EntryOp to) {
    entry = to;
    EntryProof walk(mesh, declared, from);
    proof = &walk;
    Block &block = to.getBody().front();
    ops.clear();
    for (Operation &op : block)
      ops.push_back(&op);
    report.ops += static_cast<int>(ops.size());
    for (at = 0; at < ops.size(); ++at) {
      Operation *op = ops[at];
      if (isa<tp::OffsetOp>(op))
        mutateOffset(op);
      else if (isa_and_present<tp::TPDialect>(op->getDialect()))
        mutateCollective(op);
      else
        mutateCompute(op);
      replaceOperands(op);
      if (failed(walk.step(op)))
        report.complaints.push_back("the program itself is refused at " + placeOf(op));
    }
  }

  //===--- one mutant ---===//

  /// Makes the mutant that `change` makes of the op, and counts what becomes of it.
  void tryMutant(StringRef kind, function_ref<void(ProgramEdit &)> change) {
    Operation *op = ops[at];
    std::string name = kind.str() + ": " + placeOf(op) + " (op " + std::to_string(at) + " of @" +
                       entry.getSymName().str() + ")";
    MutationCount &count = report.kinds[kind.str()];
    ++count.total;
    // What comes out of the op now: a complaint about it must name the op, or one that uses it.
    llvm::DenseSet<Value> sources(op->result_begin(), op->result_end());
    sources.insert(op->operand_begin(), op->operand_end());
    Operation *before = op->getPrevNode();

    ProgramEdit edit;
    change(edit);
    std::string message;
    ScopedDiagnosticHandler quiet(local.getContext(), [&](Diagnostic &diagnostic) {
      if (message.empty())
        message = diagnostic.str();
      return success();
    });
    Operation *refused = verifyChanged(edit);
    bool verified = !refused;
    EntryProof::Mark mark = proof->mark();
    if (verified)
      refused = firstRefused(before ? before->getNextNode() : &entry.getBody().front().front());
    proof->rewind(mark);

    bool asWhole = !refused || mutants++ % wholeEvery == 0;
    if (asWhole) {
      ++report.triedAsWhole;
      bool accepted = succeeded(verify(local)) && succeeded(proveLocal(global, local));
      if (refused && accepted)
        report.complaints.push_back(name + ": refused by the walk alone");
      if (!refused && accepted) {
        report.survivors.push_back(name);
        return;
      }
      if (!refused) { // a value that is not used any more, in front of the changed op
        ++count.byProof;
        return;
      }
    }
    ++(verified ? count.byProof : count.byVerifier);
    for (Operation *changed : edit.changed())
      sources.insert(changed->result_begin(), changed->result_end());
    bool near = refused == op || llvm::is_contained(edit.changed(), refused) ||
                StringRef(message).contains(op->getName().getStringRef()) ||
                dependsOn(refused, sources);
    if (!StringRef(message).contains(refused->getName().getStringRef()) || !near)
      report.complaints.push_back(name + ": the message names no op of the mistake: " + message);
  }

  /// Verifies what was changed; the op that is refused, or null.
  Operation *verifyChanged(const ProgramEdit &edit) {
    for (Operation *op : edit.changed()) {
      auto user = dyn_cast<SymbolUserOpInterface>(op);
      if (failed(verify(op)) || (user && failed(user.verifySymbolUses(symbols))))
        return op;
    }
    return nullptr;
  }

  /// Goes on with the proof, up to the first op that it refuses; null: it has no objection.
  Operation *firstRefused(Operation *op) {
    for (; op; op = op->getNextNode())
      if (failed(proof->step(op)))
        return op;
    return failed(proof->finish(entry)) ? entry.getOperation() : nullptr;
  }

  //===--- the mistakes ---===//

  void changeAxis(Operation *op) {
    for (const MeshAxis &axis : mesh.axes)
      if (auto name = StringAttr::get(op->getContext(), axis.name); op->getAttr("axis") != name)
        tryMutant("another axis", [&](ProgramEdit &edit) { edit.setAttr(op, "axis", name); });
  }

  void changeInteger(Operation *op, StringRef kind, StringRef name) {
    auto attr = op->getAttrOfType<IntegerAttr>(name);
    if (!attr)
      return;
    for (int64_t delta : {-1, 1})
      tryMutant(kind, [&](ProgramEdit &edit) {
        edit.setAttr(op, name, IntegerAttr::get(attr.getType(), attr.getInt() + delta));
      });
  }

  void mutateOffset(Operation *op) {
    changeAxis(op);
    changeInteger(op, "another extent", "extent");
    if (op->hasAttr("axis"))
      tryMutant("offset without axis", [&](ProgramEdit &edit) { edit.setAttr(op, "axis", {}); });
    tryMutant("offset deleted", [&](ProgramEdit &edit) {
      llvm::SetVector<Operation *> users(op->user_begin(), op->user_end());
      for (Operation *user : users) {
        if (isa<tp::MaskOp>(user)) {
          edit.replaceUses(user->getResult(0), user->getOperand(0));
          edit.remove(user);
          continue;
        }
        if (auto sizes = user->getAttrOfType<DenseI32ArrayAttr>("operandSegmentSizes")) {
          SmallVector<int32_t> fewer(sizes.asArrayRef());
          fewer.back() -= static_cast<int32_t>(llvm::count(user->getOperands(), op->getResult(0)));
          edit.setAttr(user, "operandSegmentSizes",
                       DenseI32ArrayAttr::get(op->getContext(), fewer));
        }
        SmallVector<Value> others(user->getOperands());
        llvm::erase(others, op->getResult(0));
        edit.setOperands(user, others);
      }
      edit.remove(op);
    });
  }

  void mutateCollective(Operation *op) {
    tryMutant("deleted", [&](ProgramEdit &edit) {
      for (auto [input, result] : llvm::zip(tensorOperands(op), op->getResults()))
        edit.replaceUses(result, input->get());
      edit.remove(op);
    });
    tryMutant("doubled", [&](ProgramEdit &edit) {
      Operation *again = edit.cloneAfter(op);
      for (auto [index, input] : llvm::enumerate(tensorOperands(op))) {
        auto from = cast<RankedTensorType>(input->get().getType());
        auto to = cast<RankedTensorType>(op->getResult(index).getType());
        SmallVector<int64_t> shape;
        for (auto [before, after] : llvm::zip_equal(from.getShape(), to.getShape()))
          shape.push_back(std::max<int64_t>(1, after * after / before));
        edit.replaceUses(op->getResult(index), again->getResult(index), again);
        edit.setOperand(again, tensorOperands(again)[index]->getOperandNumber(),
                        op->getResult(index));
        edit.setType(again->getResult(index), RankedTensorType::get(shape, to.getElementType()));
      }
    });
    tryMutant("done twice side by side", [&](ProgramEdit &edit) { edit.cloneBefore(op); });
    if (op->hasAttr("axis"))
      changeAxis(op);
    if (auto reduce = dyn_cast<tp::AllReduceOp>(op)) {
      tp::Reduce other = reduce.getKind() == tp::Reduce::sum ? tp::Reduce::max : tp::Reduce::sum;
      tryMutant("another reduction", [&](ProgramEdit &edit) {
        edit.setAttr(op, "kind", tp::ReduceAttr::get(op->getContext(), other));
      });
    }
    for (StringRef name : {"dim", "from_dim", "to_dim"})
      changeInteger(op, "another dim", name);
    for (StringRef name : {"minor", "extent", "logical"})
      changeInteger(op, "another mask", name);
    if (isa<tp::MaskOp>(op))
      tryMutant("another mask", [&](ProgramEdit &edit) {
        edit.setAttr(op, "fill", Builder(op->getContext()).getF64FloatAttr(1.0));
      });
  }

  void mutateCompute(Operation *op) {
    if (!op->hasTrait<OpTrait::IsTerminator>())
      deleteCompute(op);
    if (op->getNumResults() != 0)
      tryMutant("op done twice", [&](ProgramEdit &edit) { edit.cloneBefore(op); });
    for (NamedAttribute attr : op->getAttrs()) {
      Attribute other;
      if (auto number = dyn_cast<FloatAttr>(attr.getValue()))
        other = FloatAttr::get(number.getType(), number.getValueAsDouble() + 1);
      else if (auto number = dyn_cast<IntegerAttr>(attr.getValue()))
        other = IntegerAttr::get(number.getType(), number.getValue() ^ 1);
      if (other)
        tryMutant("another attribute",
                  [&](ProgramEdit &edit) { edit.setAttr(op, attr.getName(), other); });
    }
    for (StringRef name : {"source", "target"})
      if (auto symbol = op->getAttrOfType<FlatSymbolRefAttr>(name))
        for (Operation *candidate : ops)
          if (auto another = candidate->getAttrOfType<FlatSymbolRefAttr>(name);
              another && another != symbol && candidate->getName() == op->getName() &&
              replacements++ % replaceEvery == 0)
            tryMutant("another symbol",
                      [&](ProgramEdit &edit) { edit.setAttr(op, name, another); });
    unsigned count = op->getNumOperands();
    for (unsigned i = 0; i < count; ++i)
      for (unsigned j = i + 1; j < count; ++j) {
        Value first = op->getOperand(i), second = op->getOperand(j);
        if (first != second && first.getType() == second.getType() &&
            !areEqualOffsets(first, second))
          tryMutant("operands swapped", [&](ProgramEdit &edit) {
            edit.setOperand(op, i, second);
            edit.setOperand(op, j, first);
          });
      }
  }

  /// Leaves the op out; what used its results uses the nearest earlier values of their types.
  void deleteCompute(Operation *op) {
    SmallVector<Value> instead;
    for (OpResult result : op->getResults())
      for (size_t before = at; before-- > 0 && instead.size() <= result.getResultNumber();)
        for (Value other : ops[before]->getResults())
          if (other.getType() == result.getType()) {
            instead.push_back(other);
            break;
          }
    if (instead.size() != op->getNumResults())
      return;
    tryMutant("op deleted", [&](ProgramEdit &edit) {
      for (auto [result, other] : llvm::zip_equal(op->getResults(), instead))
        edit.replaceUses(result, other);
      edit.remove(op);
    });
  }

  void replaceOperands(Operation *op) {
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<RankedTensorType>(operand.get().getType()))
        continue;
      for (Operation *before : ArrayRef(ops).take_front(at))
        for (Value other : before->getResults()) {
          if (other.getType() != operand.get().getType() || other == operand.get() ||
              isMaskOf(other, operand.get()))
            continue;
          bool masks = unmasked(other) == unmasked(operand.get());
          if (!masks && replacements++ % replaceEvery != 0)
            continue;
          tryMutant(masks ? "masked or unmasked" : "operand replaced", [&](ProgramEdit &edit) {
            edit.setOperand(op, operand.getOperandNumber(), other);
          });
        }
    }
  }

  ModuleOp global, local;
  unsigned wholeEvery, replaceEvery;
  Mesh mesh;
  DeclaredShardings declared;
  SymbolTableCollection symbols;
  MutationReport report;

  nn::EntryOp entry;
  EntryProof *proof = nullptr;
  SmallVector<Operation *> ops; ///< of the entry
  size_t at = 0;                ///< number of the op that is changed
  unsigned replacements = 0, mutants = 0;
};

} // namespace

std::string MutationReport::str() const {
  std::ostringstream out;
  MutationCount sum;
  auto line = [&](const std::string &name, const MutationCount &count) {
    out << "  " << std::left << std::setw(26) << name << std::right << std::setw(8)
        << count.byVerifier + count.byProof << " of " << std::setw(8) << count.total << " refused, "
        << std::setw(6) << count.byVerifier << " of them by the verifier\n";
  };
  for (const auto &[name, count] : kinds) {
    line(name, count);
    sum.total += count.total;
    sum.byVerifier += count.byVerifier;
    sum.byProof += count.byProof;
  }
  line("all", sum);
  out << "  " << ops << " ops; " << triedAsWhole
      << " mutants were also verified and proved as a whole\n";
  for (const std::string &survivor : survivors)
    out << "survivor: " << survivor << "\n";
  for (const std::string &complaint : complaints)
    out << "complaint: " << complaint << "\n";
  return out.str();
}

MutationReport mutate(ModuleOp global, ModuleOp local, unsigned wholeEvery, unsigned replaceEvery) {
  return Engine(global, local, wholeEvery, replaceEvery).run();
}

} // namespace tpc
