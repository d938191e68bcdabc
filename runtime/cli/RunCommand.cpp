//===- RunCommand.cpp - tpc run ---------------------------------------------------------------===//

#include "runtime/cli/RunCommand.h"

#include "runtime/cli/Bindings.h"
#include "runtime/cli/Checkpoint.h"
#include "runtime/cli/CommandLine.h"
#include "runtime/cli/DeviceChoice.h"
#include "runtime/cli/Launcher.h"
#include "runtime/cli/RankProcesses.h"
#include "runtime/cli/RunLog.h"
#include "runtime/cli/Utilisation.h"
#include "runtime/comm/nccl/NcclGroup.h"
#include "runtime/comm/tcp/TcpGroup.h"
#include "runtime/plan/Convert.h"
#include "runtime/plan/PlanCheck.h"
#include "runtime/support/AtomicFile.h"
#include "runtime/support/SameFile.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <unistd.h>

using namespace tpc;

namespace {

/// The signal that asked the run to stop.
std::atomic<int> stopSignal = 0;
/// Of the process that started this one, or null.
std::atomic<RankBoard *> signalBoard = nullptr;
static_assert(std::atomic<int>::is_always_lock_free &&
                  std::atomic<RankBoard *>::is_always_lock_free,
              "a signal handler uses them");

/// The first signal ends the step, and a save that has begun is finished; the second one ends the
/// process now. What stood at the target of the save stays. A terminal that closes is told twice,
/// by the shell and by the kernel, and counts once.
void noteSignal(int signal) {
  RankBoard *board = signalBoard;
  bool isSecond = stopSignal.exchange(signal) != 0 && signal != SIGHUP;
  if (!isSecond && !(board && board->endNow))
    return;
  AtomicFile::removeUnfinished();
  _exit(128 + signal);
}

/// Notes signals while it lives, and to the end of the process once one has come: then the next one
/// still ends it as the second.
class SignalGuard {
public:
  explicit SignalGuard(RankBoard *board) {
    stopSignal = 0;
    signalBoard = board;
    for (int signal : signals_)
      std::signal(signal, noteSignal);
  }
  ~SignalGuard() {
    for (int signal : signals_)
      if (stopSignal == 0)
        std::signal(signal, SIG_DFL);
  }
  SignalGuard(const SignalGuard &) = delete;

private:
  std::vector<int> signals_ = stopSignals();
};

/// Peak resident memory of the process, in bytes.
uint64_t peakResident() {
  std::ifstream file("/proc/self/status");
  std::string line;
  while (std::getline(file, line))
    if (line.starts_with("VmHWM:"))
      return std::strtoull(line.c_str() + 6, nullptr, 10) * 1024;
  return 0;
}

/// The process in which a run, or a rank of it, happens.
struct Surroundings {
  ExitNow exitNow;
  /// What is wrong, before exitNow.
  std::function<void(const Status &)> report = printError;
  ProcessGroup *processes = nullptr; ///< the run's; null: all ranks are threads of this one
  RankBoard *board = nullptr;        ///< of the process that started this one, if tpc did
  Comm comm = Comm::Local;
  int gpu = 0;              ///< number on this machine
  DeviceChoice device = {}; ///< of the ranks here

  bool isRoot() const { return !processes || processes->rank() == 0; }
  int stopSignal() const { return std::max(::stopSignal.load(), board ? board->signal.load() : 0); }
};

class Run {
public:
  Run(PlanFile plan, RunOptions options) : plan_(std::move(plan)), options_(std::move(options)) {}

  const PlanFile &plan() const { return plan_; }

  /// Finds what is wrong with the options before anything is started.
  Result<Bindings> prepare() {
    TPC_RETURN_IF_ERROR(checkTarget(plan_, options_));
    TPC_RETURN_IF_ERROR(faultFromEnvironment().status());
    TPC_ASSIGN_OR_RETURN(entry_, chooseEntry(plan_, options_));
    TPC_RETURN_IF_ERROR(checkOutputs());
    TPC_ASSIGN_OR_RETURN(Bindings bindings, Bindings::create(plan_, *entry_, options_));
    TPC_RETURN_IF_ERROR(checkTargets(bindings));
    return bindings;
  }

