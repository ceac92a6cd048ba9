#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "byte_automaton.hpp"
#include "engine.hpp"
#include "fields.hpp"
#include "vocabulary_index.hpp"

namespace constformer::serve {

class service;

/// What a text must be.
struct wanted_text {
  text_grammar grammar;
  std::shared_ptr<vocabulary_index const> vocabulary;
  bool blank_first;        ///< it may begin with a blank
  std::string_view field;  ///< that asks for it
};

/// The ids that may end a text of the request.
[[nodiscard]] std::vector<int> stop_ids_of(service const& all, generation_request const& request);

/// Gives the request a filter that lets nothing else through.
void constrain(service& all, generation_request& request, wanted_text wanted);

/// Reads response_format and its relatives of vLLM and llama.cpp (guided_choice, guided_json, json_schema); empty if
/// any text will do. Throws `api_error` for what is not supported.
[[nodiscard]] std::optional<wanted_text> read_response_format(service& all, field_reader& fields);

}  // namespace constformer::serve
