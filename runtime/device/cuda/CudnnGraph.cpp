//===- CudnnGraph.cpp - A graph in cuDNN's words, and an execution plan for it -------------===//

#include "runtime/device/cuda/CudnnGraph.h"

#include <algorithm>

using namespace tpc;
using namespace tpc::cuda;

namespace {

/// More than any heuristics were seen to recommend for one graph.
constexpr size_t kMostEngines = 16;

cudnnDataType_t dataType(GraphType type) {
  switch (type) {
  case GraphType::F32:
    return CUDNN_DATA_FLOAT;
  case GraphType::BF16:
    return CUDNN_DATA_BFLOAT16;
  case GraphType::I32:
    return CUDNN_DATA_INT32;
  case GraphType::Bool:
    return CUDNN_DATA_BOOLEAN;
  }
  return CUDNN_DATA_FLOAT;
}

/// Of the kinds that are pointwise to cuDNN.
cudnnPointwiseMode_t pointwiseMode(GraphOpKind kind) {
  switch (kind) {
  case GraphOpKind::Mul:
    return CUDNN_POINTWISE_MUL;
  case GraphOpKind::Add:
    return CUDNN_POINTWISE_ADD;
  case GraphOpKind::Sub:
    return CUDNN_POINTWISE_SUB;
  case GraphOpKind::Div:
    return CUDNN_POINTWISE_DIV;
  case GraphOpKind::Exp:
    return CUDNN_POINTWISE_EXP;
  case GraphOpKind::Log:
    return CUDNN_POINTWISE_LOG;
  case GraphOpKind::NotLess:
    return CUDNN_POINTWISE_CMP_GE;
  case GraphOpKind::Select:
    return CUDNN_POINTWISE_BINARY_SELECT;
  case GraphOpKind::Index:
    return CUDNN_POINTWISE_GEN_INDEX;
  default:
    return CUDNN_POINTWISE_IDENTITY;
  }
}

class Translator {
public:
  Translator(const CudnnApi &api, const OpGraph &graph) : api_(api), graph_(graph) {
    for (const GraphTensor &tensor : graph.tensors)
      addTensor(tensor);
    for (const GraphOp &op : graph.ops)
      addOp(op);
  }

  Result<CudnnDescriptor> finish(const CudnnTarget &target, const std::string &what) {
    TPC_RETURN_IF_ERROR(std::move(failed_).withContext(what));
    std::vector<cudnnBackendDescriptor_t> raws;
    for (const CudnnDescriptor &operation : operations_)
      raws.push_back(operation.raw());
    CudnnDescriptor graph(api_, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    graph.setAll(CUDNN_ATTR_OPERATIONGRAPH_OPS, std::span<const cudnnBackendDescriptor_t>(raws));
    if (target.handle)
      graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, target.handle);
    TPC_RETURN_IF_ERROR(graph.finalize("the graph of " + what));
    return graph;
  }

private:
  void note(Status status) {
    if (failed_.ok())
      failed_ = std::move(status);
  }

