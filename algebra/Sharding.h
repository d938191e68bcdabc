//===- Sharding.h - Factors, layouts and placements ----------------------------------------===//
//
// A dim of a tensor is a list of factors, major first; a factor is the unit that an axis splits,
// and the unit that is padded when its size does not divide. Examples, on an axis "tp" of size 8:
//
//   {}                 one factor, whole on every rank
//   {"tp"}             one factor that "tp" splits evenly
//   {50257:50264 "tp"} 50257 vocabulary rows padded to 50264, 6283 on each rank
//   {12:16 "tp", 64}   12 heads padded to 16, 64 numbers each: 2 heads, or 128 numbers, a rank
//   {3, 12 "tp", 64}   a fused qkv dim: the middle factor is split
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Mesh.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tpc {

/// How the partial values of the ranks combine into the value that they stand for.
enum class ReduceKind : uint8_t { Sum, Max };
/// "sum" or "max"
const char *name(ReduceKind kind);

struct Factor {
  int64_t logical;          ///< extent that means something
  int64_t padded;           ///< extent that is stored over all ranks, >= logical
  std::vector<AxisId> axes; ///< axes that split it, major first; usually none or one

  bool isPadded() const { return padded != logical; }
  bool isSplit() const { return !axes.empty(); }
  bool operator==(const Factor &) const = default;
};

/// The factors of one dim, major first. Never empty in canonical form.
using DimLayout = std::vector<Factor>;

/// One dim held whole by every rank.
DimLayout wholeDim(int64_t size);
/// One dim split on `axis`, padded up to the next multiple of the axis size.
DimLayout splitDim(int64_t size, AxisId axis, const Mesh &mesh);

int64_t logicalSize(const DimLayout &dim);
int64_t paddedSize(const DimLayout &dim);
/// Extent of the dim on each rank: equal on all ranks by construction.
int64_t localSize(const DimLayout &dim, const Mesh &mesh);
bool isSplit(const DimLayout &dim);
bool isPadded(const DimLayout &dim);
/// The axes that split the dim, major first.
std::vector<AxisId> axesOf(const DimLayout &dim);

/// Merges what is one factor in fact: an unsplit, unpadded factor into the unpadded neighbour on
/// its left. Equal layouts are equal vectors in this form.
DimLayout canonical(DimLayout dim);

/// Whether every rank stores the same numbers at the same places, with the same pads, though the
/// layouts may name the padded factor differently: {12:16 "tp", 64} and {768:1024 "tp"}.
bool storesTheSame(const DimLayout &a, const DimLayout &b);

/// Splits `dim` into consecutive groups of factors of the given logical sizes (major first), each
/// group canonical. Fails if a split or padded factor would straddle a boundary in a way that has
/// no layout: [768 "tp"] into (12, 64) is [12 "tp"], [64] at tp 2, and fails at tp 8.
std::optional<std::vector<DimLayout>>
projectDim(const DimLayout &dim, const std::vector<int64_t> &sizes, const Mesh &mesh);
/// The inverse: the layout of a dim whose factors have the given layouts, major first.
DimLayout composeDim(const std::vector<DimLayout> &parts);

struct Partial {
  AxisId axis;
  ReduceKind kind;

  bool operator==(const Partial &) const = default;
};

/// The placement of a value along one axis.
struct Placement {
  enum Kind : uint8_t { Replicated, Split, Partial } kind = Replicated;
  int dim = -1;                        ///< of Split
  ReduceKind reduce = ReduceKind::Sum; ///< of Partial

  /// "replicated", "split(1)", "partial(sum)"
  std::string str() const;
  bool operator==(const Placement &) const = default;
};

/// A value's placements on all axes.
struct Sharding {
  std::vector<DimLayout> dims;
  std::vector<Partial> partial; ///< in ascending order of axis, each axis at most once

  static Sharding replicated(const std::vector<int64_t> &globalShape);

  Placement placementOn(AxisId axis) const;
  bool isFullyReplicated() const;
  bool hasPartial() const { return !partial.empty(); }
  std::optional<ReduceKind> partialOn(AxisId axis) const;
  Sharding withoutPartial(AxisId axis) const;
  Sharding withPartial(AxisId axis, ReduceKind kind) const;

  std::vector<int64_t> globalShape() const; ///< logical
  std::vector<int64_t> localShape(const Mesh &mesh) const;

  /// `[{}, {12:16 "tp", 64}]`, then `, partial = {"tp"}` or `partial = {max "tp"}` where partial.
  std::string str(const Mesh &mesh) const;

  /// Everything that must hold of a sharding on `mesh`: axes known, each axis used once, split
  /// factors divisible, padded >= logical. Returns what is wrong, or nothing.
  std::optional<std::string> check(const Mesh &mesh) const;

  bool operator==(const Sharding &) const = default;
};

/// Equal placements, and the same storage in every dim.
bool storesTheSame(const Sharding &a, const Sharding &b);

/// Canonical form in every dim.
Sharding canonical(Sharding sharding);

} // namespace tpc
