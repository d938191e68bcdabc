//===- InspectCommand.h - tpc inspect of a plan -----------------------------------------------===//
//
// Everything shown is in the plan itself. A view is a function from the plan to a document, for
// people, or to JSON, for programs.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/cli/Document.h"
#include "runtime/plan/PlanFile.h"
#include "runtime/support/Json.h"

#include <span>
#include <string>

namespace tpc {

/// Whether the arguments name a model, which tpc-compile inspects.
bool inspectsModel(std::span<const std::string> words);

/// `words`: what follows "inspect".
Status inspectCommand(std::span<const std::string> words);

Document summaryView(const PlanFile &plan);
void summaryJson(const PlanFile &plan, JsonWriter &json);
Document shardingView(const PlanFile &plan);
void shardingJson(const PlanFile &plan, JsonWriter &json);
Document memoryView(const PlanFile &plan);
void memoryJson(const PlanFile &plan, JsonWriter &json);
Document collectivesView(const PlanFile &plan);
void collectivesJson(const PlanFile &plan, JsonWriter &json);
Document costView(const PlanFile &plan);
void costJson(const PlanFile &plan, JsonWriter &json);
Document instructionsView(const PlanFile &plan);
void instructionsJson(const PlanFile &plan, JsonWriter &json);

/// All views as one page, with pictures of memory over time and of predicted time.
std::string inspectPage(const PlanFile &plan);
/// What holds which bytes during a step of the entry: an HTML figure.
std::string memoryPicture(const PlanFile &plan, const plan::Entry &entry);
/// Predicted time by phase and kind of instruction: an HTML figure.
std::string costPicture(const plan::Entry &entry);

/// What a run needs beside the arenas; views of memory end with it.
inline constexpr const char *kOutside =
    "not in the plan: program and libraries; measured by tpc run";

/// "4x6xf32"
std::string shapeText(const flatbuffers::Vector<int64_t> &shape, plan::DType dtype);
/// "12.3 us"
std::string timeText(int64_t picoseconds);
std::string textOf(const flatbuffers::String *text);
/// "all_reduce" for collectives, "gemm", ... for the others.
std::string kindOf(const plan::Instruction &instruction);

} // namespace tpc
