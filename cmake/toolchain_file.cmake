# share/constformer/toolchain.json tells `constformer build` how to compile and link a model:
#
#   compiler         path of the C++ compiler
#   flags            for every unit: language, optimisation, sanitizers (-march is the command's business: --target)
#   include          folders of headers, ours first
#   system_include   folders given by -isystem: Highway's, Hana's, range-v3's where the compiler does not look anyway
#   libraries        static libraries of a model's program in link order
#   train_libraries  those of a trainer
#   link_flags       for the link of the executable
#   objcopy          keeps the units of a portable program apart
#   prelude, check_prelude, launcher
#                    only in a build tree with tests, see below: headers of models and of checks precompiled for the
#                    compiler and this processor, and ccache where it is at hand
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
  cmake_parse_arguments(arg "" "PRELUDE;CHECK_PRELUDE" "INCLUDE;SYSTEM;LIBRARIES;TRAIN_LIBRARIES;LAUNCHER" ${ARGN})
  separate_arguments(optimise NATIVE_COMMAND "${CF_MODEL_FLAGS}")
  _cf_json_list(flags -std=c++20 ${optimise} -DNDEBUG ${CF_SANITIZE_FLAGS})
  _cf_json_list(include_list ${arg_INCLUDE})
  _cf_json_list(system_list ${arg_SYSTEM})
  _cf_json_list(library_list ${arg_LIBRARIES})
  _cf_json_list(train_list ${arg_TRAIN_LIBRARIES})
  _cf_json_list(link_list ${CF_MODEL_LINK_FLAGS})
  _cf_json_list(launcher_list ${arg_LAUNCHER})
  file(GENERATE OUTPUT "${file}" CONTENT "{
  \"version\": \"${PROJECT_VERSION}\",
  \"compiler\": \"${CMAKE_CXX_COMPILER}\",
  \"flags\": ${flags},
  \"include\": ${include_list},
  \"system_include\": ${system_list},
  \"libraries\": ${library_list},
  \"train_libraries\": ${train_list},
  \"link_flags\": ${link_list},
  \"objcopy\": \"${CMAKE_OBJCOPY}\",
  \"prelude\": \"${arg_PRELUDE}\",
  \"check_prelude\": \"${arg_CHECK_PRELUDE}\",
  \"launcher\": ${launcher_list}
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

# The suite builds some two hundred models, and half the time of each goes into headers. They are precompiled once: g++
# takes x.hpp.gch for x.hpp where its flags are those of the unit, and gives the same functions. Makes prelude/NAME.hpp
# of HEADER and its .gch.
set(cf_compile_only_static -march=native -DHWY_COMPILE_ONLY_STATIC ${CF_MODEL_UNIT_FLAGS} -ffunction-sections)  # as src/command/compile.cpp has it
function(_cf_prelude name header)
  set(prelude "${PROJECT_BINARY_DIR}/prelude/${name}.hpp")
  file(CONFIGURE OUTPUT "${prelude}" CONTENT "#include \"${header}\"\n")
  separate_arguments(flags NATIVE_COMMAND "-std=c++20 ${CF_MODEL_FLAGS} -DNDEBUG")
  list(APPEND flags ${ARGN})
  foreach(folder IN LISTS CF_INCLUDE)
    list(APPEND flags "-I${folder}")
  endforeach()
  foreach(folder IN LISTS cf_system_include)
    list(APPEND flags -isystem "${folder}")
  endforeach()
  # A .gch differs each time it is made; ccache goes by the .sum, which is of the text that went into it.
  add_custom_command(OUTPUT "${prelude}.gch" "${prelude}.gch.sum"
    COMMAND "${CMAKE_CXX_COMPILER}" ${flags} -x c++-header "${prelude}" -o "${prelude}.gch" -MD -MT "${prelude}.gch" -MF "${prelude}.d"
    COMMAND "${CMAKE_CXX_COMPILER}" ${flags} -x c++-header "${prelude}" -E -P -dD -o "${prelude}.txt"
    COMMAND "${CMAKE_COMMAND}" -E sha256sum "${name}.hpp.txt" > "${name}.hpp.gch.sum"
    WORKING_DIRECTORY "${PROJECT_BINARY_DIR}/prelude"
    DEPFILE "${prelude}.d" DEPENDS "${prelude}" COMMENT "Precompiling ${header}" VERBATIM)
  add_custom_target(constformer_${name} ALL DEPENDS "${prelude}.gch")
  add_dependencies(constformer_command constformer_${name})
  set(cf_${name} "${prelude}" PARENT_SCOPE)
endfunction()

set(cf_model_prelude)
set(cf_check_prelude)
set(cf_launcher)
if(CF_BUILD_TESTS AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CF_SANITIZE)
  _cf_prelude(model_prelude "constformer/generate/engine-inl.hpp" ${cf_compile_only_static})
  _cf_prelude(check_prelude "constformer/checkpoint/checkpoint_check.hpp")
  if(CF_CCACHE AND CMAKE_CXX_COMPILER_LAUNCHER STREQUAL CF_CCACHE)
    set(cf_launcher "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_PCH_EXTSUM=1
                    CCACHE_SLOPPINESS=pch_defines,time_macros "${CF_CCACHE}")
  endif()
endif()

_cf_write_toolchain("${PROJECT_BINARY_DIR}/share/constformer/toolchain.json"
  PRELUDE "${cf_model_prelude}"
  CHECK_PRELUDE "${cf_check_prelude}"
  LAUNCHER ${cf_launcher}
  INCLUDE ${CF_INCLUDE}
  SYSTEM ${cf_system_include}
  LIBRARIES "$<TARGET_FILE:constformer_program>" "$<TARGET_FILE:constformer_serve>" "$<TARGET_FILE:constformer_runtime>"
            ${cf_archives}
  TRAIN_LIBRARIES "$<TARGET_FILE:constformer_train>" "$<TARGET_FILE:constformer_data>" "$<TARGET_FILE:constformer_readers>"
                  "$<TARGET_FILE:constformer_runtime>" ${cf_archives})
_cf_write_toolchain("${PROJECT_BINARY_DIR}/install/toolchain.json"
  INCLUDE "${CF_UP}${CMAKE_INSTALL_INCLUDEDIR}"
  SYSTEM ${cf_installed_system}
  LIBRARIES "${CF_UP}${CMAKE_INSTALL_LIBDIR}/$<TARGET_FILE_NAME:constformer_program>"
            "${CF_UP}${CMAKE_INSTALL_LIBDIR}/$<TARGET_FILE_NAME:constformer_serve>"
            "${CF_UP}${CMAKE_INSTALL_LIBDIR}/$<TARGET_FILE_NAME:constformer_runtime>" ${cf_installed_archives}
  TRAIN_LIBRARIES "${CF_UP}${CMAKE_INSTALL_LIBDIR}/$<TARGET_FILE_NAME:constformer_train>"
                  "${CF_UP}${CMAKE_INSTALL_LIBDIR}/$<TARGET_FILE_NAME:constformer_data>"
                  "${CF_UP}${CMAKE_INSTALL_LIBDIR}/$<TARGET_FILE_NAME:constformer_readers>"
                  "${CF_UP}${CMAKE_INSTALL_LIBDIR}/$<TARGET_FILE_NAME:constformer_runtime>" ${cf_installed_archives})
