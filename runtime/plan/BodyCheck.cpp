//===- BodyCheck.cpp - Instruction bodies against their operands ------------------------------===//

#include "runtime/plan/BodyCheck.h"

#include "runtime/device/Device.h"
#include "runtime/plan/Convert.h"
#include "runtime/plan/PlanCheck.h"

#include <initializer_list>

using namespace tpc;

namespace {

Status invalid(const std::string &what) { return Status(Code::InvalidInput, what); }

/// Products of extents do not fit into 64 bits in a damaged plan.
using Wide = __int128;

class BodyChecker {
public:
  BodyChecker(const plan::Instruction &instruction, const plan::Plan &plan)
      : operands_(*instruction.operands()), instruction_(instruction), plan_(plan) {}

  Status check() {
    if (isCuda() && instruction_.stream() > 1)
      return invalid("its stream " + std::to_string(instruction_.stream()) +
                     " is neither 0 nor 1, and a GPU has no other");
    switch (instruction_.body_type()) {
    case plan::Body::Gemm:
      return check(*instruction_.body_as_Gemm());
    case plan::Body::Attention:
      return check(*instruction_.body_as_Attention());
    case plan::Body::KernelLaunch:
      return check(*instruction_.body_as_KernelLaunch());
    case plan::Body::Collective:
      return check(*instruction_.body_as_Collective());
    case plan::Body::Copy:
      return check(*instruction_.body_as_Copy());
    case plan::Body::Fill:
      TPC_RETURN_IF_ERROR(expectDType(instruction_.body_as_Fill()->dtype()));
      TPC_RETURN_IF_ERROR(expectOperands(1));
      TPC_RETURN_IF_ERROR(expectAccess(0, plan::Access::write));
      if (operands_.Get(0)->bytes() % byteSize(fromPlan(instruction_.body_as_Fill()->dtype())))
        return invalid("a fill of a slice that holds no whole number of elements");
      return Status();
    case plan::Body::NONE:
      break;
    }
    return invalid("it has a body of an unknown kind");
  }

private:
  bool isCuda() const { return plan_.target()->string_view() == "cuda"; }

  Status expectOperands(size_t expected) {
    if (operands_.size() != expected)
      return invalid("it has " + std::to_string(operands_.size()) + " operands and needs " +
                     std::to_string(expected));
    return Status();
  }

  Status expectAccess(size_t operand, plan::Access access) {
    if (operands_.Get(operand)->access() != access)
      return invalid("operand " + std::to_string(operand) + " says " +
                     plan::EnumNameAccess(operands_.Get(operand)->access()) +
                     ", and its body does " + plan::EnumNameAccess(access));
    return Status();
  }

  Status expectBytes(size_t operand, Wide bytes) {
    if (bytes > Wide(operands_.Get(operand)->bytes()))
      return invalid("its body reaches beyond operand " + std::to_string(operand) + " of " +
                     std::to_string(operands_.Get(operand)->bytes()) + " bytes");
    return Status();
  }

  Status expectDType(plan::DType dtype) {
    if (!isEnumerator(dtype, plan::DType::MAX))
      return invalid("it has an unknown dtype");
    return Status();
  }

