# share/constformer/toolchain.json tells `constformer build` how to compile and link a model:
#
#   compiler         path of the C++ compiler
#   flags            for every unit: language, optimisation, sanitizers (-march is the command's business: --target)
#   include          folders of headers, ours first
#   system_include   folders given by -isystem: Highway's, Hana's, range-v3's where the compiler does not look anyway
#   libraries        static libraries in link order
#   link_flags       for the link of the executable
#   prelude          a header precompiled for the compiler and this processor; only in a build tree with tests, see below
#
# A relative path is relative to the folder of toolchain.json. The command finds the file at
# ../share/constformer/toolchain.json from its own folder, in the build tree and where it is installed.

set(CF_MODEL_FLAGS "-O2" CACHE STRING "Optimisation flags that `constformer build` gives the compiler")

set(CF_MODEL_LINK_FLAGS -static -pthread)
if(CF_SANITIZE)
  set(CF_MODEL_LINK_FLAGS ${CF_SANITIZE_FLAGS} -pthread)
endif()

function(_cf_json_list out)
  list(TRANSFORM ARGN REPLACE "(.+)" "\"\\1\"")
  list(JOIN ARGN ", " text)
  set(${out} "[${text}]" PARENT_SCOPE)
endfunction()

function(_cf_write_toolchain file)
  cmake_parse_arguments(arg "" "PRELUDE" "INCLUDE;SYSTEM;LIBRARIES" ${ARGN})
  separate_arguments(optimise NATIVE_COMMAND "${CF_MODEL_FLAGS}")
  _cf_json_list(flags -std=c++20 ${optimise} -DNDEBUG ${CF_SANITIZE_FLAGS})
  _cf_json_list(include_list ${arg_INCLUDE})
  _cf_json_list(system_list ${arg_SYSTEM})
  _cf_json_list(library_list ${arg_LIBRARIES})
  _cf_json_list(link_list ${CF_MODEL_LINK_FLAGS})
  file(GENERATE OUTPUT "${file}" CONTENT "{
  \"version\": \"${PROJECT_VERSION}\",
  \"compiler\": \"${CMAKE_CXX_COMPILER}\",
  \"flags\": ${flags},
  \"include\": ${include_list},
  \"system_include\": ${system_list},
  \"libraries\": ${library_list},
  \"link_flags\": ${link_list},
  \"prelude\": \"${arg_PRELUDE}\"
}
")
endfunction()

# Sorts the dependencies into what the system has anyway and what is installed along with us (CF_BUNDLE_*).
set(CF_BUNDLE_DIR "${CMAKE_INSTALL_LIBDIR}/${PROJECT_NAME}/deps")
set(CF_BUNDLE_HEADERS)
set(CF_BUNDLE_ARCHIVES)
set(cf_system_include)
set(cf_archives)
set(cf_installed_archives)
file(RELATIVE_PATH CF_UP "/${CMAKE_INSTALL_DATADIR}/${PROJECT_NAME}" "/")
foreach(name IN ITEMS highway hana range_v3 pcre2 xxhash)
  set(folder "${CF_${name}_INCLUDE}")
  set(system FALSE)
  if(folder IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
    set(system TRUE)
  else()
    list(APPEND CF_BUNDLE_HEADERS ${name})
    list(APPEND cf_system_include "${folder}")
  endif()
  get_target_property(archive constformer_dep_${name} CF_ARCHIVE)
  if(archive)
    list(APPEND cf_archives "${archive}")
    if(system)
      list(APPEND cf_installed_archives "${archive}")
    else()
      list(APPEND CF_BUNDLE_ARCHIVES "${archive}")
      list(APPEND cf_installed_archives "${CF_UP}${CF_BUNDLE_DIR}/lib/$<PATH:GET_FILENAME,${archive}>")
    endif()
  endif()
endforeach()
list(REMOVE_DUPLICATES cf_system_include)
set(cf_installed_system)
if(CF_BUNDLE_HEADERS)
  set(cf_installed_system "${CF_UP}${CF_BUNDLE_DIR}/include")
endif()

# The suite builds some two hundred models, and half the time of each goes into headers. They are precompiled once: g++ takes
# model_prelude.hpp.gch for model_prelude.hpp where its flags are those of the unit, and gives the same functions.
set(cf_prelude)
if(CF_BUILD_TESTS AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CF_SANITIZE)
  set(cf_prelude "${PROJECT_BINARY_DIR}/prelude/model_prelude.hpp")
  file(CONFIGURE OUTPUT "${cf_prelude}" CONTENT "#include \"constformer/generate/engine-inl.hpp\"\n")
  separate_arguments(cf_prelude_flags NATIVE_COMMAND "-std=c++20 ${CF_MODEL_FLAGS} -DNDEBUG")
  set(cf_prelude_include ${CF_INCLUDE})
  list(TRANSFORM cf_prelude_include PREPEND "-I")
  foreach(folder IN LISTS cf_system_include)
    list(APPEND cf_prelude_include -isystem "${folder}")
  endforeach()
  add_custom_command(OUTPUT "${cf_prelude}.gch"
    COMMAND "${CMAKE_CXX_COMPILER}" ${cf_prelude_flags} ${cf_prelude_include} -march=native -DHWY_COMPILE_ONLY_STATIC -ffunction-sections
            -x c++-header "${cf_prelude}" -o "${cf_prelude}.gch" -MD -MT "${cf_prelude}.gch" -MF "${cf_prelude}.d"
    DEPFILE "${cf_prelude}.d" DEPENDS "${cf_prelude}" COMMENT "Precompiling the headers of models" VERBATIM)
  add_custom_target(constformer_prelude ALL DEPENDS "${cf_prelude}.gch")
  add_dependencies(constformer_command constformer_prelude)
endif()

_cf_write_toolchain("${PROJECT_BINARY_DIR}/share/constformer/toolchain.json"
  PRELUDE "${cf_prelude}"
  INCLUDE ${CF_INCLUDE}
  SYSTEM ${cf_system_include}
  LIBRARIES "$<TARGET_FILE:constformer_program>" "$<TARGET_FILE:constformer_runtime>" ${cf_archives})
_cf_write_toolchain("${PROJECT_BINARY_DIR}/install/toolchain.json"
  INCLUDE "${CF_UP}${CMAKE_INSTALL_INCLUDEDIR}"
  SYSTEM ${cf_installed_system}
  LIBRARIES "${CF_UP}${CMAKE_INSTALL_LIBDIR}/$<TARGET_FILE_NAME:constformer_program>"
            "${CF_UP}${CMAKE_INSTALL_LIBDIR}/$<TARGET_FILE_NAME:constformer_runtime>" ${cf_installed_archives})
