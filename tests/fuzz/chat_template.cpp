#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "constformer/core/error.hpp"
#include "constformer/text/chat.hpp"
#include "text/jinja/interpreter.hpp"
#include "text/jinja/parser.hpp"

using namespace constformer;

namespace {

constexpr jinja::limits small{.steps = 100'000, .bytes = 1 << 22, .output = 1 << 18, .depth = 1000};

jinja::input conversation(std::string_view said) {
  using json = nlohmann::ordered_json;
  jinja::input in{.trusted = {{"bos_token", "<s>"}, {"number", 7}, {"list", json::array({3, "b", 1.5, nullptr})}},
                  .told = {},
                  .now = {}};
  in.told.emplace_back("messages", json::array({json{{"role", "user"}, {"content", said}}}));
  in.told.emplace_back("tools", json::parse(R"([{"function":{"name":"f","parameters":{"a":{"type":"string"}}}}])"));
  in.now.tm_mday = 7;
  in.now.tm_year = 131;
  return in;
}

void check_words(std::string_view text) {
  chat_templates const templates{.all = {{"default", std::string(text)}}, .tokens = {{"bos_token", std::string(text)}}};
  if (chat_templates_of(words_of(templates)) != templates) std::abort();
}

}  // namespace

// The input is a template; what is said is its end. A rendering keeps its limits, comes out the
// same twice, and marks as told only what holds something of the conversation.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text(reinterpret_cast<char const*>(data), size);
  constexpr std::size_t longest = 64;
  std::string said(text.substr(size - std::min(size, longest)));
  for (char& c : said)
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  check_words(text);
  try {
    auto const tree = jinja::parse_template(text);
    auto const in = conversation(said);
    auto const out = jinja::render(tree, in, small);
    if (out.size() > small.output) std::abort();
    if (jinja::render(tree, in, small).view() != out.view()) std::abort();
    if (text.find("messages") == std::string_view::npos && text.find("tools") == std::string_view::npos &&
        out.any_told())
      std::abort();
  } catch (error const&) {  // no template, or one that fails
  }
  return 0;
}
