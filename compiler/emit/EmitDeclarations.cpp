//===- EmitDeclarations.cpp - What a run binds: parameters, states, inputs, scalars --------===//

#include "compiler/emit/EmitDeclarations.h"

#include "compiler/import/Import.h"
#include "runtime/plan/Convert.h"

#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace tpc;

plan::DType tpc::toPlanDType(Type element) {
  if (element.isF64())
    return plan::DType::f64;
  if (element.isBF16())
    return plan::DType::bf16;
  return element.isF32() ? plan::DType::f32 : plan::DType::i32;
}

void tpc::emitMemory(const MemoryPlan &memory, plan::PlanT &result) {
  // An arena that nothing is in is left out.
  std::vector<uint32_t> arenaIndex(memory.arenas().size());
  for (size_t kind = 0; kind < memory.arenas().size(); ++kind) {
    arenaIndex[kind] = result.arenas.size();
    if (memory.arenas()[kind] == 0)
      continue;
    auto arena = std::make_unique<plan::ArenaT>();
    arena->kind = plan::ArenaKind(kind);
    arena->bytes = memory.arenas()[kind];
    result.arenas.push_back(std::move(arena));
  }
  for (const PlannedBuffer &planned : memory.buffers()) {
    auto buffer = std::make_unique<plan::BufferT>();
    buffer->name = planned.name;
    buffer->arena = arenaIndex[size_t(planned.arena)];
    buffer->offset = planned.offset;
    buffer->bytes = planned.bytes;
    buffer->dtype = toPlanDType(planned.type.getElementType());
    buffer->global_shape = planned.sharding.globalShape();
    buffer->local_shape = planned.type.getShape();
    buffer->sharding = toPlan(planned.sharding);
    result.buffers.push_back(std::move(buffer));
  }
}

static std::unique_ptr<plan::InitT> emitInit(nn::InitAttr init) {
  auto result = std::make_unique<plan::InitT>();
  result->kind = plan::InitKind(init.getKind());
  if (init.getA())
    result->a = init.getA().getValueAsDouble();
  if (init.getB())
    result->b = init.getB().getValueAsDouble();
  return result;
}
static_assert(int(plan::InitKind::zeros) == int(nn::InitKind::zeros) &&
              int(plan::InitKind::ones) == int(nn::InitKind::ones) &&
              int(plan::InitKind::constant) == int(nn::InitKind::constant) &&
              int(plan::InitKind::normal) == int(nn::InitKind::normal) &&
              int(plan::InitKind::uniform) == int(nn::InitKind::uniform));

static std::unique_ptr<plan::SourceT> emitSource(nn::SourceAttr source) {
  auto result = std::make_unique<plan::SourceT>();
  result->name = source.getTensor().str();
  result->transpose = source.getTranspose();
  result->slice_dim = source.getSliceDim();
  result->slice_start = source.getSliceStart();
  result->slice_size = source.getSliceSize();
  return result;
}

void tpc::emitParameters(ModuleOp module, const MemoryPlan &memory, plan::PlanT &result) {
  // Draws are in the order of declaration, ties included.
  uint32_t draw = 0;
  llvm::DenseMap<StringAttr, uint32_t> parameterIndex, tieDraw;
  for (Operation &op : module.getBody()->getOperations()) {
    if (auto tie = dyn_cast<nn::TieOp>(op))
      tieDraw[tie.getSymNameAttr()] = draw++;
    auto declared = dyn_cast<nn::ParameterOp>(op);
    if (!declared)
      continue;
    auto parameter = std::make_unique<plan::ParameterT>();
    parameter->name = declared.getSymName().str();
    parameter->buffer = memory.bufferOf(declared.getSymNameAttr());
    parameter->init = emitInit(declared.getInit());
    if (nn::SourceAttr source = declared.getSourceAttr())
      parameter->source = emitSource(source);
    parameter->draw = draw++;
    parameterIndex[declared.getSymNameAttr()] = result.parameters.size();
    result.parameters.push_back(std::move(parameter));
  }
  for (auto declared : module.getOps<nn::TieOp>()) {
    auto tie = std::make_unique<plan::TieT>();
    tie->name = declared.getSymName().str();
    tie->parameter = parameterIndex.at(declared.getTargetAttr().getAttr());
    tie->init = emitInit(declared.getInit());
    tie->draw = tieDraw.at(declared.getSymNameAttr());
    if (auto source = declared->getAttrOfType<nn::SourceAttr>(kTieSourceAttr))
      tie->source = emitSource(source);
    result.ties.push_back(std::move(tie));
  }
  for (auto declared : module.getOps<nn::StateOp>()) {
    auto state = std::make_unique<plan::StateT>();
    state->name = declared.getSymName().str();
    state->buffer = memory.bufferOf(declared.getSymNameAttr());
    state->parameter = parameterIndex.at(declared.getParameterAttr().getAttr());
    state->slot = declared.getSlot().str();
    result.states.push_back(std::move(state));
  }
  auto prefix = module->getAttrOfType<StringAttr>(kPrefixAttr);
  auto unused = module->getAttrOfType<ArrayAttr>(kUnusedAttr);
  if (!prefix && !unused)
    return;
  result.published = std::make_unique<plan::PublishedT>();
  if (prefix)
    result.published->prefix = prefix.str();
  if (unused)
    for (StringRef pattern : unused.getAsValueRange<StringAttr>())
      result.published->unused.push_back(pattern.str());
}

