//===- ModelText.h - Text of small models, part by part ------------------------------------===//
//
// In the text $name is a type or a size, which sizes give a meaning.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "OpModels.h"

#include <functional>

namespace tpc::conformance {

/// Declarations and the entry @loss, as they grow. What is declared is read at once: @x as %x.
class Text {
public:
  Text &input(const std::string &name, const std::string &type, const std::string &dims);
  Text &parameter(const std::string &name, const std::string &type);
  /// %seed and %step, of which dropout draws.
  Text &randomState();
  Text &declare(const std::string &line);
  Text &read(const std::string &name, const std::string &type);
  Text &op(const std::string &line);

  /// The model whose loss is %loss.
  std::string str() const;
  /// The loss is a sum over `all` dims of %value, every element of which has a weight of its own:
  /// an input with these dims.
  std::string weighed(const std::string &value, const std::string &type, const std::string &dims,
                      const std::string &all, const std::string &reduction = "sum");

private:
  std::string declarations, body;
};

/// The dims of inputs with rows and features.
inline const std::string kByRow = "\"B\", \"T\", \"\"";

/// %u, features: a linear of the input %x.
Text features();
/// %u and %o, both features.
Text twoFeatures();
/// The loss of a linear of %v.
std::string fromFeatures(Text text, const std::string &type = "$f",
                         const std::string &weight = "$w2");

/// %q, %k and %v, heads of the input %x.
Text heads();
/// The loss of a linear of the heads %o.
std::string fromHeads(Text text);

/// %s, the residual stream: embedded tokens.
Text stream();
/// A block between two ops on the residual stream, of which `line(result, operand)` is the text.
std::string
aroundBlock(Text text,
            const std::function<std::string(const char *result, const char *operand)> &line);

/// What the names mean.
std::string withTypes(const std::string &text, const OpSizes &sizes, const OpModel &model);

// The models of the families of ops.
void addPointwiseModels(std::vector<OpModel> &models);
void addShapeModels(std::vector<OpModel> &models);
void addBlockModels(std::vector<OpModel> &models);
void addTrainingModels(std::vector<OpModel> &models);

} // namespace tpc::conformance
