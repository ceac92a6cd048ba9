#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine.hpp"
#include "fields.hpp"
#include "served_model.hpp"

namespace constformer::serve {

/// The fields that all ways of generating share.
struct generation_fields {
  generation_request request;        ///< without prompt; max_tokens 0: not given
  std::vector<std::string> stops{};  ///< texts that end a choice
  std::int64_t least_tokens = 0;
  bool seeded = false;  ///< the client chose the seed
  bool ignores_end = false;
  bool stream = false;
  bool include_usage = false;     ///< a last event with it
  bool continuous_usage = false;  ///< every event has it
  bool return_ids = false;        ///< token ids beside the text
};

/// What a server allows.
struct generation_bounds {
  int vocab;
  int capacity;
  int sequences;  ///< choices at most, too
};

inline constexpr int most_choices = 16;
inline constexpr int most_logprobs = 20;
inline constexpr std::size_t most_prompts = 1024;
inline constexpr std::size_t most_stops = 16;
inline constexpr std::size_t longest_stop = 256;  ///< bytes
inline constexpr std::size_t most_biases = 1024;

/// Reads them, but for `max_tokens` and log-probabilities, whose names differ. Throws `api_error`.
[[nodiscard]] generation_fields read_generation_fields(field_reader& fields, served_model const& model,
                                                       generation_bounds const& bounds);

/// Ids of a list; all of them are in the vocabulary. Throws `api_error` with the name.
[[nodiscard]] std::vector<int> read_ids(json_array const& list, std::string_view name, int vocab);

/// `text` or a list of texts.
[[nodiscard]] std::vector<std::string> read_texts(json_value const& value, std::string_view name, std::size_t most);

/// Throws `api_error` if `text` certainly has more tokens than the context, without making them.
void require_plausible(std::string_view text, served_model const& model, std::string_view field);

/// The ids of `text`. Throws `api_error` with `field` if the tokenizer refuses it, it is too long, or the model does
/// not have one of the ids.
[[nodiscard]] std::vector<int> encode_text(served_model const& model, std::string_view text, encode_options options,
                                           std::string_view field);

/// Throws `api_error` (404) if the request names another model.
void require_model(field_reader& fields, served_model const& model);

/// A request for `prompt` with what follows from it: stop ids, rules, tokens at most. Throws `api_error` if there is no
/// room. `most`: 0 stands for what is left.
[[nodiscard]] generation_request complete_request(generation_fields const& fields, served_model const& model,
                                                  std::vector<int> prompt, int most,
                                                  std::vector<int> const& more_stop_ids, std::string_view max_name);

}  // namespace constformer::serve
