//===- Bindings.cpp - Where a run's values come from ------------------------------------------===//

#include "runtime/cli/Bindings.h"

#include "runtime/cli/Checkpoint.h"
#include "runtime/io/SafetensorsIndex.h"
#include "runtime/plan/Convert.h"
#include "runtime/support/BFloat16.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fnmatch.h>
#include <limits>
#include <set>

using namespace tpc;

namespace {

template <typename T> size_t count(const flatbuffers::Vector<T> *vector) {
  return vector ? vector->size() : 0;
}

InitSpec initOf(const plan::Init &init) {
  static_assert(int(plan::InitKind::uniform) == int(InitSpec::Uniform) &&
                int(plan::InitKind::normal) == int(InitSpec::Normal) &&
                int(plan::InitKind::constant) == int(InitSpec::Constant));
  return {static_cast<InitSpec::Kind>(init.kind()), init.a(), init.b()};
}

bool isDraw(const plan::Init &init) {
  return init.kind() == plan::InitKind::normal || init.kind() == plan::InitKind::uniform;
}

bool isFed(const plan::Input &input) {
  return input.feed() && input.feed()->kind() == plan::FeedKind::tokens;
}

bool hasDefault(const plan::Input &input) {
  return count(input.default_i32()) || count(input.default_f64()) || input.default_init();
}

/// Writes a number into a buffer of one element.
void storeScalar(void *buffer, plan::DType dtype, double value) {
  if (dtype == plan::DType::f64)
    std::memcpy(buffer, &value, sizeof(value));
  float single = static_cast<float>(value);
  if (dtype == plan::DType::f32)
    std::memcpy(buffer, &single, sizeof(single));
  if (dtype == plan::DType::bf16) {
    uint16_t half = floatToBfloat16(single);
    std::memcpy(buffer, &half, sizeof(half));
  }
}

/// A scalar of float32 can't hold every number of float64.
Status checkScalar(const std::string &name, plan::DType dtype, const ScalarValues &values,
                   size_t index) {
  const double value = values.all()[index];
  double stored = value;
  if (dtype == plan::DType::f32)
    stored = static_cast<float>(value);
  if (dtype == plan::DType::bf16)
    stored = bfloat16ToFloat(floatToBfloat16(static_cast<float>(value)));
  const bool vanishes = stored == 0 && value != 0;
  if (std::isfinite(stored) && !vanishes)
    return Status();
  char number[40];
  std::snprintf(number, sizeof(number), "%.9g", value);
  const bool isInFile = !values.file().empty();
  return Status(isInFile ? Code::InvalidInput : Code::Usage,
                (isInFile ? values.placeOf(index) + ": " : "--set " + name + "=") + number +
                    (vanishes ? " is 0 in " : " is not finite in ") + plan::EnumNameDType(dtype) +
                    ", the type of the scalar",
                "give it a number that the type holds");
}

/// "[1, 2]" of the element `index` in row-major order.
std::string placeText(int64_t index, const std::vector<int64_t> &shape) {
  std::string text;
  for (size_t dim = shape.size(); dim-- > 0; index /= shape[dim])
    text = std::to_string(index % shape[dim]) + (text.empty() ? "" : ", ") + text;
  return "[" + text + "]";
}

/// Ids are held to what the model can take, as those of a stream are.
Status checkIds(const plan::Input &input, const CoordinateMap &map,
                std::span<const std::byte> values) {
  const plan::Feed *feed = input.feed();
  if (!isFed(input) || feed->vocabulary() == 0)
    return Status();
  Status status;
  map.forEachRun([&](int64_t local, int64_t global, int64_t length) {
    for (int64_t i = 0; i < length && status.ok(); ++i) {
      int32_t id;
      std::memcpy(&id, values.data() + (local + i) * static_cast<int64_t>(sizeof(id)), sizeof(id));
      if ((id >= 0 && id < feed->vocabulary()) || (feed->ignores() && id == feed->ignored()))
        continue;
      status = Status(Code::InvalidInput,
                      "input '" + input.name()->str() + "' is " + std::to_string(id) + " at " +
                          placeText(global + i, map.globalShape()) + ", and the model takes 0 to " +
                          std::to_string(feed->vocabulary() - 1) +
                          (feed->ignores() ? " and " + std::to_string(feed->ignored()) : ""),
                      "check that the ids are of this model's vocabulary");
    }
  });
  return status;
}

} // namespace

