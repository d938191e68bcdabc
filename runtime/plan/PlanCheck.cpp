//===- PlanCheck.cpp - The structure of a plan ------------------------------------------------===//

#include "runtime/plan/PlanCheck.h"

#include "runtime/plan/BodyCheck.h"
#include "runtime/plan/Convert.h"

#include <set>

using namespace tpc;

namespace {

std::string quoted(const flatbuffers::String *text) { return "'" + text->str() + "'"; }

Status invalid(const std::string &what) { return Status(Code::InvalidInput, what); }

template <typename T> size_t count(const flatbuffers::Vector<T> *vector) {
  return vector ? vector->size() : 0;
}

/// The FlatBuffer verifier looks at the alignment of a vector's length, not of its elements.
template <typename T> bool isAligned(const flatbuffers::Vector<T> *vector) {
  return !vector || vector->size() == 0 ||
         reinterpret_cast<uintptr_t>(vector->Data()) % sizeof(T) == 0;
}

/// Elements of a shape, or -1 if it is negative somewhere or does not fit.
int64_t elements(const flatbuffers::Vector<int64_t> &shape) {
  int64_t product = 1;
  for (int64_t size : shape)
    if (size < 0 || __builtin_mul_overflow(product, size, &product))
      return -1;
  return product;
}

class Checker {
public:
  explicit Checker(const plan::Plan &plan) : plan_(plan) {}

  Status check() {
    if (std::string_view target = plan_.target()->string_view();
        target != "cpu" && target != "cuda")
      return invalid("it is for target " + quoted(plan_.target()) + ", and tpc knows cpu and cuda");
    TPC_RETURN_IF_ERROR(checkMesh());
    mesh_ = fromPlan(*plan_.mesh());
    for (size_t i = 0; i < plan_.buffers()->size(); ++i) {
      const plan::Buffer &buffer = *plan_.buffers()->Get(i);
      if (Status status = checkBuffer(buffer); !status.ok())
        return std::move(status).withContext("buffer " + std::to_string(i) + " " +
                                             quoted(buffer.name()));
    }
    TPC_RETURN_IF_ERROR(checkParameters());
    std::set<std::string> names;
    if (plan_.entries()->size() == 0)
      return invalid("the plan has no entry");
    for (const plan::Entry *entry : *plan_.entries()) {
      if (!names.insert(entry->name()->str()).second)
        return invalid("two entries are named " + quoted(entry->name()));
      if (Status status = checkEntry(*entry); !status.ok())
        return std::move(status).withContext("entry " + quoted(entry->name()));
    }
    return Status();
  }

private:
  Status checkMesh() {
    std::set<std::string> names;
    if (plan_.mesh()->size() > 8)
      return invalid("the mesh has more than 8 axes");
    int64_t ranks = 1;
    for (const plan::Axis *axis : *plan_.mesh()) {
      if (!axis->name() || axis->name()->size() == 0 || axis->size() == 0)
        return invalid("an axis of the mesh has no name or size 0");
      if (!names.insert(axis->name()->str()).second)
        return invalid("two axes of the mesh are named " + quoted(axis->name()));
      if (__builtin_mul_overflow(ranks, int64_t(axis->size()), &ranks) || ranks > 1'000'000)
        return invalid("the mesh has more than a million ranks");
    }
    return Status();
  }

  Status checkBuffer(const plan::Buffer &buffer) {
    if (buffer.arena() >= plan_.arenas()->size())
      return invalid("its arena " + std::to_string(buffer.arena()) + " does not exist");
    const plan::Arena &arena = *plan_.arenas()->Get(buffer.arena());
    uint64_t alignment =
        arena.kind() == plan::ArenaKind::workspace ? kWorkspaceAlignment : kBufferAlignment;
    if (buffer.offset() % alignment)
      return invalid("its offset " + std::to_string(buffer.offset()) + " is no multiple of " +
                     std::to_string(alignment));
    uint64_t arenaBytes = arena.bytes();
    if (buffer.offset() > arenaBytes || buffer.bytes() > arenaBytes - buffer.offset())
      return invalid("it ends beyond its arena of " + std::to_string(arenaBytes) + " bytes");
    if (!isAligned(buffer.global_shape()) || !isAligned(buffer.local_shape()))
      return invalid("its shape is not aligned in the file");
    if (!isEnumerator(buffer.dtype(), plan::DType::MAX))
      return invalid("it has an unknown dtype");
    if (buffer.sharding()->partial())
      for (const plan::Partial *partial : *buffer.sharding()->partial())
        if (!isEnumerator(partial->kind(), plan::ReduceKind::MAX))
          return invalid("it is partial in an unknown way");
    for (const plan::DimLayout *dim : *buffer.sharding()->dims())
      if (dim->factors()->size() == 0)
        return invalid("a dim of its sharding has no factor");
    Sharding sharding = fromPlan(*buffer.sharding());
    if (std::optional<std::string> wrong = sharding.check(mesh_))
      return invalid("its sharding is wrong: " + *wrong);
    int64_t stored = 1;
    for (const DimLayout &dim : sharding.dims)
      for (const Factor &factor : dim)
        if (__builtin_mul_overflow(stored, factor.padded, &stored) || stored >> 56)
          return invalid("its sharding has too large extents");
    if (sharding.globalShape() !=
        std::vector<int64_t>(buffer.global_shape()->begin(), buffer.global_shape()->end()))
      return invalid("its global shape is not that of its sharding");
    if (sharding.localShape(mesh_) !=
        std::vector<int64_t>(buffer.local_shape()->begin(), buffer.local_shape()->end()))
      return invalid("its local shape is not that of its sharding");
    int64_t size = elements(*buffer.local_shape());
    if (uint64_t(size) * byteSize(fromPlan(buffer.dtype())) != buffer.bytes())
      return invalid("its " + std::to_string(buffer.bytes()) + " bytes do not hold " +
                     std::to_string(size) + " elements of " + plan::EnumNameDType(buffer.dtype()));
    return Status();
  }

