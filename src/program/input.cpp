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
  if (input.ids) {
    auto ids = read_ids(*input.ids, "--ids");
    if (ids.empty()) throw error("--ids: the list is empty");
    check_ids(ids, context.model().vocab, "--ids");
    return ids;
  }
  static_cast<void>(context.need_tokenizer(input.file ? "--file" : "--prompt"));
  return encode_prompt(context, read_text(input));
}

std::vector<std::vector<int>> read_prompt_lines(program_context const& context, std::string const& file) {
  static_cast<void>(context.need_tokenizer("--file"));
  auto const content = read_input(file);
  check_text(content, name_of_file(file));
  std::vector<std::vector<int>> prompts;
  for (std::string_view rest = content; !rest.empty();) {
    std::string_view const line = rest.substr(0, rest.find('\n'));
    prompts.push_back(encode_prompt(context, line));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  if (prompts.empty()) throw error(name_of_file(file) + ": there are no lines");
  return prompts;
}

std::vector<int> encode_more(program_context const& context, std::string const& text, char const* name) {
  if (text.empty()) return {};
  check_text(text, name);
  auto ids = context.need_tokenizer(name).encode(text, {.add_special = false});
  check_ids(ids, context.model().vocab, "tokenizer");
  return ids;
}

std::vector<int> encode_prompt(program_context const& context, std::string_view prompt) {
  auto const& text = *context.text;
  auto ids = text.encode(prompt);
  if (ids.empty()) {
    if (!text.special().bos)
      throw error("the prompt is empty and the tokenizer of " + std::string(context.unit.name) +
                  " has no token that begins a text");
    ids.push_back(*text.special().bos);
  }
  check_ids(ids, context.model().vocab, "tokenizer");
  return ids;
}

}  // namespace constformer::program
