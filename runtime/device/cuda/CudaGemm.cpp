//===- CudaGemm.cpp - Products by cuBLASLt ---------------------------------------------------===//
#include "runtime/device/cuda/CudaGemm.h"

#include <algorithm>
#include <cstring>

using namespace tpc;
using namespace tpc::cuda;

namespace {

/// How many of the library's proposals are tried, and how often.
constexpr int kProposals = 6, kRuns = 5;

cudaDataType_t dataType(DType dtype) {
  return dtype == DType::F64 ? CUDA_R_64F : dtype == DType::BF16 ? CUDA_R_16BF : CUDA_R_32F;
}

/// The power of two that divides an address, up to what any kernel asks for.
size_t alignmentOf(const void *address) {
  auto bits = reinterpret_cast<uintptr_t>(address) | 256;
  return bits & (~bits + 1);
}

GemmAlignments alignmentsOf(const GemmOperands &operands) {
  return {alignmentOf(operands.a), alignmentOf(operands.b), alignmentOf(operands.c),
          alignmentOf(operands.bias)};
}

std::string versionText(const CublasLt &library) {
  size_t version = library.version();
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

std::string ownerOf(const Context &context, const CublasLt &library, const GemmOptions &options) {
  return options.choicesOwner + "; " + context.name() + "; cublasLt " +
         std::to_string(library.version()) + "; driver " + std::to_string(context.driverVersion());
}

/// How a product may compute, the most exact form first. Not every epilogue has a pedantic form.
std::vector<cublasComputeType_t> computeTypesOf(DType dtype, bool tf32) {
  switch (dtype) {
  case DType::F64:
    return {CUBLAS_COMPUTE_64F};
  case DType::F32:
    return {tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F_PEDANTIC, CUBLAS_COMPUTE_32F};
  default:
    return {CUBLAS_COMPUTE_32F};
  }
}

} // namespace

GemmPlan::~GemmPlan() {
  if (operation_)
    library_->destroyOperation(operation_);
  for (cublasLtMatrixLayout_t layout : {a_, b_, c_})
    if (layout)
      library_->destroyLayout(layout);
}

Result<std::unique_ptr<Gemms>> Gemms::create(std::shared_ptr<Context> context,
                                             const GemmOptions &options) {
  TPC_ASSIGN_OR_RETURN(const CublasLt *library, CublasLt::get(context->driverVersion()));
  TPC_RETURN_IF_ERROR(context->makeCurrent());
  cublasLtHandle_t handle = nullptr;
  if (Status status = library->check(library->create(&handle), "cublasLtCreate"); !status.ok())
    return Status(
        Code::Unavailable,
        "cuBLASLt " + versionText(*library) + " does not start: " + status.message(),
        "it needs a driver of its own major version or a later one; this driver is of CUDA " +
            std::to_string(context->driverVersion() / 1000) + "." +
            std::to_string(context->driverVersion() % 1000 / 10));
  return std::unique_ptr<Gemms>(new Gemms(std::move(context), *library, handle, options));
}

Gemms::Gemms(std::shared_ptr<Context> context, const CublasLt &library, cublasLtHandle_t handle,
             const GemmOptions &options)
    : context_(std::move(context)), library_(library), handle_(handle), options_(options),
      choices_(options.choicesPath, ownerOf(*context_, library, options)) {}

Gemms::~Gemms() {
  plans_.clear();
  if (context_->mayGiveBack())
    library_.destroy(handle_);
}

std::string Gemms::describe() const {
  std::string text = "cuBLASLt " + versionText(library_), obstacle = choices_.obstacle();
  return obstacle.empty() ? text : text + " (its algorithms are not kept: " + obstacle + ")";
}

Result<const GemmPlan *> Gemms::prepare(const GemmShape &shape, const GemmOperands &operands,
                                        Workspace workspace, CUstream stream) {
  GemmAlignments alignments = alignmentsOf(operands);
  std::string key = gemmKey(shape, alignments, workspace.bytes);
  std::lock_guard lock(mutex_);
  if (auto found = plans_.find(key); found != plans_.end())
    return found->second.get();
  for (cublasComputeType_t compute : computeTypesOf(shape.dtype, options_.tf32)) {
    auto plan = std::make_unique<GemmPlan>();
    TPC_RETURN_IF_ERROR(describe(shape, compute, *plan));
    Result<bool> chosen = choose(key, alignments, operands, workspace, stream, *plan);
    if (!chosen.ok())
      return Status(chosen.status()).withContext("a product " + key);
    if (*chosen)
      return (plans_[key] = std::move(plan)).get();
  }
  return Status(Code::RankFailed, "cuBLASLt has no algorithm for a product " + key +
                                      " in a workspace of " + std::to_string(workspace.bytes) +
                                      " bytes");
}

Status Gemms::run(const GemmShape &shape, const GemmOperands &operands, Workspace workspace,
                  CUstream stream) {
  TPC_ASSIGN_OR_RETURN(const GemmPlan *plan, prepare(shape, operands, workspace, stream));
  std::lock_guard lock(mutex_);
  return enqueue(*plan, operands, workspace, stream);
}

Result<cublasLtMatrixLayout_t> Gemms::layout(DType dtype, int64_t rows, int64_t columns,
                                             int64_t lead, int64_t batch, int64_t stride) const {
  cublasLtMatrixLayout_t layout = nullptr;
  // Columns of the library are rows here.
  TPC_RETURN_IF_ERROR(
      library_.check(library_.createLayout(&layout, dataType(dtype), static_cast<uint64_t>(columns),
                                           static_cast<uint64_t>(rows), lead),
                     "cublasLtMatrixLayoutCreate"));
  if (batch == 1)
    return layout;
  auto count = static_cast<int32_t>(batch);
  cublasStatus_t set =
      library_.setLayout(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof(count));
  if (set == CUBLAS_STATUS_SUCCESS)
    set = library_.setLayout(layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &stride,
                             sizeof(stride));
  if (set == CUBLAS_STATUS_SUCCESS)
    return layout;
  library_.destroyLayout(layout);
  return library_.check(set, "cublasLtMatrixLayoutSetAttribute");
}

Status Gemms::describe(const GemmShape &s, cublasComputeType_t compute, GemmPlan &plan) const {
  plan.library_ = &library_;
  plan.isDouble_ = s.dtype == DType::F64;
  plan.accumulate_ = s.accumulate;
  plan.hasBias_ = s.bias;
  plan.mayCutSums_ = !s.bias || s.resultDtype != DType::BF16;
  TPC_RETURN_IF_ERROR(library_.check(
      library_.createOperation(&plan.operation_, compute, plan.isDouble_ ? CUDA_R_64F : CUDA_R_32F),
      "cublasLtMatmulDescCreate"));
  cublasOperation_t first = s.transposeB ? CUBLAS_OP_T : CUBLAS_OP_N,
                    second = s.transposeA ? CUBLAS_OP_T : CUBLAS_OP_N;
  TPC_RETURN_IF_ERROR(library_.check(
      library_.setOperation(plan.operation_, CUBLASLT_MATMUL_DESC_TRANSA, &first, sizeof(first)),
      "cublasLtMatmulDescSetAttribute"));
  TPC_RETURN_IF_ERROR(library_.check(
      library_.setOperation(plan.operation_, CUBLASLT_MATMUL_DESC_TRANSB, &second, sizeof(second)),
      "cublasLtMatmulDescSetAttribute"));
  if (s.bias) {
    cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_BIAS;
    TPC_RETURN_IF_ERROR(
        library_.check(library_.setOperation(plan.operation_, CUBLASLT_MATMUL_DESC_EPILOGUE,
                                             &epilogue, sizeof(epilogue)),
                       "cublasLtMatmulDescSetAttribute"));
  }
  TPC_ASSIGN_OR_RETURN(plan.a_, layout(s.dtype, s.transposeB ? s.n : s.k, s.transposeB ? s.k : s.n,
                                       s.ldb, s.batch, s.strideB));
  TPC_ASSIGN_OR_RETURN(plan.b_, layout(s.dtype, s.transposeA ? s.k : s.m, s.transposeA ? s.m : s.k,
                                       s.lda, s.batch, s.strideA));
  TPC_ASSIGN_OR_RETURN(plan.c_, layout(s.resultDtype, s.m, s.n, s.ldc, s.batch, s.strideC));
  return Status();
}

Result<std::vector<cublasLtMatmulHeuristicResult_t>>
Gemms::proposals(const GemmPlan &plan, const GemmAlignments &alignments,
                 size_t workspaceBytes) const {
  cublasLtMatmulPreference_t preference = nullptr;
  TPC_RETURN_IF_ERROR(
      library_.check(library_.createPreference(&preference), "cublasLtMatmulPreferenceCreate"));
  auto set = [&](cublasLtMatmulPreferenceAttributes_t attribute, auto value) {
    return library_.setPreference(preference, attribute, &value, sizeof(value));
  };
  uint32_t schemes = CUBLASLT_REDUCTION_SCHEME_NONE;
  if (plan.mayCutSums_)
    schemes |= CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
  cublasStatus_t status = CUBLAS_STATUS_SUCCESS;
  for (cublasStatus_t each :
       {set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, uint64_t(workspaceBytes)),
        set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, schemes),
        // The library's A is B here.
        set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, uint32_t(alignments.b)),
        set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, uint32_t(alignments.a)),
        set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, uint32_t(alignments.c)),
        set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, uint32_t(alignments.c))})
    if (status == CUBLAS_STATUS_SUCCESS)
      status = each;
  std::vector<cublasLtMatmulHeuristicResult_t> results(kProposals);
  int found = 0;
  const char *what = "cublasLtMatmulPreferenceSetAttribute";
  if (status == CUBLAS_STATUS_SUCCESS) {
    what = "cublasLtMatmulAlgoGetHeuristic";
    status = library_.heuristic(handle_, plan.operation_, plan.a_, plan.b_, plan.c_, plan.c_,
                                preference, kProposals, results.data(), &found);
  }
  library_.destroyPreference(preference);
  if (status == CUBLAS_STATUS_NOT_SUPPORTED)
    found = 0;
  else
    TPC_RETURN_IF_ERROR(library_.check(status, what));
  results.resize(static_cast<size_t>(found));
  std::erase_if(results, [](const auto &result) { return result.state != CUBLAS_STATUS_SUCCESS; });
  return results;
}