static std::unique_ptr<plan::InputT> emitInput(nn::InputOp declared, const MemoryPlan &memory) {
  auto input = std::make_unique<plan::InputT>();
  input->name = declared.getSymName().str();
  input->buffer = memory.bufferOf(declared.getSymNameAttr());
  auto type = cast<RankedTensorType>(declared.getType());
  if (nn::TokensAttr tokens = declared.getFeedAttr()) {
    input->feed = std::make_unique<plan::FeedT>();
    input->feed->kind = plan::FeedKind::tokens;
    input->feed->window = type.getShape().back();
    input->feed->stride = tokens.getStride() ? tokens.getStride() : input->feed->window;
    input->feed->shift = tokens.getShift();
    input->feed->tail = tokens.getTail();
    input->feed->bytes = declared->hasAttr(kBytesAttr);
    if (auto vocabulary = declared->getAttrOfType<IntegerAttr>(kVocabularyAttr))
      input->feed->vocabulary = vocabulary.getInt();
    if (auto ignored = declared->getAttrOfType<IntegerAttr>(kIgnoredAttr)) {
      input->feed->ignores = true;
      input->feed->ignored = static_cast<int32_t>(ignored.getInt());
    }
  }
  if (auto values = dyn_cast_or_null<DenseElementsAttr>(declared.getDefaultValueAttr())) {
    if (isa<IntegerType>(values.getElementType()))
      for (const APInt &value : values.getValues<APInt>())
        input->default_i32.push_back(value.getSExtValue());
    else
      for (const APFloat &value : values.getValues<APFloat>()) {
        bool losesInfo;
        APFloat wide = value;
        wide.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
        input->default_f64.push_back(wide.convertToDouble());
      }
  }
  if (nn::InitAttr draw = declared.getDefaultDrawAttr())
    input->default_init = emitInit(draw);
  return input;
}

void tpc::emitBindings(nn::EntryOp entry, const MemoryPlan &memory, plan::EntryT &result) {
  llvm::DenseSet<StringAttr> read;
  for (auto op : entry.getBody().front().getOps<nn::ReadOp>())
    read.insert(op.getSourceAttr().getAttr());
  for (Operation &op : entry->getParentOfType<ModuleOp>().getBody()->getOperations()) {
    if (auto input = dyn_cast<nn::InputOp>(op); input && read.contains(input.getSymNameAttr()))
      result.inputs.push_back(emitInput(input, memory));
    auto declared = dyn_cast<nn::ScalarOp>(op);
    if (!declared || !read.contains(declared.getSymNameAttr()))
      continue;
    uint32_t buffer = memory.bufferOf(declared.getSymNameAttr());
    if (declared.getRole() == nn::ScalarRole::step) {
      result.step_buffer = buffer;
    } else if (declared.getRole() == nn::ScalarRole::seed) {
      result.seed_buffer = buffer;
    } else {
      auto scalar = std::make_unique<plan::ScalarT>();
      scalar->name = declared.getSymName().str();
      scalar->buffer = buffer;
      scalar->value = declared.getValue().convertToDouble();
      result.scalars.push_back(std::move(scalar));
    }
  }
}