  void addTensor(const GraphTensor &tensor) {
    CudnnDescriptor descriptor(api_, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    descriptor.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, tensor.uid)
        .set(CUDNN_ATTR_TENSOR_DATA_TYPE, dataType(tensor.type))
        .setAll(CUDNN_ATTR_TENSOR_DIMENSIONS, std::span<const int64_t>(tensor.dims))
        .setAll(CUDNN_ATTR_TENSOR_STRIDES, std::span<const int64_t>(tensor.strides))
        .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, int64_t(16))
        .set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, tensor.kind == GraphTensor::Temporary)
        .set(CUDNN_ATTR_TENSOR_IS_BY_VALUE, tensor.kind == GraphTensor::Number);
    note(descriptor.finalize("tensor " + std::to_string(tensor.uid)));
    tensors_.push_back(std::move(descriptor));
  }

  /// What an operation is, apart from its operands.
  CudnnDescriptor &addDetail(CudnnDescriptor detail) {
    note(detail.finalize("the kind of an operation"));
    details_.push_back(std::move(detail));
    return details_.back();
  }

  CudnnDescriptor matmul(const GraphOp &op) {
    CudnnDescriptor detail(api_, CUDNN_BACKEND_MATMUL_DESCRIPTOR);
    detail.set(CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_DATA_FLOAT);
    CudnnDescriptor operation(api_, CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_MATMUL_DESC, addDetail(std::move(detail)))
        .set(CUDNN_ATTR_OPERATION_MATMUL_ADESC, tensors_[op.x])
        .set(CUDNN_ATTR_OPERATION_MATMUL_BDESC, tensors_[op.b])
        .set(CUDNN_ATTR_OPERATION_MATMUL_CDESC, tensors_[op.result]);
    return operation;
  }

  CudnnDescriptor reduction(const GraphOp &op) {
    CudnnDescriptor detail(api_, CUDNN_BACKEND_REDUCTION_DESCRIPTOR);
    detail
        .set(CUDNN_ATTR_REDUCTION_OPERATOR,
             op.kind == GraphOpKind::Max ? CUDNN_REDUCE_TENSOR_MAX : CUDNN_REDUCE_TENSOR_ADD)
        .set(CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_DATA_FLOAT);
    CudnnDescriptor operation(api_, CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_REDUCTION_DESC, addDetail(std::move(detail)))
        .set(CUDNN_ATTR_OPERATION_REDUCTION_XDESC, tensors_[op.x])
        .set(CUDNN_ATTR_OPERATION_REDUCTION_YDESC, tensors_[op.result]);
    return operation;
  }

  CudnnDescriptor pointwise(const GraphOp &op) {
    GraphType type = graph_.tensors[op.result].type;
    CudnnDescriptor detail(api_, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    detail.set(CUDNN_ATTR_POINTWISE_MODE, pointwiseMode(op.kind))
        .set(CUDNN_ATTR_POINTWISE_MATH_PREC,
             type == GraphType::BF16 ? CUDNN_DATA_FLOAT : dataType(type));
    if (op.kind == GraphOpKind::Index)
      detail.set(CUDNN_ATTR_POINTWISE_AXIS, op.axis);
    CudnnDescriptor operation(api_, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, addDetail(std::move(detail)))
        .set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, tensors_[op.x])
        .set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, tensors_[op.result]);
    if (op.b != GraphOp::kNone)
      operation.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, tensors_[op.b]);
    if (op.condition != GraphOp::kNone)
      operation.set(CUDNN_ATTR_OPERATION_POINTWISE_TDESC, tensors_[op.condition]);
    return operation;
  }

  CudnnDescriptor reshape(const GraphOp &op) {
    CudnnDescriptor operation(api_, CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_RESHAPE_XDESC, tensors_[op.x])
        .set(CUDNN_ATTR_OPERATION_RESHAPE_YDESC, tensors_[op.result]);
    return operation;
  }

  CudnnDescriptor describe(const GraphOp &op) {
    switch (op.kind) {
    case GraphOpKind::Matmul:
      return matmul(op);
    case GraphOpKind::Max:
    case GraphOpKind::Sum:
      return reduction(op);
    case GraphOpKind::Reshape:
      return reshape(op);
    default:
      return pointwise(op);
    }
  }

  void addOp(const GraphOp &op) {
    CudnnDescriptor operation = describe(op);
    note(operation.finalize("operation " + std::to_string(operations_.size())));
    operations_.push_back(std::move(operation));
  }

  const CudnnApi &api_;
  const OpGraph &graph_;
  Status failed_;
  std::vector<CudnnDescriptor> tensors_, details_, operations_;
};

Result<bool> isDeterministic(const CudnnDescriptor &config) {
  TPC_ASSIGN_OR_RETURN(
      std::vector<CudnnDescriptor> engine,
      config.getDescriptors(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR, 1));
  TPC_ASSIGN_OR_RETURN(std::vector<cudnnBackendNumericalNote_t> notes,
                       engine[0].getAll<cudnnBackendNumericalNote_t>(
                           CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_NUMERICAL_NOTE_TYPE_COUNT));
  return std::find(notes.begin(), notes.end(), CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC) ==
         notes.end();
}

