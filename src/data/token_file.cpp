#include "constformer/data/token_file.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "constformer/core/error.hpp"
#include "data/little_endian.hpp"

namespace constformer {

namespace {

constexpr std::size_t header_words = 256, header_bytes = 4 * header_words;

struct known_header {
  std::uint32_t magic, version;
  token_format format;
};
constexpr std::array known_headers{known_header{20240520, 1, token_format::llmc16},
                                   known_header{20240801, 7, token_format::llmc32}};
constexpr std::uint32_t evaluation_magic = 20240522;  // llm.c's multiple choice

std::size_t width_of(token_format format) { return format == token_format::llmc32 ? 4 : 2; }

using data::load;
using data::store;

// llm.c's header if there is one. A file of bare tokens cannot begin so: GPT-2 has no token 55432 (20240520 mod 2¹⁶).
std::optional<known_header> header_of(std::span<std::byte const> bytes, std::string const& name) {
  if (bytes.size() < 4) return std::nullopt;
  auto const magic = load<std::uint32_t>(bytes.data());
  if (magic == evaluation_magic)
    throw error(name + " holds questions of multiple choice (20240522), tokens are expected (20240520 or 20240801)");
  auto const known = std::ranges::find(known_headers, magic, &known_header::magic);
  if (known == known_headers.end()) return std::nullopt;
  if (bytes.size() < header_bytes)
    throw error(name + " has " + std::to_string(bytes.size()) + " bytes, the header of llm.c has 1024");
  if (auto const version = load<std::uint32_t>(bytes.data() + 4); version != known->version)
    throw error(name + " is of version " + std::to_string(version) + ", version " + std::to_string(known->version) +
                " is expected");
  return *known;
}

}  // namespace

token_file::token_file(std::filesystem::path path) : file_(std::move(path)), tokens_(file_.bytes()) {
  std::string const name = file_.path().string();
  auto const header = header_of(tokens_, name);
  if (header) {
    format_ = header->format;
    tokens_ = tokens_.subspan(header_bytes);
  }
  std::size_t const width = width_of(format_);
  if (tokens_.size() % width != 0)
    throw error(name + " has " + std::to_string(tokens_.size()) + " bytes of tokens, which have " +
                std::to_string(width) + " bytes each");
  size_ = static_cast<std::int64_t>(tokens_.size() / width);
  if (!header) return;
  if (auto const told = load<std::uint32_t>(file_.bytes().data() + 8); told != static_cast<std::uint64_t>(size_))
    throw error(name + " says that it has " + std::to_string(told) + " tokens, and has " + std::to_string(size_));
  if (size_ == 0) throw error(name + " has 0 tokens");
}

std::uint32_t token_file::operator[](std::int64_t i) const {
  auto const at = static_cast<std::size_t>(i);
  return format_ == token_format::llmc32 ? load<std::uint32_t>(tokens_.data() + 4 * at)
                                         : load<std::uint16_t>(tokens_.data() + 2 * at);
}

void token_file::read(std::int64_t first, std::span<std::int32_t> out, int vocab) const {
  std::uint32_t const bound = vocab > 0 ? static_cast<std::uint32_t>(vocab) : 0x80000000U;
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::uint32_t const token = (*this)[first + static_cast<std::int64_t>(i)];
    if (token >= bound)
      throw error(path().string() + ": token " + std::to_string(first + static_cast<std::int64_t>(i)) + " is " +
                  std::to_string(token) + ", the vocabulary has " + std::to_string(bound));
    out[i] = static_cast<std::int32_t>(token);
  }
}

token_file_writer::token_file_writer(std::filesystem::path path, token_format format)
    : path_(std::move(path)), format_(format), body_(std::make_unique<atomic_file>(path_)) {
  if (format_ != token_format::bare16) body_->write(std::vector<std::byte>(header_bytes));
}

void token_file_writer::write(std::span<int const> tokens) {
  std::size_t const width = width_of(format_);
  std::vector<std::byte> bytes(tokens.size() * width);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    auto const token = static_cast<std::uint32_t>(tokens[i]);
    if (width == 2 && token > 0xFFFFU)
      throw error(path_.string() + ": token " + std::to_string(size_ + static_cast<std::int64_t>(i)) + " is " +
                  std::to_string(tokens[i]) + ", 16 bits hold at most 65535");
    if (width == 4)
      store(bytes.data() + 4 * i, token);
    else
      store(bytes.data() + 2 * i, static_cast<std::uint16_t>(token));
  }
  body_->write(bytes);
  size_ += static_cast<std::int64_t>(tokens.size());
}

void token_file_writer::commit() {
  if (format_ != token_format::bare16) {
    constexpr auto most = std::numeric_limits<std::int32_t>::max();
    if (size_ > most)
      throw error(path_.string() + " would have " + std::to_string(size_) + " tokens, llm.c's format holds " +
                  std::to_string(most));
    auto const& header = *std::ranges::find(known_headers, format_, &known_header::format);
    std::array<std::byte, 12> words{};
    store(words.data(), header.magic);
    store(words.data() + 4, header.version);
    store(words.data() + 8, static_cast<std::uint32_t>(size_));
    body_->overwrite(0, words);
  }
  body_->commit();
}

}  // namespace constformer