Result<const plan::Entry *> tpc::chooseEntry(const PlanFile &plan, const RunOptions &options) {
  std::string name = options.entry.value_or("train");
  const plan::Entry *entry = plan.findEntry(name);
  if (!entry && !options.entry)
    entry = plan->entries()->Get(0);
  if (!entry)
    return Status(Code::Usage, "the plan has no entry '" + name + "'",
                  "its entries: " + plan.entryNames());
  return entry;
}

Result<Bindings> Bindings::create(const PlanFile &plan, const plan::Entry &entry,
                                  const RunOptions &options) {
  Bindings bindings(plan, entry);
  bindings.seed_ = options.seed.value_or(0);
  bindings.initialiser_ = options.init.value_or(Initialiser::Philox);
  bindings.trains_ = trains(plan, entry);
  TPC_RETURN_IF_ERROR(bindings.openScalars(options));
  TPC_RETURN_IF_ERROR(bindings.chooseInputs(options));
  if (options.resume)
    TPC_RETURN_IF_ERROR(bindings.openCheckpoint(*options.resume)
                            .withContext("checkpoint '" + *options.resume + "'"));
  if (options.weights)
    TPC_RETURN_IF_ERROR(bindings.openWeights(options));
  if (options.data)
    TPC_RETURN_IF_ERROR(bindings.openData(options));
  TPC_RETURN_IF_ERROR(bindings.checkDraws(options));
  if (bindings.firstStep_ > std::numeric_limits<int32_t>::max() - options.steps + 1)
    return Status(Code::Usage,
                  "--steps " + std::to_string(options.steps) +
                      " leads beyond step 2^31 - 1: the checkpoint is at step " +
                      std::to_string(bindings.firstStep_ - 1),
                  "run fewer steps");
  const int64_t lastStep = bindings.firstStep_ + options.steps - 1;
  for (const auto &[name, values] : bindings.scalars_)
    if (!values.file().empty() && lastStep > static_cast<int64_t>(values.all().size()))
      bindings.notes_.push_back("scalar   " + name + " stays what it is after step " +
                                std::to_string(values.all().size()) + ", the last line of '" +
                                values.file() + "'");
  return bindings;
}

Status Bindings::openScalars(const RunOptions &options) {
  for (const auto &[name, setting] : options.scalars) {
    const plan::Scalar *scalar = nullptr;
    for (size_t i = 0; i < count(entry_.scalars()); ++i)
      if (entry_.scalars()->Get(i)->name()->string_view() == name)
        scalar = entry_.scalars()->Get(i);
    if (!scalar)
      return Status(Code::Usage,
                    "--set names '" + name + "', which is no scalar of entry '" +
                        entry_.name()->str() + "'",
                    "its scalars: " + namesOf(entry_.scalars()));
    TPC_ASSIGN_OR_RETURN(ScalarValues values, ScalarValues::of(setting));
    for (size_t i = 0; i < values.all().size(); ++i)
      TPC_RETURN_IF_ERROR(checkScalar(name, plan_.buffer(scalar->buffer()).dtype(), values, i));
    scalars_.emplace(name, std::move(values));
  }
  return Status();
}