  /// Opens what this process computes on.
  Status chooseDevice(Surroundings &surroundings) const {
    TPC_ASSIGN_OR_RETURN(surroundings.device,
                         tpc::chooseDevice(plan_, options_, surroundings.comm, surroundings.gpu));
    return Status();
  }

  /// Meets the other ranks, once the device is open.
  Result<std::unique_ptr<ProcessGroup>> join(tcp::TcpGroupOptions group,
                                             const Surroundings &surroundings) const {
    if (surroundings.comm != Comm::Nccl)
      return tcp::joinTcpGroup(std::move(group));
    nccl::NcclGroupOptions options{.tcp = std::move(group)};
    options.libraries = {{"the GPU", surroundings.device.description}};
    options.deterministic = options_.deterministic;
    return nccl::joinNcclGroup(std::move(options));
  }

  std::string describeInstruction(uint32_t index) const {
    if (index >= entry_->instructions()->size())
      return "an unknown instruction";
    return describe(*entry_->instructions()->Get(index), index);
  }

  /// What all ranks of a run must have in common, beside the plan.
  std::vector<tcp::Agreed> agreements(const Bindings &bindings) const {
    auto given = [](const auto &option) { return option ? "given" : "not given"; };
    std::vector<tcp::Agreed> result = {
        {"entry", entry_->name()->str()},
        {"first step", std::to_string(bindings.firstStep())},
        {"first token of --data", std::to_string(bindings.dataStart())},
        {"--steps", std::to_string(options_.steps)},
        {"--seed", std::to_string(bindings.seed())},
        {"--init", bindings.initialiser() == Initialiser::Torch ? "torch" : "philox"},
        {"--on-nonfinite", options_.warnOnNonfinite ? "warn" : "stop"},
        {"--deterministic", options_.deterministic ? "given" : "not given"},
        {"--weights", given(options_.weights)},
        {"--data", given(options_.data)},
        {"hash of the file of --data", std::to_string(bindings.dataHash().value_or(0))},
        {"--resume", given(options_.resume)},
        {"--save", given(options_.save)},
        {"--save-every", std::to_string(options_.saveEvery.value_or(0))},
        {"--profile", given(options_.profile)}};
    tcp::Agreed scalars{"--set", ""}, outputs{"--output", ""}, inputs{"--input", ""};
    for (const auto &[name, values] : bindings.scalars())
      scalars.value += name + "=" + values.text() + " ";
    for (const auto &[name, file] : options_.outputs)
      outputs.value += name + " ";
    for (const auto &[name, file] : options_.inputs)
      inputs.value += name + " ";
    for (tcp::Agreed *list : {&scalars, &outputs, &inputs})
      result.push_back(std::move(*list));
    return result;
  }

  /// Scalars that a file changes from step to step, beside what they do.
  static void addChangingScalars(StepReport &report, const Bindings &bindings) {
    std::set<std::string> taken = {"step", "tokens", "seconds"};
    for (const auto &[name, value] : report.scalars)
      taken.insert(name);
    for (const auto &[name, values] : bindings.scalars())
      if (!values.file().empty() && !taken.contains(name))
        report.scalars.emplace_back(name, values.at(report.step));
  }

