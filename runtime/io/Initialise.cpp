//===- Initialise.cpp - The first values of parameters and of inputs -----------------------===//
#include "runtime/io/Initialise.h"

#include "runtime/device/HostAccess.h"
#include "runtime/io/LocalElements.h"
#include "runtime/io/Philox.h"
#include "runtime/io/TorchGenerator.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <thread>

namespace tpc {
namespace {

bool isDrawn(const InitSpec &init) {
  return init.kind == InitSpec::Normal || init.kind == InitSpec::Uniform;
}

float constantOf(const InitSpec &init) {
  return init.kind == InitSpec::Zeros  ? 0.0f
         : init.kind == InitSpec::Ones ? 1.0f
                                       : static_cast<float>(init.a);
}

/// Fewer elements than this are not worth a thread: a millisecond of draws.
constexpr int64_t kElementsPerThread = 1 << 16;

/// Calls share(first, last) for parts of `elements`, on as many threads as the host has cores.
template <typename Share> void inShares(int64_t elements, Share &&share) {
  int64_t cores = std::max(1u, std::thread::hardware_concurrency());
  int64_t threads = std::clamp<int64_t>(elements / kElementsPerThread, 1, cores);
  auto boundary = [&](int64_t thread) { return elements / threads * thread; };
  std::vector<std::thread> others;
  for (int64_t thread = 1; thread < threads; ++thread)
    others.emplace_back(
        [&, first = boundary(thread),
         last = thread + 1 == threads ? elements : boundary(thread + 1)] { share(first, last); });
  share(0, threads == 1 ? elements : boundary(1));
  for (std::thread &other : others)
    other.join();
}

/// Stores value(global element) in every logical element of the target. A thread has a copy of
/// `value`, and asks for ascending elements.
template <typename Value> Status fillTarget(const InitialTarget &target, const Value &value) {
  auto fill = [&](void *memory) {
    clearLocal(*target.map, target.dtype, memory);
    withElements(target.dtype, memory, [&](auto *local) {
      inShares(target.map->localElements(), [&](int64_t first, int64_t last) {
        Value own = value;
        int64_t seen = 0; // logical elements; there may be fewer of them than of all
        target.map->forEachRun([&](int64_t localOffset, int64_t globalOffset, int64_t length) {
          for (int64_t i = std::max<int64_t>(first - seen, 0); i < std::min(length, last - seen);
               ++i)
            store(own(globalOffset + i), local[localOffset + i]);
          seen += length;
        });
      });
    });
    return Status();
  };
  if (!target.device)
    return fill(target.local);
  size_t bytes = static_cast<size_t>(target.map->localElements()) * byteSize(target.dtype);
  return writeOnHost(*target.device, target.local, bytes, fill);
}

/// The values of a tensor under philox, by element; keeps the block of the last one.
class PhiloxValues {
public:
  PhiloxValues(uint32_t seed, const InitialTensor &tensor)
      : key_(philoxKey(seed, tensor.name)), init_(tensor.init) {}

  float operator()(int64_t element) {
    if (int64_t block = element / 4; block != block_) {
      block_ = block;
      draw(philox4x32(philoxCounter(static_cast<uint64_t>(block), 0, 0), key_));
    }
    return values_[element % 4];
  }

private:
  void draw(const PhiloxBlock &words) {
    if (init_.kind == InitSpec::Uniform) {
      for (int i = 0; i < 4; ++i)
        values_[i] =
            static_cast<float>(init_.a + (init_.b - init_.a) * ((words[i] >> 8) * 0x1p-24));
      return;
    }
    for (int i = 0; i < 4; i += 2) {
      double radius = std::sqrt(-2 * std::log((words[i] + 1.0) * 0x1p-32));
      double angle = 2 * std::numbers::pi * (words[i + 1] * 0x1p-32);
      values_[i] = static_cast<float>(init_.a + init_.b * (radius * std::cos(angle)));
      values_[i + 1] = static_cast<float>(init_.a + init_.b * (radius * std::sin(angle)));
    }
  }

  PhiloxKey key_;
  InitSpec init_;
  int64_t block_ = -1;
  float values_[4];
};

size_t elementsOf(const InitialTensor &tensor) {
  size_t count = 1;
  for (int64_t extent : tensor.globalShape)
    count *= static_cast<size_t>(extent);
  return count;
}

Status drawTorch(TorchGenerator &generator, const InitialTensor &tensor,
                 std::vector<float> &values) {
  size_t count = elementsOf(tensor);
  bool normal = tensor.init.kind == InitSpec::Normal;
  if (normal && count < TorchGenerator::fewestNormals)
    return Status(Code::InvalidInput,
                  "the torch initialiser cannot draw the " + std::to_string(count) +
                      " normal values of '" + tensor.name + "'",
                  "it needs at least 16 of them; use --init philox");
  if (tensor.targets.empty()) {
    normal ? generator.skipNormal(count) : generator.skipUniform(count);
    return {};
  }
  values.resize(count);
  auto a = static_cast<float>(tensor.init.a), b = static_cast<float>(tensor.init.b);
  normal ? generator.normal(values, a, b) : generator.uniform(values, a, b);
  for (const InitialTarget &target : tensor.targets)
    TPC_RETURN_IF_ERROR(scatter(std::span<const float>(values), target));
  return {};
}

Status check(const InitialTensor &tensor) {
  for (const InitialTarget &target : tensor.targets) {
    if (target.map->globalShape() != tensor.globalShape)
      return Status(Code::Internal, "'" + tensor.name + "' is initialised in another shape");
    if (target.dtype == DType::I32 && isDrawn(tensor.init))
      return Status(Code::InvalidInput,
                    "'" + tensor.name + "' holds integers and is drawn from real numbers");
  }
  return {};
}

} // namespace

Status initialise(Initialiser initialiser, uint32_t seed, std::span<const InitialTensor> tensors) {
  std::vector<const InitialTensor *> order;
  for (const InitialTensor &tensor : tensors) {
    TPC_RETURN_IF_ERROR(check(tensor));
    order.push_back(&tensor);
  }
  std::stable_sort(order.begin(), order.end(), [](const InitialTensor *a, const InitialTensor *b) {
    return a->draw < b->draw;
  });

  TorchGenerator generator(seed);
  std::vector<float> values;
  for (const InitialTensor *tensor : order) {
    if (isDrawn(tensor->init) && initialiser == Initialiser::Torch) {
      TPC_RETURN_IF_ERROR(drawTorch(generator, *tensor, values));
      continue;
    }
    for (const InitialTarget &target : tensor->targets) {
      if (isDrawn(tensor->init))
        TPC_RETURN_IF_ERROR(fillTarget(target, PhiloxValues(seed, *tensor)));
      else
        TPC_RETURN_IF_ERROR(fillTarget(target, [&](int64_t) { return constantOf(tensor->init); }));
    }
  }
  return {};
}

Status scatter(std::span<const float> global, const InitialTarget &target) {
  return fillTarget(target, [&](int64_t element) { return global[static_cast<size_t>(element)]; });
}
Status scatter(std::span<const double> global, const InitialTarget &target) {
  return fillTarget(target, [&](int64_t element) { return global[static_cast<size_t>(element)]; });
}
Status scatter(std::span<const int32_t> global, const InitialTarget &target) {
  return fillTarget(target, [&](int64_t element) { return global[static_cast<size_t>(element)]; });
}

} // namespace tpc