Status Bindings::chooseInputs(const RunOptions &options) {
  bool anyFed = false;
  for (size_t i = 0; i < count(entry_.inputs()); ++i) {
    const plan::Input &input = *entry_.inputs()->Get(i);
    std::string name = input.name()->str();
    BoundInput bound;
    bound.input = &input;
    bound.sharding = fromPlan(*plan_.buffer(input.buffer()).sharding());
    bound.fed = isFed(input) && options.data;
    auto file = options.inputs.find(name);
    if (file != options.inputs.end()) {
      if (bound.fed)
        return Status(Code::Usage, "--data and --input both give '" + name + "'",
                      "leave one of them out");
      TPC_ASSIGN_OR_RETURN(bound.file, SafetensorsReader::open(file->second));
      size_t tensors = bound.file->tensors().size();
      if (!bound.file->find(name) && tensors != 1)
        return Status(Code::InvalidInput,
                      "'" + file->second + "' has no tensor" +
                          (tensors ? " '" + name + "', and more than one" : ""),
                      "a tensor of the input's name is taken, or the only one of a file");
      bound.tensor = bound.file->find(name) ? name : bound.file->tensors()[0].name;
    } else if (!bound.fed && !hasDefault(input)) {
      return Status(Code::Usage,
                    "input '" + name + "' of entry '" + entry_.name()->str() + "' is not given",
                    isFed(input) ? "--data FILE feeds it from a stream of tokens"
                                 : "--input " + name + "=FILE.safetensors gives it");
    }
    anyFed |= bound.fed;
    inputs_.push_back(std::move(bound));
  }
  for (const auto &[name, file] : options.inputs)
    if (std::none_of(inputs_.begin(), inputs_.end(), [&](const BoundInput &bound) {
          return bound.input->name()->string_view() == name;
        }))
      return Status(Code::Usage,
                    "--input names '" + name + "', which is no input of entry '" +
                        entry_.name()->str() + "'",
                    "its inputs: " + namesOf(entry_.inputs()));
  if (options.data && !anyFed)
    return Status(Code::Usage,
                  "--data has no effect: no input of entry '" + entry_.name()->str() +
                      "' is fed from a stream of tokens",
                  "inputs that a stream feeds say `feed #nn.tokens<>` in the model; --input gives "
                  "the others");
  return Status();
}

FeedSpec Bindings::feedOf(const plan::Input &input) const {
  const plan::Feed &feed = *input.feed();
  return {feed.window(), feed.stride(), feed.shift(), feed.tail(), feed.vocabulary(), dataStart_};
}

void Bindings::placeInData() {
  // What is measured begins at the first token: results of two checkpoints are of the same data.
  if (!resumed_ || !trains_)
    return;
  if (resumed_->dataHash && resumed_->dataHash != dataHash_) {
    notes_.push_back("data     begins at the first token: --data is another file than the "
                     "checkpoint's");
    return;
  }
  dataStart_ = resumed_->dataPosition;
  // Older checkpoints count tokens on beyond the end.
  if (int64_t stride = fed_->feed()->stride(); dataStart_ > data_->tokens())
    dataStart_ = dataStart_ / stride % std::max<int64_t>(1, data_->samples(feedOf(*fed_))) * stride;
}

CheckpointInfo Bindings::checkpointAfter(int64_t step) const {
  const int64_t trained = trains_ ? step : firstStep_ - 1;
  CheckpointInfo info{
      plan_->model_name()->str(), plan_->model_hash(), trained, seed_, 0, initialiser_};
  if (int64_t samples = (trained - firstStep_ + 1) * batch_; data_ && samples > 0) {
    info.dataPosition = data_->positionAfter(feedOf(*fed_), samples);
    info.dataHash = dataHash_;
  } else if (resumed_) {
    info.dataPosition = resumed_->dataPosition;
    info.dataHash = resumed_->dataHash;
  }
  return info;
}

