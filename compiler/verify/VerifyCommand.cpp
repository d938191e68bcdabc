//===- VerifyCommand.cpp - tpc verify -------------------------------------------------------===//

#include "compiler/verify/VerifyCommand.h"

#include "compiler/verify/VerifyPlan.h"
#include "compiler/verify/WholeProgram.h"
#include "dialects/tp/TP.h"
#include "runtime/cli/Bindings.h"
#include "runtime/cli/DeviceChoice.h"
#include "runtime/cli/RunOptions.h"

#include "mlir/IR/Diagnostics.h"

#include <cstdio>

using namespace tpc;
using namespace tpc::verify;

namespace {

/// Those of `tpc run` that say what is computed, and how.
constexpr OptionSpec kOptions[] = {
    option::kEntry,
    {"--steps", "N", "1", "steps to run; every one is checked"},
    option::kSeed,
    option::kInit,
    option::kWeights,
    option::kUnused,
    option::kData,
    option::kInput,
    option::kSet,
    option::kResume,
    option::kThreadsPerRank,
    {"--timeout", "S", "3600", "seconds that ranks wait for each other before they give up"},
    {"--whole-program", "auto|on|off", "auto",
     "compare the program of one device with the one of all ranks, in float64; auto: if its "
     "parameters and states have at most 4 million elements"},
};

const CommandSpec &commandSpec() {
  static const CommandSpec spec{
      "tpc verify OUT.plan [options]",
      "Runs a plan and checks every op against float64, on the op's own inputs; then checks that\n"
      "the program of all ranks means what the program of one device means. Exit status 4 if not.",
      {"OUT.plan"},
      kOptions};
  return spec;
}

std::string shareText(double share) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3f", share);
  return text;
}

class Verification {
public:
  Verification(PlanFile plan, RunOptions options, std::string wholeProgram, std::ostream &out,
               std::function<void(const Status &)> onStuck)
      : plan_(std::move(plan)), options_(std::move(options)),
        wholeProgram_(std::move(wholeProgram)), out_(out), onStuck_(std::move(onStuck)),
        diagnostics_(&context_, [this](mlir::Diagnostic &diagnostic) {
          messages_ += (messages_.empty() ? "" : "; ") + diagnostic.str();
          return mlir::success();
        }) {
    context_.loadDialect<nn::NNDialect, tp::TPDialect>();
  }

  Status run() {
    Status status = runAll();
    if (status.ok() || messages_.empty())
      return status;
    return Status(status.code(), status.message() + ": " + messages_, status.hint());
  }

private:
  Status runAll() {
    TPC_RETURN_IF_ERROR(checkTarget(plan_, options_));
    TPC_ASSIGN_OR_RETURN(entry_, chooseEntry(plan_, options_));
    TPC_ASSIGN_OR_RETURN(scheduled_, parseProgram(plan_->scheduled_ir(), "scheduled", context_));
    TPC_ASSIGN_OR_RETURN(Bindings bindings, Bindings::create(plan_, *entry_, options_));
    TPC_ASSIGN_OR_RETURN(DeviceChoice device, chooseDevice(plan_, options_, Comm::Local, 0));
    SessionOptions sessionOptions;
    sessionOptions.makeDevice = device.make;
    sessionOptions.lockstep = device.lockstep;
    sessionOptions.threadsPerRank = options_.threadsPerRank;
    sessionOptions.timeout = std::chrono::seconds(options_.timeoutSeconds);
    sessionOptions.onStuck = onStuck_;
    TPC_ASSIGN_OR_RETURN(std::unique_ptr<RunSession> session,
                         RunSession::create(plan_, std::move(sessionOptions)));
    TPC_ASSIGN_OR_RETURN(std::unique_ptr<PlanVerifier> verifier,
                         PlanVerifier::create(*session, *entry_, *scheduled_));
    TPC_RETURN_IF_ERROR(session->prepare(*entry_));
    TPC_RETURN_IF_ERROR(bindings.bindStart(*session));
    announce(*session);
    // The whole program begins where the run begins.
    for (int rank = 0; rank < session->numRanks(); ++rank)
      TPC_RETURN_IF_ERROR(bindings.bindStep(*session, rank, bindings.firstStep()));
    TPC_ASSIGN_OR_RETURN(interpreter::Bindings start, bindingsOfWholeProgram(*session));

    StepHooks hooks;
    hooks.bind = [&](int rank, int64_t step) { return bindings.bindStep(*session, rank, step); };
    TPC_RETURN_IF_ERROR(session->runSteps(*entry_, bindings.firstStep(), options_.steps, hooks));
    TPC_RETURN_IF_ERROR(reportOps(*verifier));
    return checkWholeProgram(start);
  }

