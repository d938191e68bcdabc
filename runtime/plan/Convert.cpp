//===- Convert.cpp - Between the plan's tables and the types of algebra and runtime -----------===//

#include "runtime/plan/Convert.h"

using namespace tpc;

// The enums have the same members in the same order, so a cast converts them.
static_assert(int(plan::DType::f32) == int(DType::F32) && int(plan::DType::f64) == int(DType::F64));
static_assert(int(plan::DType::bf16) == int(DType::BF16) &&
              int(plan::DType::i32) == int(DType::I32));
static_assert(int(plan::ReduceKind::sum) == int(ReduceKind::Sum) &&
              int(plan::ReduceKind::max) == int(ReduceKind::Max));
static_assert(int(plan::CollectiveKind::all_reduce) == int(CollectiveKind::AllReduce) &&
              int(plan::CollectiveKind::all_gather) == int(CollectiveKind::AllGather));
static_assert(int(plan::CollectiveKind::reduce_scatter) == int(CollectiveKind::ReduceScatter) &&
              int(plan::CollectiveKind::all_to_all) == int(CollectiveKind::AllToAll));

DType tpc::fromPlan(plan::DType dtype) { return static_cast<DType>(dtype); }
ReduceKind tpc::fromPlan(plan::ReduceKind kind) { return static_cast<ReduceKind>(kind); }
CollectiveKind tpc::fromPlan(plan::CollectiveKind kind) {
  return static_cast<CollectiveKind>(kind);
}
plan::DType tpc::toPlan(DType dtype) { return static_cast<plan::DType>(dtype); }
plan::ReduceKind tpc::toPlan(ReduceKind kind) { return static_cast<plan::ReduceKind>(kind); }
plan::CollectiveKind tpc::toPlan(CollectiveKind kind) {
  return static_cast<plan::CollectiveKind>(kind);
}

Sharding tpc::fromPlan(const plan::Sharding &sharding) {
  Sharding result;
  for (const plan::DimLayout *dim : *sharding.dims()) {
    DimLayout layout;
    for (const plan::Factor *factor : *dim->factors()) {
      Factor converted{factor->logical(), factor->padded(), {}};
      if (factor->axes())
        converted.axes.assign(factor->axes()->begin(), factor->axes()->end());
      layout.push_back(std::move(converted));
    }
    result.dims.push_back(std::move(layout));
  }
  if (sharding.partial())
    for (const plan::Partial *partial : *sharding.partial())
      result.partial.push_back({partial->axis(), fromPlan(partial->kind())});
  return result;
}

Mesh tpc::fromPlan(const flatbuffers::Vector<flatbuffers::Offset<plan::Axis>> &axes) {
  Mesh mesh;
  for (const plan::Axis *axis : axes)
    mesh.axes.push_back({axis->name()->str(), axis->size()});
  return mesh;
}

GemmShape tpc::fromPlan(const plan::Gemm &gemm) {
  GemmShape shape{};
  shape.m = gemm.m();
  shape.n = gemm.n();
  shape.k = gemm.k();
  shape.batch = gemm.batch();
  shape.transposeA = gemm.transpose_a();
  shape.transposeB = gemm.transpose_b();
  shape.accumulate = gemm.accumulate();
  shape.bias = gemm.bias();
  shape.lda = gemm.lda();
  shape.ldb = gemm.ldb();
  shape.ldc = gemm.ldc();
  shape.strideA = gemm.stride_a();
  shape.strideB = gemm.stride_b();
  shape.strideC = gemm.stride_c();
  shape.dtype = fromPlan(gemm.dtype());
  shape.resultDtype = fromPlan(gemm.result_dtype());
  return shape;
}

AttentionShape tpc::fromPlan(const plan::Attention &attention) {
  AttentionShape shape{};
  shape.batch = attention.batch();
  shape.queryLength = attention.query_length();
  shape.keyLength = attention.key_length();
  shape.heads = attention.heads();
  shape.kvHeads = attention.kv_heads();
  shape.size = attention.size();
  shape.causal = attention.causal();
  shape.scale = attention.scale();
  shape.dtype = fromPlan(attention.dtype());
  return shape;
}

std::unique_ptr<plan::ShardingT> tpc::toPlan(const Sharding &sharding) {
  auto result = std::make_unique<plan::ShardingT>();
  for (const DimLayout &dim : sharding.dims) {
    auto layout = std::make_unique<plan::DimLayoutT>();
    for (const Factor &factor : dim) {
      auto converted = std::make_unique<plan::FactorT>();
      converted->logical = factor.logical;
      converted->padded = factor.padded;
      converted->axes.assign(factor.axes.begin(), factor.axes.end());
      layout->factors.push_back(std::move(converted));
    }
    result->dims.push_back(std::move(layout));
  }
  for (const Partial &partial : sharding.partial) {
    auto converted = std::make_unique<plan::PartialT>();
    converted->axis = partial.axis;
    converted->kind = toPlan(partial.kind);
    result->partial.push_back(std::move(converted));
  }
  return result;
}

std::vector<std::unique_ptr<plan::AxisT>> tpc::toPlan(const Mesh &mesh) {
  std::vector<std::unique_ptr<plan::AxisT>> result;
  for (const MeshAxis &axis : mesh.axes) {
    auto converted = std::make_unique<plan::AxisT>();
    converted->name = axis.name;
    converted->size = static_cast<uint32_t>(axis.size);
    result.push_back(std::move(converted));
  }
  return result;
}
