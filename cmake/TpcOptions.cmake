# Compiler settings that every target of the project shares, and the two ways to declare a library.

add_library(tpc_options INTERFACE)
target_include_directories(tpc_options INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
target_compile_options(tpc_options INTERFACE -Wall -Wextra -Werror)
# Libraries and programs alike, so that they can share precompiled headers.
add_compile_options(-fPIC)
# GCC 12 sees overlapping copies in `"text" + std::string` where there are none (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(tpc_options INTERFACE -Wno-restrict)
endif()
# Clang sees a deprecated function inside of GCC 12's own std::stable_sort, and for it the last option counts:
# what TpcMlir.cmake switches off for generated code, -Wextra would switch on again. (SHELL: keeps CMake from
# taking it for the same option.)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(tpc_options INTERFACE -Wno-deprecated-declarations "SHELL:-Wno-unused-parameter")
endif()
# Contraction of a*b+c is decided per operation (fma is written out), never by the C++ compiler.
target_compile_options(tpc_options INTERFACE -ffp-contract=off)

if(TPC_SANITIZE)
  list(JOIN TPC_SANITIZE "," _sanitizers)
  target_compile_options(tpc_options INTERFACE -fsanitize=${_sanitizers} -fno-omit-frame-pointer -g1)
  target_link_options(tpc_options INTERFACE -fsanitize=${_sanitizers})
endif()

# Instrumented for libFuzzer, whose main only the targets of tests/fuzz get. Findings end the program.
if(TPC_FUZZ)
  target_compile_options(tpc_options INTERFACE -fsanitize=fuzzer-no-link -fno-sanitize-recover=all)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # As the manual of ccache asks for precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(tpc_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
  endif()
endif()

# tpc_library(NAME SOURCES ... [LINK ...]): a library that builds without LLVM.
function(tpc_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC tpc_options ${ARG_LINK})
endfunction()

# Tests spend their time in what they test; optimized further, they take as long to compile as they run.
set(TPC_TEST_OPTIONS $<$<CONFIG:Release>:-O1>)

# tpc_unit_test(NAME SOURCES ... [LINK ...] [ENVIRONMENT ...] [PRECOMPILED NAME]): a GoogleTest program in tests/,
# found by ctest, which sets the variables.
function(tpc_unit_test name)
  cmake_parse_arguments(ARG "" "PRECOMPILED" "SOURCES;LINK;ENVIRONMENT" ${ARGN})
  if(NOT ARG_PRECOMPILED)
    set(ARG_PRECOMPILED tpc_test_headers)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_compile_options(${name} PRIVATE ${TPC_TEST_OPTIONS})
  target_precompile_headers(${name} REUSE_FROM ${ARG_PRECOMPILED})
  target_link_libraries(${name} PRIVATE tpc_options ${ARG_LINK} GTest::gtest GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  gtest_discover_tests(${name} NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60 PROPERTIES ENVIRONMENT "${ARG_ENVIRONMENT}")
endfunction()
