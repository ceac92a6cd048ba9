#include "vocabulary_list.hpp"

#include <algorithm>
#include <string>
#include <system_error>

#include <nlohmann/json.hpp>

#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/core/error.hpp"

namespace constformer {

namespace {

namespace fs = std::filesystem;

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    std::size_t const end = std::min(text.find('\n'), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  // A carriage return belongs to the token unless every line has one.
  bool const all = std::all_of(out.begin(), out.end(), [](std::string const& line) { return line.ends_with('\r'); });
  if (all)
    for (std::string& line : out) line.pop_back();
  return out;
}

std::vector<std::string> list_of(std::string_view text, fs::path const& path) {
  auto const list = nlohmann::json::parse(text, nullptr, false);
  if (!list.is_array()) throw error(path.string() + ": is not a JSON list of tokens");
  std::vector<std::string> out;
  for (auto const& token : list) {
    if (!token.is_string()) throw error(path.string() + ": entry " + std::to_string(out.size()) + " is not a token");
    out.push_back(token.get<std::string>());
  }
  return out;
}

}  // namespace

std::optional<int> vocabulary_list::id_of(std::string_view token) const {
  if (token.empty()) return std::nullopt;  // of no role
  auto const place = std::find(tokens.begin(), tokens.end(), token);
  if (place == tokens.end()) return std::nullopt;
  return static_cast<int>(place - tokens.begin());
}

vocabulary_list read_vocabulary_list(fs::path const& folder, std::string const& name, int size) {
  std::error_code unreadable;
  for (std::string const& stem : {std::string("shared_vocabulary"), name})
    for (char const* const extension : {".json", ".txt"}) {
      fs::path const path = folder / (stem + extension);
      if (!fs::is_regular_file(path, unreadable)) continue;
      mapped_file const file(path);
      std::string_view const text(reinterpret_cast<char const*>(file.bytes().data()), file.bytes().size());
      vocabulary_list out{path.extension() == ".json" ? list_of(text, path) : lines_of(text)};
      // OpenNMT's lists may leave it out, and CTranslate2 appends it.
      bool const one_short = out.tokens.size() + 1 == static_cast<std::size_t>(size);
      if (one_short && !out.id_of("<unk>")) out.tokens.emplace_back("<unk>");
      if (out.tokens.size() != static_cast<std::size_t>(size))
        throw error(path.string() + ": has " + std::to_string(out.tokens.size()) + " tokens, the model has " +
                    std::to_string(size));
      return out;
    }
  throw error(folder.string() + ": has no " + name + ".txt or .json, and no shared_vocabulary");
}

}  // namespace constformer
