//===- CompileOptions.cpp - What `tpc compile` was asked for ------------------------------===//

#include "compiler/driver/CompileOptions.h"

#include "compiler/driver/CommandLine.h"
#include "compiler/sharding/Passes.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace tpc;

const char *tpc::name(Level level) {
  switch (level) {
  case Level::Model:
    return "model";
  case Level::Grad:
    return "grad";
  case Level::Sharded:
    return "sharded";
  case Level::Local:
    return "local";
  case Level::Fused:
    return "fused";
  case Level::Scheduled:
    return "scheduled";
  case Level::Plan:
    return "plan";
  }
  return "";
}

/// A JSON object; each key is a member of Hardware, and what is missing keeps its default.
static Status readHardware(const std::string &path, Hardware &hardware) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return Status(Code::InvalidInput, "cannot read '" + path + "': " + buffer.getError().message());
  llvm::Expected<llvm::json::Value> parsed = llvm::json::parse((*buffer)->getBuffer());
  if (!parsed)
    return Status(Code::InvalidInput, path + ": " + llvm::toString(parsed.takeError()));
  const llvm::json::Object *object = parsed->getAsObject();
  if (!object)
    return Status(Code::InvalidInput, path + ": is no JSON object");
  const std::map<std::string, double *> numbers = {
      {"gemm_flops_per_second", &hardware.gemmFlopsPerSecond},
      {"memory_bytes_per_second", &hardware.memoryBytesPerSecond},
      {"collective_latency_seconds", &hardware.collectiveLatencySeconds},
      {"collective_bytes_per_second", &hardware.collectiveBytesPerSecond}};
  for (const auto &[key, value] : *object) {
    if (key == "name" && value.getAsString()) {
      hardware.name = value.getAsString()->str();
      continue;
    }
    auto known = numbers.find(key.str());
    std::optional<double> number = value.getAsNumber();
    if (known == numbers.end() || !number || !(*number > 0))
      return Status(Code::InvalidInput,
                    path + ": '" + key.str() + "' is no positive number known here",
                    "members are name, gemm_flops_per_second, memory_bytes_per_second, "
                    "collective_latency_seconds and collective_bytes_per_second");
    *known->second = *number;
  }
  return Status();
}

namespace {

/// The options as they stand on the command line.
struct RawOptions {
  int64_t tp = 1, dp = 1;
  std::vector<std::string> dims, shards;
  std::string target = "cpu", commDtype = "f32", recompute = "none", sequenceParallel = "off";
  std::string hardware, stopAfter;
};

} // namespace

static Status refuseWhatIsMissing(const CommandLine &commandLine, const RawOptions &raw,
                                  const CompileOptions &options) {
  if (raw.target == "cuda")
    return Status(Code::Unavailable, "this build of tpc generates no code for CUDA",
                  "compile with --target cpu");
  if (options.precision == "f64" && commandLine.wasGiven("--comm-dtype"))
    return Status(Code::Usage, "--comm-dtype has no effect with --precision f64",
                  "leave it out: what is computed in f64 travels in f64");
  if (raw.tp * raw.dp == 1 && commandLine.wasGiven("--comm-dtype"))
    return Status(Code::Usage, "--comm-dtype has no effect on one rank",
                  "leave it out, or ask for more ranks by --tp or --dp");
  return Status();
}

/// What is rounded on the wire: with bf16 what is computed in it, unless something else was asked.
static void chooseWire(const CommandLine &commandLine, const RawOptions &raw,
                       CompileOptions &options) {
  bool given = commandLine.wasGiven("--comm-dtype");
  bool rounds = given ? raw.commDtype == "bf16" : options.precision == "bf16";
  options.wire = {rounds, rounds && given};
  options.commDtype = options.precision == "f64" ? "f64"
                      : !rounds                  ? "f32"
                      : given                    ? "bf16"
                                                 : "activations bf16, gradients of parameters f32";
}

