#pragma once

#include <vector>

#include "constformer/text/chat.hpp"
#include "fields.hpp"
#include "json_schema.hpp"
#include "served_model.hpp"

namespace constformer::serve {

inline constexpr std::size_t most_messages = 4096;

/// A conversation as it is to be rendered.
struct chat_conversation {
  chat_input input;
  bool continues = false;                       ///< the last message is to be continued
  std::vector<described_function> functions{};  ///< of input.tools; they refer to the request
  std::string begun{};                          ///< what the answer begins with
};

/// Reads `messages` and what belongs to them of `fields`: tools, add_generation_prompt, continue_final_message. Throws
/// `api_error` if the model has no template.
[[nodiscard]] chat_conversation read_chat_input(json_value const& messages, served_model const& model,
                                                field_reader& fields);

/// Throws `api_error` if the template refuses the conversation.
[[nodiscard]] rendered_chat render_chat(served_model const& model, chat_conversation const& conversation);

/// The ids that a model reads. The same.
[[nodiscard]] std::vector<int> encode_chat(served_model const& model, chat_conversation const& conversation);

}  // namespace constformer::serve