  /// `processes`: those of the surroundings, which this call ends. Whatever fails, fails for all.
  Result<int> execute(Bindings bindings, const Surroundings &surroundings,
                      std::unique_ptr<ProcessGroup> processes) {
    Result<RunLog> log = openLog(bindings, surroundings);
    if (!log.ok()) {
      if (processes)
        processes->abort(log.status());
      return log.status();
    }
    std::vector<BoardObserver> boards;
    SessionOptions sessionOptions;
    sessionOptions.makeDevice = surroundings.device.make;
    sessionOptions.lockstep = surroundings.device.lockstep;
    sessionOptions.threadsPerRank = options_.threadsPerRank;
    sessionOptions.timeout = std::chrono::seconds(options_.timeoutSeconds);
    sessionOptions.processes = std::move(processes);
    if (surroundings.board) {
      boards.emplace_back(surroundings.board->ranks[surroundings.processes->rank()]);
      sessionOptions.observers = {&boards[0]};
    }
    sessionOptions.checkMemory = options_.checkMemory;
    sessionOptions.profile = options_.profile.has_value();
    TPC_ASSIGN_OR_RETURN(sessionOptions.fault, faultFromEnvironment());
    sessionOptions.onStuck = [&](const Status &failure) {
      surroundings.report(failure);
      surroundings.exitNow(static_cast<int>(failure.code()));
    };
    TPC_ASSIGN_OR_RETURN(std::unique_ptr<RunSession> session,
                         RunSession::create(plan_, std::move(sessionOptions)));
    Result<int> result = runIn(*session, bindings, surroundings, *log);
    if (!result.ok())
      session->abort(result.status());
    return result;
  }

private:
  Result<RunLog> openLog(const Bindings &bindings, const Surroundings &surroundings) const {
    if (!surroundings.isRoot())
      return RunLog::silent();
    TPC_RETURN_IF_ERROR(tryTargets());
    return RunLog::open(options_.logJson, bindings.firstStep() + options_.steps - 1);
  }

  Result<int> runIn(RunSession &session, Bindings &bindings, const Surroundings &surroundings,
                    RunLog &log) const {
    TPC_RETURN_IF_ERROR(session.prepare(*entry_));
    TPC_RETURN_IF_ERROR(bindings.bindStart(session));
    announce(log, session, surroundings.device.description);
    for (const std::string &note : bindings.notes())
      log.say(note);

    int64_t lastDone = bindings.firstStep() - 1;
    Status logFailure;
    StepHooks hooks;
    hooks.bind = [&](int rank, int64_t step) { return bindings.bindStep(session, rank, step); };
    std::vector<double> times;
    hooks.done = [&](int64_t step, double seconds) -> Result<bool> {
      lastDone = step;
      times.push_back(seconds);
      TPC_ASSIGN_OR_RETURN(StepReport report,
                           reportOf(session, step, bindings.tokensPerStep(), seconds));
      addChangingScalars(report, bindings);
      logFailure = log.step(report);
      TPC_RETURN_IF_ERROR(judge(log, session, report));
      return logFailure.ok();
    };
    hooks.stop = [&] { return surroundings.stopSignal(); };
    hooks.check = [&](int rank, int64_t step) {
      return options_.warnOnNonfinite ? Status() : checkFinite(session, rank, step);
    };
    SignalGuard signals(surroundings.board);
    TPC_RETURN_IF_ERROR(log.begin());
    TPC_RETURN_IF_ERROR(runSteps(session, bindings, surroundings, log, hooks, logFailure));

    if (session.stoppedBy())
      log.say("stopped by a signal after step " + std::to_string(lastDone));
    if (!logFailure.ok())
      log.say("stopped after step " + std::to_string(lastDone) + ": " + logFailure.message());
    TPC_RETURN_IF_ERROR(write(log, session, bindings.checkpointAfter(lastDone)));
    TPC_RETURN_IF_ERROR(std::move(logFailure));
    reportSpeed(log, std::move(times), bindings.tokensPerStep(), surroundings);
    if (surroundings.device.refusals)
      for (const std::string &reason : surroundings.device.refusals())
        log.say("kernels  attention runs in those of the plan: " + reason);
    TPC_RETURN_IF_ERROR(reportMemory(log, session));
    TPC_RETURN_IF_ERROR(log.close());
    // A signal that came while files were written ends the program like one before.
    TPC_ASSIGN_OR_RETURN(int64_t signal,
                         session.finish(std::max(session.stoppedBy(), surroundings.stopSignal())));
    return static_cast<int>(signal);
  }

