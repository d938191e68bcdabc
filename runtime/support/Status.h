//===- Status.h - What failed, where, and whose fault it is -------------------------------===//
//
// The runtime throws nothing: what can fail returns a Status, or a Result that holds a value or a
// Status. Callers add context while they return it.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace tpc {

/// The exit status of the command line (docs/cli.md).
enum class Code : int {
  Ok = 0,
  InvalidInput = 1, ///< a file or value from the user is wrong
  Usage = 2,        ///< the command line itself is wrong
  RankFailed = 3,   ///< a rank failed while running
  Difference = 4,   ///< verify found a difference
  Unavailable = 5,  ///< the environment lacks a device, a library or memory
  Internal = 70,    ///< a bug of tpc
};

class [[nodiscard]] Status {
public:
  Status() = default;
  Status(Code code, std::string message, std::string hint = {})
      : code_(code), message_(std::move(message)), hint_(std::move(hint)) {}

  bool ok() const { return code_ == Code::Ok; }
  Code code() const { return code_; }
  const std::string &message() const { return message_; }
  const std::string &hint() const { return hint_; }

  /// Puts "context: " in front of the message.
  Status withContext(const std::string &context) && {
    message_ = context + ": " + message_;
    return std::move(*this);
  }

private:
  Code code_ = Code::Ok;
  std::string message_, hint_;
};

template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : value_(std::move(value)) {}
  Result(Status status) : status_(std::move(status)) {}

  bool ok() const { return value_.has_value(); }
  const Status &status() const { return status_; }
  T &operator*() { return *value_; }
  const T &operator*() const { return *value_; }
  T *operator->() { return &*value_; }
  const T *operator->() const { return &*value_; }

private:
  std::optional<T> value_;
  Status status_;
};

} // namespace tpc

#define TPC_CONCAT_(a, b) a##b
#define TPC_CONCAT(a, b) TPC_CONCAT_(a, b)
#define TPC_RETURN_IF_ERROR(expr)                                                                  \
  do {                                                                                             \
    if (::tpc::Status tpcStatus_ = (expr); !tpcStatus_.ok())                                       \
      return tpcStatus_;                                                                           \
  } while (false)
/// TPC_ASSIGN_OR_RETURN(auto x, f()): x from the result of f, or returns its status.
#define TPC_ASSIGN_OR_RETURN(decl, expr)                                                           \
  auto TPC_CONCAT(tpcResult_, __LINE__) = (expr);                                                  \
  if (!TPC_CONCAT(tpcResult_, __LINE__).ok())                                                      \
    return TPC_CONCAT(tpcResult_, __LINE__).status();                                              \
  decl = std::move(*TPC_CONCAT(tpcResult_, __LINE__))
