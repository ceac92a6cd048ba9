#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "call_reader.hpp"
#include "generation_task.hpp"
#include "json_writer.hpp"
#include "token_texts.hpp"

namespace constformer::serve {

/// What is the same in all events of an answer.
struct answer_identity {
  std::string id;
  std::int64_t created;
  std::string model;
  std::string fingerprint;
};

/// What the client wants to see.
struct answer_wishes {
  int logprobs = -1;  ///< likeliest tokens with each; -1: none
  bool return_ids = false;
  bool include_usage = false;
  bool continuous_usage = false;
  std::shared_ptr<token_texts const> texts{};  ///< with logprobs
};

/// Of /v1/completions.
struct echoed_prompt {
  std::string text;
  std::vector<int> ids;
};

/// `echo`: one for each prompt, or none. `choices` of a prompt.
[[nodiscard]] std::unique_ptr<answer_format> completion_format(answer_identity identity, answer_wishes wishes,
                                                               std::vector<echoed_prompt> echo, int choices,
                                                               bool only_echo);

/// Of /v1/chat/completions; `calls`: what is looked for in the texts, if anything.
[[nodiscard]] std::unique_ptr<answer_format> chat_answer_format(answer_identity identity, answer_wishes wishes,
                                                                std::optional<expected_calls> calls);

/// "usage" of an answer.
void write_usage(json_writer& out, answer_usage const& used);

/// "stop" or "length".
[[nodiscard]] std::string_view name_of(finish_reason why);

}  // namespace constformer::serve