  /// All steps, with checkpoints between them if asked. `logFailure` of rank 0 ends them for all.
  Status runSteps(RunSession &session, const Bindings &bindings, const Surroundings &surroundings,
                  RunLog &log, const StepHooks &hooks, const Status &logFailure) const {
    const int64_t end = bindings.firstStep() + options_.steps;
    for (int64_t next = bindings.firstStep();;) {
      const int64_t count = std::min(options_.saveEvery.value_or(options_.steps), end - next);
      TPC_RETURN_IF_ERROR(session.runSteps(*entry_, next, count, hooks));
      next += count;
      if (next == end || session.stoppedBy())
        return Status();
      int64_t isOver = logFailure.ok() ? 0 : 1;
      if (surroundings.processes) {
        TPC_ASSIGN_OR_RETURN(isOver, surroundings.processes->agree(
                                         isOver, [](int64_t any) -> Result<int64_t> { return any; },
                                         std::chrono::seconds(options_.timeoutSeconds)));
      }
      if (isOver)
        return Status();
      TPC_RETURN_IF_ERROR(save(log, session, bindings.checkpointAfter(next - 1)));
    }
  }

  Status checkOutputs() const {
    for (const auto &[output, file] : options_.outputs)
      if (!findOutput(output))
        return Status(Code::Usage,
                      "--output names '" + output + "', which is no output of entry '" +
                          entry_->name()->str() + "'",
                      "its outputs: " + namesOf(entry_->outputs()));
    return Status();
  }

  /// What is written at the end must not be what is read, nor two things one file.
  Status checkTargets(const Bindings &bindings) const {
    std::vector<std::pair<std::string, std::string>> written, read = {{"the plan", options_.plan}};
    if (plan_->target()->string_view() == "cuda")
      read.emplace_back("the plan's list of algorithms", algorithmsPath(options_));
    auto note = [](auto &list, const char *option, const std::optional<std::string> &path) {
      if (path && *path != "-")
        list.emplace_back(option, *path);
    };
    note(read, "--data", options_.data);
    note(read, "--weights", options_.weights);
    if (options_.weights)
      for (const std::string &file : bindings.weightFiles())
        note(read, "--weights", file);
    note(read, "--resume", options_.resume);
    for (const auto &[name, file] : options_.inputs)
      note(read, "--input", file);
    note(written, "--save", options_.save);
    note(written, "--log-json", options_.logJson);
    note(written, "--profile", options_.profile);
    for (const auto &[name, file] : options_.outputs)
      note(written, "--output", file);
    for (size_t i = 0; i < written.size(); ++i) {
      const auto &[option, path] = written[i];
      // A run may put its checkpoint in the place of the one that it went on from.
      auto replaces = [&](const std::string &other) {
        return option == std::string("--save") && other == "--resume";
      };
      for (const auto &[other, source] : read)
        if (isSameFile(path, source) && !replaces(other))
          return Status(Code::Usage,
                        option + " would overwrite '" + path + "', which is " +
                            (other.starts_with("--") ? "the file of " + other : other),
                        "choose another name");
      for (size_t j = 0; j < i; ++j)
        if (isSameFile(path, written[j].second))
          return Status(Code::Usage,
                        written[j].first + " and " + option + " both write '" + path + "'",
                        "choose another name for one of them");
    }
    return Status();
  }

