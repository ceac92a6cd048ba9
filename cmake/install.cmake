# cmake --install: headers, configs, libraries, the command, share/constformer with the examples and the models they
# build, and the package that find_package(constformer) finds. Dependencies that are not in the system's own folders go along, under
# lib/constformer/deps, so that an installed constformer needs nothing of the tree it was built in.
include(CMakePackageConfigHelpers)
set(CF_PACKAGE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/${PROJECT_NAME}")

install(TARGETS constformer constformer_runtime constformer_readers constformer_data constformer_train constformer_serve
                constformer_program constformer_command
        EXPORT constformerTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
        RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(DIRECTORY include/constformer DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
if(EXISTS "${PROJECT_SOURCE_DIR}/configs")
  install(DIRECTORY configs/ DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/constformer/configs"
          FILES_MATCHING PATTERN "*.hpp")
endif()
install(FILES "${PROJECT_BINARY_DIR}/install/toolchain.json" DESTINATION "${CMAKE_INSTALL_DATADIR}/${PROJECT_NAME}")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY examples models recipes DESTINATION "${CMAKE_INSTALL_DATADIR}/${PROJECT_NAME}")

set(bundle_highway hwy)
set(bundle_hana boost/hana boost/hana.hpp)
set(bundle_range_v3 range concepts meta std)
set(bundle_pcre2 pcre2.h)
set(bundle_xxhash xxhash.h)
foreach(name IN LISTS CF_BUNDLE_HEADERS)
  foreach(item IN LISTS bundle_${name})
    cmake_path(GET item PARENT_PATH parent)
    set(destination "${CF_BUNDLE_DIR}/include/${parent}")
    if(IS_DIRECTORY "${CF_${name}_INCLUDE}/${item}")
      install(DIRECTORY "${CF_${name}_INCLUDE}/${item}" DESTINATION "${destination}" FILES_MATCHING PATTERN "*.h"
              PATTERN "*.hpp" PATTERN "*.ipp" PATTERN "module.modulemap" EXCLUDE)
    else()
      install(FILES "${CF_${name}_INCLUDE}/${item}" DESTINATION "${destination}")
    endif()
  endforeach()
endforeach()
if(CF_BUNDLE_ARCHIVES)
  install(FILES ${CF_BUNDLE_ARCHIVES} DESTINATION "${CF_BUNDLE_DIR}/lib")
endif()


set(CF_BUNDLE "${CF_BUNDLE_DIR}")
configure_package_config_file(cmake/constformerConfig.cmake.in "${PROJECT_BINARY_DIR}/install/constformerConfig.cmake"
                              INSTALL_DESTINATION "${CF_PACKAGE_DIR}"
                              PATH_VARS CF_BUNDLE CMAKE_INSTALL_BINDIR)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/install/constformerConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/install/constformerConfig.cmake"
              "${PROJECT_BINARY_DIR}/install/constformerConfigVersion.cmake" cmake/dependencies.cmake cmake/constformer_functions.cmake
        DESTINATION "${CF_PACKAGE_DIR}")
install(EXPORT constformerTargets NAMESPACE constformer:: DESTINATION "${CF_PACKAGE_DIR}")
