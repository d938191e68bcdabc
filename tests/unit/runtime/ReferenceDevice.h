//===- ReferenceDevice.h - A device of plain loops --------------------------------------------===//
//
// Keeps the tests of the executor apart from BLAS and generated code. Its "kernel images" hold no
// code: the functions that tests launch are named ones of this file.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/exec/RunSession.h"

namespace tpc::test {

/// Functions: "store_scalars" (pointer 0, i32: its scalars, tiles of them), "overrun" and
/// "underrun" (write one byte beyond or before pointer 0, whose size scalar 0 gives).
DeviceFactory referenceDevices();

} // namespace tpc::test