Result<bool> Gemms::choose(const std::string &key, const GemmAlignments &alignments,
                           const GemmOperands &operands, Workspace workspace, CUstream stream,
                           GemmPlan &plan) {
  static_assert(sizeof(Algorithm) == sizeof(cublasLtMatmulAlgo_t));
  // What the library proposes depends on its alignment.
  TPC_RETURN_IF_ERROR(setBias(plan, operands.bias));
  if (std::optional<Algorithm> kept = choices_.find(key)) {
    std::memcpy(&plan.algorithm_, kept->data(), sizeof(plan.algorithm_));
    cublasLtMatmulHeuristicResult_t result = {};
    if (library_.checkAlgorithm(handle_, plan.operation_, plan.a_, plan.b_, plan.c_, plan.c_,
                                &plan.algorithm_, &result) == CUBLAS_STATUS_SUCCESS &&
        result.workspaceSize <= workspace.bytes)
      return true;
  }
  TPC_ASSIGN_OR_RETURN(auto results, proposals(plan, alignments, workspace.bytes));
  if (results.empty())
    return false;
  plan.algorithm_ = results[0].algo;
  if (options_.timed && results.size() > 1 && choices_.canKeep()) {
    std::optional<float> best;
    cublasLtMatmulAlgo_t chosen = results[0].algo;
    for (const cublasLtMatmulHeuristicResult_t &proposal : results) {
      plan.algorithm_ = proposal.algo;
      TPC_ASSIGN_OR_RETURN(std::optional<float> milliseconds,
                           time(plan, operands, workspace, stream));
      if (milliseconds && (!best || *milliseconds < *best)) {
        best = milliseconds;
        chosen = proposal.algo;
      }
    }
    if (!best)
      return false;
    plan.algorithm_ = chosen;
  }
  Algorithm words;
  std::memcpy(words.data(), &plan.algorithm_, sizeof(plan.algorithm_));
  TPC_RETURN_IF_ERROR(choices_.add(key, words));
  return true;
}

