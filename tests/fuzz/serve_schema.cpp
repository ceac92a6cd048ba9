#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "serve/api_error.hpp"
#include "serve/byte_automaton.hpp"
#include "serve/json.hpp"
#include "serve/json_schema.hpp"

using namespace constformer::serve;

namespace {

constexpr std::size_t longest = 200;

// Goes through a text that the automaton allows; `choice` says which byte is tried first each time.
std::string some_text(byte_automaton const& automaton, std::string_view choice, bool& ended) {
  auto at = automaton.start();
  std::string out;
  while (out.size() < longest && !byte_automaton::must_end(at)) {
    auto byte = static_cast<unsigned char>(choice.empty() ? '"' : choice[out.size() % choice.size()]);
    auto next = automaton.next(at, byte);
    for (int k = 0; next.empty() && k < 256; ++k) next = automaton.next(at, ++byte);
    if (next.empty()) break;  // the end of a text, or values deeper than 64
    out += static_cast<char>(byte);
    at = std::move(next);
  }
  ended = byte_automaton::may_end(at);
  return out;
}

}  // namespace

// The input is a schema, and a text behind a line break. A schema is refused or compiled; whatever text it then allows
// is JSON.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const input(reinterpret_cast<char const*>(data), size);
  auto const line = input.find('\n');
  auto const choice = line == std::string_view::npos ? input : input.substr(line + 1);
  try {
    auto const grammar = grammar_of_schema(parse_json(input.substr(0, line)), "x");
    byte_automaton const automaton(grammar);
    bool ended = false;
    auto const text = some_text(automaton, choice, ended);
    if (ended && !nlohmann::json::accept(text)) std::abort();
  } catch (json_error const&) {
  } catch (api_error const& refused) {
    if (refused.status != 400) std::abort();
  }
  return 0;
}
