#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "serve/json.hpp"
#include "serve/json_writer.hpp"

using namespace constformer::serve;

// What is read, nlohmann's library reads too, and as the same value; what is written of it is JSON.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text(reinterpret_cast<char const*>(data), size);
  json_value value;
  try {
    value = parse_json(text);
  } catch (json_error const&) {
    return 0;
  }
  json_writer w;
  w.value(value);
  auto const ours = nlohmann::json::parse(w.text(), nullptr, false);
  auto const theirs = nlohmann::json::parse(text, nullptr, false);
  if (ours.is_discarded() || theirs.is_discarded() || ours != theirs) std::abort();
  return 0;
}
