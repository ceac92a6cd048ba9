# Downloads, at pinned releases, what CF_DEPS_MISSING lists. Where a package manager has it, that is the better way:
# tools/deps.sh says what to install. -DFETCHCONTENT_SOURCE_DIR_<NAME>=folder takes sources that are already there.

include(FetchContent)
set(FETCHCONTENT_QUIET OFF)

# Declares and downloads only: SOURCE_SUBDIR names a folder that is not there, so nothing of the project is built.
macro(_cf_download name repository tag)
  FetchContent_Declare(${name} GIT_REPOSITORY "${repository}" GIT_TAG "${tag}" GIT_SHALLOW TRUE GIT_SUBMODULES ""
                               SOURCE_SUBDIR none)
  FetchContent_MakeAvailable(${name})
endmacro()

# The target that cmake/dependencies.cmake would have made, over a folder of headers and a library built here.
function(_cf_adopt name include)
  add_library(constformer_dep_${name} INTERFACE IMPORTED GLOBAL)
  target_include_directories(constformer_dep_${name} INTERFACE "${include}")
  set(CF_${name}_INCLUDE "${include}" CACHE INTERNAL "")
  if(ARGN)
    target_link_libraries(constformer_dep_${name} INTERFACE ${ARGN})
    set_target_properties(constformer_dep_${name} PROPERTIES CF_ARCHIVE "$<TARGET_FILE:${ARGN}>")
  endif()
endfunction()

macro(_cf_fetch_hana)
  _cf_download(hana https://github.com/boostorg/hana boost-1.86.0)
  _cf_adopt(hana "${hana_SOURCE_DIR}/include")
endmacro()

macro(_cf_fetch_range_v3)
  _cf_download(range_v3 https://github.com/ericniebler/range-v3 0.12.0)
  _cf_adopt(range_v3 "${range_v3_SOURCE_DIR}/include")
endmacro()

macro(_cf_fetch_highway)
  _cf_download(highway https://github.com/google/highway 1.2.0)
  # The library without contrib: vqsort alone would take minutes.
  set(cf_hwy "${highway_SOURCE_DIR}/hwy")
  add_library(constformer_hwy STATIC "${cf_hwy}/abort.cc" "${cf_hwy}/aligned_allocator.cc" "${cf_hwy}/per_target.cc"
                                     "${cf_hwy}/print.cc" "${cf_hwy}/targets.cc" "${cf_hwy}/timer.cc")
  set_target_properties(constformer_hwy PROPERTIES OUTPUT_NAME hwy POSITION_INDEPENDENT_CODE ON)
  target_include_directories(constformer_hwy SYSTEM PRIVATE "${highway_SOURCE_DIR}")
  _cf_adopt(highway "${highway_SOURCE_DIR}" constformer_hwy)
endmacro()

macro(_cf_fetch_pcre2)
  enable_language(C)
  set(PCRE2_BUILD_PCRE2GREP OFF CACHE INTERNAL "")
  set(PCRE2_BUILD_TESTS OFF CACHE INTERNAL "")
  FetchContent_Declare(pcre2 GIT_REPOSITORY https://github.com/PCRE2Project/pcre2 GIT_TAG pcre2-10.44 GIT_SHALLOW TRUE
                             GIT_SUBMODULES "")
  _cf_add_fetched(pcre2)
  _cf_adopt(pcre2 "${pcre2_BINARY_DIR}" pcre2-8-static)
endmacro()

macro(_cf_fetch_xxhash)
  enable_language(C)
  _cf_download(xxhash https://github.com/Cyan4973/xxHash v0.8.2)
  add_library(constformer_xxhash STATIC "${xxhash_SOURCE_DIR}/xxhash.c")
  set_target_properties(constformer_xxhash PROPERTIES OUTPUT_NAME xxhash POSITION_INDEPENDENT_CODE ON)
  _cf_adopt(xxhash "${xxhash_SOURCE_DIR}" constformer_xxhash)
endmacro()

macro(_cf_fetch_json)
  _cf_download(json https://github.com/nlohmann/json v3.11.3)
  _cf_adopt(json "${json_SOURCE_DIR}/include")
endmacro()

# Beast stands on some forty other libraries of Boost, so the whole release is taken.
macro(_cf_fetch_beast)
  FetchContent_Declare(boost URL https://archives.boost.io/release/1.86.0/source/boost_1_86_0.tar.bz2 SOURCE_SUBDIR none
                             DOWNLOAD_EXTRACT_TIMESTAMP TRUE)
  FetchContent_MakeAvailable(boost)
  _cf_adopt(beast "${boost_SOURCE_DIR}")
endmacro()

macro(_cf_fetch_cli11)
  _cf_download(cli11 https://github.com/CLIUtils/CLI11 v2.4.2)
  _cf_adopt(cli11 "${cli11_SOURCE_DIR}/include")
endmacro()

macro(_cf_fetch_toml)
  _cf_download(toml https://github.com/marzer/tomlplusplus v3.4.0)
  _cf_adopt(toml "${toml_SOURCE_DIR}/include")
endmacro()

macro(_cf_fetch_sentencepiece)
  set(SPM_ENABLE_SHARED OFF CACHE INTERNAL "")
  FetchContent_Declare(sentencepiece GIT_REPOSITORY https://github.com/google/sentencepiece GIT_TAG v0.2.0
                                     GIT_SHALLOW TRUE GIT_SUBMODULES "")
  _cf_add_fetched(sentencepiece)
  _cf_adopt(sentencepiece "${sentencepiece_SOURCE_DIR}/src" sentencepiece_train-static)
endmacro()

macro(_cf_fetch_catch2)
  FetchContent_Declare(Catch2 GIT_REPOSITORY https://github.com/catchorg/Catch2 GIT_TAG v3.7.1 GIT_SHALLOW TRUE
                              GIT_SUBMODULES "")
  _cf_add_fetched(Catch2)
endmacro()

# Adds a fetched project of which only the targets that something links are built, and nothing is installed.
macro(_cf_add_fetched name)
  FetchContent_GetProperties(${name})
  string(TOLOWER "${name}" _cf_lower)
  if(NOT ${_cf_lower}_POPULATED)
    if(POLICY CMP0169)
      cmake_policy(SET CMP0169 OLD)  # EXCLUDE_FROM_ALL of FetchContent_Declare needs CMake 3.28; 3.25 is our least
    endif()
    FetchContent_Populate(${name})
    add_subdirectory("${${_cf_lower}_SOURCE_DIR}" "${${_cf_lower}_BINARY_DIR}" EXCLUDE_FROM_ALL SYSTEM)
  endif()
endmacro()

foreach(cf_name IN LISTS CF_DEPS_MISSING)
  message(STATUS "${cf_name}: not found, downloading")
  cmake_language(CALL _cf_fetch_${cf_name})
endforeach()