  Status check(const plan::Gemm &gemm) {
    TPC_RETURN_IF_ERROR(expectDType(gemm.dtype()));
    TPC_RETURN_IF_ERROR(expectDType(gemm.result_dtype()));
    bool roundsLater = gemm.dtype() == plan::DType::bf16 && gemm.result_dtype() == plan::DType::f32;
    if (gemm.dtype() == plan::DType::i32 || (gemm.result_dtype() != gemm.dtype() && !roundsLater))
      return invalid(std::string("a gemm of ") + plan::EnumNameDType(gemm.dtype()) +
                     " that gives " + plan::EnumNameDType(gemm.result_dtype()));
    size_t workspace = gemm.bias() ? 4 : 3;
    TPC_RETURN_IF_ERROR(expectOperands(workspace + (gemm.workspace_bytes() ? 1 : 0)));
    TPC_RETURN_IF_ERROR(expectAccess(0, plan::Access::read));
    TPC_RETURN_IF_ERROR(expectAccess(1, plan::Access::read));
    TPC_RETURN_IF_ERROR(
        expectAccess(2, gemm.accumulate() ? plan::Access::read_write : plan::Access::write));
    if (gemm.m() <= 0 || gemm.n() <= 0 || gemm.k() <= 0 || gemm.batch() <= 0)
      return invalid("a gemm with an extent that is not positive");
    auto matrix = [&](size_t operand, bool transposed, int64_t rows, int64_t columns, int64_t lead,
                      int64_t stride, plan::DType dtype) {
      if (transposed)
        std::swap(rows, columns);
      if (lead < columns || stride < 0)
        return invalid("the leading dimension or stride of operand " + std::to_string(operand) +
                       " is too small");
      Wide last = Wide(rows - 1) * lead + columns + Wide(gemm.batch() - 1) * stride;
      return expectBytes(operand, last * byteSize(fromPlan(dtype)));
    };
    TPC_RETURN_IF_ERROR(matrix(0, gemm.transpose_a(), gemm.m(), gemm.k(), gemm.lda(),
                               gemm.stride_a(), gemm.dtype()));
    TPC_RETURN_IF_ERROR(matrix(1, gemm.transpose_b(), gemm.k(), gemm.n(), gemm.ldb(),
                               gemm.stride_b(), gemm.dtype()));
    if (gemm.batch() > 1 && gemm.stride_c() == 0)
      return invalid("all products of a batched gemm go to one place");
    if (gemm.bias())
      TPC_RETURN_IF_ERROR(checkBias(gemm));
    TPC_RETURN_IF_ERROR(
        matrix(2, false, gemm.m(), gemm.n(), gemm.ldc(), gemm.stride_c(), gemm.result_dtype()));
    return checkWorkspace(workspace, gemm.workspace_bytes(), cpuGemmWorkspace(fromPlan(gemm)));
  }

  /// What cuBLASLt adds to a product by itself.
  Status checkBias(const plan::Gemm &gemm) {
    if (!isCuda())
      return invalid("a gemm on CPU with a bias, which a kernel adds there");
    if (gemm.accumulate() || gemm.dtype() == plan::DType::f64 || gemm.batch() > 1)
      return invalid("a gemm with a bias that accumulates, is in f64 or has several products");
    TPC_RETURN_IF_ERROR(expectAccess(3, plan::Access::read));
    return expectBytes(3, Wide(gemm.n()) * byteSize(fromPlan(gemm.result_dtype())));
  }

  /// The device trusts the plan with its size.
  Status checkWorkspace(size_t operand, uint64_t bytes, size_t needed) {
    if (!isCuda() && bytes < needed)
      return invalid("its workspace has " + std::to_string(bytes) + " bytes, and the CPU needs " +
                     std::to_string(needed));
    if (!bytes)
      return Status();
    TPC_RETURN_IF_ERROR(expectAccess(operand, plan::Access::write));
    return expectBytes(operand, Wide(bytes));
  }

  Status check(const plan::Attention &a) {
    TPC_RETURN_IF_ERROR(expectDType(a.dtype()));
    for (int64_t extent :
         {a.batch(), a.query_length(), a.key_length(), a.heads(), a.kv_heads(), a.size()})
      if (extent <= 0)
        return invalid("attention with an extent that is not positive");
    if (a.heads() % a.kv_heads())
      return invalid("attention whose heads are no multiple of its kv heads");
    Wide element = byteSize(fromPlan(a.dtype()));
    Wide queries = Wide(a.batch()) * a.query_length() * a.heads() * a.size() * element;
    Wide keys = Wide(a.batch()) * a.key_length() * a.kv_heads() * a.size() * element;
    Wide lse =
        Wide(a.batch()) * a.heads() * a.query_length() * (a.dtype() == plan::DType::f64 ? 8 : 4);
    struct Need {
      Wide bytes;
      plan::Access access;
    };
    constexpr plan::Access read = plan::Access::read, write = plan::Access::write;
    std::vector<Need> needs = {{queries, read}, {keys, read}, {keys, read}};
    if (a.backward())
      needs.insert(needs.end(), {{queries, read},
                                 {lse, read},
                                 {queries, read},
                                 {queries, write},
                                 {keys, write},
                                 {keys, write}});
    else
      needs.insert(needs.end(), {{queries, write}, {lse, write}});
    // Without a workspace the operand may be left out.
    if (a.workspace_bytes() || operands_.size() > needs.size())
      needs.push_back({Wide(a.workspace_bytes()), write});
    TPC_RETURN_IF_ERROR(expectOperands(needs.size()));
    for (size_t i = 0; i < needs.size(); ++i) {
      TPC_RETURN_IF_ERROR(expectAccess(i, needs[i].access));
      TPC_RETURN_IF_ERROR(expectBytes(i, needs[i].bytes));
    }
    if (!a.kernels())
      return Status();
    if (!isCuda())
      return invalid("attention on CPU with kernels");
    for (const plan::KernelLaunch *launch : *a.kernels())
      TPC_RETURN_IF_ERROR(check(*launch));
    return Status();
  }