  Status checkBuffer(uint32_t buffer) {
    if (buffer >= plan_.buffers()->size())
      return invalid("its buffer " + std::to_string(buffer) + " does not exist");
    return Status();
  }

  /// Index of a buffer with one element.
  Status checkScalar(uint32_t index, bool integer) {
    TPC_RETURN_IF_ERROR(checkBuffer(index));
    const plan::Buffer &buffer = *plan_.buffers()->Get(index);
    if (elements(*buffer.local_shape()) != 1 || (buffer.dtype() == plan::DType::i32) != integer)
      return invalid("its buffer " + std::to_string(index) + " is not one " +
                     (integer ? "i32" : "float"));
    return Status();
  }

  Status checkInit(const plan::Init &init) {
    if (!isEnumerator(init.kind(), plan::InitKind::MAX))
      return invalid("an initial value of an unknown kind");
    return Status();
  }

  Status checkParameters() {
    std::set<std::string> names;
    std::set<uint32_t> draws;
    auto unique = [&](const flatbuffers::String *name, uint32_t draw) {
      if (!names.insert(name->str()).second)
        return invalid("two parameters are named " + quoted(name));
      if (!draws.insert(draw).second)
        return invalid("parameter " + quoted(name) + ": another one has the same place in the " +
                       "order of draws");
      return Status();
    };
    for (size_t i = 0; i < count(plan_.parameters()); ++i) {
      const plan::Parameter &parameter = *plan_.parameters()->Get(i);
      TPC_RETURN_IF_ERROR(unique(parameter.name(), parameter.draw()));
      TPC_RETURN_IF_ERROR(checkInit(*parameter.init()));
      if (Status status = checkBuffer(parameter.buffer()); !status.ok())
        return std::move(status).withContext("parameter " + quoted(parameter.name()));
    }
    for (size_t i = 0; i < count(plan_.ties()); ++i) {
      const plan::Tie &tie = *plan_.ties()->Get(i);
      TPC_RETURN_IF_ERROR(unique(tie.name(), tie.draw()));
      TPC_RETURN_IF_ERROR(checkInit(*tie.init()));
      if (tie.parameter() >= count(plan_.parameters()))
        return invalid("tie " + quoted(tie.name()) + ": its parameter does not exist");
    }
    for (size_t i = 0; i < count(plan_.states()); ++i) {
      const plan::State &state = *plan_.states()->Get(i);
      if (!names.insert(state.name()->str()).second)
        return invalid("two parameters or states are named " + quoted(state.name()));
      if (Status status = checkBuffer(state.buffer()); !status.ok())
        return std::move(status).withContext("state " + quoted(state.name()));
      if (state.parameter() >= count(plan_.parameters()))
        return invalid("state " + quoted(state.name()) + ": its parameter does not exist");
    }
    return Status();
  }

  Status checkEntry(const plan::Entry &entry) {
    std::set<std::string> names;
    for (size_t i = 0; i < count(entry.inputs()); ++i) {
      const plan::Input &input = *entry.inputs()->Get(i);
      if (!names.insert(input.name()->str()).second)
        return invalid("two inputs are named " + quoted(input.name()));
      if (Status status = checkInput(input); !status.ok())
        return std::move(status).withContext("input " + quoted(input.name()));
    }
    for (size_t i = 0; i < count(entry.scalars()); ++i) {
      const plan::Scalar &scalar = *entry.scalars()->Get(i);
      if (!names.insert(scalar.name()->str()).second)
        return invalid("two inputs or scalars are named " + quoted(scalar.name()));
      if (Status status = checkScalar(scalar.buffer(), /*integer=*/false); !status.ok())
        return std::move(status).withContext("scalar " + quoted(scalar.name()));
    }
    names.clear();
    for (size_t i = 0; i < count(entry.outputs()); ++i) {
      const plan::Output &output = *entry.outputs()->Get(i);
      if (!names.insert(output.name()->str()).second)
        return invalid("two outputs are named " + quoted(output.name()));
      if (Status status = checkOutput(output); !status.ok())
        return std::move(status).withContext("output " + quoted(output.name()));
    }
    if (entry.step_buffer() >= 0)
      TPC_RETURN_IF_ERROR(checkScalar(entry.step_buffer(), true).withContext("the step number"));
    if (entry.seed_buffer() >= 0)
      TPC_RETURN_IF_ERROR(checkScalar(entry.seed_buffer(), true).withContext("the seed"));

    int64_t lastSequence = -1;
    for (size_t i = 0; i < entry.instructions()->size(); ++i) {
      const plan::Instruction &instruction = *entry.instructions()->Get(i);
      if (Status status = checkInstruction(instruction, i, lastSequence); !status.ok())
        return std::move(status).withContext(describe(instruction, i));
    }
    return Status();
  }

