//===- CudaBackend.cpp - What libtpc_cuda.so offers -------------------------------------------===//
#include "runtime/device/cuda/CudaBackend.h"

#include "runtime/device/cuda/CudaDevice.h"

using namespace tpc;
using namespace tpc::cuda;

namespace {

class Backend final : public CudaBackend {
public:
  static Result<std::unique_ptr<CudaBackend>> create(const CudaOptions &options) {
    auto backend = std::make_unique<Backend>();
    TPC_ASSIGN_OR_RETURN(const Driver *driver, Driver::get());
    TPC_RETURN_IF_ERROR(driver->check(driver->deviceCount(&backend->numGpus_), "cuDeviceGetCount"));
    TPC_ASSIGN_OR_RETURN(backend->context_, Context::create(options.gpu, options.timeout));
    GemmOptions gemms;
    gemms.tf32 = options.tf32;
    gemms.timed = options.timedChoices;
    gemms.choicesPath = options.choicesPath;
    gemms.choicesOwner = options.choicesOwner;
    TPC_ASSIGN_OR_RETURN(backend->gemms_, Gemms::create(backend->context_, gemms));
    if (options.cudnn)
      backend->attention_ = std::make_shared<Attention>(backend->context_, options.deterministic);
    return std::unique_ptr<CudaBackend>(std::move(backend));
  }

  int numGpus() const override { return numGpus_; }
  std::string describe() const override {
    return context_->name() + ", " + gemms_->describe() +
           (attention_ ? ", " + attention_->describe() : "") + ", driver " +
           std::to_string(context_->driverVersion() / 1000) + "." +
           std::to_string(context_->driverVersion() % 1000 / 10);
  }
  std::vector<std::string> refusals() const override {
    return attention_ ? attention_->refusals() : std::vector<std::string>();
  }
  Result<std::unique_ptr<Device>> createDevice() override {
    return CudaDevice::create({context_, gemms_, attention_});
  }

private:
  int numGpus_ = 0;
  std::shared_ptr<Context> context_;
  std::shared_ptr<Gemms> gemms_;
  std::shared_ptr<Attention> attention_;
};

} // namespace

extern "C" __attribute__((visibility("default"))) void
tpcCreateCudaBackend1(const CudaOptions *options, Result<std::unique_ptr<CudaBackend>> *result) {
  static_assert(std::is_same_v<decltype(&tpcCreateCudaBackend1), CreateCudaBackend>);
  *result = Backend::create(*options);
}