  Status check(const plan::Copy &copy) {
    TPC_RETURN_IF_ERROR(expectOperands(2));
    TPC_RETURN_IF_ERROR(expectAccess(0, plan::Access::read));
    TPC_RETURN_IF_ERROR(expectAccess(1, plan::Access::write));
    Wide source = operands_.Get(0)->bytes(), destination = operands_.Get(1)->bytes();
    if (copy.extent() == 0) {
      if (source != destination)
        return invalid("a copy between slices of different sizes");
      return Status();
    }
    for (int64_t extent : {copy.outer(), copy.source_extent(), copy.extent(), copy.inner_bytes()})
      if (extent <= 0)
        return invalid("a copy of a part with an extent that is not positive");
    if (copy.axis() >= plan_.mesh()->size())
      return invalid("its axis " + std::to_string(copy.axis()) + " does not exist");
    if (Wide(copy.outer()) * copy.inner_bytes() >> 62)
      return invalid("a copy of a part with too large extents");
    Wide line = Wide(copy.outer()) * copy.inner_bytes();
    if (line * copy.source_extent() != source || line * copy.extent() != destination)
      return invalid("a copy of a part whose extents are not those of its operands");
    return Status();
  }

  Status check(const plan::KernelLaunch &launch) {
    if (!plan_.images() || launch.image() >= plan_.images()->size())
      return invalid("its kernel image " + std::to_string(launch.image()) + " does not exist");
    if (launch.function()->size() == 0 || launch.tiles() < 0)
      return invalid("a kernel launch without a function or with a negative number of tiles");
    const char *kind = isCuda() ? "nvptx64" : "x86_64";
    if (plan_.images()->Get(launch.image())->target()->string_view() != kind)
      return invalid("its kernel image " + std::to_string(launch.image()) + " is not for " + kind);
    TPC_RETURN_IF_ERROR(checkBlocks(launch));
    if (launch.scalars())
      for (const plan::ScalarArgument *scalar : *launch.scalars())
        if (scalar->stride() && scalar->axis() >= plan_.mesh()->size())
          return invalid("a scalar argument names an axis that does not exist");
    return Status();
  }

  /// What a GPU of compute capability 9.0 takes (CUDA C++ Programming Guide, technical
  /// specifications); the CPU cuts tiles by itself.
  Status checkBlocks(const plan::KernelLaunch &launch) {
    constexpr uint32_t mostThreads = 1024, mostShared = 227 << 10;
    constexpr int64_t mostBlocks = (int64_t(1) << 31) - 1;
    if (!isCuda() && (launch.threads() || launch.shared_bytes()))
      return invalid("a kernel launch on CPU with threads or shared memory of blocks");
    if (!isCuda())
      return Status();
    if (launch.threads() < 1 || launch.threads() > mostThreads)
      return invalid("a kernel launch of " + std::to_string(launch.threads()) +
                     " threads a block, and a GPU takes 1 to 1024");
    if (launch.shared_bytes() > mostShared || launch.tiles() > mostBlocks)
      return invalid("a kernel launch of more blocks or shared memory than a GPU has");
    return Status();
  }

