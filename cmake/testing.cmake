# Helpers for tests/<area>/CMakeLists.txt.
#
#   cf_add_test(name SOURCES a.cpp b.cpp [LIBS target...] [NATIVE] [TIMEOUT seconds] [SERIAL])
#       One Catch2 executable and one CTest test of that name, labelled with its folder. It links Catch2's main,
#       constformer::constformer and LIBS (constformer::runtime, constformer_command_parts, ...). NATIVE compiles it for this
#       machine's processor, which SIMD kernels want. A run in which every case calls SKIP() is reported as skipped.
#       Cases with the tag [more] are left out: their area has a test every.* for them.
#
#   cf_test_environment(name)
#       The same environment for a test made by add_test(). Tests called fuzz.*, every.* and *.clang.* get the label more, too:
#       tools/test.sh leaves them to tools/test_more.sh.
#
# Environment of every test:
#   CONSTFORMER_SHARED    folder of checkpoints and vectors (cache variable CF_SHARED_DIR); may be absent: then SKIP
#   CONSTFORMER_SOURCE    top of the source tree
#   CONSTFORMER_BUILD     top of the build tree; the command is bin/constformer in it
#   CONSTFORMER_COMMAND   path of the command

# The public headers that a test includes are ours, so their warnings count; dependencies' headers are SYSTEM.
function(cf_add_test name)
  cmake_parse_arguments(arg "NATIVE;SERIAL" "TIMEOUT" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  cf_own_code(${name})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} constformer::constformer Catch2::Catch2WithMain)
  if(arg_NATIVE)
    target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O2> ${CF_MODEL_UNIT_FLAGS} ${CF_NATIVE_FLAGS})  # as models are compiled
  endif()
  if(CF_SANITIZE OR NOT arg_NATIVE)  # kernels at -O2 with sanitizers in them take ten minutes to compile
    cf_optimise_lightly(${name})
  endif()
  add_test(NAME ${name} COMMAND ${name} "~[more]")
  cf_test_environment(${name})
  if(arg_TIMEOUT)
    set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT})
  endif()
  if(arg_SERIAL)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
  endif()
endfunction()

function(cf_test_environment name)
  cmake_path(GET CMAKE_CURRENT_SOURCE_DIR FILENAME area)
  cmake_path(NORMAL_PATH CF_SHARED_DIR OUTPUT_VARIABLE shared)
  set(labels "${area}")
  if(name MATCHES "^(fuzz|every)\\.|\\.clang\\.")  # what a second compiler says, and what takes one
    list(APPEND labels more)
  endif()
  set_tests_properties(${name} PROPERTIES
    LABELS "${labels}"
    TIMEOUT 300
    SKIP_RETURN_CODE 4  # Catch2's exit code when every case was skipped
    ENVIRONMENT "CONSTFORMER_SHARED=${shared};CONSTFORMER_SOURCE=${PROJECT_SOURCE_DIR};\
CONSTFORMER_BUILD=${PROJECT_BINARY_DIR};CONSTFORMER_COMMAND=$<TARGET_FILE:constformer_command>")
endfunction()

# The compilers that checks of the headers run, whichever of them builds the rest: CF_COMPILER_NAMES holds gcc and clang
# where this machine has them, CF_COMPILER_gcc and CF_COMPILER_clang their paths, CF_SYNTAX_FLAGS the include folders.
find_program(CF_COMPILER_gcc NAMES g++ g++-14 g++-13 g++-12)
find_program(CF_COMPILER_clang NAMES clang++-19 clang++-20 clang++-21)
mark_as_advanced(CF_COMPILER_gcc CF_COMPILER_clang)
set(CF_COMPILER_NAMES)
foreach(name IN ITEMS gcc clang)
  if(CF_COMPILER_${name})
    list(APPEND CF_COMPILER_NAMES ${name})
  endif()
endforeach()
set(CF_SYNTAX_FLAGS ${CF_INCLUDE})
list(TRANSFORM CF_SYNTAX_FLAGS PREPEND "-I")
foreach(folder IN LISTS cf_system_include)
  list(APPEND CF_SYNTAX_FLAGS -isystem "${folder}")
endforeach()
