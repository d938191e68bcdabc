//===- Interpreter.cpp - Runs entries in float64 -------------------------------------------===//
//
// One engine: every value has one tensor per rank, and each op is executed on all ranks before the
// next one, so that a collective finds the operands of its whole group. One device is a mesh
// without axes, of one rank.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/interpreter/Interpreter.h"

#include "compiler/interpreter/Evaluate.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"

namespace tpc::interpreter {

namespace {

using mlir::failure;
using mlir::LogicalResult;
using mlir::success;

/// Where the symbols of a block live: within a layer they are the layer's own, if it declares them.
struct LayerScope {
  nn::LayersOp layers;
  int64_t index;
};

class Execution {
public:
  Execution(const Mesh &mesh, llvm::ArrayRef<Bindings> bindings, mlir::Operation *symbols,
            Roundings roundings)
      : mesh(mesh), bindings(bindings), symbols(symbols), roundings(roundings),
        outcomes(bindings.size()) {}

  LogicalResult runEntry(nn::EntryOp entry) {
    if (failed(runOps(entry.getBody().front())))
      return failure();
    for (mlir::Value output : entry.getBody().front().getTerminator()->getOperands())
      for (size_t rank = 0; rank < outcomes.size(); ++rank)
        outcomes[rank].outputs.push_back(values[output][rank]);
    return success();
  }

  std::vector<Outcome> takeOutcomes() { return std::move(outcomes); }

private:
  /// All ops but the terminator.
  LogicalResult runOps(mlir::Block &block) {
    for (mlir::Operation &op : block.without_terminator())
      if (failed(runOp(&op)))
        return failure();
    return success();
  }

  LogicalResult runOp(mlir::Operation *op) {
    return llvm::TypeSwitch<mlir::Operation *, LogicalResult>(op)
        .Case([&](nn::ReadOp op) { return read(op); })
        .Case([&](nn::WriteOp op) { return write(op); })
        .Case([&](nn::ScopeOp op) { return runRegion(op, op.getBody().front(), {}); })
        .Case(
            [&](nn::KernelOp op) { return runRegion(op, op.getBody().front(), op->getOperands()); })
        .Case([&](nn::ApplyOp op) { return apply(op); })
        .Default([&](mlir::Operation *op) { return compute(op); });
  }

  LogicalResult compute(mlir::Operation *op) {
    std::vector<std::vector<const Tensor *>> operands(bindings.size());
    for (size_t rank = 0; rank < bindings.size(); ++rank)
      for (mlir::Value operand : op->getOperands())
        operands[rank].push_back(&values.find(operand)->second[rank]);

    std::vector<Results> results;
    if (auto onMesh = evaluateOnMesh(op, mesh, operands))
      results = std::move(*onMesh);
    else
      for (const std::vector<const Tensor *> &ofRank : operands) {
        mlir::FailureOr<Results> ofOp = evaluate(op, ofRank, Roundings::Ignored);
        if (failed(ofOp))
          return failure();
        results.push_back(std::move(*ofOp));
      }
    if (roundings == Roundings::Made)
      for (Results &ofRank : results)
        roundToTypes(op, ofRank);
    for (mlir::OpResult result : op->getResults()) {
      std::vector<Tensor> &ofRanks = values[result];
      ofRanks.clear(); // a layer's ops run once per layer
      for (Results &ofRank : results) {
        Tensor &value = ofRank[result.getResultNumber()];
        if (value.shape != shapeOf(result))
          return op->emitError("the value of result ")
                 << result.getResultNumber() << " has another shape than its type";
        ofRanks.push_back(std::move(value));
      }
    }
    return success();
  }

  /// Runs a region whose results are the operands of its terminator.
  LogicalResult runRegion(mlir::Operation *op, mlir::Block &block, mlir::ValueRange arguments) {
    for (auto [argument, value] : llvm::zip_equal(block.getArguments(), arguments))
      alias(argument, value);
    if (failed(runOps(block)))
      return failure();
    for (auto [result, value] :
         llvm::zip_equal(op->getResults(), block.getTerminator()->getOperands()))
      alias(result, value);
    return success();
  }

