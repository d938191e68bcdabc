//===- RunOptions.cpp - What `tpc run` is asked to do -----------------------------------------===//

#include "runtime/cli/RunOptions.h"

#include <cmath>
#include <limits>

using namespace tpc;

namespace {

constexpr OptionSpec kOptions[] = {
    option::kEntry,
    {"--steps", "N", "1", "steps to run"},
    option::kSeed,
    option::kInit,
    option::kWeights,
    option::kUnused,
    option::kData,
    option::kInput,
    option::kSet,
    {"--output", "NAME=F", "", "write an output of the last step to a safetensors file", true},
    {"--save", "F", "", "write a checkpoint after the last step"},
    {"--save-every", "N", "", "write it after every N steps, too"},
    option::kResume,
    {"--comm", "auto|local|tcp|nccl", "auto",
     "local: ranks are threads, or share the first GPU; tcp: processes, which it starts itself "
     "unless a launcher did; nccl: processes with a GPU each; auto: on CPU tcp under a launcher "
     "(torchrun, srun, mpirun), else local; on GPUs nccl, which one rank does without"},
    option::kThreadsPerRank,
    {"--timeout", "S", "60",
     "seconds that ranks wait for each other, or for a GPU, before they give up"},
    {"--deterministic", "", "",
     "insist on a run that repeats bit for bit (--comm local and tcp always do)"},
    {"--log-json", "F|-", "", "one JSON object a line per step; - is standard output"},
    {"--profile", "TRACE.json", "", "write when every instruction ran, as a Chrome trace"},
    {"--check-memory", "", "", "guard every buffer and poison dead ones; slower, same numbers"},
    {"--on-nonfinite", "stop|warn", "stop",
     "what to do when the loss or gradient norm is not finite"},
};

template <typename T> std::optional<T> ifGiven(const Arguments &arguments, std::string_view name) {
  return arguments.has(name) ? std::optional<T>(arguments.get(name)) : std::nullopt;
}

/// An empty word is what a shell makes of a variable that is not set.
Status checkFilesNamed(const Arguments &arguments) {
  auto namesNone = [](std::string_view option, const std::string &as) {
    return Status(Code::Usage, "option '" + std::string(option) + "' names no file",
                  "give it as " + std::string(option) + " " + as + ", or leave it out");
  };
  for (std::string_view option :
       {"--weights", "--data", "--save", "--resume", "--log-json", "--profile"})
    if (arguments.has(option) && arguments.get(option).empty())
      return namesNone(option, "FILE");
  for (std::string_view option : {"--input", "--output"})
    for (const std::string &text : arguments.all(option))
      if (size_t equals = text.find('='); equals > 0 && equals + 1 == text.size())
        return namesNone(option, text + "FILE");
  for (const std::string &text : arguments.all("--set"))
    if (text.ends_with("=@"))
      return namesNone("--set", text + "FILE");
  return Status();
}

} // namespace

const CommandSpec &tpc::runCommandSpec() {
  static const CommandSpec spec{
      "tpc run OUT.plan [options]",
      "Runs an entry of a plan. Steps are logged on standard error; an interrupt ends the step,\n"
      "saves if asked, and stops.",
      {"OUT.plan"},
      kOptions};
  return spec;
}

// Commands that share these options need not have all of them.
Result<RunOptions> tpc::parseRunOptions(const Arguments &arguments) {
  RunOptions options;
  options.plan = arguments.positional(0);
  TPC_RETURN_IF_ERROR(checkFilesNamed(arguments));
  options.entry = ifGiven<std::string>(arguments, "--entry");
  TPC_ASSIGN_OR_RETURN(options.steps,
                       arguments.integer("--steps", 1, std::numeric_limits<int32_t>::max()));
  if (arguments.has("--seed")) {
    TPC_ASSIGN_OR_RETURN(int64_t seed, arguments.integer("--seed", 0, 0xFFFFFFFF));
    options.seed = static_cast<uint32_t>(seed);
  }
  if (arguments.has("--init")) {
    TPC_ASSIGN_OR_RETURN(std::string kind, arguments.choice("--init"));
    options.init = kind == "torch" ? Initialiser::Torch : Initialiser::Philox;
  }
  options.weights = ifGiven<std::string>(arguments, "--weights");
  options.data = ifGiven<std::string>(arguments, "--data");
  options.save = ifGiven<std::string>(arguments, "--save");
  if (arguments.has("--save-every")) {
    TPC_ASSIGN_OR_RETURN(options.saveEvery,
                         arguments.integer("--save-every", 1, std::numeric_limits<int32_t>::max()));
  }
  options.resume = ifGiven<std::string>(arguments, "--resume");
  options.logJson = ifGiven<std::string>(arguments, "--log-json");
  options.profile = ifGiven<std::string>(arguments, "--profile");
  TPC_ASSIGN_OR_RETURN(options.inputs, arguments.assignments("--input"));
  TPC_ASSIGN_OR_RETURN(options.outputs, arguments.assignments("--output"));
  TPC_ASSIGN_OR_RETURN(auto scalars, arguments.assignments("--set"));
  for (const auto &[name, text] : scalars) {
    ScalarSetting &setting = options.scalars[name];
    if (text.starts_with('@'))
      setting.file = text.substr(1);
    else if (!parseNumber(text, setting.value) || !std::isfinite(setting.value))
      return Status(Code::Usage,
                    "option '--set': '" + text + "' is not a finite number for '" + name + "'",
                    "--set NAME=VALUE, as in --set lr=3e-4, or --set NAME=@FILE with the value of "
                    "each step on a line");
  }

  if (arguments.has("--comm")) {
    TPC_ASSIGN_OR_RETURN(options.comm, arguments.choice("--comm"));
  }
  if (arguments.has("--threads-per-rank")) {
    TPC_ASSIGN_OR_RETURN(int64_t threads, arguments.integer("--threads-per-rank", 1, 1024));
    options.threadsPerRank = static_cast<int>(threads);
  }
  TPC_ASSIGN_OR_RETURN(options.timeoutSeconds, arguments.integer("--timeout", 1, 1'000'000));
  options.deterministic = arguments.has("--deterministic");
  options.checkMemory = arguments.has("--check-memory");
  if (arguments.has("--on-nonfinite")) {
    TPC_ASSIGN_OR_RETURN(std::string reaction, arguments.choice("--on-nonfinite"));
    options.warnOnNonfinite = reaction == "warn";
  }

  if (options.saveEvery && !options.save)
    return Status(Code::Usage, "--save-every has no effect without --save",
                  "--save FILE says where the checkpoint is written");
  options.unused = arguments.all("--unused");
  if (!options.unused.empty() && !options.weights)
    return Status(Code::Usage, "--unused has no effect without --weights",
                  "it names tensors of the file of --weights; leave it out");
  if (options.resume && options.weights)
    return Status(Code::Usage, "--resume and --weights both give the parameters",
                  "a checkpoint of --save holds them; leave out --weights");
  if (options.resume && options.seed)
    return Status(Code::Usage, "--seed has no effect with --resume: the checkpoint holds the seed",
                  "leave out --seed");
  if (options.resume && options.init)
    return Status(Code::Usage,
                  "--init has no effect with --resume: the checkpoint holds the generator",
                  "leave out --init");
  return options;
}
