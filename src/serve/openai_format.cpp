#include "openai_format.hpp"

namespace constformer::serve {

void write_usage(json_writer& out, answer_usage const& used) {
  out.key("usage").begin_object();
  out.member("prompt_tokens", used.prompt_tokens);
  out.member("completion_tokens", used.completion_tokens);
  out.member("total_tokens", used.prompt_tokens + used.completion_tokens);
  out.key("prompt_tokens_details").begin_object().member("cached_tokens", used.cached_tokens).end_object();
  out.end_object();
}

std::string_view name_of(finish_reason why) { return why == finish_reason::length ? "length" : "stop"; }

}  // namespace constformer::serve
