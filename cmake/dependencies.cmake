# Finds what constformer stands on and gives each a target; read by the build and by an installed package alike.
#
#   constformer_dep_hana  constformer_dep_range_v3  constformer_dep_highway     headers (Highway: also libhwy.a)
#   constformer_dep_pcre2  constformer_dep_xxhash                               static libraries of every executable
#
# CF_DEPS_HINTS lists prefixes to look in before the system's. What is not there is listed in CF_DEPS_MISSING.

# The version that `#define <prefix>MAJOR` and `#define <prefix>MINOR` state in a header.
function(_cf_header_version out file prefix)
  set(numbers)
  foreach(part IN ITEMS MAJOR MINOR)
    file(STRINGS "${file}" line REGEX "^#define ${prefix}${part} ")
    string(REGEX MATCH "[0-9]+" number "${line}")
    list(APPEND numbers "${number}")
  endforeach()
  list(JOIN numbers "." version)
  set(${out} "${version}" PARENT_SCOPE)
endfunction()

# cf_find_dependency(name HEADER header [LIBRARY name] [VERSION header macro_prefix at_least]): the target
# constformer_dep_<name>, with CF_ARCHIVE set to its static library if it has one.
function(cf_find_dependency name)
  cmake_parse_arguments(arg "" "HEADER;LIBRARY" "VERSION" ${ARGN})
  set(target constformer_dep_${name})
  if(TARGET ${target})
    return()
  endif()
  set(includes ${CF_DEPS_HINTS})
  list(TRANSFORM includes APPEND "/include")
  set(libraries ${CF_DEPS_HINTS})
  list(TRANSFORM libraries APPEND "/lib")

  find_path(CF_${name}_INCLUDE "${arg_HEADER}" HINTS ${includes})
  mark_as_advanced(CF_${name}_INCLUDE)
  set(found "${CF_${name}_INCLUDE}")
  if(found AND arg_VERSION)
    list(POP_FRONT arg_VERSION header prefix at_least)
    _cf_header_version(version "${CF_${name}_INCLUDE}/${header}" "${prefix}")
    if(version VERSION_LESS at_least)
      message(STATUS "${name} ${version} is older than ${at_least}: not used")
      unset(CF_${name}_INCLUDE CACHE)
      set(found FALSE)
    endif()
  endif()
  if(found AND arg_LIBRARY)
    # The executables are static, so only an archive will do.
    find_library(CF_${name}_LIBRARY NAMES "lib${arg_LIBRARY}.a" HINTS ${libraries})
    mark_as_advanced(CF_${name}_LIBRARY)
    set(found "${CF_${name}_LIBRARY}")
  endif()
  if(NOT found)
    set(CF_DEPS_MISSING ${CF_DEPS_MISSING} ${name} PARENT_SCOPE)
    return()
  endif()

  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} INTERFACE "${CF_${name}_INCLUDE}")
  if(arg_LIBRARY)
    target_link_libraries(${target} INTERFACE "${CF_${name}_LIBRARY}")
    set_target_properties(${target} PROPERTIES CF_ARCHIVE "${CF_${name}_LIBRARY}")
  endif()
endfunction()

set(CF_DEPS_MISSING)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
cf_find_dependency(hana HEADER boost/hana/define_struct.hpp)
cf_find_dependency(range_v3 HEADER range/v3/range_fwd.hpp)
cf_find_dependency(highway HEADER hwy/contrib/thread_pool/thread_pool.h LIBRARY hwy VERSION hwy/base.h HWY_ 1.2)
cf_find_dependency(pcre2 HEADER pcre2.h LIBRARY pcre2-8)
cf_find_dependency(xxhash HEADER xxhash.h LIBRARY xxhash)