  /// What is written at the end must find its place before the hours between.
  Status tryTargets() const {
    if (options_.save)
      TPC_RETURN_IF_ERROR(checkSaveTarget(*options_.save, plan_)
                              .withContext("--save, tried before the first step"));
    for (const auto &[name, file] : options_.outputs)
      TPC_RETURN_IF_ERROR(checkOutputTarget(file, plan_, *findOutput(name))
                              .withContext("--output, tried before the first step"));
    if (options_.profile)
      TPC_RETURN_IF_ERROR(
          tryFile(*options_.profile).withContext("--profile, tried before the first step"));
    return Status();
  }

  const plan::Output *findOutput(const std::string &name) const {
    if (entry_->outputs())
      for (const plan::Output *output : *entry_->outputs())
        if (output->name()->string_view() == name)
          return output;
    return nullptr;
  }

  void announce(RunLog &log, const RunSession &session, const std::string &device) const {
    log.say(plan_->model_name()->str() + ": entry " + entry_->name()->str() + ", " +
            std::to_string(session.numRanks()) + " rank(s) (" + plan_.mesh().str() + "), " +
            (device.empty() ? std::to_string(session.threadsPerRank()) + " thread(s) each, "
                            : device + ", ") +
            plan_->precision()->str());
  }

  /// The scalar outputs of a rank that are real numbers.
  Result<std::vector<std::pair<std::string, double>>> scalarsOf(const RunSession &session,
                                                                int rank) const {
    std::vector<std::pair<std::string, double>> scalars;
    for (size_t i = 0; entry_->outputs() && i < entry_->outputs()->size(); ++i) {
      const plan::Output &output = *entry_->outputs()->Get(i);
      const plan::Buffer &buffer = plan_.buffer(output.buffer());
      bool isDouble = buffer.dtype() == plan::DType::f64;
      if (buffer.local_shape()->size() != 0 || (!isDouble && buffer.dtype() != plan::DType::f32))
        continue;
      double value = 0;
      TPC_RETURN_IF_ERROR(session.read(rank, output.buffer(), [&](const void *data) {
        float single = 0;
        std::memcpy(isDouble ? static_cast<void *>(&value) : &single, data,
                    isDouble ? sizeof(value) : sizeof(single));
        if (!isDouble)
          value = single;
        return Status();
      }));
      scalars.emplace_back(output.name()->str(), value);
    }
    return scalars;
  }

  /// The instruction that writes an output last, for messages.
  std::string writerOf(const std::string &output) const {
    uint32_t buffer = findOutput(output)->buffer();
    for (size_t i = entry_->instructions()->size(); i-- > 0;) {
      const plan::Instruction &instruction = *entry_->instructions()->Get(i);
      for (const plan::Slice *slice : *instruction.operands())
        if (slice->buffer() == buffer && slice->access() != plan::Access::read)
          return ", written by " + describe(instruction, i);
    }
    return "";
  }

  Status checkFinite(const RunSession &session, int rank, int64_t step) const {
    TPC_ASSIGN_OR_RETURN(auto scalars, scalarsOf(session, rank));
    for (const auto &[name, value] : scalars)
      if (!std::isfinite(value))
        return Status(Code::RankFailed,
                      name + " is not finite in step " + std::to_string(step) + " on rank " +
                          std::to_string(rank) + writerOf(name),
                      "--on-nonfinite warn goes on");
    return Status();
  }

  Result<StepReport> reportOf(const RunSession &session, int64_t step, int64_t tokens,
                              double seconds) const {
    TPC_ASSIGN_OR_RETURN(auto scalars, scalarsOf(session, 0));
    return StepReport{step, std::move(scalars), tokens, seconds};
  }

  /// Stops the run, or warns, where a scalar is not finite.
  Status judge(RunLog &log, const RunSession &session, const StepReport &report) const {
    if (!options_.warnOnNonfinite)
      return checkFinite(session, 0, report.step);
    for (const auto &[name, value] : report.scalars)
      if (!std::isfinite(value))
        log.say("warning: " + name + " is not finite in step " + std::to_string(report.step));
    return Status();
  }

