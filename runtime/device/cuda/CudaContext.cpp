//===- CudaContext.cpp - One GPU, shared by the ranks of a process --------------------------===//
#include "runtime/device/cuda/CudaContext.h"

#include "runtime/support/Patience.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

using namespace tpc;
using namespace tpc::cuda;

Module::~Module() {
  if (context_.mayGiveBack())
    context_.driver().unloadModule(module_);
}

Result<std::shared_ptr<Context>> Context::create(int ordinal, std::chrono::milliseconds timeout) {
  TPC_ASSIGN_OR_RETURN(const Driver *driver, Driver::get());
  int devices = 0;
  TPC_RETURN_IF_ERROR(driver->check(driver->deviceCount(&devices), "cuDeviceGetCount"));
  if (ordinal >= devices)
    return Status(Code::Unavailable,
                  "there is no GPU number " + std::to_string(ordinal) + ": this machine has " +
                      std::to_string(devices),
                  "--comm local puts all ranks on one GPU");
  CUdevice device = 0;
  TPC_RETURN_IF_ERROR(driver->check(driver->deviceGet(&device, ordinal), "cuDeviceGet"));
  std::shared_ptr<Context> context(new Context(*driver, device, timeout));
  TPC_RETURN_IF_ERROR(context->open(ordinal));
  return context;
}

Status Context::open(int ordinal) {
  Status status =
      driver_.check(driver_.retainContext(&context_, device_), "cuDevicePrimaryCtxRetain");
  if (!status.ok())
    return Status(Code::Unavailable,
                  "GPU " + std::to_string(ordinal) + " gives no context: " + status.message());
  TPC_RETURN_IF_ERROR(makeCurrent());
  char name[256] = {};
  TPC_RETURN_IF_ERROR(
      driver_.check(driver_.deviceName(name, sizeof(name) - 1, device_), "cuDeviceGetName"));
  name_ = name;
  int major = 0, minor = 0;
  for (auto [attribute, value] :
       {std::pair(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, &major),
        std::pair(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, &minor),
        std::pair(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, &sharedBytes_)})
    TPC_RETURN_IF_ERROR(
        driver_.check(driver_.deviceAttribute(value, attribute, device_), "cuDeviceGetAttribute"));
  architecture_ = 10 * major + minor;
  TPC_RETURN_IF_ERROR(driver_.check(driver_.driverVersion(&driverVersion_), "cuDriverGetVersion"));
  return driver_.check(driver_.streamPriorities(&leastPriority_, &greatestPriority_),
                       "cuCtxGetStreamPriorityRange");
}

Context::~Context() {
  if (context_ && !isLeft_)
    driver_.releaseContext(device_);
}

Status Context::makeCurrent() const {
  return driver_.check(driver_.setContext(context_), "cuCtxSetCurrent");
}

Status Context::await(CUstream stream) const {
  Patience patience(timeout_);
  do {
    CUresult result = driver_.queryStream(stream);
    if (result != CUDA_ERROR_NOT_READY)
      return driver_.check(result, "cuStreamQuery");
  } while (patience.pause());
  return Status(Code::RankFailed,
                "work on the GPU has not ended after " + std::to_string(timeout_.count()) + " ms",
                "--timeout waits longer");
}

Result<std::shared_ptr<Module>> Context::load(std::span<const uint8_t> image,
                                              const std::string &level) {
  int needed = 0;
  std::string_view number(level);
  if (number.starts_with("sm_"))
    number.remove_prefix(3);
  auto [rest, error] = std::from_chars(number.data(), number.data() + number.size(), needed);
  if (error != std::errc() || rest != number.data() + number.size())
    return Status(Code::InvalidInput,
                  "a kernel image needs the unknown architecture '" + level + "'",
                  "compile the model again with this version of tpc");
  if (needed > architecture_)
    return Status(Code::InvalidInput,
                  "the plan's kernels are for " + level + ", and this GPU (" + name_ + ") is sm_" +
                      std::to_string(architecture_),
                  "it runs on a GPU that is as new or newer");
  if (image.empty() || image.back() != 0)
    return Status(Code::InvalidInput, "a kernel image is not PTX that ends in a zero byte",
                  "the plan is damaged or was compiled for another target; compile it again");
  uint64_t hash =
      std::hash<std::string_view>()({reinterpret_cast<const char *>(image.data()), image.size()});
  std::lock_guard lock(mutex_);
  if (std::shared_ptr<Module> loaded = modules_[hash].lock())
    return loaded;
  TPC_ASSIGN_OR_RETURN(std::shared_ptr<Module> loaded, compile(image));
  modules_[hash] = loaded;
  return loaded;
}

Result<std::shared_ptr<Module>> Context::compile(std::span<const uint8_t> image) const {
  std::vector<char> log(16 << 10);
  CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log.data(), reinterpret_cast<void *>(log.size())};
  CUmodule module = nullptr;
  CUresult result = driver_.loadModule(&module, image.data(), 2, options, values);
  if (result == CUDA_SUCCESS)
    return std::make_shared<Module>(*this, module);
  std::string text(log.data(), strnlen(log.data(), log.size()));
  std::replace(text.begin(), text.end(), '\n', ' ');
  Status status = driver_.check(result, "cuModuleLoadDataEx");
  return Status(Code::InvalidInput,
                "the driver refuses the plan's kernels: " + status.message() +
                    (text.empty() ? "" : ": " + text),
                "a driver that is older than the plan's PTX does so; so does a damaged plan");
}
