#pragma once

#include "engine.hpp"
#include "fields.hpp"

namespace constformer::serve {

class service;

/// Reads response_format and its relatives of vLLM and llama.cpp (guided_choice, guided_json, json_schema), and gives
/// the request a filter if they ask for one. Throws `api_error` for what is not supported.
void read_response_format(service& all, field_reader& fields, generation_request& request);

}  // namespace constformer::serve
