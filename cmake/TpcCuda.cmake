# Headers of CUDA's libraries. Nothing is linked: the libraries are opened when they are needed. What
# isn't found is left out, and said.

option(TPC_CUDA "Build what runs on NVIDIA GPUs, where the headers are found" ON)

# tpc_find_cuda_headers(NAME LIBRARY HEADERS...): the target tpc_NAME_headers, and TPC_HAVE_NAME.
function(tpc_find_cuda_headers name library)
  string(TOUPPER ${name} upper)
  set(directories)
  foreach(header ${ARGN})
    string(MAKE_C_IDENTIFIER ${header} identifier)
    find_path(TPC_INCLUDE_${identifier} ${header}
      HINTS $ENV{CUDA_HOME} $ENV{CUDA_PATH} /usr/local/cuda PATH_SUFFIXES include)
    mark_as_advanced(TPC_INCLUDE_${identifier})
    list(APPEND directories ${TPC_INCLUDE_${identifier}})
    if(NOT TPC_INCLUDE_${identifier})
      set(missing ${header})
    endif()
  endforeach()
  if(NOT TPC_CUDA OR missing)
    set(TPC_HAVE_${upper} FALSE PARENT_SCOPE)
    if(TPC_CUDA)
      message(STATUS "${library}: ${missing} not found, left out")
    endif()
    return()
  endif()
  list(REMOVE_DUPLICATES directories)
  add_library(tpc_${name}_headers INTERFACE)
  target_include_directories(tpc_${name}_headers SYSTEM INTERFACE ${directories})
  set(TPC_HAVE_${upper} TRUE PARENT_SCOPE)
endfunction()

tpc_find_cuda_headers(cuda "CUDA" cuda.h cuda_runtime_api.h cublasLt.h)
tpc_find_cuda_headers(cudnn "cuDNN" cudnn_backend.h cuda_runtime_api.h)
tpc_find_cuda_headers(nccl "NCCL" nccl.h cuda_runtime.h)