Status Bindings::openData(const RunOptions &options) {
  for (const BoundInput &bound : inputs_) {
    if (!bound.fed)
      continue;
    const plan::Feed &feed = *bound.input->feed();
    std::vector<int64_t> shape = bound.sharding.globalShape();
    int64_t batch = shape.size() == 2 ? shape[0] : 1;
    if (feed.shift() == 0)
      tokensPerStep_ = std::max(tokensPerStep_, batch * feed.window());
    if (fed_ && (batch != batch_ || feed.stride() != fed_->feed()->stride() ||
                 feed.bytes() != fed_->feed()->bytes()))
      return Status(Code::InvalidInput,
                    "inputs '" + fed_->name()->str() + "' and '" + bound.input->name()->str() +
                        "' take the stream of --data at different speeds or in different formats",
                    "give them the same batch, window, stride and format in the model");
    fed_ = bound.input;
    batch_ = batch;
  }
  TPC_ASSIGN_OR_RETURN(data_, TokenFeed::open(*options.data, fed_->feed()->bytes()
                                                                 ? TokenFeed::Kind::Bytes
                                                                 : TokenFeed::Kind::Tokens));
  TPC_ASSIGN_OR_RETURN(dataHash_, data_->fingerprint());
  placeInData();
  // All that this run will take, so that a bad token is found now and not after hours.
  for (const BoundInput &bound : inputs_)
    if (bound.fed)
      TPC_RETURN_IF_ERROR(data_->check(feedOf(*bound.input), batch_, 0, options.steps * batch_)
                              .withContext("input '" + bound.input->name()->str() + "'"));
  return Status();
}

std::vector<WantedTensor> Bindings::wantedParameters() const {
  std::vector<WantedTensor> wanted;
  for (size_t i = 0; i < count(plan_->parameters()); ++i) {
    const plan::Parameter &parameter = *plan_->parameters()->Get(i);
    const auto &shape = *plan_.buffer(parameter.buffer()).global_shape();
    wanted.push_back({sourceOf(parameter), {shape.begin(), shape.end()}});
  }
  return wanted;
}

Status Bindings::openCheckpoint(const std::string &path) {
  TPC_ASSIGN_OR_RETURN(weights_, SafetensorsReader::open(path));
  TPC_ASSIGN_OR_RETURN(CheckpointInfo info, checkpointInfo(weights_->metadata()));
  if (info.modelHash != plan_->model_hash())
    return Status(Code::InvalidInput,
                  "it is of another model than the plan: of '" + info.model +
                      "', and the plan is of '" + plan_->model_name()->str() +
                      "' or of another version of its text",
                  "compile the model that it was made with, or start from its parameters alone "
                  "with --weights");
  firstStep_ = info.step + 1;
  seed_ = info.seed;
  initialiser_ = info.init;
  resumed_ = std::move(info);
  ownNames_ = withStates_ = true;
  std::vector<WantedTensor> wanted = wantedParameters();
  for (size_t i = 0; i < count(plan_->states()); ++i) {
    const plan::State &state = *plan_->states()->Get(i);
    const auto &shape = *plan_.buffer(state.buffer()).global_shape();
    TensorSource source{.name = state.name()->str()};
    wanted.push_back({std::move(source), {shape.begin(), shape.end()}});
  }
  return weights_->check(wanted);
}

std::string Bindings::nameInFile(const std::string &name) const {
  const plan::Published *published = plan_->published();
  if (weights_->find(name) || !published || !published->prefix())
    return name;
  std::string prefixed = published->prefix()->str() + name;
  return weights_->find(prefixed) ? prefixed : name;
}

void Bindings::noteStates(std::set<std::string> &names) const {
  for (size_t i = 0; i < count(plan_->parameters()); ++i) {
    std::string parameter = plan_->parameters()->Get(i)->name()->str();
    const auto *values = weights_->find(parameter);
    for (const auto &tensor : weights_->tensors())
      if (values && tensor.shape == values->shape && tensor.name.starts_with(parameter + ".") &&
          tensor.name.find('.', parameter.size() + 1) == std::string::npos)
        names.insert(tensor.name);
  }
}