Result<std::optional<float>> Gemms::time(const GemmPlan &plan, const GemmOperands &operands,
                                         Workspace workspace, CUstream stream) const {
  const Driver &driver = context_->driver();
  // The first run loads the kernel.
  if (multiply(plan, operands, workspace, stream) != CUBLAS_STATUS_SUCCESS) {
    TPC_RETURN_IF_ERROR(driver.failureOfWork(stream, "cublasLtMatmul"));
    return std::optional<float>();
  }
  TPC_RETURN_IF_ERROR(context_->await(stream));
  CUevent events[2] = {};
  float best = 0;
  Status status;
  auto note = [&](Status next) {
    if (status.ok())
      status = std::move(next);
    return status.ok();
  };
  for (CUevent &event : events)
    note(driver.check(driver.createEvent(&event, CU_EVENT_DEFAULT), "cuEventCreate"));
  for (int run = 0; run < kRuns && status.ok(); ++run) {
    float milliseconds = 0;
    if (note(driver.check(driver.recordEvent(events[0], stream), "cuEventRecord")) &&
        note(enqueue(plan, operands, workspace, stream)) &&
        note(driver.check(driver.recordEvent(events[1], stream), "cuEventRecord")) &&
        note(context_->await(stream)))
      note(driver.check(driver.milliseconds(&milliseconds, events[0], events[1]),
                        "cuEventElapsedTime"));
    if (run == 0 || milliseconds < best)
      best = milliseconds;
  }
  for (CUevent event : events)
    if (event)
      driver.destroyEvent(event);
  TPC_RETURN_IF_ERROR(std::move(status));
  return std::optional<float>(best);
}

