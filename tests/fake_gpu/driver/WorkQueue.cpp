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

/// The first command that is pending can always run: whatever it comes after was added before it.
size_t WorkQueue::choose() {
  if (order_ == 0)
    return 0;
  std::vector<size_t> ready;
  for (size_t i = 0; i < pending_.size(); ++i)
    if (std::all_of(pending_[i]->after.begin(), pending_[i]->after.end(),
                    [](const CommandPtr &other) { return other->done; }))
      ready.push_back(i);
  if (order_ > 2)
    return ready[random_() % ready.size()];
  auto byStream = [&](size_t a, size_t b) { return pending_[a]->stream < pending_[b]->stream; };
  return order_ == 1 ? *std::max_element(ready.begin(), ready.end(), byStream)
                     : *std::min_element(ready.begin(), ready.end(), byStream);
}

void WorkQueue::drop() {
  for (CommandPtr &command : pending_)
    command->done = true;
  pending_.clear();
}

Outcome WorkQueue::step() {
  if (pending_.empty())
    return {};
  auto place = pending_.begin() + static_cast<std::ptrdiff_t>(choose());
  CommandPtr command = *place;
  pending_.erase(place);
  Outcome outcome = command->work ? command->work() : Outcome{};
  command->done = true;
  command->finished = secondsNow();
  command->after.clear();
  if (outcome.result != CUDA_SUCCESS) {
    outcome.message = command->name + ": " + outcome.message;
    drop();
  }
  return outcome;
}

Outcome WorkQueue::wait(const CommandPtr &command) {
  while (command ? !command->done : !pending_.empty())
    if (Outcome outcome = step(); outcome.result != CUDA_SUCCESS)
      return outcome;
  return {};
}

} // namespace tpc::fake_gpu
