# What only the build of the command and the run-time library needs; no installed package asks for these.
#
#   constformer_dep_json  constformer_dep_cli11     headers
#   constformer_dep_beast                           headers: Boost.Beast and Asio of `MODEL serve`
#   constformer_dep_toml                            headers: recipes of `constformer train`
#   constformer_dep_sentencepiece                   trains SentencePiece models; linked to the command alone

cf_find_dependency(json HEADER nlohmann/json.hpp)
cf_find_dependency(cli11 HEADER CLI/CLI.hpp)
cf_find_dependency(beast HEADER boost/beast/core.hpp)
cf_find_dependency(toml HEADER toml++/toml.h)

find_path(CF_sentencepiece_INCLUDE sentencepiece_processor.h)
find_library(CF_sentencepiece_LIBRARY NAMES sentencepiece)
find_library(CF_sentencepiece_train_LIBRARY NAMES sentencepiece_train)
mark_as_advanced(CF_sentencepiece_INCLUDE CF_sentencepiece_LIBRARY CF_sentencepiece_train_LIBRARY)
if(CF_sentencepiece_INCLUDE AND CF_sentencepiece_LIBRARY AND CF_sentencepiece_train_LIBRARY)
  add_library(constformer_dep_sentencepiece INTERFACE IMPORTED GLOBAL)
  target_include_directories(constformer_dep_sentencepiece INTERFACE "${CF_sentencepiece_INCLUDE}")
  target_link_libraries(constformer_dep_sentencepiece INTERFACE "${CF_sentencepiece_train_LIBRARY}" "${CF_sentencepiece_LIBRARY}")
else()
  list(APPEND CF_DEPS_MISSING sentencepiece)
endif()

if(CF_BUILD_TESTS)
  find_package(Catch2 3 QUIET HINTS ${CF_DEPS_HINTS})
  if(NOT Catch2_FOUND)
    list(APPEND CF_DEPS_MISSING catch2)
  endif()
endif()
