//===- ScalarValues.cpp - What a run gives to a scalar, step by step --------------------------===//

#include "runtime/cli/ScalarValues.h"

#include "runtime/io/InputFile.h"
#include "runtime/plan/ContentHash.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace tpc;

/// A number for each of 2^31 steps needs more than any schedule has.
static constexpr uint64_t kMostBytes = uint64_t(1) << 30;
static constexpr const char *kHint =
    "write a number a line: the value of step 1, of step 2, and so on";

Result<ScalarValues> ScalarValues::of(const ScalarSetting &setting) {
  ScalarValues result;
  if (setting.file.empty()) {
    result.values_ = {setting.value};
    return result;
  }
  result.file_ = setting.file;
  TPC_ASSIGN_OR_RETURN(InputFile file, InputFile::open(setting.file));
  if (file.size() > kMostBytes)
    return Status(Code::InvalidInput, "'" + setting.file + "' is too large for values of a scalar",
                  kHint);
  TPC_ASSIGN_OR_RETURN(std::vector<uint8_t> bytes, file.read(0, file.size()));
  std::string_view text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    double value;
    if (!parseNumber(line, value) || !std::isfinite(value))
      return Status(Code::InvalidInput,
                    result.placeOf(result.values_.size()) + ": '" +
                        std::string(line.substr(0, 40)) + "' is not a finite number",
                    kHint);
    result.values_.push_back(value);
  }
  if (result.values_.empty())
    return Status(Code::InvalidInput, "'" + setting.file + "' is empty", kHint);
  return result;
}

double ScalarValues::at(int64_t step) const {
  return values_[std::min(static_cast<size_t>(step), values_.size()) - 1];
}

std::string ScalarValues::placeOf(size_t index) const {
  return file_.empty() ? "" : "'" + file_ + "' line " + std::to_string(index + 1);
}

std::string ScalarValues::text() const {
  char number[64];
  if (values_.size() == 1)
    std::snprintf(number, sizeof(number), "%.17g", values_[0]);
  else
    std::snprintf(
        number, sizeof(number), "%zu values with hash %016llx", values_.size(),
        static_cast<unsigned long long>(contentHash(
            {reinterpret_cast<const uint8_t *>(values_.data()), values_.size() * sizeof(double)})));
  return number;
}