Status Bindings::openWeights(const RunOptions &options) {
  TPC_ASSIGN_OR_RETURN(weights_, SafetensorsIndex::isNamed(*options.weights)
                                     ? SafetensorsReader::openIndex(*options.weights)
                                     : SafetensorsReader::open(*options.weights));
  ownNames_ = isCheckpoint(weights_->metadata());
  // A second name of a parameter may be stored again, and training state is not asked for.
  std::set<std::string> others;
  for (size_t i = 0; i < count(plan_->ties()); ++i) {
    const plan::Tie &tie = *plan_->ties()->Get(i);
    others.insert(ownNames_ || !tie.source() ? tie.name()->str() : sourceOf(*tie.source()).name);
  }
  if (ownNames_)
    noteStates(others);

  const plan::Published *published = ownNames_ ? nullptr : plan_->published();
  std::string prefix = published && published->prefix() ? published->prefix()->str() : "";
  auto matches = [&](const std::string &pattern, const std::string &name) {
    return fnmatch(pattern.c_str(), name.c_str(), 0) == 0 ||
           (name.starts_with(prefix) &&
            fnmatch(pattern.c_str(), name.c_str() + prefix.size(), 0) == 0);
  };
  std::set<std::string> matched;
  auto isOther = [&](const std::string &name) {
    bool other = others.contains(name);
    for (size_t i = 0; published && i < count(published->unused()); ++i)
      other |= matches(published->unused()->Get(i)->str(), name);
    for (const std::string &pattern : options.unused)
      if (matches(pattern, name)) {
        matched.insert(pattern);
        other = true;
      }
    return other;
  };
  std::vector<WantedTensor> wanted = wantedParameters();
  TPC_RETURN_IF_ERROR(weights_->check(wanted, isOther));
  for (const std::string &pattern : options.unused)
    if (!matched.contains(pattern))
      return Status(Code::Usage, "--unused '" + pattern + "' matches no tensor that is left over",
                    "leave it out");
  size_t prefixed = 0;
  for (const WantedTensor &want : wanted)
    prefixed += !prefix.empty() && want.source.name.starts_with(prefix);
  if (prefixed)
    notes_.push_back("weights  " + std::to_string(prefixed) + " of " +
                     std::to_string(wanted.size()) + " parameters lie under the prefix '" + prefix +
                     "'");
  return Status();
}

Status Bindings::checkDraws(const RunOptions &options) const {
  bool draws = false;
  for (const BoundInput &bound : inputs_)
    draws |= !bound.fed && !bound.file && bound.input->default_init() &&
             isDraw(*bound.input->default_init());
  for (size_t i = 0; !weights_ && i < count(plan_->parameters()); ++i)
    draws |= isDraw(*plan_->parameters()->Get(i)->init());
  if (options.init && !draws)
    return Status(Code::Usage, "--init has no effect: nothing is drawn in this run",
                  "leave out --init");
  if (options.seed && !draws && entry_.seed_buffer() < 0)
    return Status(Code::Usage, "--seed has no effect: nothing is drawn in this run",
                  "leave out --seed");
  return Status();
}

TensorSource Bindings::sourceOf(const plan::Source &source) const {
  TensorSource result{nameInFile(source.name()->str()), source.transpose(), source.slice_dim(),
                      source.slice_start(), source.slice_size()};
  // The plan slices what is stored; the reader slices what it has transposed.
  if (result.transpose && result.sliceDim >= 0)
    result.sliceDim = 1 - result.sliceDim;
  return result;
}

TensorSource Bindings::sourceOf(const plan::Parameter &parameter) const {
  if (ownNames_ || !parameter.source())
    return {.name = parameter.name()->str()};
  return sourceOf(*parameter.source());
}

Status Bindings::bindStart(RunSession &session) {
  if (weights_)
    TPC_RETURN_IF_ERROR(session.onEveryRank([&](int rank) {
      Status status = readParameters(session, rank);
      return status.ok() ? checkTies(session, rank) : status;
    }));
  else
    TPC_RETURN_IF_ERROR(initialiseParameters(session));
  return makeInputValues(session);
}