  /// Each layer on the last one's result.
  LogicalResult apply(nn::ApplyOp op) {
    auto layers = mlir::dyn_cast_or_null<nn::LayersOp>(
        mlir::SymbolTable::lookupSymbolIn(symbols, op.getLayersAttr()));
    if (!layers)
      return op.emitError("no nn.layers has this name");
    auto block = *layers.getBody().getOps<nn::BlockOp>().begin();
    mlir::Value state = op.getInput();
    std::optional<LayerScope> outer = layer;
    int64_t count = layers.getCount();
    for (int64_t i = 0; i < count; ++i) {
      layer = LayerScope{layers, i};
      alias(block.getBody().getArgument(0), state);
      if (failed(runOps(block.getBody().front())))
        return failure();
      state = block.getBody().front().getTerminator()->getOperand(0);
    }
    layer = outer;
    alias(op.getResult(), state);
    return success();
  }

  void alias(mlir::Value name, mlir::Value value) {
    std::vector<Tensor> copy = values.find(value)->second;
    values[name] = std::move(copy);
  }

  /// The symbol that owns the storage.
  std::string storageOf(mlir::FlatSymbolRefAttr symbol) {
    if (layer && mlir::SymbolTable::lookupSymbolIn(layer->layers, symbol))
      return layer->layers.getSymName().str() + "." + std::to_string(layer->index) + "." +
             symbol.getValue().str();
    if (auto tie =
            mlir::dyn_cast_or_null<nn::TieOp>(mlir::SymbolTable::lookupSymbolIn(symbols, symbol)))
      return storageOf(tie.getTargetAttr());
    return symbol.getValue().str();
  }

  LogicalResult read(nn::ReadOp op) {
    std::string name = storageOf(op.getSourceAttr());
    std::vector<Tensor> ofRanks;
    for (const Bindings &ofRank : bindings) {
      auto binding = ofRank.find(name);
      if (binding == ofRank.end())
        return op.emitError("nothing is bound to @") << name;
      if (binding->second.shape != shapeOf(op.getResult()))
        return op.emitError("what is bound to @") << name << " has another shape than the read";
      ofRanks.push_back(binding->second);
    }
    values[op.getResult()] = std::move(ofRanks);
    return success();
  }

  LogicalResult write(nn::WriteOp op) {
    std::string name = storageOf(op.getTargetAttr());
    for (size_t rank = 0; rank < outcomes.size(); ++rank)
      if (!outcomes[rank].writes.emplace(name, values.find(op.getValue())->second[rank]).second)
        return op.emitError("@") << name << " is written twice";
    return success();
  }

  const Mesh &mesh;
  llvm::ArrayRef<Bindings> bindings; ///< per rank
  mlir::Operation *symbols;          ///< the module
  Roundings roundings;
  std::vector<Outcome> outcomes;                           ///< per rank
  llvm::DenseMap<mlir::Value, std::vector<Tensor>> values; ///< per rank
  std::optional<LayerScope> layer;                         ///< that is being run
};

} // namespace

mlir::FailureOr<std::vector<Outcome>> Interpreter::runOnMesh(nn::EntryOp entry, const Mesh &mesh,
                                                             llvm::ArrayRef<Bindings> bindings,
                                                             Roundings roundings) {
  if (static_cast<int64_t>(bindings.size()) != mesh.numRanks())
    return entry.emitError("the interpreter needs bindings for each rank of the mesh");
  Execution execution(mesh, bindings, entry->getParentOp(), roundings);
  if (failed(execution.runEntry(entry)))
    return failure();
  return execution.takeOutcomes();
}

mlir::FailureOr<Outcome> Interpreter::run(nn::EntryOp entry, const Bindings &bindings,
                                          Roundings roundings) {
  auto outcomes = runOnMesh(entry, Mesh{}, bindings, roundings);
  if (failed(outcomes))
    return failure();
  return std::move(outcomes->front());
}

} // namespace tpc::interpreter