  /// Says that a file must be waited for.
  static std::function<void()> sayWait(RunLog &log, const std::string &file) {
    return [&log, &file] {
      log.say("waits for another process that is saving to '" + file + "', at most " +
              std::to_string(kSavePatience.count()) + " s");
    };
  }

  Status save(RunLog &log, const RunSession &session, const CheckpointInfo &info) const {
    TPC_RETURN_IF_ERROR(saveCheckpoint(*options_.save, session, info, options_.warnOnNonfinite,
                                       sayWait(log, *options_.save)));
    log.say("saved step " + std::to_string(info.step) + " to " + *options_.save);
    return Status();
  }

  /// The checkpoint first: whatever else can't be written, the training is not lost.
  Status write(RunLog &log, const RunSession &session, const CheckpointInfo &info) const {
    if (options_.save)
      TPC_RETURN_IF_ERROR(save(log, session, info));
    for (const auto &[name, file] : options_.outputs)
      TPC_RETURN_IF_ERROR(saveOutput(file, session, *findOutput(name), sayWait(log, file)));
    if (options_.profile)
      TPC_RETURN_IF_ERROR(session.writeProfile(*options_.profile));
    return Status();
  }

  /// On GPUs, once there are steps like all others: the first is enqueued instruction by
  /// instruction, and in the second the graph is made.
  void reportSpeed(RunLog &log, std::vector<double> times, int64_t tokens,
                   const Surroundings &surroundings) const {
    constexpr size_t kUnlike = 2;
    if (!surroundings.device.isGpu || times.size() <= kUnlike)
      return;
    auto middle =
        times.begin() + static_cast<std::ptrdiff_t>(kUnlike + (times.size() - kUnlike) / 2);
    std::nth_element(times.begin() + kUnlike, middle, times.end());
    char text[80];
    std::snprintf(text, sizeof(text), "speed    %.3f ms a step (median of steps after the second)",
                  *middle * 1e3);
    std::string line = text;
    if (tokens) {
      std::snprintf(text, sizeof(text), ", %.0f tokens/s", static_cast<double>(tokens) / *middle);
      line += text;
    }
    double devices = surroundings.processes ? surroundings.processes->size() : 1;
    std::string used = utilisationText(plan_, *entry_, *middle, devices);
    log.say(line + (used.empty() ? "" : ", " + used));
  }

  Status reportMemory(RunLog &log, const RunSession &session) const {
    uint64_t allocated = session.allocatedBytes();
    log.say("memory   predicted " + humanBytes(plan_.arenaBytes()) + ", allocated " +
            humanBytes(allocated) + " per rank" +
            (options_.checkMemory ? " (--check-memory: no buffer shares bytes with another)" : ""));
    uint64_t all = allocated * session.hostedRanks().size();
    TPC_ASSIGN_OR_RETURN(uint64_t onDevice, session.device(session.hostedRanks()[0]).bytesInUse());
    uint64_t used = onDevice ? onDevice : peakResident();
    log.say("outside  " + humanBytes(used > all ? used - all : 0) +
            (onDevice ? " on the GPU (driver, libraries, graphs, other programs), " +
                            humanBytes(session.stagedBytes()) + " of pinned memory (inputs)"
                      : " in this process (program and libraries)"));
    return Status();
  }

  PlanFile plan_;
  RunOptions options_;
  const plan::Entry *entry_ = nullptr;
};

/// A launcher that binds GPUs to its tasks, as Slurm does if asked, shows each of them one: number
/// 0.
int gpuOf(const RankPlace &place) {
  const char *visible = std::getenv("CUDA_VISIBLE_DEVICES");
  bool isOne = visible && *visible && !std::strchr(visible, ',');
  return isOne ? 0 : place.localRank;
}

/// One rank's process: meets the others, and fails together with them.
Result<int> runAsRank(Run &run, tcp::TcpGroupOptions options, Surroundings surroundings) {
  Result<Bindings> bindings = run.prepare();
  tcp::Hello &self = options.bootstrap.self;
  if (bindings.ok())
    self.run = run.agreements(*bindings);
  // Whatever keeps this rank from running, the others learn it when they meet.
  self.failure = bindings.status();
  if (self.failure.ok())
    self.failure = run.chooseDevice(surroundings);
  self.planHash = run.plan()->content_hash();
  options.bootstrap.mesh = run.plan().mesh();
  TPC_ASSIGN_OR_RETURN(std::unique_ptr<ProcessGroup> processes,
                       run.join(std::move(options), surroundings));
  surroundings.processes = processes.get();
  return run.execute(std::move(*bindings), surroundings, std::move(processes));
}

} // namespace

