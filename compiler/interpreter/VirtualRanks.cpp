//===- VirtualRanks.cpp - Runs local entries on global values ------------------------------===//
//
// Partial values combine along their axes first; what remains must be equal wherever two ranks
// hold the same logical element.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/interpreter/VirtualRanks.h"

#include "algebra/CoordinateMap.h"
#include "dialects/tp/TP.h"

#include <algorithm>
#include <cmath>

namespace tpc::interpreter {

namespace {

/// The type that a declaration gives a symbol, or null.
mlir::RankedTensorType declaredType(nn::EntryOp entry, llvm::StringRef symbol) {
  mlir::Operation *decl = mlir::SymbolTable::lookupSymbolIn(entry->getParentOp(), symbol);
  auto type = decl ? decl->getAttrOfType<mlir::TypeAttr>("type") : mlir::TypeAttr();
  return type ? mlir::dyn_cast<mlir::RankedTensorType>(type.getValue()) : nullptr;
}

/// Every rank's part, with the partial values of its groups combined.
std::vector<Tensor> combined(llvm::ArrayRef<Tensor> parts, const Sharding &sharding,
                             const Mesh &mesh) {
  std::vector<Tensor> values(parts);
  for (const Partial &partial : sharding.partial) {
    std::vector<Tensor> before = values;
    for (int64_t rank = 0; rank < mesh.numRanks(); ++rank) {
      std::vector<int64_t> group = mesh.group(rank, partial.axis);
      values[rank] = before[group[0]];
      for (int64_t member : llvm::ArrayRef(group).drop_front())
        for (int64_t i = 0; i < values[rank].size(); ++i)
          values[rank][i] = partial.kind == ReduceKind::Sum
                                ? values[rank][i] + before[member][i]
                                : largerOf(values[rank][i], before[member][i]);
    }
  }
  return values;
}

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

/// Whether the pads of every rank's part hold `fill`.
bool padsHold(llvm::ArrayRef<Tensor> parts, const Sharding &sharding, const Mesh &mesh,
              double fill) {
  for (int64_t rank = 0; rank < mesh.numRanks(); ++rank) {
    CoordinateMap map(sharding, mesh, rank);
    for (int64_t i = 0; i < parts[rank].size(); ++i)
      if (map.globalElement(i) < 0 && !same(parts[rank][i], fill))
        return false;
  }
  return true;
}

} // namespace

std::vector<Tensor> splitTensor(const Tensor &global, const Sharding &sharding, const Mesh &mesh,
                                double pads) {
  std::vector<Tensor> parts;
  for (int64_t rank = 0; rank < mesh.numRanks(); ++rank) {
    CoordinateMap map(sharding, mesh, rank);
    Tensor part(map.localShape());
    for (int64_t i = 0; i < part.size(); ++i) {
      int64_t element = map.globalElement(i);
      part[i] = element < 0 ? pads : global[element];
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

std::optional<Tensor> gatherTensor(llvm::ArrayRef<Tensor> parts, const Sharding &sharding,
                                   const Mesh &mesh, std::string &error) {
  Tensor global(sharding.globalShape());
  std::vector<int64_t> owner(global.size(), -1);
  std::vector<Tensor> values = combined(parts, sharding, mesh);
  for (int64_t rank = 0; rank < mesh.numRanks(); ++rank) {
    CoordinateMap map(sharding, mesh, rank);
    if (values[rank].shape != map.localShape()) {
      error = "a part has not the local shape of the sharding " + sharding.str(mesh);
      return std::nullopt;
    }
    for (int64_t i = 0; i < values[rank].size(); ++i) {
      int64_t element = map.globalElement(i);
      if (element < 0)
        continue;
      if (owner[element] >= 0 && !same(global[element], values[rank][i])) {
        error = "element " + std::to_string(element) + " is " + std::to_string(global[element]) +
                " on rank " + std::to_string(owner[element]) + " and " +
                std::to_string(values[rank][i]) + " on rank " + std::to_string(rank);
        return std::nullopt;
      }
      owner[element] = rank;
      global[element] = values[rank][i];
    }
  }
  return global;
}

VirtualRanks::VirtualRanks(nn::EntryOp entry, PadFill pads, Roundings roundings)
    : entry(entry), pads(pads), roundings(roundings) {
  if (tp::MeshOp mesh = tp::findMesh(mlir::cast<mlir::ModuleOp>(entry->getParentOp())))
    mesh_ = tp::toMesh(mesh);
}

Sharding VirtualRanks::shardingOf(llvm::StringRef symbol) const {
  return tp::toSharding(declaredType(entry, symbol), mesh_);
}

mlir::FailureOr<Outcome> VirtualRanks::run(const Bindings &bindings,
                                           llvm::ArrayRef<Sharding> outputs) {
  std::vector<Bindings> ofRanks(mesh_.numRanks());
  for (const auto &[symbol, value] : bindings) {
    mlir::RankedTensorType type = declaredType(entry, symbol);
    if (!type)
      return entry.emitError("no declaration gives @") << symbol << " a type";
    if (value.shape != Shape(type.getShape()))
      return entry.emitError("what is bound to @") << symbol << " has not its global shape";
    double fill = type.getElementType().isInteger() ? pads.integers : pads.floats;
    std::vector<Tensor> parts = splitTensor(value, tp::toSharding(type, mesh_), mesh_, fill);
    for (size_t rank = 0; rank < ofRanks.size(); ++rank)
      ofRanks[rank].emplace(symbol, std::move(parts[rank]));
  }

  auto outcomes = Interpreter::runOnMesh(entry, mesh_, ofRanks, roundings);
  if (failed(outcomes))
    return mlir::failure();

  Outcome global;
  std::string error;
  for (size_t i = 0; i < outcomes->front().outputs.size(); ++i) {
    std::vector<Tensor> parts;
    for (Outcome &outcome : *outcomes)
      parts.push_back(outcome.outputs[i]);
    Sharding sharding = i < outputs.size() ? outputs[i] : Sharding::replicated(parts.front().shape);
    auto value = gatherTensor(parts, sharding, mesh_, error);
    if (!value)
      return entry.emitError("output ") << i << ": " << error;
    global.outputs.push_back(std::move(*value));
  }
  for (const auto &[symbol, written] : outcomes->front().writes) {
    std::vector<Tensor> parts;
    for (Outcome &outcome : *outcomes)
      parts.push_back(outcome.writes.at(symbol));
    auto value = gatherTensor(parts, shardingOf(symbol), mesh_, error);
    if (!value)
      return entry.emitError("@") << symbol << ": " << error;
    if (!padsHold(parts, shardingOf(symbol), mesh_, pads.floats))
      return entry.emitError("@") << symbol << " is written with other pads than it was read with";
    global.writes.emplace(symbol, std::move(*value));
  }
  return global;
}

} // namespace tpc::interpreter
