// Stream capture and graphs, with the errors that the CUDA programming guide gives for each misuse.
#include "tests/fake_gpu/driver/Gpu.h"

#include <algorithm>

using namespace tpc::fake_gpu;

namespace {

/// Whether each captured node lies before where the origin stands.
bool isJoined(const Nodes &nodes, const std::vector<size_t> &ends) {
  std::vector<bool> reached(nodes.size());
  for (size_t i : ends)
    reached[i] = true;
  for (size_t i = nodes.size(); i-- > 0;)
    if (reached[i])
      for (size_t before : nodes[i].after)
        reached[before] = true;
  return std::all_of(reached.begin(), reached.end(), [](bool is) { return is; });
}

/// All streams leave the capture, and its events have no meaning outside of it.
void end(Gpu &gpu, const std::shared_ptr<Capture> &capture) {
  for (CUstream stream : gpu.streams)
    if (stream->capture == capture) {
      stream->capture = nullptr;
      stream->captured.clear();
    }
  for (CUevent event : gpu.events)
    if (event->capture == capture) {
      event->capture = nullptr;
      event->nodes.clear();
    }
  gpu.captures.erase(capture);
}

template <class Handle> CUresult destroy(std::set<Handle> &handles, Handle handle) {
  if (!handles.erase(handle))
    return CUDA_ERROR_INVALID_VALUE;
  delete handle;
  return CUDA_SUCCESS;
}

} // namespace

CUresult cuStreamBeginCapture(CUstream stream, CUstreamCaptureMode mode) {
  TPC_ENTER(gpu);
  CUstream found = gpu.find(stream);
  if (!found)
    return CUDA_ERROR_INVALID_HANDLE;
  if (found == &gpu.legacyStream)
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  if (found->capture)
    return CUDA_ERROR_ILLEGAL_STATE;
  // What the stream waits for so far lies before the graph's launch, not in the graph.
  gpu.tail(found);
  auto capture = std::make_shared<Capture>();
  capture->origin = found;
  capture->mode = mode;
  capture->thread = std::this_thread::get_id();
  found->capture = capture;
  found->captured.clear();
  gpu.captures.insert(capture);
  return CUDA_SUCCESS;
}

CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph) {
  TPC_ENTER(gpu);
  *graph = nullptr;
  CUstream found = gpu.find(stream);
  if (!found)
    return CUDA_ERROR_INVALID_HANDLE;
  std::shared_ptr<Capture> capture = found->capture;
  if (!capture)
    return CUDA_ERROR_ILLEGAL_STATE;
  if (capture->origin != found) {
    capture->invalidated = true;
    return CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
  }
  if (capture->mode != CU_STREAM_CAPTURE_MODE_RELAXED &&
      capture->thread != std::this_thread::get_id())
    return CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
  CUresult result = capture->invalidated ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED
                    : !isJoined(capture->nodes, found->captured)
                        ? CUDA_ERROR_STREAM_CAPTURE_UNJOINED
                        : CUDA_SUCCESS;
  end(gpu, capture);
  if (result != CUDA_SUCCESS)
    return result;
  auto made = std::make_unique<CUgraph_st>();
  made->nodes = std::make_shared<const Nodes>(std::move(capture->nodes));
  *graph = made.release();
  gpu.graphs.insert(*graph);
  return CUDA_SUCCESS;
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph, unsigned long long flags) {
  TPC_ENTER(gpu);
  constexpr unsigned long long known = CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY;
  if (!gpu.graphs.count(graph) || (flags & ~known))
    return CUDA_ERROR_INVALID_VALUE;
  const Nodes &nodes = *graph->nodes;
  auto isOther = [&](const Node &node) { return node.priority != nodes[0].priority; };
  if (!flags && std::any_of(nodes.begin(), nodes.end(), isOther))
    gpu.report("a graph of streams of several priorities is instantiated without them");
  auto made = std::make_unique<CUgraphExec_st>();
  made->nodes = graph->nodes;
  *exec = made.release();
  gpu.execs.insert(*exec);
  gpu.instantiated = true;
  return CUDA_SUCCESS;
}

CUresult cuGraphLaunch(CUgraphExec exec, CUstream stream) {
  TPC_ENTER(gpu);
  CUstream found = gpu.find(stream);
  if (!found)
    return CUDA_ERROR_INVALID_HANDLE;
  if (!gpu.execs.count(exec)) {
    gpu.report("a graph is launched that does not exist");
    return CUDA_ERROR_INVALID_VALUE;
  }
  if (CUresult result = gpu.forbidOn(found); result != CUDA_SUCCESS)
    return result;
  CUresult result = gpu.launchGraph(*exec->nodes, found);
  exec->last = found->last;
  return result;
}

CUresult cuGraphDestroy(CUgraph graph) {
  Gpu &gpu = Gpu::get();
  std::lock_guard lock(gpu.mutex);
  return destroy(gpu.graphs, graph);
}

CUresult cuGraphExecDestroy(CUgraphExec exec) {
  Gpu &gpu = Gpu::get();
  std::lock_guard lock(gpu.mutex);
  // The driver lets it end, but what it works on may be gone before.
  if (gpu.execs.count(exec) && exec->last && !exec->last->done)
    gpu.report("a graph is destroyed while it runs");
  return destroy(gpu.execs, exec);
}
