//===- FuzzSafetensors.cpp - Files of weights ----------------------------------------------===//
#include "tests/fuzz/FuzzInput.h"

#include "runtime/io/SafetensorsReader.h"

#include <algorithm>

using namespace tpc;
using namespace tpc::fuzz;

/// Reads the tensor as ranks of a plan that fits it would.
static void readTensor(const SafetensorsReader &reader, const StoredTensor &tensor) {
  int64_t elements = tensor.elements();
  if (elements > 1 << 16 || std::any_of(tensor.shape.begin(), tensor.shape.end(),
                                        [](int64_t extent) { return extent > 1 << 16; }))
    return; // a plan has no such parameter
  for (bool transpose : {false, true}) {
    std::vector<int64_t> shape = tensor.shape;
    if (transpose && shape.size() == 2)
      std::swap(shape[0], shape[1]);
    Mesh mesh{{{"tp", 2}}};
    Sharding sharding = Sharding::replicated(shape);
    if (!shape.empty() && shape.back() > 0)
      sharding.dims.back() = splitDim(shape.back(), 0, mesh);
    CoordinateMap map(sharding, mesh, 1);
    std::vector<double> local(static_cast<size_t>(map.localElements()) + 1);
    for (DType dtype : {DType::F32, DType::BF16, DType::I32})
      requireBlame(reader.read({tensor.name, transpose}, map, dtype, local.data()));
    requireBlame(reader.read({tensor.name, transpose, 0, 1, 2}, map, DType::F64, local.data()));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  MemoryFile file({data, size}, "weights");
  Result<SafetensorsReader> reader = SafetensorsReader::open(file.path());
  requireBlame(reader.status());
  if (!reader.ok())
    return 0;
  std::vector<WantedTensor> wanted;
  uint64_t end = 0;
  for (const StoredTensor &tensor : reader->tensors()) {
    require(tensor.begin == end, "tensors follow each other");
    end = tensor.end;
    require(reader->find(tensor.name) == &tensor, "a tensor is found by its name");
    readTensor(*reader, tensor);
    TensorSource source{.name = tensor.name};
    wanted.push_back({std::move(source), tensor.shape});
  }
  require(end <= size, "tensors are inside of the file");
  require(reader->check(wanted).ok(), "all tensors together are the file");
  if (!wanted.empty()) {
    wanted.pop_back();
    require(!reader->check(wanted).ok(), "a tensor that is left over is told");
  }
  return 0;
}
