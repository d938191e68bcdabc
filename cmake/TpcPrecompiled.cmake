# Headers that are parsed once for many sources: MLIR's take two thirds of the time that a source which includes
# them takes. Sources include what they use all the same; the presets `fuzz`, `asan` and `tsan`
# compile them without (with both, GCC 12 reports errors in its own library that it does not have).

# tpc_precompiled(NAME HEADERS ... [LINK ...] [OPTIONS ...] [DEPENDS ...]): what targets that are compiled alike
# take by target_precompile_headers(TARGET REUSE_FROM NAME).
function(tpc_precompiled name)
  cmake_parse_arguments(ARG "" "" "HEADERS;LINK;OPTIONS;DEPENDS" ${ARGN})
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
  file(GENERATE OUTPUT ${source} CONTENT "// Precompiled headers belong to a target, and a target has a source.\n")
  add_library(${name} OBJECT ${source})
  target_link_libraries(${name} PRIVATE tpc_options ${ARG_LINK})
  target_compile_options(${name} PRIVATE ${ARG_OPTIONS})
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()
