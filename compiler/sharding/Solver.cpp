//===- Solver.cpp - Finds the sharding of least predicted time -----------------------------===//
//
// Checks the user's constraints, then solves axis by axis and entry by entry: the training first,
// whose parameter shardings the other entries take as given.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/sharding/Solver.h"

#include "compiler/sharding/ConstraintReasons.h"
#include "compiler/support/NamePattern.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace tpc {
namespace {

/// The sharding of a symbol whose placements on all axes are known.
Sharding shardingOf(const std::vector<DimFacts> &facts, const std::vector<Place> &placePerAxis,
                    const Mesh &mesh, const WeightAlignment &alignment) {
  Sharding sharding;
  for (auto [dim, fact] : llvm::enumerate(facts)) {
    DimLayout layout;
    for (auto [atom, extent] : llvm::enumerate(fact.atoms)) {
      Factor factor{extent, extent, {}};
      int64_t ways = 1;
      for (auto [axis, place] : llvm::enumerate(placePerAxis))
        if (place == Place::split(dim, atom)) {
          factor.axes.push_back(axis);
          ways *= mesh.axisSize(axis);
        }
      int64_t multiple = ways * alignmentOf(fact, alignment);
      factor.padded = (extent + multiple - 1) / multiple * multiple;
      layout.push_back(factor);
    }
    sharding.dims.push_back(std::move(layout));
  }
  return canonical(std::move(sharding));
}

/// Constraints must match something and fit it, and must not contradict each other.
LogicalResult checkConstraints(ModuleOp module, const SolverOptions &options) {
  llvm::StringMap<const ShardConstraint *> constraintOf;
  for (const ShardConstraint &constraint : options.constraints) {
    bool matched = false;
    for (Operation &op : module.getBody()->getOperations()) {
      if (!isa<nn::ParameterOp, nn::InputOp, nn::StateOp>(op))
        continue;
      StringRef name = cast<SymbolOpInterface>(op).getName();
      if (!matchesPattern(constraint.pattern, name))
        continue;
      matched = true;
      const ShardConstraint *earlier = constraintOf.try_emplace(name, &constraint).first->second;
      if (earlier->axesPerDim != constraint.axesPerDim)
        return emitError(op.getLoc()) << "the constraints '" << earlier->text << "' and '"
                                      << constraint.text << "' contradict each other on '" << name
                                      << "'; hint: make their patterns match different names";
      auto type = cast<RankedTensorType>(op.getAttrOfType<TypeAttr>("type").getValue());
      if (static_cast<int64_t>(constraint.axesPerDim.size()) != type.getRank())
        return emitError(op.getLoc())
               << "the constraint '" << constraint.text << "' has " << constraint.axesPerDim.size()
               << " dims, but '" << name << "' has " << type.getRank();
      for (auto [dim, axes] : llvm::enumerate(constraint.axesPerDim)) {
        for (const std::string &axis : axes) {
          std::optional<AxisId> id = options.mesh.findAxis(axis);
          if (!id)
            return emitError(op.getLoc())
                   << "the constraint '" << constraint.text << "' names the axis '" << axis
                   << "', but the mesh has " << options.mesh.str();
          if (type.getDimSize(dim) == 1)
            return emitError(op.getLoc())
                   << "the constraint '" << constraint.text << "' splits dim " << dim << " of '"
                   << name << "' (" << type.getDimSize(dim) << ") over " << axis << "="
                   << options.mesh.axisSize(*id) << ", which would leave ranks with nothing";
        }
        // Of several axes the one that comes first in the mesh cuts the larger pieces.
        std::vector<std::string> inOrder;
        for (const MeshAxis &axis : options.mesh.axes)
          if (llvm::is_contained(axes, axis.name))
            inOrder.push_back(axis.name);
        if (inOrder != axes)
          return emitError(op.getLoc())
                 << "the constraint '" << constraint.text << "' splits dim " << dim << " of '"
                 << name << "' in another order of axes than that of the mesh, which is "
                 << options.mesh.str() << "; hint: write {" << llvm::join(inOrder, ", ") << "}";
      }
    }
    if (!matched)
      return emitError(module.getLoc())
             << "the constraint '" << constraint.text
             << "' matches no parameter, state or input; hint: `tpc inspect MODEL --view sharding` "
                "lists their names";
  }
  return success();
}

/// Dp splits the batch of every input, and nothing is padded there.
LogicalResult checkBatch(ModuleOp module, const SolverOptions &options, const FactorAtoms &atoms,
                         AxisId axis) {
  if (options.mesh.axes[axis].name != "dp")
    return success();
  int64_t ranks = options.mesh.axisSize(axis);
  for (auto input : module.getOps<nn::InputOp>())
    for (const DimFacts &fact : atoms.ofSymbol(input.getSymName()))
      if (fact.role == DimRole::Batch && fact.atoms[0] % ranks != 0)
        return emitError(input.getLoc())
               << "the batch of input '" << input.getSymName() << "' is " << fact.atoms[0]
               << ", which dp=" << ranks
               << " does not divide; hint: bind the batch to a multiple with --dim";
  return success();
}

/// The training decides for the others.
SmallVector<nn::EntryOp> trainingFirst(ModuleOp module) {
  SmallVector<nn::EntryOp> entries(module.getOps<nn::EntryOp>());
  llvm::stable_sort(entries, [](nn::EntryOp a, nn::EntryOp b) {
    auto writes = [](nn::EntryOp entry) { return !entry.getBody().getOps<nn::WriteOp>().empty(); };
    return writes(a) && !writes(b);
  });
  return entries;
}

/// Of each weight that is padded though its split needs no pads, or more than its split needs.
void noteAlignment(ModuleOp module, const SolverOptions &options, const FactorAtoms &atoms,
                   const LayerNames &layerNames, const Decision &decision, SolverReport &report) {
  std::set<std::string> noted;
  for (auto parameter : module.getOps<nn::ParameterOp>()) {
    auto found = decision.symbols.find(parameter.getSymName());
    if (found == decision.symbols.end() || !noted.insert(layerNames(parameter.getSymName())).second)
      continue;
    for (auto [dim, layout, facts] :
         llvm::enumerate(found->second.dims, atoms.ofSymbol(parameter.getSymName()))) {
      int64_t multiple = alignmentOf(facts, options.alignment);
      int64_t ways = paddedSize(layout) / localSize(layout, options.mesh);
      int64_t needed = (logicalSize(layout) + ways - 1) / ways * ways;
      if (multiple > 1 && paddedSize(layout) != needed)
        report.notes.push_back(layerNames(parameter.getSymName()) + " has dim " +
                               std::to_string(dim) + " of " + std::to_string(logicalSize(layout)) +
                               " padded to " + std::to_string(paddedSize(layout)) +
                               ", a multiple of " + std::to_string(multiple) +
                               " on a rank, which products are faster at");
    }
  }
}

LogicalResult reportImpossible(nn::EntryOp entry, const SolverOptions &options, AxisId axis,
                               bool gaveUp) {
  InFlightDiagnostic error = emitError(entry.getLoc());
  error << (gaveUp ? "there are too many shardings to compare" : "no sharding") << " of entry '"
        << entry.getSymName() << "' over " << options.mesh.axes[axis].name << "="
        << options.mesh.axisSize(axis) << (gaveUp ? "" : " meets the rules of all ops");
  if (!options.constraints.empty()) {
    error << " under the constraints";
    for (const ShardConstraint &constraint : options.constraints)
      error << " '" << constraint.text << "'";
    error << "; hint: leave one of them out";
  } else if (options.mesh.axes[axis].name == "dp") {
    auto isBatch = [](const auto &of) { return of.second == DimRole::Batch; };
    error << "; hint: dp splits what inputs name first, and none of them later (";
    llvm::interleaveComma(
        llvm::make_filter_range(rolesOfNames(entry->getParentOfType<ModuleOp>()), isBatch), error,
        [&](const auto &of) { error << of.first; });
    error << "), which must be the batch throughout";
  } else if (options.sequenceParallel != SequenceParallel::Off) {
    error << "; hint: --sequence-parallel off may have one";
  }
  return error;
}

} // namespace

