//===- Correspondence.cpp - What two modules must have in common ---------------------------===//
#include "compiler/partition/Correspondence.h"

#include "dialects/nn/LocalExtents.h"
#include "dialects/tp/TP.h"

using namespace mlir;

namespace tpc {

std::string placeOf(Operation *op) {
  std::string text = op->getName().getStringRef().str();
  if (auto scope = op->getAttrOfType<StringAttr>(nn::kScopeAttr))
    text += " (" + scope.getValue().str() + ")";
  return text;
}

Value withoutReshards(Value value) {
  while (auto reshard = value.getDefiningOp<tp::ReshardOp>())
    value = reshard.getX();
  return value;
}

LogicalResult sameAttributes(Operation *op, Operation *derived, unsigned offsets) {
  static constexpr StringLiteral segments = "operandSegmentSizes";
  auto plain = [](Attribute attr) -> Attribute {
    if (auto type = dyn_cast_if_present<TypeAttr>(attr))
      if (auto tensor = dyn_cast<RankedTensorType>(type.getValue()))
        return TypeAttr::get(tp::withoutSharding(tensor));
    return attr;
  };
  DictionaryAttr a = op->getAttrDictionary(), b = derived->getAttrDictionary();
  auto fail = [&](StringRef name) {
    return derived->emitError() << placeOf(derived) << " has another attribute `" << name
                                << "` than the op that it stands for: expected " << a.get(name)
                                << ", found " << b.get(name);
  };
  for (NamedAttribute attr : a) {
    if (attr.getName() == segments)
      continue;
    // Extents are local in a local op: those of types, which are compared, or in their proportion.
    if (nn::isExtent(op, attr.getName())) {
      if (!nn::namesSameExtents(op, derived))
        return fail(attr.getName());
      continue;
    }
    if (plain(attr.getValue()) != plain(b.get(attr.getName())))
      return fail(attr.getName());
  }
  for (NamedAttribute attr : b)
    if (!a.contains(attr.getName()))
      return fail(attr.getName());
  auto sizes = a.getAs<DenseI32ArrayAttr>(segments);
  auto derivedSizes = b.getAs<DenseI32ArrayAttr>(segments);
  if (!sizes || !derivedSizes)
    return success(!sizes && !derivedSizes);
  SmallVector<int32_t> expected(sizes.asArrayRef());
  if (!expected.empty())
    expected.back() += offsets;
  return ArrayRef<int32_t>(expected) == derivedSizes.asArrayRef() ? success() : fail(segments);
}

LogicalResult compareModules(ModuleOp from, ModuleOp derived,
                             llvm::function_ref<LogicalResult(nn::EntryOp, nn::EntryOp)> visit) {
  auto declarations = [](ModuleOp module) {
    SmallVector<Operation *> ops;
    for (Operation &op : *module.getBody())
      if (!isa<tp::MeshOp>(op))
        ops.push_back(&op);
    return ops;
  };
  SmallVector<Operation *> expected = declarations(from), found = declarations(derived);
  for (size_t i = 0; i < std::max(expected.size(), found.size()); ++i) {
    if (i >= found.size())
      return expected[i]->emitError()
             << placeOf(expected[i]) << " is missing in the module that was made of this one";
    if (i >= expected.size() || expected[i]->getName() != found[i]->getName())
      return found[i]->emitError()
             << placeOf(found[i]) << " is not in the module of which this one was made";
    if (failed(sameAttributes(expected[i], found[i])))
      return failure();
    if (auto entry = dyn_cast<nn::EntryOp>(expected[i])) {
      if (failed(visit(entry, cast<nn::EntryOp>(found[i]))))
        return failure();
    } else if (expected[i]->getNumRegions() != 0) {
      return expected[i]->emitError()
             << placeOf(expected[i]) << " has no place at this level; level `model` flattens it";
    }
  }
  return success();
}

} // namespace tpc
