//===- Roundings.h - Whether the interpreter rounds what casts round ------------------------===//
#pragma once

#include <cstdint>

namespace tpc::interpreter {

/// Values are float64 whatever their type; but a program says by its casts where it rounds to few
/// bits. `Made`: a value of type bfloat16, or cast to tf32, is one exactly. `Ignored`: a program
/// and its partitioned form, whose sums differ in the last bit, can be compared closely.
enum class Roundings : uint8_t { Made, Ignored };

} // namespace tpc::interpreter
