#include "runtime/support/SharedLibrary.h"
#include "tests/unit/support/Temporary.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

using namespace tpc;
namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

namespace {

/// A variable of the environment for the length of a test.
class Variable {
public:
  Variable(const char *name, const std::string &value) : name_(name) {
    if (const char *old = std::getenv(name))
      old_ = old;
    setenv(name, value.c_str(), 1);
  }
  ~Variable() {
    if (old_)
      setenv(name_, old_->c_str(), 1);
    else
      unsetenv(name_);
  }

private:
  const char *name_;
  std::optional<std::string> old_;
};

class SharedLibraryTest : public testing::Test {
protected:
  fs::path folder(const fs::path &relative) {
    fs::create_directories(root_ / relative);
    return root_ / relative;
  }

  test::TemporaryFolder temporary_;
  const fs::path root_ = temporary_.path();
};

} // namespace

TEST_F(SharedLibraryTest, ToolkitComesBeforePythonPackages) {
  std::string toolkit = folder("toolkit/lib64"),
              cudnn = folder("venv/lib/python3.11/site-packages/nvidia/cudnn/lib"),
              nccl = folder("venv/lib/python3.11/site-packages/nvidia/nccl/lib");
  folder("venv/lib/python3.11/site-packages/nvidia/headers_only/include");
  Variable home("CUDA_HOME", root_ / "toolkit"), environment("VIRTUAL_ENV", root_ / "venv");
  std::vector<std::string> found = librarySearchFolders();
  ASSERT_GE(found.size(), 3u);
  EXPECT_THAT(std::vector(found.begin(), found.begin() + 3),
              testing::ElementsAre(toolkit, cudnn, nccl));
}

TEST_F(SharedLibraryTest, AnEnvironmentIsFoundByItsPythonOnPath) {
  std::string cudnn = folder("env/lib/python3.12/site-packages/nvidia/cudnn/lib");
  std::ofstream(folder("env/bin") / "python3") << "";
  Variable path("PATH", (root_ / "nowhere").string() + ":" + (root_ / "env/bin").string());
  EXPECT_THAT(librarySearchFolders(), testing::Contains(cudnn));
}

TEST_F(SharedLibraryTest, WhatIsNowhereIsUnavailable) {
  Result<SharedLibrary> library = SharedLibrary::open("libtpc_no_such_library.so.7", "this test");
  ASSERT_FALSE(library.ok());
  EXPECT_EQ(library.status().code(), Code::Unavailable);
  EXPECT_THAT(
      library.status().message(),
      AllOf(HasSubstr("this test needs libtpc_no_such_library.so.7"), HasSubstr("No such file")));
  EXPECT_THAT(library.status().hint(), HasSubstr("LD_LIBRARY_PATH"));
}

TEST_F(SharedLibraryTest, ADamagedFileIsNamedInTheError) {
  std::string file = folder("toolkit/lib64") / "libtpc_damaged.so.1";
  std::ofstream(file) << "no library";
  Variable home("CUDA_HOME", root_ / "toolkit");
  Result<SharedLibrary> library = SharedLibrary::open("libtpc_damaged.so.1", "this test");
  ASSERT_FALSE(library.ok());
  EXPECT_THAT(library.status().message(), HasSubstr(file));
}

TEST_F(SharedLibraryTest, SymbolsAreBoundOrNamed) {
  Result<SharedLibrary> library = SharedLibrary::open("libc.so.6", "this test");
  ASSERT_TRUE(library.ok()) << library.status().message();
  EXPECT_THAT(library->path(), HasSubstr("libc.so.6"));
  size_t (*length)(const char *) = nullptr;
  void *other = nullptr;
  const LibrarySymbol good[] = {{"strlen", &length}};
  ASSERT_TRUE(bindSymbols(*library, good).ok());
  EXPECT_EQ(length("four"), 4u);
  const LibrarySymbol bad[] = {{"tpc_no_such_function", &other}};
  Status status = bindSymbols(*library, bad);
  EXPECT_EQ(status.code(), Code::Unavailable);
  EXPECT_THAT(status.message(), HasSubstr("tpc_no_such_function"));
}
