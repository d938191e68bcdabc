# LLVM and MLIR 22, linked as shared libraries; helpers for dialects and compiler libraries.

find_package(MLIR REQUIRED CONFIG PATHS /usr/lib/llvm-22/lib/cmake/mlir NO_DEFAULT_PATH)
if(NOT LLVM_VERSION_MAJOR EQUAL 22)
  message(FATAL_ERROR "tpc needs LLVM/MLIR 22, found ${LLVM_VERSION}")
endif()
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)
list(GET MLIR_INCLUDE_DIRS 0 MLIR_MAIN_INCLUDE)

add_library(tpc_mlir_options INTERFACE)
target_include_directories(tpc_mlir_options SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
target_compile_definitions(tpc_mlir_options INTERFACE ${LLVM_DEFINITIONS})
target_link_libraries(tpc_mlir_options INTERFACE tpc_options MLIR LLVM)
if(NOT LLVM_ENABLE_RTTI)
  target_compile_options(tpc_mlir_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>)
endif()
target_compile_options(tpc_mlir_options INTERFACE -Wno-unused-parameter)
# The bug that TpcOptions.cmake names has more faces where MLIR's headers are precompiled.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(tpc_mlir_options INTERFACE -Wno-array-bounds -Wno-stringop-overflow)
endif()

# What nearly everything here includes (see TpcPrecompiled.cmake).
set(TPC_DIALECT_HEADERS
  <dialects/nn/NN.h> <dialects/tp/TP.h> <llvm/ADT/TypeSwitch.h> <mlir/IR/BuiltinOps.h> <mlir/Pass/Pass.h>)

# tpc_mlir_library(NAME SOURCES ... [LINK ...] [DEPENDS ...] [PRECOMPILED NAME]): a library on top of MLIR.
function(tpc_mlir_library name)
  cmake_parse_arguments(ARG "" "PRECOMPILED" "SOURCES;LINK;DEPENDS" ${ARGN})
  if(NOT ARG_PRECOMPILED)
    set(ARG_PRECOMPILED tpc_dialect_headers)
  endif()
  add_library(${name} STATIC ${ARG_SOURCES})
  target_precompile_headers(${name} REUSE_FROM ${ARG_PRECOMPILED})
  target_link_libraries(${name} PUBLIC tpc_mlir_options ${ARG_LINK})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# tpc_tablegen(OUT GENERATOR...): generates OUT from LLVM_TARGET_DEFINITIONS into the build folder.
function(tpc_tablegen)
  mlir_tablegen(${ARGN} -I${CMAKE_SOURCE_DIR} -I${MLIR_MAIN_INCLUDE})
  set(TABLEGEN_OUTPUT ${TABLEGEN_OUTPUT} PARENT_SCOPE)
endfunction()

# tpc_compiler_test(NAME ...): a tpc_unit_test of what is built on MLIR.
function(tpc_compiler_test name)
  tpc_unit_test(${name} ${ARGN} PRECOMPILED tpc_compiler_test_headers)
endfunction()