static Status convert(const CommandLine &commandLine, const RawOptions &raw,
                      CompileOptions &options) {
  options.mesh = makeMesh(raw.dp, raw.tp);
  for (const std::string &text : raw.dims) {
    std::string name, value;
    int64_t size = 0;
    if (!splitAssignment(text, name, value) || !parseInteger(value, size) || size < 1)
      return Status(Code::Usage, "'" + text + "' binds no dim", "--dim NAME=SIZE, as in --dim B=8");
    if (!options.dims.emplace(name, size).second)
      return Status(Code::Usage, "--dim " + name + " is given twice", "bind each dim once");
  }
  for (const std::string &text : raw.shards) {
    std::string error;
    std::optional<ShardConstraint> constraint = parseShardConstraint(text, error);
    if (!constraint)
      return Status(Code::Usage, "--shard '" + text + "': " + error,
                    "--shard 'h.*.mlp.fc.weight=[{tp}, {}]'");
    options.constraints.push_back(std::move(*constraint));
  }
  options.sequenceParallel = raw.sequenceParallel == "on"     ? SequenceParallel::On
                             : raw.sequenceParallel == "auto" ? SequenceParallel::Auto
                                                              : SequenceParallel::Off;
  if (commandLine.wasGiven("--recompute"))
    options.recompute = parseRecomputeMode(raw.recompute);
  if (!raw.hardware.empty())
    TPC_RETURN_IF_ERROR(readHardware(raw.hardware, options.hardware));
  for (Level level : kLevels)
    if (raw.stopAfter == name(level))
      options.stopAfter = level;
  if (options.stopAfter && !options.output.empty())
    return Status(Code::Usage, "-o has no effect with --stop-after",
                  "drop one of them: --stop-after prints to standard output");
  if (options.stopAfter && options.memoryLimit)
    return Status(Code::Usage, "--memory-limit has no effect with --stop-after",
                  "drop one of them: only a plan that is written is held to the limit");
  if (options.output.empty())
    options.output = llvm::sys::path::stem(options.model).str() + ".plan";
  return Status();
}

Result<CompileOptions> tpc::parseCompileOptions(std::span<const std::string> arguments) {
  CompileOptions options;
  RawOptions raw;
  CommandLine line("tpc compile MODEL.mlir [options]",
                   "Compiles a model and its training into a plan, one program for all ranks.");
  std::vector<std::string> levels;
  for (Level level : kLevels)
    levels.push_back(name(level));
  line.addArgument("MODEL.mlir", options.model);
  line.addInteger("--tp", "N", raw.tp, 1, "ranks that share every layer");
  line.addInteger("--dp", "N", raw.dp, 1, "groups of ranks that share the batch");
  line.addList("--dim", "NAME=SIZE", raw.dims, "binds a named dim of the model");
  line.addChoice("--target", {"cpu", "cuda"}, raw.target, "what executes the plan");
  line.addText("--cpu", "x86-64-v3|native", options.cpu, "the processor level of generated code");
  line.addChoice("--precision", {"f32", "tf32", "bf16", "f64"}, options.precision,
                 "in what the model is computed");
  line.addChoice("--comm-dtype", {"f32", "bf16"}, raw.commDtype,
                 "the type on the wire; with --precision bf16 the default rounds activations");
  line.addChoice("--sequence-parallel", {"off", "auto", "on"}, raw.sequenceParallel,
                 "splits the residual stream along the sequence; auto: where that is faster");
  line.addChoice(
      "--recompute", {"none", "selective", "full"}, raw.recompute,
      "what the backward pass computes again instead of keeping it: selective, what costs "
      "a pass over memory; full, whole layers");
  line.addInteger("--memory-limit", "BYTES", options.memoryLimit, 1,
                  "refuses a plan that needs more on a rank; without --recompute, takes the first "
                  "of its modes that needs no more");
  line.addText("--hardware", "FILE", raw.hardware,
               "JSON of the speeds that predictions use; none: the built-in " +
                   options.hardware.name);
  line.addList("--shard", "PATTERN=SHARDING", raw.shards,
               "a sharding that parameters and inputs of matching names must have");
  line.addChoice("--stop-after", levels, raw.stopAfter, "prints the IR of that level and stops");
  line.addText("--dump-to", "DIR", options.dumpTo, "writes the IR of every level into this folder");
  line.addText("-o", "OUT.plan", options.output, "the plan file; none: MODEL.plan in this folder");
  options.help = line.help();
  TPC_RETURN_IF_ERROR(line.parse(arguments));
  options.wantsHelp = line.wantsHelp();
  if (options.wantsHelp)
    return options;
  TPC_RETURN_IF_ERROR(refuseWhatIsMissing(line, raw, options));
  chooseWire(line, raw, options);
  TPC_RETURN_IF_ERROR(convert(line, raw, options));
  return options;
}