  void announce(const RunSession &session) {
    out_ << plan_->model_name()->str() << ": entry " << entry_->name()->str() << ", "
         << session.numRanks() << " rank(s) (" << plan_.mesh().str() << "), "
         << plan_->precision()->str() << ", " << options_.steps << " step(s)" << std::endl;
  }

  Status reportOps(const PlanVerifier &verifier) {
    const Findings &findings = verifier.findings();
    int64_t nans = 0;
    for (const auto &[kind, summary] : findings.kinds()) {
      out_ << "  " << kind << std::string(kind.size() < 28 ? 28 - kind.size() : 1, ' ')
           << summary.checks << " checks of " << summary.elements << " elements, at most "
           << shareText(summary.share) << " of the bound";
      if (!summary.where.empty())
        out_ << " (" << summary.where << ")";
      if (summary.unbounded)
        out_ << "; " << summary.unbounded << " elements have no finite bound ("
             << summary.whereUnbounded << ")";
      if (summary.nans)
        out_ << "; " << summary.nans << " elements are NaN";
      nans += summary.nans;
      out_ << "\n";
    }
    for (const auto &[note, count] : findings.notes())
      out_ << "  note: " << note << (count > 1 ? ", " + std::to_string(count) + " times" : "")
           << "\n";
    if (findings.first())
      return Status(Code::Difference, findings.first()->str(),
                    findings.differences() == 1
                        ? "no other op is off"
                        : std::to_string(findings.differences()) +
                              " results of ops are off in all; this is the first");
    out_ << "ok: " << verifier.numSteps() << " ops agree with float64 on every rank";
    if (nans)
      out_ << "; but " << nans << " elements are NaN in both, of which that says little";
    out_ << std::endl;
    return Status();
  }

  bool wantsWholeProgram() const {
    if (wholeProgram_ != "auto")
      return wholeProgram_ == "on";
    int64_t elements = 0;
    auto count = [&](const auto *list) {
      if (list)
        for (const auto *item : *list) {
          int64_t product = 1;
          for (int64_t extent : *plan_.buffer(item->buffer()).global_shape())
            product *= extent;
          elements += product;
        }
    };
    count(plan_->parameters());
    count(plan_->states());
    return elements <= kWholeProgramElements;
  }

  Result<interpreter::Bindings> bindingsOfWholeProgram(const RunSession &session) {
    if (!wantsWholeProgram())
      return interpreter::Bindings();
    return gatherBindings(session, *entry_, *scheduled_);
  }

  Status checkWholeProgram(const interpreter::Bindings &start) {
    if (!wantsWholeProgram()) {
      out_ << "not checked: the whole program in float64"
           << (wholeProgram_ == "auto" ? " (large; --whole-program on checks it)" : "")
           << std::endl;
      return Status();
    }
    TPC_ASSIGN_OR_RETURN(auto sharded, parseProgram(plan_->sharded_ir(), "sharded", context_));
    TPC_ASSIGN_OR_RETURN(WholeProgramResult result,
                         compareWholeProgram(*sharded, *scheduled_, entry_->name()->str(), start));
    char text[32];
    std::snprintf(text, sizeof(text), "%.2g", result.difference);
    out_ << "ok: one device and " << plan_.mesh().numRanks()
         << " virtual rank(s) agree in float64 within " << text << " (" << result.where << ")"
         << std::endl;
    return Status();
  }

  PlanFile plan_;
  RunOptions options_;
  std::string wholeProgram_;
  std::ostream &out_;
  std::function<void(const Status &)> onStuck_;
  /// Ranks look at the program from their threads.
  mlir::MLIRContext context_;
  std::string messages_;
  mlir::ScopedDiagnosticHandler diagnostics_;
  mlir::OwningOpRef<mlir::ModuleOp> scheduled_;
  const plan::Entry *entry_ = nullptr;
};

} // namespace

Status tpc::verify::verifyCommand(std::span<const std::string> words, std::ostream &out,
                                  std::function<void(const Status &)> onStuck) {
  TPC_ASSIGN_OR_RETURN(Arguments arguments, Arguments::parse(commandSpec(), words));
  if (arguments.helpWanted()) {
    out << helpText(commandSpec());
    return Status();
  }
  TPC_ASSIGN_OR_RETURN(RunOptions options, parseRunOptions(arguments));
  TPC_ASSIGN_OR_RETURN(std::string wholeProgram, arguments.choice("--whole-program"));
  TPC_ASSIGN_OR_RETURN(PlanFile plan, PlanFile::open(options.plan));
  return Verification(std::move(plan), std::move(options), std::move(wholeProgram), out,
                      std::move(onStuck))
      .run();
}
