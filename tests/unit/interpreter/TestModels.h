//===- TestModels.h - Tiny transformers, for tests of whole modules ------------------------===//
//
// Sizes are small enough for finite differences, and odd enough for padding: vocabularies, heads
// and hidden sizes that do not divide.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "TestModule.h"

#include "compiler/sharding/Solver.h"

namespace tpc::interpreter::test {

struct ModelSizes {
  int64_t layers = 1, batch = 2, sequence = 3, vocab = 11;
  int64_t hidden = 6, heads = 2, kvHeads = 2, size = 4, inner = 8;
};

/// After "optimizer": "#nn.sgd<lr = @lr>".
inline const std::string kSgd = "#nn.sgd<lr = @lr>";
inline const std::string kAdam =
    "#nn.adam<lr = @lr, weight_decay = 0.1 : f64, decoupled = true> clip_norm 0.5";

/// GPT-2: fused qkv with bias, layer_norm, gelu, tied embeddings, dropout, label smoothing.
std::string gptText(const ModelSizes &sizes, const std::string &optimizer);
/// Llama: rms_norm, rope, grouped kv heads, silu gate, no biases.
std::string llamaText(const ModelSizes &sizes, const std::string &optimizer);
/// linear, relu, linear, sum of squares; with biases.
std::string mlpText(const ModelSizes &sizes, const std::string &optimizer);

/// One of the models, by name.
struct TestModel {
  std::string name;
  std::string (*text)(const ModelSizes &, const std::string &);
  ModelSizes sizes;
};
/// For GoogleTest's messages.
void PrintTo(const TestModel &model, std::ostream *stream);

/// All kinds of models, of even sizes and of sizes that are padded on most meshes.
const std::vector<TestModel> &testModels();

/// Sizes as chance has them; the batch is a multiple of `dp`. Often more ranks than heads, classes
/// or positions.
ModelSizes drawSizes(std::mt19937 &engine, int64_t dp);

/// A model, a mesh and a mode (0: off, 1: auto, 2: on) as chance has them.
struct RandomCase {
  std::string text;
  Mesh mesh;
  SequenceParallel sequenceParallel;

  std::string str() const;
};
RandomCase drawCase(std::mt19937 &engine, int64_t mostTp);

/// What a step gives must be what another one gives, within the tolerance.
void expectSameOutcome(const Outcome &actual, const Outcome &expected, double tolerance);

/// Parses, binds, unrolls and flattens (level model), then builds level grad: the entry @train of
/// @loss.
mlir::OwningOpRef<mlir::ModuleOp> gradModule(const std::string &text);

nn::EntryOp entryNamed(mlir::ModuleOp module, llvm::StringRef name);

/// Random values for all declarations: tokens and labels in range, some labels ignored, states as
/// in the middle of a training.
Bindings drawBindings(mlir::ModuleOp module, uint32_t seed);

} // namespace tpc::interpreter::test
