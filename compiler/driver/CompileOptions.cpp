//===- CompileOptions.cpp - What `tpc compile` was asked for ------------------------------===//

#include "compiler/driver/CompileOptions.h"

#include "compiler/sharding/Passes.h"
#include "compiler/support/BoundedJson.h"
#include "runtime/cli/Arguments.h"
#include "runtime/support/SameFile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FormatVariadic.h"
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

static std::string pathIn(const std::string &folder, const llvm::Twine &file) {
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, file);
  return path.str().str();
}

std::string tpc::dumpPath(const std::string &folder, Level level) {
  return pathIn(folder, llvm::Twine(name(level)) + (level == Level::Plan ? ".txt" : ".mlir"));
}

std::string tpc::kernelsDumpPath(const std::string &folder) {
  return pathIn(folder, "kernels.mlir");
}

static constexpr const char *kHardwareHint =
    "--hardware FILE: a JSON object; members are name, gemm_flops_per_second, "
    "memory_bytes_per_second, collective_latency_seconds and collective_bytes_per_second";

/// A JSON object; each key is a member of Hardware, and what is missing keeps its default.
static Status readHardware(const std::string &path, Hardware &hardware) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return Status(Code::InvalidInput, "cannot read '" + path + "': " + buffer.getError().message(),
                  kHardwareHint);
  llvm::Expected<llvm::json::Value> parsed = parseBoundedJson((*buffer)->getBuffer());
  if (!parsed)
    return Status(Code::InvalidInput, path + ": " + llvm::toString(parsed.takeError()),
                  kHardwareHint);
  const llvm::json::Object *object = parsed->getAsObject();
  if (!object)
    return Status(Code::InvalidInput, path + ": is no JSON object", kHardwareHint);
  const std::map<std::string, double *> numbers = {
      {"gemm_flops_per_second", &hardware.gemmFlopsPerSecond},
      {"memory_bytes_per_second", &hardware.memoryBytesPerSecond},
      {"collective_latency_seconds", &hardware.collectiveLatencySeconds},
      {"collective_bytes_per_second", &hardware.collectiveBytesPerSecond}};
  if (object->empty())
    return Status(Code::InvalidInput, path + ": says nothing of the hardware", kHardwareHint);
  for (const auto &[key, value] : *object) {
    if (key == "name" && value.getAsString()) {
      hardware.name = value.getAsString()->str();
      if (llvm::any_of(hardware.name, [](unsigned char c) { return c < ' '; }))
        return Status(Code::InvalidInput, path + ": the name has control characters",
                      kHardwareHint);
      continue;
    }
    auto known = numbers.find(key.str());
    std::optional<double> number = value.getAsNumber();
    if (known == numbers.end() || !number)
      return Status(Code::InvalidInput, path + ": '" + key.str() + "' is no number known here",
                    kHardwareHint);
    // Wider than any machine, and narrow enough for predictions in 64-bit picoseconds.
    bool isLatency = known->first == "collective_latency_seconds";
    auto [least, most] = isLatency ? std::pair(1e-12, 1.0) : std::pair(1e3, 1e21);
    if (!(*number >= least && *number <= most))
      return Status(Code::InvalidInput,
                    path + ": '" + key.str() + "' is not from " +
                        llvm::formatv("{0:e0} to {1:e0}", least, most).str(),
                    kHardwareHint);
    *known->second = *number;
  }
  // Nobody takes it for the one that it was.
  if (!object->get("name"))
    hardware.name += "-changed";
  return Status();
}

/// What bounds --tp and --dp: rank numbers, and products of them, stay far from overflow.
static constexpr int64_t kMostRanks = 1 << 16;

static constexpr OptionSpec kOptions[] = {
    {"--tp", "N", "1", "ranks that share every layer"},
    {"--dp", "N", "1", "groups of ranks that share the batch"},
    {"--dim", "NAME=SIZE", "", "binds a named dim of the model", true},
    {"--target", "cpu|cuda", "cpu", "what executes the plan"},
    {"--cpu", "x86-64-v3|x86-64-v4|native", "x86-64-v3", "the processor level of generated code"},
    {"--precision", "f32|tf32|bf16|f64", "f32", "in what the model is computed"},
    {"--comm-dtype", "f32|bf16", "f32",
     "the type on the wire; with --precision bf16 the default rounds activations"},
    {"--sequence-parallel", "off|auto|on", "off",
     "splits the residual stream along the sequence; auto: where that is faster"},
    {"--recompute", "none|selective|full", "none",
     "what the backward pass computes again instead of keeping it: selective, what costs a pass "
     "over memory; full, whole layers"},
    {"--memory-limit", "BYTES", "",
     "refuses a plan that needs more on a rank; without --recompute, takes the first of its modes "
     "that needs no more"},
    {"--hardware", "FILE", "the built-in cpu-2core, or an H200 with --target cuda",
     "JSON of the speeds that predictions use"},
    {"--shard", "PATTERN=SHARDING", "",
     "a sharding that parameters, states and inputs of matching names must have, a pair of braces "
     "for each dim with the axes that split it: 'h.*.mlp.fc.weight=[{tp}, {}]'",
     true},
    {"--stop-after", "model|grad|sharded|local|fused|scheduled|plan", "",
     "prints the IR of that level and stops"},
    {"--dump-to", "DIR", "",
     "writes the IR of every level, and the kernels as linalg, into this folder"},
    {"-o", "OUT.plan", "MODEL.plan in this folder", "the plan file"},
};

