//===- CudnnDescriptor.cpp - An object of cuDNN's backend API ------------------------------===//

#include "runtime/device/cuda/CudnnDescriptor.h"

#include <algorithm>

using namespace tpc;
using namespace tpc::cuda;

CudnnDescriptor::CudnnDescriptor(const CudnnApi &api, cudnnBackendDescriptorType_t type)
    : api_(&api) {
  refused_ = api_->check(api_->createDescriptor(type, &raw_),
                         "make a descriptor of type " + std::to_string(type));
}

CudnnDescriptor::~CudnnDescriptor() {
  if (raw_)
    api_->destroyDescriptor(raw_);
}

CudnnDescriptor &CudnnDescriptor::setRaw(cudnnBackendAttributeName_t name,
                                         cudnnBackendAttributeType_t type, int64_t count,
                                         const void *values) {
  if (refused_.ok())
    refused_ = api_->check(api_->setAttribute(raw_, name, type, count, values),
                           "set attribute " + std::to_string(name));
  return *this;
}

Status CudnnDescriptor::finalize(const std::string &what) {
  if (refused_.ok())
    refused_ = api_->check(api_->finalize(raw_), "make " + what);
  return refused_;
}

Result<std::vector<CudnnDescriptor>>
CudnnDescriptor::getDescriptors(cudnnBackendAttributeName_t name, cudnnBackendDescriptorType_t type,
                                size_t most) const {
  std::vector<CudnnDescriptor> found;
  std::vector<cudnnBackendDescriptor_t> raws;
  for (size_t i = 0; i < most; ++i) {
    found.emplace_back(*api_, type);
    TPC_RETURN_IF_ERROR(found.back().refused_);
    raws.push_back(found.back().raw_);
  }
  int64_t count = 0;
  TPC_RETURN_IF_ERROR(
      api_->check(api_->getAttribute(raw_, name, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                     static_cast<int64_t>(most), &count, raws.data()),
                  "read an attribute"));
  found.erase(found.begin() + std::min<int64_t>(count, static_cast<int64_t>(most)), found.end());
  return found;
}
