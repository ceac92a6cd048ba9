#include "draft_choice.hpp"

#include <charconv>
#include <system_error>

#include "../serve/guess_length.hpp"
#include "errors.hpp"

namespace constformer::program {

namespace {

int read_tokens(std::string const& word) {
  constexpr int most = static_cast<int>(serve::guess_length::most);
  int tokens = 0;
  auto const [end, failed] = std::from_chars(word.data(), word.data() + word.size(), tokens);
  if (failed != std::errc() || end != word.data() + word.size())
    throw usage_error("--draft: '" + word.substr(0, 40) + "' is none of none, lookup and a number of tokens");
  if (tokens < 1 || tokens > most)
    throw usage_error("--draft " + std::to_string(tokens) + " is not between 1 and " + std::to_string(most));
  return tokens;
}

}  // namespace

void draft_choice::tell(serve::engine_options& options) const {
  options.prompt_lookup = lookup;
  if (draft) options.draft = draft->engine(tokens, options.threads);
}

draft_choice choose_draft(program_context const& context, std::string const& word) {
  if (word == "none") return {};
  if (word == "lookup") return {.lookup = true};
  int const tokens = read_tokens(word);
  draft_choice out{.draft = open_draft(), .tokens = tokens};
  if (!out.draft)
    throw usage_error("--draft " + word + ": " + std::string(context.unit.name) +
                      " was built without a model that guesses (constformer build --draft)");
  return out;
}

}  // namespace constformer::program
