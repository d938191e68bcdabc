//===- DType.cpp - Sizes of element types --------------------------------------------------===//

#include "runtime/device/Device.h"

size_t tpc::byteSize(DType dtype) {
  switch (dtype) {
  case DType::F64:
    return 8;
  case DType::BF16:
    return 2;
  case DType::F32:
  case DType::I32:
    return 4;
  }
  return 0;
}
