#include "PtxReport.h"

#include "compiler/codegen/Codegen.h"
#include "compiler/fusion/Accumulate.h"
#include "compiler/support/Target.h"
#include "dialects/tp/TP.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "tests/unit/support/Temporary.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <gtest/gtest.h>

using namespace mlir;

namespace tpc::codegen {

std::optional<std::string> findPtxas() {
  if (auto path = llvm::sys::findProgramByName("ptxas"))
    return *path;
  if (auto path = llvm::sys::findProgramByName("ptxas", {"/usr/local/cuda/bin"}))
    return *path;
  return std::nullopt;
}

/// "ld.global.nc.v4.b32" has 16 bytes.
static unsigned bytesOfAccess(llvm::StringRef instruction) {
  llvm::SmallVector<llvm::StringRef> parts;
  instruction.split(parts, '.');
  unsigned bits = 0, count = 1;
  parts.back().drop_front().getAsInteger(10, bits);
  for (llvm::StringRef part : parts)
    if (part == "v2" || part == "v4")
      part.drop_front().getAsInteger(10, count);
  return bits / 8 * count;
}

static void countAccesses(llvm::StringRef ptx, std::map<std::string, PtxFunction> &functions) {
  PtxFunction *function = nullptr;
  llvm::SmallVector<llvm::StringRef> lines;
  ptx.split(lines, '\n');
  for (llvm::StringRef line : lines) {
    line = line.trim();
    if (line.consume_front(".visible .entry "))
      function = &functions[line.take_until([](char c) { return c == '('; }).str()];
    if (line.starts_with("@"))
      line = line.drop_until([](char c) { return c == ' ' || c == '\t'; }).ltrim();
    llvm::StringRef instruction = line.take_until([](char c) { return c == ' ' || c == '\t'; });
    if (function && instruction.starts_with("ld.global"))
      ++function->loads[bytesOfAccess(instruction)];
    if (function && instruction.starts_with("st.global"))
      ++function->stores[bytesOfAccess(instruction)];
  }
}

/// Reads what `ptxas -v` says: for each function its name, then its stack, then its registers.
static void readPtxas(llvm::StringRef text, std::map<std::string, PtxFunction> &functions) {
  PtxFunction *function = nullptr;
  llvm::SmallVector<llvm::StringRef> lines;
  text.split(lines, '\n');
  for (llvm::StringRef line : lines) {
    auto number = [&](llvm::StringRef before, llvm::StringRef after) {
      unsigned value = 0;
      llvm::StringRef rest = line.substr(line.find(before) + before.size());
      rest.take_front(rest.find(after)).trim().getAsInteger(10, value);
      return value;
    };
    if (size_t at = line.find("Function properties for "); at != llvm::StringRef::npos)
      function = &functions[line.substr(at + 24).trim().str()];
    if (function && line.contains("bytes stack frame")) {
      function->stackBytes = number("", " bytes stack");
      function->spilledBytes = number("stack frame,", " bytes spill stores") +
                               number("spill stores,", " bytes spill loads");
    }
    if (function && line.contains("Used "))
      function->registers = number("Used ", " registers");
  }
}

namespace {

std::string read(const test::TemporaryFile &file) {
  auto text = llvm::MemoryBuffer::getFile(file.path());
  return text ? (*text)->getBuffer().str() : std::string();
}

/// Runs a program; its standard output and error go to the files, which may be the same.
int run(const std::string &program, const std::vector<std::string> &arguments,
        llvm::StringRef output, llvm::StringRef error) {
  std::vector<llvm::StringRef> all = {program};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::optional<llvm::StringRef> redirects[] = {std::nullopt, output, error};
  return llvm::sys::ExecuteAndWait(program, all, std::nullopt, redirects);
}

void assemble(const std::string &ptxas, const GeneratedImage &image,
              std::map<std::string, PtxFunction> &functions) {
  test::TemporaryFile ptx({image.image.data(), image.image.size() - 1}), report;
  int status = run(ptxas, {"-arch=sm_90", "-v", "-o", "/dev/null", ptx.path()}, report.path(),
                   report.path());
  EXPECT_EQ(status, 0) << read(report);
  readPtxas(read(report), functions);
}

} // namespace

std::vector<PtxFunction> reportKernels(const std::vector<std::string> &arguments,
                                       const std::optional<std::string> &ptxas) {
  test::TemporaryFile scheduled, errors;
  std::vector<std::string> command = {"compile"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.insert(command.end(), {"--target", "cuda", "--stop-after", "scheduled"});
  int status = run(TPC_COMPILE, command, scheduled.path(), errors.path());
  EXPECT_EQ(status, 0) << read(errors);
  MLIRContext context;
  context.loadDialect<nn::NNDialect, tp::TPDialect>();
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(read(scheduled), &context);
  if (status != 0 || !module)
    return {};
  std::vector<nn::KernelOp> kernels;
  module->walk([&](nn::KernelOp kernel) {
    if (!accumulatedProduct(kernel))
      kernels.push_back(kernel);
  });
  CodegenOptions options;
  options.target = Target::Cuda;
  auto precision = llvm::find(arguments, "--precision");
  if (precision != arguments.end())
    options.approximates = cudaTarget(*std::next(precision)).approximatesFunctions;
  FailureOr<GeneratedImage> image = generateImage(kernels, options);
  EXPECT_TRUE(succeeded(image));
  if (failed(image))
    return {};

  std::map<std::string, PtxFunction> functions;
  for (const GeneratedKernel &kernel : image->kernels)
    for (const GeneratedFunction &function : kernel.functions) {
      PtxFunction &report = functions[function.name];
      report.name = function.name;
      report.blocks = function.tiles;
      report.threads = function.threads;
      report.sharedBytes = function.sharedBytes;
    }
  countAccesses(reinterpret_cast<const char *>(image->image.data()), functions);
  if (ptxas)
    assemble(*ptxas, *image, functions);
  std::vector<PtxFunction> result;
  for (auto &[name, function] : functions)
    result.push_back(std::move(function));
  return result;
}

} // namespace tpc::codegen
