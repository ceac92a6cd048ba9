#include "encoder_input.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "errors.hpp"
#include "input.hpp"
#include "truncation.hpp"

namespace constformer::program {

namespace {

// The model's files may ask for less than the model can take (sentence-transformers' max_seq_length).
void cut(program_context const& context, std::vector<std::string> const& texts, encoded_pair& input) {
  auto const most = static_cast<std::size_t>(context.metadata.max_sequence);
  std::size_t const size = input.ids.size();
  if (most == 0 || size <= most) return;
  std::vector<std::vector<int>> parts;
  for (auto const& text : texts) parts.push_back(context.text->encode(text, {.add_special = false}));
  bool const left = context.metadata.embedding.cut_left;
  truncate(input, parts, most, left);
  note("the text has %zu tokens; the %s %zu are used, as the model's files ask", size, left ? "last" : "first", most);
}

encoded_pair encode(program_context const& context, std::vector<std::string> const& texts) {
  encoded_pair input;
  if (texts.size() == 2) {
    input = context.text->encode_pair(texts[0], texts[1]);
    if (context.model().segments < 2) input.segments.clear();  // RoBERTa and DistilBERT do not tell the two apart
  } else {
    input.ids = encode_prompt(context, texts.front());
  }
  cut(context, texts, input);
  return input;
}

// Tokens that a prompt takes, those before it included and the one that ends a text left out.
std::size_t tokens_of(program_context const& context, std::string const& prompt) {
  auto const ids = encode(context, {prompt}).ids;
  return ids.size() - static_cast<std::size_t>(context.text->is_special(ids.back()));
}

encoder_input read_texts(program_context const& context, input_options const& given, std::string const& prompt) {
  static_cast<void>(context.need_tokenizer(given.file ? "--file" : "--prompt"));
  std::vector<std::string> texts = given.texts;
  for (auto const& text : texts) check_text(text, "--prompt");
  if (given.file) texts = {read_text(given)};
  texts.front().insert(0, prompt);
  encoder_input out{encode(context, texts)};
  if (!prompt.empty()) out.prompt_tokens = std::min(tokens_of(context, prompt), out.ids.size());
  return out;
}

encoder_input read_ids_of(program_context const& context, input_options const& given,
                          std::optional<std::string> const& segments) {
  encoder_input out;
  out.ids = read_prompt(context, given);
  if (segments) out.segments = read_ids(*segments, "--segments");
  return out;
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

encoder_input read_encoder_input(program_context const& context, input_options const& input,
                                 std::optional<std::string> const& segments, int capacity, char const* what,
                                 std::string const& prompt) {
  check_one_input(input, true);
  if (!input.given()) throw usage_error(std::string(what) + " needs one of --prompt, --file and --ids");
  if (segments && !input.ids) throw usage_error("--segments needs --ids; two --prompt have their own segments");
  auto out = input.ids ? read_ids_of(context, input, segments) : read_texts(context, input, prompt);
  check(out, context, capacity);
  return out;
}

}  // namespace constformer::program