/// A file that holds a tied parameter under both names must hold the same values twice.
Status Bindings::checkTies(const RunSession &session, int rank) const {
  for (size_t i = 0; !ownNames_ && i < count(plan_->ties()); ++i) {
    const plan::Tie &tie = *plan_->ties()->Get(i);
    TensorSource source =
        tie.source() ? sourceOf(*tie.source()) : TensorSource{.name = tie.name()->str()};
    if (!weights_->find(source.name))
      continue;
    const plan::Parameter &parameter = *plan_->parameters()->Get(tie.parameter());
    const plan::Buffer &buffer = plan_.buffer(parameter.buffer());
    CoordinateMap map(fromPlan(*buffer.sharding()), plan_.mesh(), rank);
    std::vector<std::byte> values(buffer.bytes());
    TPC_RETURN_IF_ERROR(weights_->read(source, map, fromPlan(buffer.dtype()), values.data())
                            .withContext("tie '" + tie.name()->str() + "'"));
    bool same = false;
    TPC_RETURN_IF_ERROR(session.read(rank, parameter.buffer(), [&](const void *data) {
      same = std::memcmp(values.data(), data, values.size()) == 0;
      return Status();
    }));
    if (!same)
      return Status(Code::InvalidInput,
                    "tensor '" + source.name + "' of '" + weights_->path() + "' differs from '" +
                        sourceOf(parameter).name + "', and the model ties them",
                    "these weights are of a model that has both; write its nn.parameter instead "
                    "of the nn.tie");
  }
  return Status();
}

Status Bindings::readParameters(RunSession &session, int rank) {
  auto read = [&](const TensorSource &source, uint32_t index) {
    const plan::Buffer &buffer = plan_.buffer(index);
    CoordinateMap map(fromPlan(*buffer.sharding()), plan_.mesh(), rank);
    return session.write(rank, index, [&](void *memory) {
      return weights_->read(source, map, fromPlan(buffer.dtype()), memory);
    });
  };
  for (size_t i = 0; i < count(plan_->parameters()); ++i) {
    const plan::Parameter &parameter = *plan_->parameters()->Get(i);
    TPC_RETURN_IF_ERROR(read(sourceOf(parameter), parameter.buffer())
                            .withContext("parameter '" + parameter.name()->str() + "'"));
  }
  for (size_t i = 0; withStates_ && i < count(plan_->states()); ++i) {
    const plan::State &state = *plan_->states()->Get(i);
    TPC_RETURN_IF_ERROR(read({.name = state.name()->str()}, state.buffer())
                            .withContext("state '" + state.name()->str() + "'"));
  }
  return Status();
}

Status Bindings::initialiseParameters(RunSession &session) {
  auto initialiseOn = [&](std::span<const int> ranks) {
    std::vector<InitialTensor> tensors;
    std::vector<std::unique_ptr<CoordinateMap>> maps;
    for (size_t i = 0; i < count(plan_->parameters()); ++i) {
      const plan::Parameter &parameter = *plan_->parameters()->Get(i);
      const plan::Buffer &buffer = plan_.buffer(parameter.buffer());
      Sharding sharding = fromPlan(*buffer.sharding());
      InitialTensor tensor{parameter.name()->str(),
                           sharding.globalShape(),
                           initOf(*parameter.init()),
                           parameter.draw(),
                           {}};
      for (int rank : ranks) {
        maps.push_back(std::make_unique<CoordinateMap>(sharding, plan_.mesh(), rank));
        tensor.targets.push_back({maps.back().get(), fromPlan(buffer.dtype()),
                                  session.buffer(rank, parameter.buffer()), &session.device(rank)});
      }
      tensors.push_back(std::move(tensor));
    }
    for (size_t i = 0; i < count(plan_->ties()); ++i) {
      const plan::Tie &tie = *plan_->ties()->Get(i);
      const plan::Buffer &buffer =
          plan_.buffer(plan_->parameters()->Get(tie.parameter())->buffer());
      tensors.push_back({tie.name()->str(),
                         fromPlan(*buffer.sharding()).globalShape(),
                         initOf(*tie.init()),
                         tie.draw(),
                         {}});
    }
    return initialise(initialiser_, seed_, tensors);
  };
  // PyTorch's generator is one stream for all; Philox draws what each rank needs.
  if (initialiser_ == Initialiser::Torch)
    return initialiseOn(session.hostedRanks());
  return session.onEveryRank([&](int rank) { return initialiseOn({&rank, 1}); });
}