Result<CudnnPlan> planFor(const CudnnApi &api, const CudnnTarget &target,
                          const CudnnDescriptor &config, const CudnnPlanLimits &limits,
                          const std::string &what) {
  TPC_ASSIGN_OR_RETURN(int64_t bytes, config.get<int64_t>(CUDNN_ATTR_ENGINECFG_WORKSPACE_SIZE));
  if (static_cast<size_t>(bytes) > limits.workspaceBytes)
    return Status(Code::Unavailable, what + " would need " + std::to_string(bytes) +
                                         " bytes of workspace, and the plan has " +
                                         std::to_string(limits.workspaceBytes));
  if (limits.deterministic) {
    TPC_ASSIGN_OR_RETURN(bool deterministic, isDeterministic(config));
    if (!deterministic)
      return Status(Code::Unavailable, "cuDNN has no deterministic engine for " + what);
  }
  CudnnDescriptor plan(api, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
  if (target.handle)
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, target.handle);
  else
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, *target.properties);
  TPC_RETURN_IF_ERROR(plan.finalize("an execution plan for " + what));
  TPC_ASSIGN_OR_RETURN(bytes, plan.get<int64_t>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE));
  if (static_cast<size_t>(bytes) > limits.workspaceBytes)
    return Status(Code::Internal, what + ": the plan needs more workspace than its engine said");
  return CudnnPlan{std::move(plan), static_cast<size_t>(bytes)};
}

} // namespace

Result<CudnnDescriptor> tpc::cuda::translateGraph(const CudnnApi &api, const CudnnTarget &target,
                                                  const OpGraph &graph, const std::string &what) {
  return Translator(api, graph).finish(target, what);
}

Result<std::vector<CudnnDescriptor>> tpc::cuda::recommendEngines(const CudnnApi &api,
                                                                 const CudnnTarget &target,
                                                                 const CudnnDescriptor &graph,
                                                                 cudnnBackendHeurMode_t mode,
                                                                 const std::string &what) {
  CudnnDescriptor heuristics(api, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph)
      .set(CUDNN_ATTR_ENGINEHEUR_MODE, mode);
  if (target.properties)
    heuristics.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, *target.properties);
  TPC_RETURN_IF_ERROR(heuristics.finalize("a choice of engines for " + what));
  return heuristics.getDescriptors(CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                   CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, kMostEngines);
}

Result<CudnnPlan> tpc::cuda::makePlan(const CudnnApi &api, const CudnnTarget &target,
                                      const CudnnDescriptor &graph, const CudnnPlanLimits &limits,
                                      const std::string &what) {
  // The first reason is that of the engine that cuDNN likes best.
  Status reason;
  for (cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
    Result<std::vector<CudnnDescriptor>> configs = recommendEngines(api, target, graph, mode, what);
    if (!configs.ok()) {
      reason = reason.ok() ? configs.status() : reason;
      continue;
    }
    for (const CudnnDescriptor &config : *configs) {
      Result<CudnnPlan> plan = planFor(api, target, config, limits, what);
      if (plan.ok())
        return plan;
      reason = reason.ok() ? plan.status() : reason;
    }
  }
  return reason.ok() ? Status(Code::Unavailable, "cuDNN has no engine for " + what) : reason;
}

Status tpc::cuda::executePlan(const CudnnApi &api, cudnnHandle_t handle, const CudnnPlan &plan,
                              std::span<const CudnnBinding> bindings, void *workspace,
                              const std::string &what) {
  std::vector<int64_t> uids;
  std::vector<void *> pointers;
  for (const CudnnBinding &binding : bindings) {
    uids.push_back(binding.uid);
    pointers.push_back(binding.pointer);
  }
  CudnnDescriptor pack(api, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.setAll(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, std::span<const int64_t>(uids))
      .setAll(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, std::span<void *const>(pointers))
      .set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, workspace);
  TPC_RETURN_IF_ERROR(pack.finalize("the operands of " + what));
  return api.check(api.execute(handle, plan.plan.raw(), pack.raw()), "run " + what);
}