Result<int> tpc::runCommand(std::span<const std::string> words, const ExitNow &exitNow) {
  TPC_ASSIGN_OR_RETURN(Arguments arguments, Arguments::parse(runCommandSpec(), words));
  if (arguments.helpWanted()) {
    std::fputs(helpText(runCommandSpec()).c_str(), stdout);
    return 0;
  }
  TPC_ASSIGN_OR_RETURN(RunOptions options, parseRunOptions(arguments));
  const std::chrono::milliseconds timeout = std::chrono::seconds(options.timeoutSeconds);
  std::optional<RankPlace> place;
  if (options.comm != "local") {
    TPC_ASSIGN_OR_RETURN(place, placeOf(processEnvironment()));
  }
  // A file beyond a limit on sizes, and a log that nobody reads any more, are errors of the write
  // then, not signals: the run ends after the step, and saves.
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  Result<PlanFile> plan = PlanFile::open(options.plan);
  Surroundings surroundings{exitNow};
  if (plan.ok()) {
    TPC_ASSIGN_OR_RETURN(surroundings.comm, chooseComm(*plan, options, place.has_value()));
  }
  if (place) {
    surroundings.gpu = gpuOf(*place);
    tcp::TcpGroupOptions group;
    group.bootstrap.self.rank = static_cast<uint32_t>(place->rank);
    group.bootstrap.self.worldSize = static_cast<uint32_t>(place->size);
    group.bootstrap.host = place->host;
    group.bootstrap.port = place->port;
    group.bootstrap.timeout = timeout;
    if (!plan.ok()) {
      group.bootstrap.self.failure = plan.status();
      return tcp::joinTcpGroup(std::move(group)).status();
    }
    Run run(std::move(*plan), std::move(options));
    return runAsRank(run, std::move(group), surroundings);
  }
  if (!plan.ok())
    return plan.status();
  const int ranks = static_cast<int>(plan->mesh().numRanks());
  Run run(std::move(*plan), std::move(options));
  // What is wrong with the options is said once, before ranks are started.
  TPC_ASSIGN_OR_RETURN(Bindings bindings, run.prepare());
  if (surroundings.comm == Comm::Local) {
    TPC_RETURN_IF_ERROR(run.chooseDevice(surroundings));
    return run.execute(std::move(bindings), surroundings, nullptr);
  }

  RankProcessesOptions processes;
  processes.ranks = ranks;
  processes.describe = [&](uint32_t instruction) { return run.describeInstruction(instruction); };
  processes.exitNow = exitNow;
  processes.run = [&](StartedRank started) {
    surroundings.report = started.report;
    surroundings.board = started.board;
    surroundings.gpu = started.rank;
    tcp::TcpGroupOptions group;
    group.bootstrap.self.rank = static_cast<uint32_t>(started.rank);
    group.bootstrap.self.worldSize = static_cast<uint32_t>(ranks);
    group.bootstrap.host = "127.0.0.1";
    group.bootstrap.port = started.port;
    group.bootstrap.listener = std::move(started.listener);
    group.bootstrap.timeout = timeout;
    group.lifeline = started.lifeline;
    return runAsRank(run, std::move(group), surroundings);
  };
  return runRankProcesses(processes);
}
