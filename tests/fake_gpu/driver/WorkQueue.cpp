#include "tests/fake_gpu/driver/WorkQueue.h"

#include <algorithm>
#include <chrono>

namespace tpc::fake_gpu {

double secondsNow() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void WorkQueue::setOrder(uint64_t order) {
  order_ = order;
  random_.seed(order);
}

/// Unless something hangs, the first command that is pending can always run: whatever it comes
/// after was added before it.
size_t WorkQueue::choose() {
  auto isReady = [](const CommandPtr &command) {
    return !command->hangs && std::all_of(command->after.begin(), command->after.end(),
                                          [](const CommandPtr &other) { return other->done; });
  };
  if (order_ == 0)
    return static_cast<size_t>(std::find_if(pending_.begin(), pending_.end(), isReady) -
                               pending_.begin());
  std::vector<size_t> ready;
  for (size_t i = 0; i < pending_.size(); ++i)
    if (isReady(pending_[i]))
      ready.push_back(i);
  if (ready.empty())
    return pending_.size();
  if (order_ > 2)
    return ready[random_() % ready.size()];
  auto byStream = [&](size_t a, size_t b) { return pending_[a]->stream < pending_[b]->stream; };
  return order_ == 1 ? *std::max_element(ready.begin(), ready.end(), byStream)
                     : *std::min_element(ready.begin(), ready.end(), byStream);
}

void WorkQueue::drop() {
  for (CommandPtr &command : pending_) {
    command->done = true;
    command->work = nullptr;
  }
  pending_.clear();
}

Outcome WorkQueue::step() {
  if (pending_.empty())
    return {};
  size_t chosen = choose();
  if (chosen == pending_.size())
    return {.hangs = true};
  auto place = pending_.begin() + static_cast<std::ptrdiff_t>(chosen);
  CommandPtr command = *place;
  Outcome outcome = command->work ? command->work() : Outcome{};
  if (outcome.hangs) {
    command->hangs = true;
    return {};
  }
  pending_.erase(place);
  command->done = true;
  command->finished = secondsNow();
  command->after.clear();
  command->work = nullptr;
  if (outcome.result != CUDA_SUCCESS) {
    outcome.message = command->name + ": " + outcome.message;
    drop();
  }
  return outcome;
}

Outcome WorkQueue::wait(const CommandPtr &command) {
  while (command ? !command->done : !pending_.empty())
    if (Outcome outcome = step(); outcome.hangs || outcome.result != CUDA_SUCCESS)
      return outcome;
  return {};
}

void WorkQueue::endHang() {
  for (CommandPtr &command : pending_)
    if (command->hangs) {
      command->hangs = false;
      command->work = nullptr;
    }
}

} // namespace tpc::fake_gpu
