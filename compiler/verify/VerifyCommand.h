//===- VerifyCommand.h - tpc verify ---------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <functional>
#include <ostream>
#include <span>
#include <string>

namespace tpc::verify {

/// `words`: what follows "verify". Code::Difference if the plan computes something else than its
/// program says. What was checked goes to `out`. `onStuck`: see SessionOptions.
Status verifyCommand(std::span<const std::string> words, std::ostream &out,
                     std::function<void(const Status &failure)> onStuck = {});

} // namespace tpc::verify
