//===- InspectCommand.h - tpc inspect of a plan
//---------------------------------------------------===//
//
// Everything shown is in the plan itself. A view is a function from the plan to text or to JSON.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/plan/PlanFile.h"
#include "runtime/support/Json.h"

#include <span>
#include <string>

namespace tpc {

/// Whether the arguments name a model, which tpc-compile inspects.
bool inspectsModel(std::span<const std::string> words);

/// `words`: what follows "inspect".
Status inspectCommand(std::span<const std::string> words);

std::string summaryText(const PlanFile &plan);
void summaryJson(const PlanFile &plan, JsonWriter &json);
std::string shardingText(const PlanFile &plan);
void shardingJson(const PlanFile &plan, JsonWriter &json);
std::string memoryText(const PlanFile &plan);
void memoryJson(const PlanFile &plan, JsonWriter &json);
std::string collectivesText(const PlanFile &plan);
void collectivesJson(const PlanFile &plan, JsonWriter &json);
std::string costText(const PlanFile &plan);
void costJson(const PlanFile &plan, JsonWriter &json);
std::string instructionsText(const PlanFile &plan);
void instructionsJson(const PlanFile &plan, JsonWriter &json);

/// What a run needs beside the arenas; views of memory end with it.
inline constexpr const char *kOutside = "not in the plan: program, libraries and their packing "
                                        "buffers; measured by tpc run";

/// "4x6xf32"
std::string shapeText(const flatbuffers::Vector<int64_t> &shape, plan::DType dtype);
/// "12.3 us"
std::string timeText(int64_t picoseconds);
std::string textOf(const flatbuffers::String *text);
/// "all_reduce" for collectives, "gemm", ... for the others.
std::string kindOf(const plan::Instruction &instruction);

} // namespace tpc