static const CommandSpec &commandSpec() {
  static const CommandSpec spec{
      "tpc compile MODEL.mlir [options]",
      "Compiles a model and its training into a plan, one program for all ranks.",
      {"MODEL.mlir"},
      kOptions};
  return spec;
}

/// The first level that each option has an effect on, if it is not `model`.
static constexpr std::pair<const char *, Level> kActsOn[] = {
    {"--precision", Level::Grad},   {"--recompute", Level::Grad},
    {"--tp", Level::Sharded},       {"--dp", Level::Sharded},
    {"--target", Level::Sharded},   {"--comm-dtype", Level::Sharded},
    {"--hardware", Level::Sharded}, {"--sequence-parallel", Level::Sharded},
    {"--shard", Level::Sharded},    {"--cpu", Level::Plan},
};

/// Options that act behind the level at which the pipeline stops.
static Status refuseBehind(Level stop, const Arguments &arguments) {
  if (arguments.has("-o"))
    return Status(Code::Usage, "-o has no effect with --stop-after",
                  "drop one of them: --stop-after prints to standard output");
  for (auto [option, level] : kActsOn)
    if (arguments.has(option) && stop < level)
      return Status(
          Code::Usage, std::string(option) + " has no effect with --stop-after " + name(stop),
          "leave it out: it acts on level " + std::string(name(level)) + " and what follows");
  if (arguments.has("--memory-limit"))
    return Status(Code::Usage, "--memory-limit has no effect with --stop-after",
                  "drop one of them: only a plan that is written is held to the limit");
  return Status();
}

/// Options that contradict each other, or of which one leaves the other without effect.
static Status refuseWithoutEffect(const Arguments &arguments, const CompileOptions &options) {
  if (options.target.kind == Target::Kind::Cuda && arguments.has("--cpu"))
    return Status(Code::Usage, "--cpu has no effect with --target cuda",
                  "leave it out: code is generated for the GPU alone");
  bool f64 = options.precision == "f64";
  if (arguments.has("--comm-dtype") && (f64 || options.mesh.numRanks() == 1))
    return Status(Code::Usage,
                  std::string("--comm-dtype has no effect ") +
                      (f64 ? "with --precision f64" : "on one rank"),
                  f64 ? "leave it out: what is computed in f64 travels in f64"
                      : "leave it out, or ask for more ranks by --tp or --dp");
  if (arguments.has("--shard") && options.mesh.numRanks() == 1)
    return Status(Code::Usage, "--shard has no effect on one rank",
                  "leave it out, or ask for more ranks by --tp or --dp");
  auto tp = options.mesh.findAxis("tp");
  if (options.sequenceParallel == SequenceParallel::On && options.mesh.axisSize(*tp) == 1)
    return Status(Code::Usage, "--sequence-parallel on has no effect with --tp 1",
                  "leave it out, or ask for more ranks by --tp");
  return options.stopAfter ? refuseBehind(*options.stopAfter, arguments) : Status();
}

/// What is rounded on the wire: with bf16 what is computed in it, unless something else was asked.
static Status chooseWire(const Arguments &arguments, CompileOptions &options) {
  TPC_ASSIGN_OR_RETURN(std::string dtype, arguments.choice("--comm-dtype"));
  bool given = arguments.has("--comm-dtype");
  bool rounds = given ? dtype == "bf16" : options.precision == "bf16";
  options.wire = {rounds, rounds && given};
  options.commDtype = options.precision == "f64" ? "f64"
                      : !rounds                  ? "f32"
                      : given                    ? "bf16"
                                                 : "activations bf16, gradients of parameters f32";
  return Status();
}

static Status bindDims(const Arguments &arguments, CompileOptions &options) {
  TPC_ASSIGN_OR_RETURN(auto dims, arguments.assignments("--dim"));
  for (const auto &[name, text] : dims) {
    int64_t size = 0;
    if (!parseNumber(text, size) || size < 1)
      return Status(Code::Usage, "--dim " + name + ": '" + text + "' is no size of a dim",
                    "--dim NAME=SIZE, as in --dim B=8");
    options.dims.emplace(name, size);
  }
  return Status();
}

