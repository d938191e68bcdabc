//===- Convert.h - Between the plan's tables and the types of algebra and runtime -------------===//
//
// The plan mirrors Mesh, Sharding and the enums of algebra and Device; nothing else converts them.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Cost.h"
#include "algebra/Sharding.h"
#include "runtime/device/Device.h"
#include "runtime/plan/plan_generated.h"

#include <memory>
#include <vector>

namespace tpc {

DType fromPlan(plan::DType dtype);
ReduceKind fromPlan(plan::ReduceKind kind);
CollectiveKind fromPlan(plan::CollectiveKind kind);
Sharding fromPlan(const plan::Sharding &sharding);
Mesh fromPlan(const flatbuffers::Vector<flatbuffers::Offset<plan::Axis>> &axes);
GemmShape fromPlan(const plan::Gemm &gemm);
AttentionShape fromPlan(const plan::Attention &attention);

plan::DType toPlan(DType dtype);
plan::ReduceKind toPlan(ReduceKind kind);
plan::CollectiveKind toPlan(CollectiveKind kind);
std::unique_ptr<plan::ShardingT> toPlan(const Sharding &sharding);
std::vector<std::unique_ptr<plan::AxisT>> toPlan(const Mesh &mesh);

} // namespace tpc