Status Gemms::setBias(const GemmPlan &plan, const void *bias) const {
  if (!plan.hasBias_)
    return Status();
  return library_.check(library_.setOperation(plan.operation_, CUBLASLT_MATMUL_DESC_BIAS_POINTER,
                                              &bias, sizeof(bias)),
                        "cublasLtMatmulDescSetAttribute");
}

cublasStatus_t Gemms::multiply(const GemmPlan &plan, const GemmOperands &operands,
                               Workspace workspace, CUstream stream) const {
  const float one = 1, beta = plan.accumulate_ ? 1 : 0;
  const double oneDouble = 1, betaDouble = plan.accumulate_ ? 1 : 0;
  const void *alphaAt = plan.isDouble_ ? static_cast<const void *>(&oneDouble) : &one;
  const void *betaAt = plan.isDouble_ ? static_cast<const void *>(&betaDouble) : &beta;
  return library_.matmul(handle_, plan.operation_, alphaAt, operands.b, plan.a_, operands.a,
                         plan.b_, betaAt, operands.c, plan.c_, operands.c, plan.c_,
                         &plan.algorithm_, workspace.data, workspace.bytes,
                         reinterpret_cast<cudaStream_t>(stream));
}

Status Gemms::enqueue(const GemmPlan &plan, const GemmOperands &operands, Workspace workspace,
                      CUstream stream) const {
  TPC_RETURN_IF_ERROR(setBias(plan, operands.bias));
  cublasStatus_t status = multiply(plan, operands, workspace, stream);
  if (status != CUBLAS_STATUS_SUCCESS)
    TPC_RETURN_IF_ERROR(context_->driver().failureOfWork(stream, "cublasLtMatmul"));
  return library_.check(status, "cublasLtMatmul");
}
