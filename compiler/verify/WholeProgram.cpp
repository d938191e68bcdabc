//===- WholeProgram.cpp - The program before and after partitioning, in float64 ------------===//

#include "compiler/verify/WholeProgram.h"

#include "compiler/interpreter/VirtualRanks.h"
#include "compiler/verify/StepTap.h"
#include "runtime/plan/Convert.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

using namespace tpc;
using namespace tpc::verify;

namespace {

Status gather(const RunSession &session, const std::string &symbol, uint32_t index,
              interpreter::Bindings &bindings) {
  const plan::Buffer &buffer = session.plan().buffer(index);
  Sharding sharding = fromPlan(*buffer.sharding());
  std::vector<Tensor> parts;
  for (int rank = 0; rank < session.numRanks(); ++rank)
    TPC_RETURN_IF_ERROR(session.read(rank, index, [&](const void *data) {
      parts.push_back(readTensor(data, buffer.dtype(), sharding.localShape(session.plan().mesh())));
      return Status();
    }));
  std::string error;
  auto value = interpreter::gatherTensor(parts, sharding, session.plan().mesh(), error);
  if (!value)
    return Status(Code::Difference, "the ranks' copies of '" + symbol + "' differ: " + error);
  bindings[symbol] = std::move(*value);
  return Status();
}

/// The scalar with a role; at most one has it.
std::string scalarOf(mlir::ModuleOp module, nn::ScalarRole role) {
  for (auto scalar : module.getOps<nn::ScalarOp>())
    if (scalar.getRole() == role)
      return scalar.getSymName().str();
  return "";
}

/// Outputs are measured by themselves, parameters and states by the largest of their kind: a
/// gradient that is zero in exact arithmetic (of the bias of keys, say) is nothing but rounding,
/// and so are the moments and the first step that are made of it.
std::string kindOf(mlir::ModuleOp module, const std::string &symbol) {
  auto state =
      mlir::dyn_cast_or_null<nn::StateOp>(mlir::SymbolTable::lookupSymbolIn(module, symbol));
  return state ? "slot " + state.getSlot().str() : "parameters";
}

double largestOf(const Tensor &tensor) {
  double largest = 0;
  for (double value : tensor.data)
    largest = std::max(largest, std::fabs(value));
  return largest;
}

class Comparison {
public:
  Status add(const std::string &where, const Tensor &global, const Tensor &local, double scale) {
    double difference = 0;
    for (int64_t i = 0; i < global.size(); ++i) {
      if (global[i] == local[i] || (std::isnan(global[i]) && std::isnan(local[i])))
        continue;
      double distance = std::fabs(global[i] - local[i]);
      difference = std::isnan(distance) ? HUGE_VAL : std::max(difference, distance);
    }
    double relative = difference == 0 ? 0 : difference / scale;
    if (relative > kWholeProgramLimit) {
      char text[32];
      std::snprintf(text, sizeof(text), "%.3g", relative);
      return Status(Code::Difference,
                    where + " differs by " + text +
                        " of the largest value of its kind between one device and the ranks, in "
                        "float64",
                    "the program was partitioned wrongly: report it with the model");
    }
    if (relative > result.difference || result.where.empty())
      result = {relative, where};
    return Status();
  }

  WholeProgramResult result;
};

} // namespace

Result<interpreter::Bindings> tpc::verify::gatherBindings(const RunSession &session,
                                                          const plan::Entry &entry,
                                                          mlir::ModuleOp scheduled) {
  const PlanFile &plan = session.plan();
  interpreter::Bindings bindings;
  auto gatherAll = [&](const auto *list) -> Status {
    if (list)
      for (const auto *item : *list)
        TPC_RETURN_IF_ERROR(gather(session, item->name()->str(), item->buffer(), bindings));
    return Status();
  };
  TPC_RETURN_IF_ERROR(gatherAll(plan->parameters()));
  TPC_RETURN_IF_ERROR(gatherAll(plan->states()));
  TPC_RETURN_IF_ERROR(gatherAll(entry.inputs()));
  TPC_RETURN_IF_ERROR(gatherAll(entry.scalars()));
  for (auto [role, buffer] : {std::pair(nn::ScalarRole::step, entry.step_buffer()),
                              std::pair(nn::ScalarRole::seed, entry.seed_buffer())})
    if (buffer >= 0)
      TPC_RETURN_IF_ERROR(
          gather(session, scalarOf(scheduled, role), static_cast<uint32_t>(buffer), bindings));
  return bindings;
}

Result<WholeProgramResult> tpc::verify::compareWholeProgram(mlir::ModuleOp sharded,
                                                            mlir::ModuleOp scheduled,
                                                            const std::string &entry,
                                                            const interpreter::Bindings &bindings) {
  nn::EntryOp globalEntry = findEntry(sharded, entry), localEntry = findEntry(scheduled, entry);
  if (!globalEntry || !localEntry)
    return Status(Code::InvalidInput, "the plan's programs have no entry '" + entry + "'");
  // Without roundings: one that falls the other way would look like a bug.
  constexpr auto roundings = interpreter::Roundings::Ignored;
  auto global = interpreter::Interpreter::run(globalEntry, bindings, roundings);
  if (failed(global))
    return Status(Code::Internal, "the global program cannot be evaluated in float64");
  auto local = interpreter::VirtualRanks(localEntry, {}, roundings).run(bindings);
  if (failed(local))
    return Status(Code::Difference, "the ranks' program does not give one value for all ranks");

  Comparison comparison;
  for (auto [name, globalValue, localValue] :
       llvm::zip_equal(globalEntry.getOutputs().getAsRange<mlir::StringAttr>(), global->outputs,
                       local->outputs))
    TPC_RETURN_IF_ERROR(
        comparison.add("output " + name.str(), globalValue, localValue, largestOf(globalValue)));
  std::map<std::string, double> scales;
  for (const auto &[symbol, value] : global->writes) {
    double &scale = scales[kindOf(scheduled, symbol)];
    scale = std::max(scale, largestOf(value));
  }
  for (const auto &[symbol, value] : global->writes) {
    auto written = local->writes.find(symbol);
    if (written == local->writes.end())
      return Status(Code::Difference, "the ranks do not write @" + symbol);
    TPC_RETURN_IF_ERROR(
        comparison.add("@" + symbol, value, written->second, scales[kindOf(scheduled, symbol)]));
  }
  return comparison.result;
}