FailureOr<Decision> solveShardings(ModuleOp module, const SolverOptions &options,
                                   SolverReport &report) {
  FactorAtoms atoms(module);
  LayerNames layerNames(module, options.constraints);
  SymbolTable symbols(module);
  Decision decision;
  decision.mesh = options.mesh;
  if (failed(checkConstraints(module, options)))
    return failure();

  SmallVector<nn::EntryOp> entries = trainingFirst(module);
  llvm::StringMap<std::vector<Place>> places;
  for (AxisId axis = 0; axis < options.mesh.axes.size(); ++axis) {
    if (failed(checkBatch(module, options, atoms, axis)))
      return failure();
    llvm::StringMap<Place> fixed;
    ConstraintReasons reasons(symbols, options, atoms, layerNames, axis);
    for (nn::EntryOp entry : entries) {
      reasons.enter(entry);
      // Anything else than the usual transitions is taken only for a user's constraint, and by an
      // entry that has to take the parameters as the training left them.
      auto solve = [&](bool gathersAllowed) {
        AxisSolver solver(symbols, options, atoms, layerNames, axis, gathersAllowed);
        bool isFound = solver.search(entry, fixed);
        report.gaveUp = solver.gaveUp();
        if (isFound) {
          solver.fixSymbols(fixed);
          solver.record(entry, reasons, decision, report);
        }
        return isFound;
      };
      bool isFirst = entry == entries.front();
      if (!solve(false) && ((options.constraints.empty() && isFirst) || !solve(true)))
        return reportImpossible(entry, options, axis, report.gaveUp);
    }
    for (auto &entry : fixed) {
      std::vector<Place> &perAxis = places[entry.first()];
      perAxis.resize(options.mesh.axes.size());
      perAxis[axis] = entry.second;
    }
  }

  for (auto &entry : places)
    decision.symbols[entry.first()] =
        shardingOf(atoms.ofSymbol(entry.first()), entry.second, options.mesh, options.alignment);
  noteAlignment(module, options, atoms, layerNames, decision, report);
  for (nn::EntryOp entry : entries)
    for (Operation &op : entry.getBody().front())
      for (Value result : op.getResults())
        if (isRoundedOnWire(result, atoms.of(result), options.wire))
          decision.roundedOnWire.insert(result);
  return decision;
}

} // namespace tpc
