# Models and checks in a CMake build of one's own, see docs/package.md. Both make an object library of what the command
# writes with --sources, and write it anew when a file of the checkpoint or the command changes.

# The checkpoint's path, and the files whose change makes what was written of it out of date.
function(_constformer_checkpoint path_out files_out checkpoint)
  cmake_path(ABSOLUTE_PATH checkpoint BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE OUTPUT_VARIABLE path)
  set(files "${path}")
  if(IS_DIRECTORY "${path}")  # modules of sentence-transformers lie one folder further down
    file(GLOB files LIST_DIRECTORIES FALSE CONFIGURE_DEPENDS "${path}/*" "${path}/*/*")
  endif()
  set(${path_out} "${path}" PARENT_SCOPE)
  set(${files_out} ${files} PARENT_SCOPE)
endfunction()

# Compiles the units SOURCES, which the command writes to `folder`, with the flags that it writes to FLAGS there.
function(_constformer_units target folder flags)
  list(TRANSFORM ARGN PREPEND "${folder}/" OUTPUT_VARIABLE units)
  target_sources(${target} PRIVATE ${units})
  set_property(SOURCE ${units} APPEND PROPERTY COMPILE_OPTIONS "@${folder}/${flags}")
  set_property(SOURCE ${units} APPEND PROPERTY OBJECT_DEPENDS "${folder}/${flags}")
endfunction()

# constformer_add_model(TARGET CHECKPOINT [OPTIONS option...] [DEPENDS file...])
#
# The object library TARGET: the model, its weights and the check that they fit. What links it has linked_unit() and
# linked_weights(), constformer::runtime, and model_config.hpp among its headers. OPTIONS are those of
# `constformer build`: --dtype q8_0, --ctx-size 512, --target haswell … DEPENDS are more files that they name.
function(constformer_add_model target checkpoint)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "OPTIONS;DEPENDS")
  if(DEFINED arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "constformer_add_model(${target} …): ${arg_UNPARSED_ARGUMENTS} is neither OPTIONS nor DEPENDS")
  endif()
  _constformer_checkpoint(path files "${checkpoint}")
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${target}.constformer")
  # Written each time, the weights stand first, for make; the others only if their text changes.
  set(written model.weights model.cpp weights.cpp check.cpp model_config.hpp model.flags check.flags)
  list(TRANSFORM written PREPEND "${folder}/")
  add_custom_command(OUTPUT ${written}
    COMMAND constformer::command build "${path}" --sources "${folder}" --compiler "${CMAKE_CXX_COMPILER}" ${arg_OPTIONS}
    DEPENDS ${files} ${arg_DEPENDS} "$<TARGET_FILE:constformer::command>"
    COMMENT "Packing ${checkpoint}" VERBATIM)
  add_library(${target} OBJECT)
  target_link_libraries(${target} PUBLIC constformer::runtime)
  target_include_directories(${target} PUBLIC "${folder}")
  _constformer_units(${target} "${folder}" model.flags model.cpp weights.cpp)
  _constformer_units(${target} "${folder}" check.flags check.cpp)
  set_property(SOURCE "${folder}/weights.cpp" APPEND PROPERTY OBJECT_DEPENDS "${folder}/model.weights")
endfunction()

# constformer_add_check(TARGET CHECKPOINT CONFIG NAME [DEPENDS file...])
#
# The object library TARGET, which compiles only if the tensors of CHECKPOINT fill the config called NAME in the header
# CONFIG (constformer::configs::NAME, or with its own namespaces). Of weights it takes the headers alone.
function(constformer_add_check target checkpoint config name)
  cmake_parse_arguments(PARSE_ARGV 4 arg "" "" "DEPENDS")
  if(DEFINED arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "constformer_add_check(${target} …): ${arg_UNPARSED_ARGUMENTS} is not DEPENDS")
  endif()
  _constformer_checkpoint(path files "${checkpoint}")
  cmake_path(ABSOLUTE_PATH config BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${target}.constformer")
  add_custom_command(OUTPUT "${folder}/check.cpp" "${folder}/check.flags"
    COMMAND constformer::command verify "${path}" --shapes-only --config "${config}" --name "${name}"
            --sources "${folder}" --compiler "${CMAKE_CXX_COMPILER}"
    DEPENDS ${files} ${arg_DEPENDS} "$<TARGET_FILE:constformer::command>"
    COMMENT "Reading the shapes of ${checkpoint}" VERBATIM)
  add_library(${target} OBJECT)
  target_link_libraries(${target} PUBLIC constformer::constformer)
  _constformer_units(${target} "${folder}" check.flags check.cpp)
endfunction()
