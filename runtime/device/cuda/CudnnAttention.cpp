//===- CudnnAttention.cpp - Attention by cuDNN's flash kernels -----------------------------===//

#include "runtime/device/cuda/CudnnAttention.h"

#include "runtime/device/cuda/AttentionGraph.h"

#include <limits>

using namespace tpc;
using namespace tpc::cuda;

namespace {

std::string describe(const AttentionShape &shape, AttentionPass pass) {
  auto text = [](int64_t value) { return std::to_string(value); };
  std::string name = pass == AttentionPass::Forward    ? "attention"
                     : pass == AttentionPass::Backward ? "attention's backward pass"
                                                       : "attention's deterministic backward pass";
  return name + " of " + text(shape.batch) + " x " + text(shape.queryLength) + " queries and " +
         text(shape.keyLength) + " keys, " + text(shape.heads) + " heads on " +
         text(shape.kvHeads) + ", size " + text(shape.size) + (shape.causal ? ", causal" : "");
}

/// The numbers that a graph may ask for; where they lie until the call has returned.
struct Numbers {
  float scale, masked = -std::numeric_limits<float>::infinity(), one = 1;
  int32_t keyLength, queryLength;
};

void *advance(const void *pointer, int64_t bytes) {
  return const_cast<char *>(static_cast<const char *>(pointer)) + bytes;
}

/// The operand of an instruction; null for what the workspace holds, and for numbers.
const void *operandOf(const AttentionOperands &operands, int64_t uid) {
  switch (uid) {
  case UidQ:
    return operands.q;
  case UidK:
    return operands.k;
  case UidV:
    return operands.v;
  case UidO:
    return operands.o;
  case UidLse:
    return operands.lse;
  case UidDOut:
    return operands.dOut;
  case UidDq:
    return operands.dq;
  case UidDk:
    return operands.dk;
  case UidDv:
    return operands.dv;
  default:
    return nullptr;
  }
}

} // namespace

bool tpc::cuda::backwardIsRight(const AttentionShape &shape, size_t version) {
  // 9.26 crashes while it plans for a single query of one head.
  if (shape.queryLength == 1)
    return false;
  // Up to 9.15.0 cudnn-frontend gives a padding mask, too; without it memory beyond the keys is
  // read.
  if (shape.keyLength % 128 != 0 && version <= cudnnVersion(9, 15, 0))
    return false;
  // What a tile has beyond the tensors scores 0, and has the weight e^(0 - lse). That is infinite
  // if the row's lse is below -88, and makes a NaN of gradients unless it is masked. Keys go by
  // tiles of 128, but up to 9.25 only lengths that 64 does not divide got a mask. A causal one
  // hides what is beyond the last key, too.
  if (!shape.causal && shape.keyLength % 128 == 64 && version < cudnnVersion(9, 26, 0))
    return false;
  // Queries, which go by tiles of 64, are still masked only where keys are.
  return shape.queryLength % 64 == 0 || shape.keyLength % 64 != 0;
}

Result<CudnnAttentionPlan> CudnnAttentionPlan::make(const CudnnApi &api, const CudnnTarget &target,
                                                    const AttentionShape &shape, AttentionPass pass,
                                                    size_t workspaceBytes) {
  const std::string what = describe(shape, pass);
  if (!cudnnMayRun(shape) ||
      (pass != AttentionPass::Forward && !backwardIsRight(shape, api.version)))
    return Status(Code::Unavailable, "cuDNN does not do " + what);
  AttentionLayout layout = attentionLayout(shape, pass);
  if (layout.bytes > workspaceBytes)
    return Status(Code::Unavailable, what + " needs " + std::to_string(layout.bytes) +
                                         " bytes of workspace, and the plan has " +
                                         std::to_string(workspaceBytes));
  bool isWhole = layout.part.batch == shape.batch && layout.part.kvHeads == shape.kvHeads;
  int64_t partRows =
      layout.part.batch * layout.part.kvHeads * (shape.heads / shape.kvHeads) * shape.queryLength;
  if (!isWhole && partRows * sizeof(float) % 16 != 0)
    return Status(Code::Unavailable,
                  what + " is done in parts, whose sums of rows would not begin on 16 bytes");
  OpGraph graph = attentionGraph(shape, layout.part, pass);
  TPC_ASSIGN_OR_RETURN(CudnnDescriptor translated, translateGraph(api, target, graph, what));
  CudnnPlanLimits limits{layout.bytes - layout.library, pass != AttentionPass::Backward};
  TPC_ASSIGN_OR_RETURN(CudnnPlan plan, makePlan(api, target, translated, limits, what));
  std::vector<int64_t> uids;
  for (const GraphTensor &tensor : graph.tensors)
    if (tensor.kind != GraphTensor::Temporary)
      uids.push_back(tensor.uid);
  return CudnnAttentionPlan(api, shape, pass, layout, std::move(uids), std::move(plan));
}