  /// Ranks that share a GPU are reduced by a kernel of the plan; so many do not.
  Status checkReduction(const plan::Collective &collective, const plan::CollectiveTensor &tensor) {
    bool reduces = collective.kind() == plan::CollectiveKind::all_reduce ||
                   collective.kind() == plan::CollectiveKind::reduce_scatter;
    int64_t ranks = plan_.mesh()->Get(collective.axis())->size();
    bool needed = isCuda() && reduces && ranks > 1 && ranks <= kMostRanksOfAGpu;
    if (needed && !tensor.kernel())
      return invalid("a reduction without a kernel for ranks that share a GPU");
    if (!isCuda() && tensor.kernel())
      return invalid("a collective on CPU with a kernel");
    return tensor.kernel() ? check(*tensor.kernel()) : Status();
  }

  Status check(const plan::Collective &collective) {
    if (collective.axis() >= plan_.mesh()->size())
      return invalid("its axis " + std::to_string(collective.axis()) + " does not exist");
    if (!isEnumerator(collective.kind(), plan::CollectiveKind::MAX) ||
        !isEnumerator(collective.reduce(), plan::ReduceKind::MAX))
      return invalid("a collective of an unknown kind");
    size_t tensors = collective.tensors()->size();
    if (tensors == 0)
      return invalid("a collective without a tensor");
    TPC_RETURN_IF_ERROR(expectOperands(2 * tensors));
    Wide ranks = plan_.mesh()->Get(collective.axis())->size();
    bool gather = collective.kind() == plan::CollectiveKind::all_gather;
    bool scatter = collective.kind() == plan::CollectiveKind::reduce_scatter;
    for (size_t i = 0; i < tensors; ++i) {
      const plan::CollectiveTensor &tensor = *collective.tensors()->Get(i);
      TPC_RETURN_IF_ERROR(expectDType(tensor.dtype()));
      if (tensor.outer() <= 0 || tensor.mid() <= 0 || tensor.inner() <= 0)
        return invalid("a collective with an extent that is not positive");
      if (Wide(tensor.outer()) * tensor.mid() >> 62)
        return invalid("a collective with too large extents");
      Wide bytes =
          Wide(tensor.outer()) * tensor.mid() * tensor.inner() * byteSize(fromPlan(tensor.dtype()));
      TPC_RETURN_IF_ERROR(expectBytes(i, scatter ? bytes * ranks : bytes));
      TPC_RETURN_IF_ERROR(expectBytes(tensors + i, gather ? bytes * ranks : bytes));
      TPC_RETURN_IF_ERROR(expectAccess(i, plan::Access::read));
      TPC_RETURN_IF_ERROR(expectAccess(tensors + i, plan::Access::write));
      TPC_RETURN_IF_ERROR(checkParts(collective, tensor));
      TPC_RETURN_IF_ERROR(checkInPlace(i, tensors + i, collective.kind()));
      TPC_RETURN_IF_ERROR(checkReduction(collective, tensor));
    }
    return Status();
  }

  /// Of an all_to_all every rank sends an equal part to each.
  Status checkParts(const plan::Collective &collective, const plan::CollectiveTensor &tensor) {
    if (collective.kind() != plan::CollectiveKind::all_to_all)
      return tensor.outward() ? invalid("a collective goes outward and is no all_to_all")
                              : Status();
    int64_t ranks = plan_.mesh()->Get(collective.axis())->size();
    int64_t extent = tensor.outward() ? tensor.mid() : tensor.inner();
    if (extent % ranks)
      return invalid("an all_to_all of an extent of " + std::to_string(extent) + ", which is not " +
                     std::to_string(ranks) + " equal parts");
    return Status();
  }

  /// Ranks read each other's inputs while they write outputs: only an all_reduce may have both in
  /// one place, and exactly there.
  Status checkInPlace(size_t input, size_t output, plan::CollectiveKind kind) {
    const plan::Slice &in = *operands_.Get(input), &out = *operands_.Get(output);
    if (in.buffer() != out.buffer() || in.offset() >= out.offset() + out.bytes() ||
        out.offset() >= in.offset() + in.bytes())
      return Status();
    if (kind == plan::CollectiveKind::all_reduce && in.offset() == out.offset())
      return Status();
    return invalid("input and output of a collective overlap");
  }

  const flatbuffers::Vector<flatbuffers::Offset<plan::Slice>> &operands_;
  const plan::Instruction &instruction_;
  const plan::Plan &plan_;
};

} // namespace

Status tpc::checkBody(const plan::Instruction &instruction, const plan::Plan &plan) {
  return BodyChecker(instruction, plan).check();
}
