#include "input.hpp"

#include <algorithm>

#include "errors.hpp"

namespace constformer::program {

std::string read_text(input_options const& input) {
  std::string text = input.file ? read_input(*input.file) : input.texts.empty() ? std::string() : input.texts.front();
  check_text(text, input.file ? name_of_file(*input.file) : "--prompt");
  return text;
}

void check_one_input(input_options const& input, bool pair_allowed) {
  int const given = static_cast<int>(!input.texts.empty()) + static_cast<int>(input.file.has_value()) +
                    static_cast<int>(input.ids.has_value());
  if (given > 1)
    throw usage_error("--prompt, --file and --ids exclude each other, " + std::to_string(given) + " of them are given");
  std::size_t const most = pair_allowed ? 2 : 1;
  if (input.texts.size() > most)
    throw usage_error("--prompt is given " + std::to_string(input.texts.size()) + " times, at most " +
                      std::to_string(most) + " is understood here");
}

std::vector<int> read_prompt(program_context const& context, input_options const& input) {
  int const vocab = context.model().vocab;
  if (input.ids) {
    auto ids = read_ids(*input.ids, "--ids");
    if (ids.empty()) throw error("--ids: the list is empty");
    check_ids(ids, vocab, "--ids");
    return ids;
  }
  auto const& text = context.need_tokenizer(input.file ? "--file" : "--prompt");
  auto ids = text.encode(read_text(input));
  if (ids.empty()) {
    if (!text.special().bos)
      throw error("the prompt is empty and the tokenizer of " + std::string(context.unit.name) +
                  " has no token that begins a text");
    ids.push_back(*text.special().bos);
  }
  check_ids(ids, vocab, "tokenizer");
  return ids;
}

}  // namespace constformer::program