Status Bindings::makeInputValues(RunSession &session) {
  std::vector<InitialTensor> drawn;
  for (BoundInput &bound : inputs_) {
    const plan::Buffer &buffer = plan_.buffer(bound.input->buffer());
    DType dtype = fromPlan(buffer.dtype());
    for (int rank = 0; rank < session.numRanks(); ++rank)
      bound.maps.emplace_back(bound.sharding, plan_.mesh(), rank);
    if (bound.fed)
      continue;
    InitialTensor tensor{bound.input->name()->str(),
                         bound.sharding.globalShape(),
                         {},
                         static_cast<uint32_t>(drawn.size()),
                         {}};
    bound.values.resize(session.numRanks());
    for (int rank : session.hostedRanks()) {
      bound.values[rank].resize(buffer.bytes());
      std::byte *values = bound.values[rank].data();
      InitialTarget target{&bound.maps[rank], dtype, values};
      tensor.targets.push_back(target);
      if (bound.file)
        TPC_RETURN_IF_ERROR(
            bound.file->read({.name = bound.tensor}, bound.maps[rank], dtype, values)
                .withContext("input '" + tensor.name + "'"));
      else if (const auto *whole = bound.input->default_i32(); count(whole))
        TPC_RETURN_IF_ERROR(
            scatter(std::span<const int32_t>(whole->data(), whole->size()), target));
      else if (const auto *real = bound.input->default_f64(); count(real))
        TPC_RETURN_IF_ERROR(scatter(std::span<const double>(real->data(), real->size()), target));
      TPC_RETURN_IF_ERROR(checkIds(*bound.input, bound.maps[rank], bound.values[rank]));
    }
    if (bound.file || !bound.input->default_init())
      continue;
    tensor.init = initOf(*bound.input->default_init());
    drawn.push_back(std::move(tensor));
  }
  return initialise(initialiser_, seed_, drawn);
}

Status Bindings::bindStep(RunSession &session, int rank, int64_t step) {
  for (const BoundInput &bound : inputs_)
    TPC_RETURN_IF_ERROR(session.writeInput(rank, bound.input->buffer(), [&](void *memory) {
      if (bound.fed)
        return data_
            ->fill(feedOf(*bound.input), (step - firstStep_) * batch_, bound.maps[rank],
                   static_cast<int32_t *>(memory))
            .withContext("input '" + bound.input->name()->str() + "'");
      std::memcpy(memory, bound.values[rank].data(), bound.values[rank].size());
      return Status();
    }));
  for (size_t i = 0; i < count(entry_.scalars()); ++i) {
    const plan::Scalar &scalar = *entry_.scalars()->Get(i);
    auto set = scalars_.find(scalar.name()->str());
    double value = set == scalars_.end() ? scalar.value() : set->second.at(step);
    TPC_RETURN_IF_ERROR(session.writeInput(rank, scalar.buffer(), [&](void *memory) {
      storeScalar(memory, plan_.buffer(scalar.buffer()).dtype(), value);
      return Status();
    }));
  }
  auto storeInteger = [&](int index, int64_t value) {
    int32_t number = static_cast<int32_t>(static_cast<uint32_t>(value));
    if (index < 0)
      return Status();
    return session.writeInput(rank, static_cast<uint32_t>(index), [&](void *memory) {
      std::memcpy(memory, &number, sizeof(number));
      return Status();
    });
  };
  TPC_RETURN_IF_ERROR(storeInteger(entry_.step_buffer(), step));
  return storeInteger(entry_.seed_buffer(), seed_);
}
