#include "data/text_tokens.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "checkpoint/xxh3.hpp"
#include "constformer/core/error.hpp"
#include "constformer/data/token_file.hpp"
#include "text/utf8.hpp"

namespace constformer::data {

namespace fs = std::filesystem;

namespace {

// Longer texts are cut at the end of a line, so that their ids are never all in memory: there a token may be another
// than if the text were encoded at once.
constexpr std::size_t encoded_at_once = std::size_t{64} << 20;

// The place of character `n` of valid UTF-8.
std::size_t byte_of_character(std::string_view text, std::int64_t n) {
  for (std::size_t at = 0; at < text.size(); ++at)
    if (!text::is_continuation(text[at]) && n-- == 0) return at;
  return text.size();
}

std::int64_t count_characters(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return !text::is_continuation(c); });
}

// What is encoded at once: all, or up to the end of a line.
std::string_view next_piece(std::string_view text) {
  if (text.size() <= encoded_at_once) return text;
  auto const line = text.rfind('\n', encoded_at_once);
  if (line != std::string_view::npos) return text.substr(0, line + 1);
  std::size_t end = encoded_at_once;
  while (text::is_continuation(text[end])) --end;
  return text.substr(0, end);
}

}  // namespace

std::uint64_t mixed(std::uint64_t hash, std::string_view bytes) {
  std::array const both{hash, packed::xxh3(bytes.data(), bytes.size())};
  return packed::xxh3(both.data(), sizeof both);
}

std::uint64_t fingerprint(tokenizer const& text) {
  std::uint64_t hash = static_cast<std::uint64_t>(text.vocab_size());
  for (int id = 0; id < text.vocab_size(); ++id) hash = mixed(hash, text.piece(id));
  try {
    auto const ids = text.encode("I'LL don't caf\xC3\xA9  \n\n\t 12345 \xEF\xAC\x81 <s> \xE6\x99\x82", {});
    hash = mixed(hash, {reinterpret_cast<char const*>(ids.data()), ids.size() * sizeof(int)});
  } catch (error const&) {  // a vocabulary of characters, which has no pattern
  }
  return hash;
}

fs::path name_in(fs::path const& cache, char const* name, std::uint64_t fingerprint) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(fingerprint));
  return cache / (std::string(name) + "-" + digits + ".bin");
}

fs::path make_cache(fs::path const& asked) {
  fs::path const cache = asked.empty() ? fs::temp_directory_path() / "constformer-data" : asked;
  std::error_code reason;
  fs::create_directories(cache, reason);
  if (reason) throw error(cache.string() + ": cannot be made: " + reason.message());
  return cache;
}

void judge_utf8(std::string_view text) {
  if (auto const bad = text::find_invalid_utf8(text); bad != text.size())
    throw error("byte " + std::to_string(bad) + " of " + std::to_string(text.size()) + " is no UTF-8");
}

std::string_view text_of(mapped_file const& file) try {
  std::string_view const text(reinterpret_cast<char const*>(file.bytes().data()), file.bytes().size());
  judge_utf8(text);
  return text;
} catch (error const& problem) {
  throw error(file.path().string() + ": " + problem.what());
}

std::vector<int> encode_plain(tokenizer const& text, std::string_view document, std::string const& where) try {
  judge_utf8(document);
  return text.encode(document, {.add_special = false, .parse_special = false});
} catch (error const& problem) {
  throw error(where + ": " + problem.what());
}

struct text_tokens::document {
  std::shared_ptr<mapped_file const> file;
  std::string_view text;
};

text_tokens::text_tokens(tokenizer const& text, fs::path cache) : text_(text), cache_(make_cache(cache)) {}

token_range text_tokens::made_of(std::vector<document> const& documents) const {
  std::uint64_t hash = fingerprint(text_);
  for (document const& d : documents) hash = mixed(hash, d.text);
  fs::path const path = name_in(cache_, "tokens", hash);
  if (!fs::exists(path)) {
    auto const& special = text_.special();
    std::optional<int> const end = special.eos ? special.eos : special.bos;
    token_file_writer out(path, text_.vocab_size() <= 0x10000 ? token_format::llmc16 : token_format::llmc32);
    for (document const& d : documents) {
      for (std::string_view rest = d.text; !rest.empty();) {
        std::string_view const piece = next_piece(rest);
        out.write(encode_plain(text_, piece, d.file->path().string()));
        rest.remove_prefix(piece.size());
      }
      if (end && documents.size() > 1) out.write(std::array{*end});
    }
    if (out.size() == 0) throw error(documents.front().file->path().string() + " becomes 0 tokens");
    out.commit();
  }
  return token_range(std::make_shared<token_file const>(path));
}

token_range text_tokens::tokens_of(std::vector<fs::path> const& files) const {
  std::vector<document> documents;
  for (fs::path const& path : files) {
    auto const file = std::make_shared<mapped_file const>(path);
    documents.push_back({file, text_of(*file)});
  }
  return made_of(documents);
}

text_tokens::parts text_tokens::parts_of(std::vector<fs::path> const& files, double share) const {
  std::vector<document> train, validation;
  std::int64_t characters = 0;
  for (fs::path const& path : files) {
    auto const file = std::make_shared<mapped_file const>(path);
    train.push_back({file, text_of(*file)});
    characters += count_characters(train.back().text);
  }
  auto left = static_cast<std::int64_t>(static_cast<double>(characters) * (1.0 - share));  // as nanoGPT's prepare.py
  for (document& d : train) {
    std::size_t const cut = byte_of_character(d.text, std::max<std::int64_t>(left, 0));
    left -= count_characters(d.text);
    if (cut < d.text.size()) validation.push_back({d.file, d.text.substr(cut)});
    d.text = d.text.substr(0, cut);
  }
  std::erase_if(train, [](document const& d) { return d.text.empty(); });
  if (train.empty() || validation.empty())
    throw error(files.front().string() + ": its " + std::to_string(characters) + " characters leave " +
                (train.empty() ? "nothing to train on" : "nothing to validate by") + " at a share of " +
                std::to_string(share));
  return {made_of(train), made_of(validation)};
}

}  // namespace constformer::data