static Status readConstraints(const Arguments &arguments, CompileOptions &options) {
  for (const std::string &text : arguments.all("--shard")) {
    std::string error;
    std::optional<ShardConstraint> constraint = parseShardConstraint(text, error);
    if (!constraint)
      return Status(Code::Usage, "--shard '" + text + "': " + error,
                    "--shard 'h.*.mlp.fc.weight=[{tp}, {}]'");
    options.constraints.push_back(std::move(*constraint));
  }
  return Status();
}

static Status readLevels(const Arguments &arguments, CompileOptions &options) {
  if (arguments.has("--stop-after")) {
    TPC_ASSIGN_OR_RETURN(std::string stopAfter, arguments.choice("--stop-after"));
    for (Level level : kLevels)
      if (stopAfter == name(level))
        options.stopAfter = level;
  }
  options.dumpTo = arguments.get("--dump-to");
  options.output = arguments.has("-o") ? arguments.get("-o")
                                       : llvm::sys::path::stem(options.model).str() + ".plan";
  return Status();
}

/// What is written must not be what is read, nor written twice.
static Status checkTargets(const CompileOptions &options, const Arguments &arguments) {
  if (options.output.empty())
    return Status(Code::Usage, "-o names no file", "-o OUT.plan");
  if (options.dumpTo.empty() && arguments.has("--dump-to"))
    return Status(Code::Usage, "--dump-to names no folder", "--dump-to DIR");
  std::vector<std::pair<std::string, std::string>> taken = {
      {"the model", options.model}, {"the file of --hardware", arguments.get("--hardware")}};
  auto refuse = [&](const std::string &option, const std::string &path) {
    for (const auto &[what, file] : taken)
      if (isSameFile(path, file))
        return Status(Code::Usage, option + " would overwrite '" + path + "', which is " + what,
                      "name another place");
    return Status();
  };
  if (!options.stopAfter) {
    TPC_RETURN_IF_ERROR(refuse("-o", options.output));
    taken.emplace_back("what -o writes", options.output);
  }
  if (options.dumpTo.empty())
    return Status();
  for (Level level : kLevels)
    TPC_RETURN_IF_ERROR(refuse("--dump-to", dumpPath(options.dumpTo, level)));
  return refuse("--dump-to", kernelsDumpPath(options.dumpTo));
}

Result<CompileOptions> tpc::parseCompileOptions(std::span<const std::string> words) {
  CompileOptions options;
  TPC_ASSIGN_OR_RETURN(Arguments arguments, Arguments::parse(commandSpec(), words));
  options.wantsHelp = arguments.helpWanted();
  if (options.wantsHelp) {
    options.help = helpText(commandSpec());
    return options;
  }
  options.model = arguments.positional(0);
  TPC_ASSIGN_OR_RETURN(int64_t tp, arguments.integer("--tp", 1, kMostRanks));
  TPC_ASSIGN_OR_RETURN(int64_t dp, arguments.integer("--dp", 1, kMostRanks));
  options.mesh = makeMesh(dp, tp);
  TPC_RETURN_IF_ERROR(bindDims(arguments, options));
  TPC_ASSIGN_OR_RETURN(std::string target, arguments.choice("--target"));
  TPC_ASSIGN_OR_RETURN(options.precision, arguments.choice("--precision"));
  TPC_ASSIGN_OR_RETURN(std::string level, arguments.choice("--cpu"));
  options.target = target == "cuda" ? cudaTarget(options.precision) : cpuTarget(level);
  options.hardware = builtinHardware(options.target.kind, options.precision);
  TPC_RETURN_IF_ERROR(chooseWire(arguments, options));
  TPC_ASSIGN_OR_RETURN(std::string sequence, arguments.choice("--sequence-parallel"));
  options.sequenceParallel = sequence == "on"     ? SequenceParallel::On
                             : sequence == "auto" ? SequenceParallel::Auto
                                                  : SequenceParallel::Off;
  if (arguments.has("--recompute")) {
    TPC_ASSIGN_OR_RETURN(std::string mode, arguments.choice("--recompute"));
    options.recompute = parseRecomputeMode(mode);
  }
  if (arguments.has("--memory-limit")) {
    TPC_ASSIGN_OR_RETURN(options.memoryLimit, arguments.integer("--memory-limit", 1));
  }
  if (arguments.has("--hardware"))
    TPC_RETURN_IF_ERROR(readHardware(arguments.get("--hardware"), options.hardware));
  TPC_RETURN_IF_ERROR(readConstraints(arguments, options));
  TPC_RETURN_IF_ERROR(readLevels(arguments, options));
  TPC_RETURN_IF_ERROR(refuseWithoutEffect(arguments, options));
  TPC_RETURN_IF_ERROR(checkTargets(options, arguments));
  return options;
}
