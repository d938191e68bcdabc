//===- SharedLibrary.cpp - Libraries that are opened when they are first needed ------------===//

#include "runtime/support/SharedLibrary.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <link.h>

namespace fs = std::filesystem;

namespace tpc {

namespace {

std::string environment(const char *name) {
  const char *value = std::getenv(name);
  return value ? value : "";
}

/// The folders in `folder` whose name begins with `prefix`, in order of their names.
std::vector<fs::path> foldersIn(const fs::path &folder, const std::string &prefix = {}) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const fs::directory_entry &entry : fs::directory_iterator(folder, error))
    if (entry.is_directory(error) && entry.path().filename().string().starts_with(prefix))
      found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

/// The folder above the `bin` in which PATH finds python3; the link of a virtual environment is
/// not followed, because its packages lie beside the link.
fs::path pythonOnPath() {
  std::string path = environment("PATH");
  std::error_code error;
  for (size_t begin = 0; begin < path.size();) {
    size_t end = std::min(path.find(':', begin), path.size());
    fs::path folder = path.substr(begin, end - begin);
    if (fs::exists(folder / "python3", error))
      return folder.parent_path();
    begin = end + 1;
  }
  return {};
}

} // namespace

std::vector<std::string> librarySearchFolders() {
  std::vector<std::string> folders;
  std::error_code error;
  auto add = [&](const fs::path &folder) {
    if (fs::is_directory(folder, error) &&
        std::find(folders.begin(), folders.end(), folder.string()) == folders.end())
      folders.push_back(folder.string());
  };
  auto addToolkit = [&](const fs::path &root) {
    if (root.empty())
      return;
    add(root / "lib64");
    add(root / "lib");
  };
  addToolkit(environment("CUDA_HOME"));
  addToolkit(environment("CUDA_PATH"));
  for (const fs::path &prefix : {fs::path(environment("VIRTUAL_ENV")),
                                 fs::path(environment("CONDA_PREFIX")), pythonOnPath()})
    if (!prefix.empty())
      for (const fs::path &python : foldersIn(prefix / "lib", "python3"))
        for (const char *packages : {"site-packages", "dist-packages"})
          for (const fs::path &package : foldersIn(python / packages / "nvidia"))
            add(package / "lib");
  addToolkit("/usr/local/cuda");
  return folders;
}

Result<SharedLibrary> SharedLibrary::open(const std::string &name, const std::string &purpose) {
  if (void *handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL))
    return SharedLibrary(handle);
  // The error of a file that is there says more than that of one that isn't.
  std::string reason = dlerror();
  std::error_code error;
  for (const std::string &folder : librarySearchFolders()) {
    fs::path file = fs::path(folder) / name;
    if (!fs::exists(file, error))
      continue;
    if (void *handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL))
      return SharedLibrary(handle);
    reason = dlerror();
  }
  return Status(Code::Unavailable, purpose + " needs " + name + ": " + reason,
                "LD_LIBRARY_PATH or CUDA_HOME says where it is; Python packages are found when "
                "their environment is active");
}

void *SharedLibrary::symbol(const char *name) const { return dlsym(handle_, name); }

std::string SharedLibrary::path() const {
  link_map *map = nullptr;
  return dlinfo(handle_, RTLD_DI_LINKMAP, static_cast<void *>(&map)) == 0 ? map->l_name : "";
}

Status bindSymbols(const SharedLibrary &library, std::span<const LibrarySymbol> symbols) {
  for (const LibrarySymbol &symbol : symbols) {
    void *function = library.symbol(symbol.name);
    std::memcpy(symbol.target, &function, sizeof(function));
    if (!function)
      return Status(Code::Unavailable, library.path() + " has no function " + symbol.name,
                    "it is older than what tpc was built for");
  }
  return Status();
}

} // namespace tpc
