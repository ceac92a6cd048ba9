#pragma once

#include <optional>
#include <vector>

#include "call_reader.hpp"
#include "chat_fields.hpp"
#include "response_format.hpp"
#include "service.hpp"

namespace constformer::serve {

/// Reads tool_choice and parallel_tool_calls for the functions of `conversation`, and what follows from them: what the
/// template is told, a filter of `request` where calls are a must or texts have a format, and how calls are found in
/// the answer; empty if none are looked for. Throws `api_error` for what is not supported.
[[nodiscard]] std::optional<expected_calls> read_tool_choice(service& all, field_reader& fields,
                                                             chat_conversation& conversation,
                                                             std::optional<wanted_text> format,
                                                             generation_request& request);

/// Reads `tools`: the functions, and into `told` what a template is told of them. Throws `api_error`.
[[nodiscard]] std::vector<described_function> read_tools(field_reader& fields, served_model const& model,
                                                         std::string& told);

/// A call of an earlier answer, with arguments as an object, which templates expect.
void write_call(json_writer& out, json_value const& call);

}  // namespace constformer::serve
