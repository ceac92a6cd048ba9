# How our own code is compiled. Dependencies' headers are SYSTEM and not held to this.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
endif()
find_program(CF_CCACHE ccache)
mark_as_advanced(CF_CCACHE)
if(CF_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CF_CCACHE}")
endif()
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(CF_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wundef)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 sees overlapping copies inside libstdc++'s own string concatenation (GCC bug 105651).
  list(APPEND CF_WARNINGS -Wno-restrict)
endif()
if(CF_WARNINGS_AS_ERRORS)
  list(APPEND CF_WARNINGS -Werror)
endif()

set(CF_SANITIZE_FLAGS)
if(CF_SANITIZE)
  set(CF_SANITIZE_FLAGS -fsanitize=${CF_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CF_SANITIZE MATCHES "undefined")  # with them no address is a constant in g++ 12
    list(APPEND CF_SANITIZE_FLAGS -fno-sanitize=null,nonnull-attribute,returns-nonnull-attribute)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CF_SANITIZE MATCHES "thread")  # it warns of fences, which it does not see
    list(APPEND CF_SANITIZE_FLAGS -Wno-tsan)
  endif()
  add_compile_options(${CF_SANITIZE_FLAGS})
  add_link_options(${CF_SANITIZE_FLAGS})
endif()

if(CF_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

set(CF_NATIVE_FLAGS)
if(CF_NATIVE)
  set(CF_NATIVE_FLAGS -march=native)
  # Products of bf16, which Highway wants to be asked for: as src/command/targets.cpp has it for models of such.
  execute_process(COMMAND "${CMAKE_CXX_COMPILER}" -march=native -dM -E -x c++ /dev/null OUTPUT_VARIABLE macros ERROR_QUIET)
  if(macros MATCHES "__AVX512BF16__")
    list(APPEND CF_NATIVE_FLAGS -DHWY_WANT_AVX3_ZEN4)
  endif()
endif()

# What models are compiled with beside their build type's flags: as src/command/compile.cpp has it, which says why.
set(CF_MODEL_UNIT_FLAGS)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(CF_MODEL_UNIT_FLAGS -fira-region=all)
endif()

# Warnings for code we wrote. No -ffast-math anywhere: tests pin results.
function(cf_own_code target)
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_compile_options(${target} PRIVATE ${CF_WARNINGS})
endfunction()

# For code that runs once in a process (command lines, JSON, the headers of files) and for tests: -O1 after the build
# type's own level saves a third of their compile time, inspect.cpp takes 31 instead of 50 thousand million instructions
# of g++ 12. Files that touch every weight name their own level, which comes last.
function(cf_optimise_lightly target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release,RelWithDebInfo>:-O1>)
endfunction()

# Adds a folder that has a CMakeLists.txt; the parts of the house are built by different hands.
function(cf_add_subdirectory folder)
  if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt")
    add_subdirectory(${folder})
  endif()
endfunction()
