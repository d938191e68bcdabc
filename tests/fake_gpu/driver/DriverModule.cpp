// Modules of PTX, functions and launches.
#include "tests/fake_gpu/driver/Gpu.h"

#include "tests/fake_gpu/Program.h"

#include <algorithm>
#include <cstring>

using namespace tpc::fake_gpu;

namespace {

/// What the caller wants to read of the compiler's log.
void writeLog(const std::string &text, unsigned count, CUjit_option *options, void **values) {
  char *buffer = nullptr;
  size_t *size = nullptr, capacity = 0;
  for (unsigned i = 0; i < count; ++i) {
    if (options[i] == CU_JIT_ERROR_LOG_BUFFER)
      buffer = static_cast<char *>(values[i]);
    if (options[i] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES) {
      capacity = reinterpret_cast<size_t>(values[i]);
      size = reinterpret_cast<size_t *>(&values[i]);
    }
  }
  if (!buffer || !capacity)
    return;
  size_t length = std::min(text.size(), capacity - 1);
  std::memcpy(buffer, text.data(), length);
  buffer[length] = 0;
  *size = length;
}

/// The newest PTX that a driver knows, 81 of PTX 8.1 (PTX ISA, "Release Notes").
unsigned versionOf(int driver) {
  if (driver >= 13000)
    return static_cast<unsigned>(90 + (driver - 13000) / 10);
  constexpr struct {
    int driver;
    unsigned ptx;
  } versions[] = {{12090, 88}, {12080, 87}, {12070, 86}, {12050, 85}, {12040, 84},
                  {12030, 83}, {12020, 82}, {12010, 81}, {12000, 80}};
  for (auto [since, ptx] : versions)
    if (driver >= since)
      return ptx;
  return 78;
}

/// The values of a launch's parameters, kept until it runs (again and again, in a graph).
struct Parameters {
  std::vector<std::vector<uint8_t>> values;

  Parameters(const FunctionInfo &info, void **parameters) {
    for (size_t i = 0; i < info.parameterSizes.size(); ++i) {
      auto *data = static_cast<uint8_t *>(parameters[i]);
      values.emplace_back(data, data + info.parameterSizes[i]);
    }
  }
};

CUresult errorOf(const std::string &message) {
  if (message.find("not aligned") != std::string::npos)
    return CUDA_ERROR_MISALIGNED_ADDRESS;
  return message.find("not allocated") != std::string::npos ? CUDA_ERROR_ILLEGAL_ADDRESS
                                                            : CUDA_ERROR_LAUNCH_FAILED;
}

Outcome run(const PtxModule &module, const std::string &name, const LaunchShape &shape,
            const Parameters &parameters) {
  Gpu &gpu = Gpu::get();
  ++gpu.launches;
  if (gpu.failingLaunch && gpu.launches == gpu.failingLaunch)
    return {CUDA_ERROR_LAUNCH_FAILED, "it is the launch that was to fail"};
  if (gpu.hangingLaunch && gpu.launches == gpu.hangingLaunch)
    return {.hangs = true};
  std::vector<void *> pointers;
  for (const std::vector<uint8_t> &value : parameters.values)
    pointers.push_back(const_cast<uint8_t *>(value.data()));
  LaunchOptions options;
  options.blockOrder = gpu.queue.order();
  if (gpu.strict)
    options.globalRaces = LaunchOptions::GlobalRaces::All;
  auto statistics = module.launch(name, shape, pointers.data(), gpu.memory, options);
  if (statistics.ok())
    return {};
  return {errorOf(statistics.status().message()), statistics.status().message()};
}

CUresult launch(CUfunction function, const LaunchShape &shape, CUstream stream, void **parameters,
                void **extra) {
  TPC_ENTER(gpu);
  if (!function || !gpu.modules.count(function->module)) {
    gpu.report("a function is launched whose module is not loaded");
    return CUDA_ERROR_INVALID_HANDLE;
  }
  const FunctionInfo &info = *function->module->ptx->find(function->name);
  uint64_t threads = uint64_t{shape.block[0]} * shape.block[1] * shape.block[2];
  uint64_t blocks = uint64_t{shape.grid[0]} * shape.grid[1] * shape.grid[2];
  if (threads == 0 || blocks == 0 || threads > info.maximalThreads || shape.block[2] > 64 ||
      shape.grid[0] > 0x7fffffff || shape.grid[1] > 65535 || shape.grid[2] > 65535 ||
      shape.sharedBytes > function->dynamicShared)
    return CUDA_ERROR_INVALID_VALUE;
  if (extra || (!parameters && !info.parameterSizes.empty()))
    return CUDA_ERROR_INVALID_VALUE;
  // Without a bound on its threads the compiler may give each of them 255 registers of the 65536.
  constexpr uint64_t threadsOfAnyKernel = 256;
  if (threads > threadsOfAnyKernel && !info.isBounded) {
    gpu.report("kernel '" + function->name +
               "' has more threads than its registers allow: it has "
               "neither .maxntid nor .reqntid");
    return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
  }
  function->mostLaunched = std::max(function->mostLaunched, shape.sharedBytes);
  return gpu.enqueue(
      stream, "kernel",
      [ptx = function->module->ptx, name = function->name, shape,
       values = Parameters(info, parameters)] { return run(*ptx, name, shape, values); });
}

} // namespace

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned count,
                            CUjit_option *options, void **values) {
  TPC_ENTER(gpu);
  if (CUresult result = gpu.forbidInCapture(); result != CUDA_SUCCESS)
    return result;
  auto *text = static_cast<const char *>(image);
  if (std::strncmp(text,
                   "\x7f"
                   "ELF",
                   4) == 0)
    return CUDA_ERROR_INVALID_IMAGE;
  auto parsed = PtxModule::parse(text);
  if (parsed.ok() && versionOf(gpu.driverVersion) < parsed->version())
    return CUDA_ERROR_UNSUPPORTED_PTX_VERSION;
  if (!parsed.ok()) {
    writeLog(parsed.status().message(), count, options, values);
    gpu.report(parsed.status().message());
    return CUDA_ERROR_INVALID_PTX;
  }
  writeLog("", count, options, values);
  auto loaded = std::make_unique<CUmod_st>();
  loaded->ptx = std::make_shared<PtxModule>(std::move(*parsed));
  *module = loaded.release();
  gpu.modules.insert(*module);
  return CUDA_SUCCESS;
}

