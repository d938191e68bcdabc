//===- CpuKernelModule.cpp - Generated kernels of a plan, loaded from memory ---------------===//
#include "runtime/device/cpu/CpuKernelModule.h"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

namespace tpc {
namespace {

/// The first feature of `level` that this CPU lacks, "" if none, nullptr if the level is unknown.
const char *missingFeature(const std::string &level) {
#define TPC_NEED(feature)                                                                          \
  if (!__builtin_cpu_supports(feature))                                                            \
  return feature
  __builtin_cpu_init();
  if (level == "native")
    return "";
  int version = level == "x86-64-v2" ? 2 : level == "x86-64-v3" ? 3 : level == "x86-64-v4" ? 4 : 0;
  if (version == 0)
    return nullptr;
  TPC_NEED("sse3");
  TPC_NEED("ssse3");
  TPC_NEED("sse4.1");
  TPC_NEED("sse4.2");
  TPC_NEED("popcnt");
  if (version >= 3) {
    TPC_NEED("avx");
    TPC_NEED("avx2");
    TPC_NEED("bmi");
    TPC_NEED("bmi2");
    TPC_NEED("f16c");
    TPC_NEED("fma");
    TPC_NEED("lzcnt");
    TPC_NEED("movbe");
  }
  if (version >= 4) {
    TPC_NEED("avx512f");
    TPC_NEED("avx512bw");
    TPC_NEED("avx512cd");
    TPC_NEED("avx512dq");
    TPC_NEED("avx512vl");
  }
  return "";
#undef TPC_NEED
}

Status checkImage(std::span<const uint8_t> image) {
  Elf64_Ehdr header;
  bool good = image.size() >= sizeof(header);
  if (good) {
    std::memcpy(&header, image.data(), sizeof(header));
    good = std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
           header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB &&
           header.e_type == ET_DYN && header.e_machine == EM_X86_64;
  }
  if (!good)
    return Status(Code::InvalidInput, "a kernel image is not an x86-64 ELF shared object",
                  "the plan is damaged or was compiled for another machine; compile it again");
  return {};
}

std::string errnoText() { return std::strerror(errno); }

class CpuKernelModule : public KernelModule {
public:
  CpuKernelModule(int fd, void *library) : fd_(fd), library_(library) {}
  ~CpuKernelModule() override {
    dlclose(library_);
    close(fd_);
  }

  Result<KernelHandle> function(const std::string &name) const override {
    if (void *symbol = dlsym(library_, name.c_str()))
      return KernelHandle(symbol);
    return Status(Code::InvalidInput, "a kernel image has no function '" + name + "'",
                  "the plan is damaged; compile it again");
  }

private:
  // Stays open as long as the library: the loader knows a library by its path, /proc/self/fd/N, and
  // would return this one for another image that got the same N.
  int fd_;
  void *library_;
};

} // namespace

Result<std::unique_ptr<KernelModule>> loadCpuKernels(std::span<const uint8_t> image,
                                                     const std::string &level) {
  const char *missing = missingFeature(level);
  if (!missing)
    return Status(Code::InvalidInput, "a kernel image needs the unknown CPU level '" + level + "'",
                  "known are x86-64-v2, x86-64-v3, x86-64-v4 and native");
  if (*missing)
    return Status(Code::Unavailable,
                  "the plan needs a CPU of level " + level + ", and this one lacks " + missing,
                  "compile the plan with a lower --cpu");
  TPC_RETURN_IF_ERROR(checkImage(image));

  int fd = memfd_create("tpc-kernels", MFD_CLOEXEC);
  if (fd < 0)
    return Status(Code::Unavailable, "cannot make a file in memory: " + errnoText());
  for (size_t done = 0; done < image.size();) {
    ssize_t count = write(fd, image.data() + done, image.size() - done);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0) {
      Status status(Code::Unavailable, "cannot write a file in memory: " + errnoText());
      close(fd);
      return status;
    }
    done += static_cast<size_t>(count);
  }
  std::string path = "/proc/self/fd/" + std::to_string(fd);
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    Status status(Code::InvalidInput, std::string("cannot load a kernel image: ") + dlerror(),
                  "the plan is damaged, or this system forbids executable memory");
    close(fd);
    return status;
  }
  return std::unique_ptr<KernelModule>(std::make_unique<CpuKernelModule>(fd, library));
}

} // namespace tpc
