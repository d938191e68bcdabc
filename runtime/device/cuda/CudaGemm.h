//===- CudaGemm.h - Products by cuBLASLt -----------------------------------------------------===//
//
// cuBLASLt thinks in columns: a row-major matrix is its transpose there, so C = op(A) op(B) is
// asked for as C^T = op(B)^T op(A)^T, with the operands swapped and nothing moved.
//
// The algorithm of a product is chosen once, before the first step: what was kept from an earlier
// run (GemmChoices.h), else the library's first proposals, timed if the choice can be kept. Sums
// over slices of k are only made in the workspace, by a second kernel: no atomic additions.
//
// A bias is an epilogue: the library adds it along its rows, which are columns here, to sums that
// are not rounded yet, and it has the type of the result (cublasLt.h at
// CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE). Whether that holds of sums over slices of k as well is not
// stated, so that such sums are not cut where the result is rounded.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/cuda/CublasLt.h"
#include "runtime/device/cuda/CudaContext.h"
#include "runtime/device/cuda/GemmChoices.h"

namespace tpc::cuda {

struct GemmOptions {
  bool tf32 = false;        ///< products of f32 may use TF32
  bool timed = false;       ///< choose by timing
  std::string choicesPath;  ///< empty: choices are not kept
  std::string choicesOwner; ///< of which plan they are
};

/// One product, ready to run on any stream.
class GemmPlan {
public:
  GemmPlan() = default;
  GemmPlan(const GemmPlan &) = delete;
  ~GemmPlan();

private:
  friend class Gemms;
  const CublasLt *library_ = nullptr;
  cublasLtMatmulDesc_t operation_ = nullptr;
  cublasLtMatrixLayout_t a_ = nullptr, b_ = nullptr, c_ = nullptr;
  cublasLtMatmulAlgo_t algorithm_ = {};
  bool isDouble_ = false, accumulate_ = false, hasBias_ = false;
  bool mayCutSums_ = true; ///< over slices of k
};

/// All products of the ranks on one GPU.
class Gemms {
public:
  static Result<std::unique_ptr<Gemms>> create(std::shared_ptr<Context> context,
                                               const GemmOptions &options);
  ~Gemms();
  Gemms(const Gemms &) = delete;

  /// "cuBLASLt 13.0.3", and why its algorithms are not kept, if something stands in the way.
  std::string describe() const;
  /// Chooses, and may run the product on `stream` to time it.
  Result<const GemmPlan *> prepare(const GemmShape &shape, const GemmOperands &operands,
                                   Workspace workspace, CUstream stream);
  Status run(const GemmShape &shape, const GemmOperands &operands, Workspace workspace,
             CUstream stream);

private:
  Gemms(std::shared_ptr<Context> context, const CublasLt &library, cublasLtHandle_t handle,
        const GemmOptions &options);
  Status describe(const GemmShape &shape, cublasComputeType_t compute, GemmPlan &plan) const;
  Result<cublasLtMatrixLayout_t> layout(DType dtype, int64_t rows, int64_t columns, int64_t lead,
                                        int64_t batch, int64_t stride) const;
  /// Whether the library has an algorithm for it.
  Result<bool> choose(const std::string &key, const GemmAlignments &alignments,
                      const GemmOperands &operands, Workspace workspace, CUstream stream,
                      GemmPlan &plan);
  Result<std::vector<cublasLtMatmulHeuristicResult_t>>
  proposals(const GemmPlan &plan, const GemmAlignments &alignments, size_t workspaceBytes) const;
  /// Milliseconds, or nothing if the library does not do what it proposed.
  Result<std::optional<float>> time(const GemmPlan &plan, const GemmOperands &operands,
                                    Workspace workspace, CUstream stream) const;
  Status setBias(const GemmPlan &plan, const void *bias) const;
  /// The bias is set.
  cublasStatus_t multiply(const GemmPlan &plan, const GemmOperands &operands, Workspace workspace,
                          CUstream stream) const;
  /// With the lock on the plans: a bias is a part of their descriptors.
  Status enqueue(const GemmPlan &plan, const GemmOperands &operands, Workspace workspace,
                 CUstream stream) const;

  std::shared_ptr<Context> context_;
  const CublasLt &library_;
  cublasLtHandle_t handle_;
  GemmOptions options_;
  std::mutex mutex_;
  GemmChoices choices_;
  std::map<std::string, std::unique_ptr<GemmPlan>> plans_; ///< by gemmKey
};

} // namespace tpc::cuda
