#include "support.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "constformer/text/load.hpp"

namespace text_test {
namespace {

std::filesystem::path from_environment(char const* name, std::filesystem::path const& otherwise) {
  char const* const value = std::getenv(name);
  return value == nullptr ? otherwise : std::filesystem::path(value);
}

}  // namespace

opened open(constformer::tokenizer_data const& data) {
  opened o{constformer::pack(data), nullptr};
  o.tokens = constformer::open_tokenizer(o.blob);
  return o;
}

opened open(std::filesystem::path const& path) { return open(constformer::load_tokenizer_source(path)); }

std::string read_all(std::filesystem::path const& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

nlohmann::json read_json(std::filesystem::path const& path) { return nlohmann::json::parse(read_all(path)); }

std::filesystem::path fixtures() { return from_environment("CONSTFORMER_SOURCE", ".") / "tests" / "text" / "fixtures"; }

std::filesystem::path shared(std::string_view relative) {
  std::filesystem::path const path = from_environment("CONSTFORMER_SHARED", "../shared") / "data" / relative;
  if (!std::filesystem::exists(path)) SKIP("needs " << relative << " of the shared data");
  return path;
}

std::vector<std::string> parts_of(std::string const& text, std::string_view separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t at = text.find(separator); at != std::string::npos; at = text.find(separator, begin)) {
    parts.push_back(text.substr(begin, at - begin));
    begin = at + separator.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::vector<int> ids_of(nlohmann::json const& list) { return list.get<std::vector<int>>(); }

std::string streamed(constformer::tokenizer const& tokens, std::vector<int> const& ids, bool skip_special) {
  auto const stream = tokens.stream(constformer::decode_options{skip_special});
  std::string out;
  for (int const id : ids) out += stream->push(id);
  out += stream->flush();
  return out;
}

}  // namespace text_test
