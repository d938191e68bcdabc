//===- Sharding.cpp - Factors, layouts and placements --------------------------------------===//
//
// What a layout means. A rank stores, of each factor, a block of padded / (ranks that split it)
// consecutive indices: block number = its coordinate on the factor's axes, major first. An index
// beyond the logical extent is a pad. A dim's local index is the mixed-radix number of the local
// indices of its factors; its global index that of the logical ones; it is a pad if any factor is.
// canonical, projectDim and composeDim rewrite layouts and keep this meaning exactly.
//
//===---------------------------------------------------------------------------------------===//
#include "algebra/Sharding.h"

#include <algorithm>

namespace tpc {

namespace {

template <typename Iterator> int64_t productOfAxes(Iterator begin, Iterator end, const Mesh &mesh) {
  int64_t ranks = 1;
  for (; begin != end; ++begin)
    ranks *= mesh.axisSize(*begin);
  return ranks;
}

int64_t ranksOf(const Factor &factor, const Mesh &mesh) {
  return productOfAxes(factor.axes.begin(), factor.axes.end(), mesh);
}

/// Neither split nor padded: every rank holds exactly the logical extent.
bool isPlain(const Factor &factor) { return !factor.isSplit() && !factor.isPadded(); }

/// Cuts `factor` into a major factor of logical size `major` and the minor rest, if the cut has a
/// layout. Pads must be whole multiples of the minor factor. Either the major factor takes all
/// axes, or it takes some leading axes that leave one index of it on each rank; then the other axes
/// block the minor one.
std::optional<std::pair<Factor, Factor>> cutFactor(const Factor &factor, int64_t major,
                                                   const Mesh &mesh) {
  int64_t minor = factor.logical / major;
  if (factor.padded % minor != 0)
    return std::nullopt;
  int64_t majorPadded = factor.padded / minor;
  if (majorPadded % ranksOf(factor, mesh) == 0)
    return std::pair(Factor{major, majorPadded, factor.axes}, Factor{minor, minor, {}});
  for (auto cut = factor.axes.begin(); cut != factor.axes.end(); ++cut)
    if (majorPadded == productOfAxes(factor.axes.begin(), cut, mesh) &&
        minor % productOfAxes(cut, factor.axes.end(), mesh) == 0)
      return std::pair(Factor{major, majorPadded, {factor.axes.begin(), cut}},
                       Factor{minor, minor, {cut, factor.axes.end()}});
  return std::nullopt;
}

std::string quoted(const std::string &name) { return "\"" + name + "\""; }

/// `"tp"`, or `"dp" "tp"` where two axes split one factor.
std::string axesStr(const std::vector<AxisId> &axes, const Mesh &mesh) {
  std::string text;
  for (AxisId axis : axes) {
    if (!text.empty())
      text += " ";
    text += axis < mesh.axes.size() ? quoted(mesh.axes[axis].name) : "?" + std::to_string(axis);
  }
  return text;
}

std::string dimStr(const DimLayout &dim, const Mesh &mesh) {
  // One unpadded factor has the dim's own size, which the tensor type says already.
  if (dim.size() == 1 && !dim[0].isPadded())
    return "{" + axesStr(dim[0].axes, mesh) + "}";
  std::string text;
  for (const Factor &factor : dim) {
    if (!text.empty())
      text += ", ";
    text += std::to_string(factor.logical);
    if (factor.isPadded())
      text += ":" + std::to_string(factor.padded);
    if (factor.isSplit())
      text += " " + axesStr(factor.axes, mesh);
  }
  return "{" + text + "}";
}

} // namespace

const char *name(ReduceKind kind) { return kind == ReduceKind::Sum ? "sum" : "max"; }

DimLayout wholeDim(int64_t size) { return {Factor{size, size, {}}}; }

DimLayout splitDim(int64_t size, AxisId axis, const Mesh &mesh) {
  int64_t ranks = mesh.axisSize(axis);
  return {Factor{size, (size + ranks - 1) / ranks * ranks, {axis}}};
}

std::vector<AxisId> axesOf(const DimLayout &dim) {
  std::vector<AxisId> axes;
  for (const Factor &factor : dim)
    axes.insert(axes.end(), factor.axes.begin(), factor.axes.end());
  return axes;
}

int64_t logicalSize(const DimLayout &dim) {
  int64_t size = 1;
  for (const Factor &factor : dim)
    size *= factor.logical;
  return size;
}

int64_t paddedSize(const DimLayout &dim) {
  int64_t size = 1;
  for (const Factor &factor : dim)
    size *= factor.padded;
  return size;
}

int64_t localSize(const DimLayout &dim, const Mesh &mesh) {
  int64_t size = 1;
  for (const Factor &factor : dim)
    size *= factor.padded / ranksOf(factor, mesh);
  return size;
}

bool isSplit(const DimLayout &dim) {
  return std::any_of(dim.begin(), dim.end(), [](const Factor &f) { return f.isSplit(); });
}

bool isPadded(const DimLayout &dim) {
  return std::any_of(dim.begin(), dim.end(), [](const Factor &f) { return f.isPadded(); });
}

// Which merges keep the meaning, for a factor [l, axes A] followed by a plain factor [r]: a rank
// holds the indices c*l/|A| ... of the first and all of the second, so in the product it holds the
// block c of l*r/|A| consecutive indices, which is [l*r, A]. So A may be anything. The right one
// may not be split: its blocks would be strided in the product. A padded factor stays by itself,
// although [12:16 "tp", 64] and [768:1024 "tp"] store the same: what is padded are heads, masks and
// the rules speak of them, and a size that divides must not hide it. Factors of one index, plain,
// say nothing, wherever they are.
DimLayout canonical(DimLayout dim) {
  DimLayout merged;
  for (Factor &factor : dim) {
    if (isPlain(factor) && factor.logical == 1)
      continue;
    if (isPlain(factor) && !merged.empty() && !merged.back().isPadded()) {
      merged.back().logical *= factor.logical;
      merged.back().padded = merged.back().logical;
      continue;
    }
    merged.push_back(std::move(factor));
  }
  if (merged.empty())
    return wholeDim(1);
  return merged;
}

bool storesTheSame(const DimLayout &a, const DimLayout &b) {
  // A plain factor behind a padded one is merged with it, too: a pad of l:p by r numbers is r pads
  // of (l * r):(p * r), at the same places.
  auto merged = [](const DimLayout &dim) {
    DimLayout coarse;
    for (const Factor &factor : canonical(dim)) {
      if (isPlain(factor) && !coarse.empty()) {
        coarse.back().logical *= factor.logical;
        coarse.back().padded *= factor.padded;
      } else {
        coarse.push_back(factor);
      }
    }
    return coarse;
  };
  return merged(a) == merged(b);
}

std::optional<std::vector<DimLayout>>
projectDim(const DimLayout &dim, const std::vector<int64_t> &sizes, const Mesh &mesh) {
  // Factors still to hand out, the next one last.
  DimLayout rest = canonical(dim);
  std::reverse(rest.begin(), rest.end());
  if (rest.size() == 1 && isPlain(rest[0]) && rest[0].logical == 1)
    rest.clear();

  std::vector<DimLayout> groups;
  for (size_t i = 0; i < sizes.size(); ++i) {
    DimLayout group;
    int64_t need = sizes[i];
    // Factors of one index that are split or padded (1:2 "tp") go to the first group that has
    // room for them: one of size 1, one that still collects, or the last.
    auto takesNext = [&] {
      if (rest.empty())
        return false;
      return need > 1 || (rest.back().logical == 1 && (sizes[i] == 1 || i + 1 == sizes.size()));
    };
    while (takesNext()) {
      Factor next = rest.back();
      rest.pop_back();
      if (need % next.logical == 0) {
        need /= next.logical;
        group.push_back(std::move(next));
        continue;
      }
      if (next.logical % need != 0)
        return std::nullopt;
      auto cut = cutFactor(next, need, mesh);
      if (!cut)
        return std::nullopt;
      need = 1;
      group.push_back(std::move(cut->first));
      rest.push_back(std::move(cut->second));
    }
    if (need != 1)
      return std::nullopt;
    groups.push_back(canonical(std::move(group)));
  }
  if (!rest.empty())
    return std::nullopt;
  return groups;
}

DimLayout composeDim(const std::vector<DimLayout> &parts) {
  DimLayout dim;
  for (const DimLayout &part : parts)
    dim.insert(dim.end(), part.begin(), part.end());
  return canonical(std::move(dim));
}

std::string Placement::str() const {
  switch (kind) {
  case Replicated:
    return "replicated";
  case Split:
    return "split(" + std::to_string(dim) + ")";
  case Partial:
    return std::string("partial(") + name(reduce) + ")";
  }
  return "unknown";
}

Sharding Sharding::replicated(const std::vector<int64_t> &globalShape) {
  Sharding sharding;
  sharding.dims.reserve(globalShape.size());
  for (int64_t size : globalShape)
    sharding.dims.push_back(wholeDim(size));
  return sharding;
}

Placement Sharding::placementOn(AxisId axis) const {
  if (std::optional<ReduceKind> kind = partialOn(axis))
    return {Placement::Partial, -1, *kind};
  for (size_t dim = 0; dim < dims.size(); ++dim)
    for (const Factor &factor : dims[dim])
      if (std::find(factor.axes.begin(), factor.axes.end(), axis) != factor.axes.end())
        return {Placement::Split, static_cast<int>(dim), ReduceKind::Sum};
  return {};
}

bool Sharding::isFullyReplicated() const {
  return partial.empty() &&
         std::none_of(dims.begin(), dims.end(), [](const DimLayout &dim) { return isSplit(dim); });
}

std::optional<ReduceKind> Sharding::partialOn(AxisId axis) const {
  for (const struct Partial &entry : partial)
    if (entry.axis == axis)
      return entry.kind;
  return std::nullopt;
}

Sharding Sharding::withoutPartial(AxisId axis) const {
  Sharding result = *this;
  std::erase_if(result.partial, [&](const struct Partial &entry) { return entry.axis == axis; });
  return result;
}

Sharding Sharding::withPartial(AxisId axis, ReduceKind kind) const {
  Sharding result = withoutPartial(axis);
  auto at = std::find_if(result.partial.begin(), result.partial.end(),
                         [&](const struct Partial &entry) { return entry.axis > axis; });
  result.partial.insert(at, {axis, kind});
  return result;
}

std::vector<int64_t> Sharding::globalShape() const {
  std::vector<int64_t> shape;
  shape.reserve(dims.size());
  for (const DimLayout &dim : dims)
    shape.push_back(logicalSize(dim));
  return shape;
}

std::vector<int64_t> Sharding::localShape(const Mesh &mesh) const {
  std::vector<int64_t> shape;
  shape.reserve(dims.size());
  for (const DimLayout &dim : dims)
    shape.push_back(localSize(dim, mesh));
  return shape;
}

std::string Sharding::str(const Mesh &mesh) const {
  std::string text = "[";
  for (size_t dim = 0; dim < dims.size(); ++dim) {
    if (dim)
      text += ", ";
    text += dimStr(dims[dim], mesh);
  }
  text += "]";
  for (size_t i = 0; i < partial.size(); ++i) {
    text += i ? ", " : ", partial = {";
    if (partial[i].kind == ReduceKind::Max)
      text += "max ";
    text += axesStr({partial[i].axis}, mesh);
  }
  if (!partial.empty())
    text += "}";
  return text;
}

std::optional<std::string> Sharding::check(const Mesh &mesh) const {
  std::vector<bool> used(mesh.axes.size(), false);
  auto use = [&](AxisId axis) -> std::optional<std::string> {
    if (axis >= used.size())
      return "axis number " + std::to_string(axis) + " is not in the mesh (" + mesh.str() + ")";
    if (used[axis])
      return "axis " + quoted(mesh.axes[axis].name) + " is used twice";
    used[axis] = true;
    return std::nullopt;
  };

  for (size_t dim = 0; dim < dims.size(); ++dim) {
    std::string where = "dim " + std::to_string(dim) + ": ";
    if (dims[dim].empty())
      return where + "a dim has at least one factor";
    for (const Factor &factor : dims[dim]) {
      if (factor.logical < 1)
        return where + "the factor size " + std::to_string(factor.logical) + " is not positive";
      if (factor.padded < factor.logical)
        return where + "the padded size " + std::to_string(factor.padded) +
               " is less than the logical size " + std::to_string(factor.logical);
      for (AxisId axis : factor.axes)
        if (std::optional<std::string> error = use(axis))
          return where + *error;
      int64_t ranks = ranksOf(factor, mesh);
      if (factor.padded % ranks != 0)
        return where + "the padded size " + std::to_string(factor.padded) +
               " is not a multiple of the " + std::to_string(ranks) + " ranks along " +
               axesStr(factor.axes, mesh);
    }
  }

  for (size_t i = 0; i < partial.size(); ++i) {
    if (std::optional<std::string> error = use(partial[i].axis))
      return "partial: " + *error;
    if (i && partial[i - 1].axis > partial[i].axis)
      return "partial: the axes are not in the order of the mesh (" + mesh.str() + ")";
  }
  return std::nullopt;
}

bool storesTheSame(const Sharding &a, const Sharding &b) {
  return a.partial == b.partial &&
         std::equal(a.dims.begin(), a.dims.end(), b.dims.begin(), b.dims.end(),
                    [](const DimLayout &x, const DimLayout &y) { return storesTheSame(x, y); });
}

Sharding canonical(Sharding sharding) {
  for (DimLayout &dim : sharding.dims)
    dim = canonical(std::move(dim));
  return sharding;
}

} // namespace tpc
