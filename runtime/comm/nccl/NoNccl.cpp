//===- NoNccl.cpp - A build without NCCL's header ------------------------------------------===//

#include "runtime/comm/nccl/NcclGroup.h"

using namespace tpc;

Result<std::unique_ptr<ProcessGroup>> tpc::nccl::joinNcclGroup(NcclGroupOptions) {
  return Status(Code::Unavailable, "this build of tpc has no communicator 'nccl'",
                "it is built where CMake finds nccl.h (CUDA_HOME)");
}
