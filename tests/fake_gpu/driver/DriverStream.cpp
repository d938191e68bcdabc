// Streams and events.
#include "tests/fake_gpu/driver/Gpu.h"

#include <algorithm>

using namespace tpc::fake_gpu;

namespace {

CUevent findEvent(Gpu &gpu, CUevent event) {
  if (gpu.events.count(event))
    return event;
  gpu.report("an event is used that does not exist");
  return nullptr;
}

/// A query lets one more command run, so that whoever polls gets there.
CUresult poll(Gpu &gpu, const CommandPtr &command) {
  if (!command || command->done)
    return CUDA_SUCCESS;
  CUresult result = gpu.settle(gpu.queue.step());
  return result != CUDA_SUCCESS ? result : CUDA_ERROR_NOT_READY;
}

CUresult waitInCapture(Gpu &, CUstream stream, CUevent event) {
  if (!event->capture) { // never recorded, or recorded outside
    if (!event->recorded && !event->isCaptured)
      return CUDA_SUCCESS;
    stream->capture->invalidated = true;
    return CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
  }
  if (stream->capture && stream->capture != event->capture) {
    stream->capture->invalidated = event->capture->invalidated = true;
    return CUDA_ERROR_STREAM_CAPTURE_MERGE;
  }
  stream->capture = event->capture;
  if (stream->capture->invalidated)
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  stream->captured.insert(stream->captured.end(), event->nodes.begin(), event->nodes.end());
  std::sort(stream->captured.begin(), stream->captured.end());
  stream->captured.erase(std::unique(stream->captured.begin(), stream->captured.end()),
                         stream->captured.end());
  return CUDA_SUCCESS;
}

} // namespace

CUresult cuStreamCreateWithPriority(CUstream *stream, unsigned flags, int priority) {
  TPC_ENTER(gpu);
  if (flags & ~unsigned{CU_STREAM_NON_BLOCKING})
    return CUDA_ERROR_INVALID_VALUE;
  auto made = std::make_unique<CUstream_st>();
  made->id = gpu.nextStream++;
  made->flags = flags;
  made->priority = std::clamp(priority, -5, 0);
  *stream = made.release();
  gpu.streams.insert(*stream);
  return CUDA_SUCCESS;
}

CUresult cuStreamCreate(CUstream *stream, unsigned flags) {
  return cuStreamCreateWithPriority(stream, flags, 0);
}

CUresult cuStreamDestroy(CUstream stream) {
  TPC_ENTER_TO_RELEASE(gpu);
  if (!gpu.streams.erase(stream))
    return CUDA_ERROR_INVALID_HANDLE;
  if (stream->capture)
    stream->capture->invalidated = true;
  delete stream;
  return CUDA_SUCCESS;
}

CUresult cuStreamSynchronize(CUstream stream) {
  TPC_ENTER(gpu);
  CUstream found = gpu.find(stream);
  if (!found)
    return CUDA_ERROR_INVALID_HANDLE;
  if (CUresult result = gpu.forbidOn(found); result != CUDA_SUCCESS)
    return result;
  CommandPtr tail = gpu.tail(found);
  return tail ? gpu.wait(tail) : CUDA_SUCCESS;
}

CUresult cuStreamQuery(CUstream stream) {
  TPC_ENTER(gpu);
  CUstream found = gpu.find(stream);
  if (!found)
    return CUDA_ERROR_INVALID_HANDLE;
  if (CUresult result = gpu.forbidOn(found); result != CUDA_SUCCESS)
    return result;
  return poll(gpu, gpu.tail(found));
}

CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned) {
  TPC_ENTER(gpu);
  CUstream found = gpu.find(stream);
  if (!found || !findEvent(gpu, event))
    return CUDA_ERROR_INVALID_HANDLE;
  if (found->capture || event->capture)
    return waitInCapture(gpu, found, event);
  // What it stands for is a node of a graph.
  if (event->isCaptured)
    return CUDA_ERROR_CAPTURED_EVENT;
  if (event->recorded)
    found->waits.push_back(event->recorded);
  return CUDA_SUCCESS;
}

CUresult cuEventCreate(CUevent *event, unsigned flags) {
  TPC_ENTER(gpu);
  auto made = std::make_unique<CUevent_st>();
  made->flags = flags;
  *event = made.release();
  gpu.events.insert(*event);
  return CUDA_SUCCESS;
}

CUresult cuEventDestroy(CUevent event) {
  TPC_ENTER_TO_RELEASE(gpu);
  if (!gpu.events.erase(event))
    return CUDA_ERROR_INVALID_HANDLE;
  delete event;
  return CUDA_SUCCESS;
}

CUresult cuEventRecord(CUevent event, CUstream stream) {
  TPC_ENTER(gpu);
  CUstream found = gpu.find(stream);
  if (!found || !findEvent(gpu, event))
    return CUDA_ERROR_INVALID_HANDLE;
  if (found->capture && found->capture->invalidated)
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  event->capture = found->capture;
  event->nodes = found->captured;
  event->isCaptured = found->capture != nullptr;
  event->recorded = nullptr;
  if (found->capture)
    return CUDA_SUCCESS;
  // A point of its own: what is enqueued later is not part of it, and it has a time.
  if (CUresult result = gpu.enqueue(stream, "event", nullptr); result != CUDA_SUCCESS)
    return result;
  event->recorded = found->last;
  return CUDA_SUCCESS;
}

CUresult cuEventQuery(CUevent event) {
  TPC_ENTER(gpu);
  if (!findEvent(gpu, event))
    return CUDA_ERROR_INVALID_HANDLE;
  if (event->isCaptured)
    return CUDA_ERROR_CAPTURED_EVENT;
  // One of the calls that the modes of captures are about.
  if (CUresult result = gpu.forbidInCapture(); result != CUDA_SUCCESS)
    return result;
  return poll(gpu, event->recorded);
}

#undef cuEventElapsedTime
extern "C" CUresult cuEventElapsedTime(float *milliseconds, CUevent start, CUevent end) {
  TPC_ENTER(gpu);
  if (!findEvent(gpu, start) || !findEvent(gpu, end))
    return CUDA_ERROR_INVALID_HANDLE;
  for (CUevent event : {start, end})
    if (!event->recorded || (event->flags & CU_EVENT_DISABLE_TIMING))
      return CUDA_ERROR_INVALID_HANDLE;
  if (!start->recorded->done || !end->recorded->done)
    return CUDA_ERROR_NOT_READY;
  *milliseconds = static_cast<float>((end->recorded->finished - start->recorded->finished) * 1e3);
  return CUDA_SUCCESS;
}

extern "C" CUresult cuEventElapsedTime_v2(float *milliseconds, CUevent start, CUevent end) {
  return cuEventElapsedTime(milliseconds, start, end);
}
