//===- Bindings.h - Where a run's values come from --------------------------------------------===//
//
// Parameters from initial values, a file or a checkpoint; inputs from the token stream, a file or
// the model's default; scalars, step number and seed. What is given twice, not at all, or without
// effect is refused before anything is allocated.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/cli/ScalarValues.h"
#include "runtime/exec/RunSession.h"
#include "runtime/io/CheckpointManifest.h"
#include "runtime/io/SafetensorsReader.h"
#include "runtime/io/TokenFeed.h"

#include <set>

namespace tpc {

/// The entry that the options name, or else `train`, or else the plan's first.
Result<const plan::Entry *> chooseEntry(const PlanFile &plan, const RunOptions &options);

/// "x, y" of a plan's inputs, outputs or scalars, for hints; "none" of none.
template <typename Named>
std::string namesOf(const flatbuffers::Vector<flatbuffers::Offset<Named>> *vector) {
  std::string names;
  for (size_t i = 0; vector && i < vector->size(); ++i)
    names += (i ? ", " : "") + vector->Get(i)->name()->str();
  return names.empty() ? "none" : names;
}

class Bindings {
public:
  /// Opens the files that the options name and decides where each value comes from.
  static Result<Bindings> create(const PlanFile &plan, const plan::Entry &entry,
                                 const RunOptions &options);

  /// Parameters and states, once.
  Status bindStart(RunSession &session);
  /// Inputs, scalars, step number and seed of one rank, before each step.
  Status bindStep(RunSession &session, int rank, int64_t step);

  /// The number of the first step: 1, or where the checkpoint goes on.
  int64_t firstStep() const { return firstStep_; }
  uint32_t seed() const { return seed_; }
  /// The generator of what is drawn.
  Initialiser initialiser() const { return initialiser_; }
  /// Tokens that a step takes from the stream, 0 if none.
  int64_t tokensPerStep() const { return tokensPerStep_; }
  /// The token of the stream where the first step begins.
  int64_t dataStart() const { return dataStart_; }
  /// Of the stream, as a checkpoint holds it.
  std::optional<uint64_t> dataHash() const { return dataHash_; }
  /// Of --set, by name.
  const std::map<std::string, ScalarValues> &scalars() const { return scalars_; }
  /// That the parameters are read from.
  std::vector<std::string> weightFiles() const {
    return weights_ ? weights_->files() : std::vector<std::string>();
  }
  /// What a checkpoint says after `step`, which may be the one before the first. Training goes on
  /// after an entry that does not train as if it had not run.
  CheckpointInfo checkpointAfter(int64_t step) const;
  /// What is not as one would think, a line each, for people.
  const std::vector<std::string> &notes() const { return notes_; }

private:
  struct BoundInput {
    const plan::Input *input = nullptr;
    Sharding sharding;
    bool fed = false;
    std::optional<SafetensorsReader> file;
    std::string tensor; ///< in the file
    /// Per rank of this process what a step finds in the buffer, unless it is fed.
    std::vector<std::vector<std::byte>> values;
    std::vector<CoordinateMap> maps;
  };

  Bindings(const PlanFile &plan, const plan::Entry &entry) : plan_(plan), entry_(entry) {}
  Status chooseInputs(const RunOptions &options);
  Status openData(const RunOptions &options);
  /// Decides where in the stream the run begins.
  void placeInData();
  FeedSpec feedOf(const plan::Input &input) const;
  Status openWeights(const RunOptions &options);
  Status openCheckpoint(const std::string &path);
  Status checkDraws(const RunOptions &options) const;
  Status openScalars(const RunOptions &options);
  Status initialiseParameters(RunSession &session);
  Status readParameters(RunSession &session, int rank);
  Status makeInputValues(RunSession &session);
  TensorSource sourceOf(const plan::Parameter &parameter) const;
  TensorSource sourceOf(const plan::Source &source) const;
  std::vector<WantedTensor> wantedParameters() const;
  /// The name under which the file of weights has what the model calls `name`.
  std::string nameInFile(const std::string &name) const;
  /// Adds what a checkpoint holds of optimizers: PARAMETER.SLOT, shaped like the parameter. The
  /// plan's own optimizer may be another one, or none.
  void noteStates(std::set<std::string> &names) const;
  Status checkTies(const RunSession &session, int rank) const;

  PlanFile plan_;
  const plan::Entry &entry_;
  uint32_t seed_ = 0;
  Initialiser initialiser_ = Initialiser::Philox;
  int64_t firstStep_ = 1, tokensPerStep_ = 0;
  bool trains_ = false;                   ///< the entry
  std::optional<CheckpointInfo> resumed_; ///< of --resume
  const plan::Input *fed_ = nullptr;      ///< one of those that the stream feeds
  int64_t batch_ = 0;                     ///< samples of a step
  int64_t dataStart_ = 0;
  std::optional<uint64_t> dataHash_;
  std::optional<SafetensorsReader> weights_; ///< of --weights or --resume
  bool ownNames_ = false; ///< the file names tensors as the plan does, not as `source` says
  bool withStates_ = false;
  std::vector<std::string> notes_;
  std::optional<TokenFeed> data_;
  std::vector<BoundInput> inputs_;
  std::map<std::string, ScalarValues> scalars_; ///< of --set
};

} // namespace tpc
