# cmake --build build --target docs: the reference of the public headers; a warning is an error.
find_program(CF_DOXYGEN doxygen)
mark_as_advanced(CF_DOXYGEN)
if(CF_DOXYGEN AND EXISTS "${PROJECT_SOURCE_DIR}/docs/Doxyfile")
  add_custom_target(docs
    COMMAND "${CMAKE_COMMAND}" -E env "CF_OUTPUT=${PROJECT_BINARY_DIR}/docs" "CF_VERSION=${PROJECT_VERSION}"
            "${CF_DOXYGEN}" docs/Doxyfile
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" VERBATIM)
endif()
