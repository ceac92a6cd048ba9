#include "encoder_input.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

#include "errors.hpp"
#include "input.hpp"

namespace constformer::program {

namespace {

// The tokenizer's files may ask for less than the model can take (sentence-transformers' max_seq_length). As there, the
// end of the text is cut off and the token that ends a text stays.
void truncate(encoded_pair& input, tokenizer const& text, int longest) {
  std::size_t const size = input.ids.size();
  auto const most = static_cast<std::size_t>(longest);
  if (longest <= 0 || size <= most) return;
  if (text.is_special(input.ids.back())) input.ids[most - 1] = input.ids.back();
  input.ids.resize(most);
  input.segments.resize(std::min(input.segments.size(), most));
  note("the text has %zu tokens; the first %zu are used, as the model's files ask", size, most);
}

encoded_pair read_ids_of(program_context const& context, input_options const& given,
                         std::optional<std::string> const& segments) {
  encoded_pair input;
  if (given.texts.size() == 2) {
    auto const& text = context.need_tokenizer("--prompt");
    for (auto const& part : given.texts) check_text(part, "--prompt");
    input = text.encode_pair(given.texts[0], given.texts[1]);
    if (context.model().segments < 2) input.segments.clear();  // RoBERTa and DistilBERT do not tell the two apart
  } else {
    input.ids = read_prompt(context, given);
  }
  if (segments) input.segments = read_ids(*segments, "--segments");
  if (!given.ids) truncate(input, *context.text, context.metadata.max_sequence);
  return input;
}

void check(encoded_pair const& input, program_context const& context, int capacity) {
  check_ids(input.ids, context.model().vocab, "--ids");
  if (input.ids.size() > static_cast<std::size_t>(capacity))
    throw error("the text has " + std::to_string(input.ids.size()) + " tokens, the model takes at most " +
                std::to_string(capacity));
  if (input.segments.empty()) return;
  if (input.segments.size() != input.ids.size())
    throw error("--segments: " + std::to_string(input.segments.size()) + " segments were given for " +
                std::to_string(input.ids.size()) + " tokens");
  int const segments = context.model().segments;
  for (int const s : input.segments)
    if (s < 0 || s >= std::max(segments, 1))
      throw error("--segments: segment " + std::to_string(s) + " is not below the " + std::to_string(segments) +
                  " of the model");
}

}  // namespace

encoded_pair read_encoder_input(program_context const& context, input_options const& input,
                                std::optional<std::string> const& segments, int capacity, char const* what) {
  check_one_input(input, true);
  if (!input.given()) throw usage_error(std::string(what) + " needs one of --prompt, --file and --ids");
  if (segments && !input.ids) throw usage_error("--segments needs --ids; two --prompt have their own segments");
  auto out = read_ids_of(context, input, segments);
  check(out, context, capacity);
  return out;
}

}  // namespace constformer::program