Status CudnnAttentionPlan::run(cudnnHandle_t handle, const AttentionOperands &operands) const {
  Numbers numbers{.scale = static_cast<float>(shape_.scale),
                  .keyLength = static_cast<int32_t>(shape_.keyLength),
                  .queryLength = static_cast<int32_t>(shape_.queryLength)};
  auto pointerOf = [&](int64_t uid, int64_t batch, int64_t kvHead) -> void * {
    switch (uid) {
    case UidOutputSums:
      return advance(operands.workspace, static_cast<int64_t>(layout_.outputSums));
    case UidDqSums:
      return advance(operands.workspace, static_cast<int64_t>(layout_.dqSums));
    case UidScale:
      return &numbers.scale;
    case UidMasked:
      return &numbers.masked;
    case UidOne:
      return &numbers.one;
    case UidKeyLength:
      return &numbers.keyLength;
    case UidQueryLength:
      return &numbers.queryLength;
    default: {
      size_t element = uid == UidLse ? sizeof(float) : byteSize(shape_.dtype);
      return advance(operandOf(operands, uid),
                     partOffset(shape_, static_cast<AttentionUid>(uid), batch, kvHead) *
                         static_cast<int64_t>(element));
    }
    }
  };
  std::vector<CudnnBinding> bindings(uids_.size());
  void *library = advance(operands.workspace, static_cast<int64_t>(layout_.library));
  for (int64_t batch = 0; batch < shape_.batch; batch += layout_.part.batch)
    for (int64_t kvHead = 0; kvHead < shape_.kvHeads; kvHead += layout_.part.kvHeads) {
      for (size_t i = 0; i < uids_.size(); ++i)
        bindings[i] = {uids_[i], pointerOf(uids_[i], batch, kvHead)};
      TPC_RETURN_IF_ERROR(
          executePlan(*api_, handle, plan_, bindings, library, describe(shape_, pass_)));
    }
  return Status();
}

Result<std::unique_ptr<CudnnAttention>> CudnnAttention::create() {
  TPC_ASSIGN_OR_RETURN(const CudnnApi *api, cudnn());
  cudnnHandle_t handle = nullptr;
  TPC_RETURN_IF_ERROR(api->check(api->create(&handle), "start on this device"));
  return std::unique_ptr<CudnnAttention>(new CudnnAttention(*api, handle));
}

CudnnAttention::~CudnnAttention() {
  plans_.clear();
  api_.destroy(handle_);
}

std::string CudnnAttention::versionText() const { return cudnnVersionText(api_.version); }

Result<const CudnnAttentionPlan *>
CudnnAttention::prepare(const AttentionShape &shape, AttentionPass pass, size_t workspaceBytes) {
  Key key{shape.batch, shape.queryLength, shape.keyLength, shape.heads, shape.kvHeads,
          shape.size,  shape.causal,      shape.scale,     pass,        workspaceBytes};
  auto found = plans_.find(key);
  if (found == plans_.end())
    found = plans_
                .emplace(key, CudnnAttentionPlan::make(api_, {.handle = handle_}, shape, pass,
                                                       workspaceBytes))
                .first;
  if (!found->second.ok())
    return found->second.status();
  return &*found->second;
}

Status CudnnAttention::run(const CudnnAttentionPlan &plan, const AttentionOperands &operands,
                           cudaStream_t stream) {
  if (stream != stream_) {
    TPC_RETURN_IF_ERROR(api_.check(api_.setStream(handle_, stream), "change its stream"));
    stream_ = stream;
  }
  return plan.run(handle_, operands);
}
