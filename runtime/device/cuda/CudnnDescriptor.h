//===- CudnnDescriptor.h - An object of cuDNN's backend API --------------------------------===//
//
// Everything in the backend API is a descriptor: made of a type, given attributes, finalized, then
// read. Setting an attribute that cuDNN refuses is remembered, so that whole descriptors are
// written down without a check between two lines; finalize returns the first refusal.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/cuda/CudnnApi.h"

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace tpc::cuda {

/// How the API names the types of attributes that are set by value.
template <typename T> struct CudnnAttributeType;
#define TPC_CUDNN_ATTRIBUTE_TYPE(TYPE, NAME)                                                       \
  template <> struct CudnnAttributeType<TYPE> {                                                    \
    static constexpr cudnnBackendAttributeType_t value = NAME;                                     \
  }
TPC_CUDNN_ATTRIBUTE_TYPE(cudnnHandle_t, CUDNN_TYPE_HANDLE);
TPC_CUDNN_ATTRIBUTE_TYPE(cudnnDataType_t, CUDNN_TYPE_DATA_TYPE);
TPC_CUDNN_ATTRIBUTE_TYPE(bool, CUDNN_TYPE_BOOLEAN);
TPC_CUDNN_ATTRIBUTE_TYPE(char, CUDNN_TYPE_CHAR);
TPC_CUDNN_ATTRIBUTE_TYPE(int32_t, CUDNN_TYPE_INT32);
TPC_CUDNN_ATTRIBUTE_TYPE(int64_t, CUDNN_TYPE_INT64);
TPC_CUDNN_ATTRIBUTE_TYPE(double, CUDNN_TYPE_DOUBLE);
TPC_CUDNN_ATTRIBUTE_TYPE(void *, CUDNN_TYPE_VOID_PTR);
TPC_CUDNN_ATTRIBUTE_TYPE(cudnnBackendHeurMode_t, CUDNN_TYPE_HEUR_MODE);
TPC_CUDNN_ATTRIBUTE_TYPE(cudnnBackendNumericalNote_t, CUDNN_TYPE_NUMERICAL_NOTE);
TPC_CUDNN_ATTRIBUTE_TYPE(cudnnPointwiseMode_t, CUDNN_TYPE_POINTWISE_MODE);
TPC_CUDNN_ATTRIBUTE_TYPE(cudnnReduceTensorOp_t, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE);
#undef TPC_CUDNN_ATTRIBUTE_TYPE

class CudnnDescriptor {
public:
  CudnnDescriptor(const CudnnApi &api, cudnnBackendDescriptorType_t type);
  CudnnDescriptor(CudnnDescriptor &&other) noexcept
      : api_(other.api_), raw_(std::exchange(other.raw_, nullptr)),
        refused_(std::move(other.refused_)) {}
  CudnnDescriptor &operator=(CudnnDescriptor &&other) noexcept {
    std::swap(api_, other.api_);
    std::swap(raw_, other.raw_);
    std::swap(refused_, other.refused_);
    return *this;
  }
  ~CudnnDescriptor();

  cudnnBackendDescriptor_t raw() const { return raw_; }

  template <typename T>
  CudnnDescriptor &setAll(cudnnBackendAttributeName_t name, std::span<const T> values) {
    return setRaw(name, CudnnAttributeType<T>::value, static_cast<int64_t>(values.size()),
                  values.data());
  }
  template <typename T> CudnnDescriptor &set(cudnnBackendAttributeName_t name, T value) {
    return setAll(name, std::span<const T>(&value, 1));
  }
  CudnnDescriptor &set(cudnnBackendAttributeName_t name, const CudnnDescriptor &value) {
    cudnnBackendDescriptor_t raw = value.raw();
    return setRaw(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, static_cast<const void *>(&raw));
  }
  CudnnDescriptor &setAll(cudnnBackendAttributeName_t name,
                          std::span<const cudnnBackendDescriptor_t> values) {
    return setRaw(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, static_cast<int64_t>(values.size()),
                  static_cast<const void *>(values.data()));
  }

  /// `what` names the descriptor in the error: "the masked scores".
  Status finalize(const std::string &what);

  /// Of a finalized descriptor.
  template <typename T> Result<T> get(cudnnBackendAttributeName_t name) const {
    T value{};
    int64_t count = 0;
    TPC_RETURN_IF_ERROR(
        api_->check(api_->getAttribute(raw_, name, CudnnAttributeType<T>::value, 1, &count, &value),
                    "read an attribute"));
    return value;
  }
  template <typename T>
  Result<std::vector<T>> getAll(cudnnBackendAttributeName_t name, size_t most) const {
    std::vector<T> values(most);
    int64_t count = 0;
    TPC_RETURN_IF_ERROR(
        api_->check(api_->getAttribute(raw_, name, CudnnAttributeType<T>::value,
                                       static_cast<int64_t>(most), &count, values.data()),
                    "read an attribute"));
    values.resize(static_cast<size_t>(count));
    return values;
  }
  /// At most `most` descriptors of `type`.
  Result<std::vector<CudnnDescriptor>> getDescriptors(cudnnBackendAttributeName_t name,
                                                      cudnnBackendDescriptorType_t type,
                                                      size_t most) const;

private:
  CudnnDescriptor &setRaw(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                          int64_t count, const void *values);

  const CudnnApi *api_;
  cudnnBackendDescriptor_t raw_ = nullptr;
  Status refused_; ///< the first call that failed
};

} // namespace tpc::cuda