  Status checkOutput(const plan::Output &output) {
    TPC_RETURN_IF_ERROR(checkBuffer(output.buffer()));
    if (count(output.shape()) == 0)
      return Status();
    if (!isAligned(output.shape()))
      return invalid("its shape is not aligned in the file");
    const plan::Buffer &buffer = *plan_.buffers()->Get(output.buffer());
    int64_t size = elements(*output.shape());
    if (size < 0)
      return invalid("its shape is negative somewhere, or too large");
    if (size != elements(*buffer.local_shape()))
      return invalid("its shape has " + std::to_string(size) + " elements, and its buffer " +
                     std::to_string(elements(*buffer.local_shape())));
    return Status();
  }

  Status checkInput(const plan::Input &input) {
    TPC_RETURN_IF_ERROR(checkBuffer(input.buffer()));
    const plan::Buffer &buffer = *plan_.buffers()->Get(input.buffer());
    int64_t size = elements(*buffer.global_shape());
    if (!isAligned(input.default_f64()))
      return invalid("its default is not aligned in the file");
    int sources = (count(input.default_i32()) > 0) + (count(input.default_f64()) > 0) +
                  (input.default_init() != nullptr);
    if (input.default_init())
      TPC_RETURN_IF_ERROR(checkInit(*input.default_init()));
    if (sources > 1)
      return invalid("it has more than one default");
    if (size_t n = count(input.default_i32()) + count(input.default_f64()); n && n != size_t(size))
      return invalid("its default has " + std::to_string(n) + " elements for a tensor of " +
                     std::to_string(size));
    if (const plan::Feed *feed = input.feed(); feed && feed->kind() == plan::FeedKind::tokens) {
      if (buffer.dtype() != plan::DType::i32)
        return invalid("a token feed needs an i32 tensor");
      const auto &shape = *buffer.global_shape();
      if (shape.size() < 1 || shape.size() > 2 || shape.Get(shape.size() - 1) != feed->window() ||
          feed->window() <= 0 || feed->stride() <= 0 || feed->shift() < 0)
        return invalid("its token feed does not fill the tensor with whole windows");
      constexpr int64_t most = int64_t{1} << 48;
      if (feed->vocabulary() < 0 || feed->stride() > most || feed->shift() > most)
        return invalid("its token feed has a number out of range");
    }
    return Status();
  }

  Status checkInstruction(const plan::Instruction &instruction, size_t index,
                          int64_t &lastSequence) {
    for (size_t i = 0; i < count(instruction.waits()); ++i)
      if (instruction.waits()->Get(i) >= index)
        return invalid("it waits for instruction " + std::to_string(instruction.waits()->Get(i)) +
                       ", which does not come before it");
    for (size_t i = 0; i < instruction.operands()->size(); ++i) {
      const plan::Slice &slice = *instruction.operands()->Get(i);
      std::string which = "operand " + std::to_string(i);
      if (!isEnumerator(slice.access(), plan::Access::MAX))
        return invalid(which + " has an unknown access");
      if (Status status = checkBuffer(slice.buffer()); !status.ok())
        return std::move(status).withContext(which);
      uint64_t bytes = plan_.buffers()->Get(slice.buffer())->bytes();
      if (slice.offset() > bytes || slice.bytes() > bytes - slice.offset())
        return invalid(which + " ends beyond its buffer");
    }
    if (const plan::Collective *collective = instruction.body_as_Collective()) {
      if (int64_t(collective->sequence()) <= lastSequence)
        return invalid("its place " + std::to_string(collective->sequence()) +
                       " in the order of collectives does not come after " +
                       std::to_string(lastSequence));
      lastSequence = collective->sequence();
    }
    return checkBody(instruction, plan_);
  }

  const plan::Plan &plan_;
  Mesh mesh_;
};

} // namespace

Status tpc::checkPlan(const plan::Plan &plan) { return Checker(plan).check(); }

std::string tpc::describe(const plan::Instruction &instruction, size_t index) {
  std::string text = "instruction " + std::to_string(index) + " " + quoted(instruction.name());
  if (instruction.location() && instruction.location()->size())
    text += " (" + instruction.location()->str() + ")";
  return text;
}