CUresult cuModuleLoadData(CUmodule *module, const void *image) {
  return cuModuleLoadDataEx(module, image, 0, nullptr, nullptr);
}

CUresult cuModuleUnload(CUmodule module) {
  TPC_ENTER_TO_RELEASE(gpu);
  if (!gpu.modules.erase(module))
    return CUDA_ERROR_INVALID_HANDLE;
  if (gpu.sticky == CUDA_SUCCESS)
    gpu.wait(nullptr);
  delete module;
  return gpu.sticky;
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
  TPC_ENTER(gpu);
  if (!gpu.modules.count(module))
    return CUDA_ERROR_INVALID_HANDLE;
  const FunctionInfo *info = module->ptx->find(name);
  if (!info)
    return CUDA_ERROR_NOT_FOUND;
  for (auto &known : module->functions)
    if (known->name == name) {
      *function = known.get();
      return CUDA_SUCCESS;
    }
  auto made = std::make_unique<CUfunc_st>();
  made->module = module;
  made->name = name;
  made->dynamicShared = ordinaryShared - std::min(info->staticShared, ordinaryShared);
  *function = module->functions.emplace_back(std::move(made)).get();
  return CUDA_SUCCESS;
}

CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value) {
  TPC_ENTER(gpu);
  if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)
    return CUDA_SUCCESS; // preferences
  uint32_t fixed = function->module->ptx->find(function->name)->staticShared;
  if (value < 0 || static_cast<uint32_t>(value) + fixed > maximalShared)
    return CUDA_ERROR_INVALID_VALUE;
  function->dynamicShared = static_cast<uint32_t>(value);
  if (function->dynamicShared < function->mostLaunched)
    gpu.report("function '" + function->name +
               "' may have less shared memory than launches of it "
               "that a graph may hold");
  return CUDA_SUCCESS;
}

CUresult cuFuncGetAttribute(int *value, CUfunction_attribute attribute, CUfunction function) {
  TPC_ENTER(gpu);
  const FunctionInfo &info = *function->module->ptx->find(function->name);
  switch (attribute) {
  case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
    *value = static_cast<int>(info.maximalThreads);
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
    *value = static_cast<int>(info.staticShared);
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
    *value = static_cast<int>(info.localBytes);
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
    *value = static_cast<int>(function->dynamicShared);
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_PTX_VERSION:
  case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
    *value = 90;
    return CUDA_SUCCESS;
  default: // registers are not assigned here
    return CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult cuLaunchKernel(CUfunction function, unsigned gridX, unsigned gridY, unsigned gridZ,
                        unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes,
                        CUstream stream, void **parameters, void **extra) {
  return launch(function, {{gridX, gridY, gridZ}, {blockX, blockY, blockZ}, sharedBytes}, stream,
                parameters, extra);
}

CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function, void **parameters,
                          void **extra) {
  if (config->numAttrs)
    return CUDA_ERROR_NOT_SUPPORTED;
  return launch(function,
                {{config->gridDimX, config->gridDimY, config->gridDimZ},
                 {config->blockDimX, config->blockDimY, config->blockDimZ},
                 config->sharedMemBytes},
                config->hStream, parameters, extra);
}
