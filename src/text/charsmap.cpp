#include "text/charsmap.hpp"

#include "text/utf8.hpp"

namespace constformer::text {
namespace {

/// The fields of a darts-clone unit.
constexpr bool has_leaf(std::uint32_t unit) { return ((unit >> 8) & 1) != 0; }
constexpr std::uint32_t leaf_value(std::uint32_t unit) { return unit & 0x7FFFFFFFu; }
constexpr std::uint32_t label(std::uint32_t unit) { return unit & 0x800000FFu; }
constexpr std::uint32_t offset(std::uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }

/// libsentencepiece looks at this many keys of one place; its builder never makes more.
constexpr int most_keys = 32;

}  // namespace

charsmap::match charsmap::find(std::string_view text, bool first_is_enough) const {
  match best;
  if (units_.size() == 0) return best;
  std::uint32_t node = offset(units_[0]);
  int keys = 0;
  for (std::size_t i = 0; i < text.size() && keys < most_keys; ++i) {
    auto const byte = static_cast<unsigned char>(text[i]);
    node ^= byte;
    if (node >= units_.size()) break;
    std::uint32_t const unit = units_[node];
    if (label(unit) != byte) break;
    node ^= offset(unit);
    if (!has_leaf(unit)) continue;
    std::uint32_t const value = leaf_value(units_[node]);
    if (value > text_.size()) throw_damaged("the character map");
    std::string_view const rest = text_.substr(value);
    best = {i + 1, rest.substr(0, std::min(rest.find('\0'), rest.size()))};
    ++keys;
    if (first_is_enough) break;
  }
  return best;
}

sentencepiece_normalizer::sentencepiece_normalizer(blob_reader const& blob)
    : map_(blob),
      user_symbols_(blob.bytes(section::user_trie)),
      dummy_prefix_(blob.has(flag_dummy_prefix)),
      remove_extra_(blob.has(flag_remove_extra_spaces)),
      escape_(blob.has(flag_escape_spaces)),
      suffix_(blob.has(flag_space_suffix)) {}

/// What the next characters become, and how many bytes they take. User-defined symbols stay as they are; a damaged byte
/// becomes U+FFFD by itself.
sentencepiece_normalizer::prefix sentencepiece_normalizer::next(std::string_view text) const {
  if (auto const symbol = user_symbols_.longest(text); symbol.size != 0)
    return {text.substr(0, symbol.size), symbol.size};
  if (auto const mapped = map_.longest(text); mapped.size != 0) return {mapped.replacement, mapped.size};
  code_point const c = decode_first(text);
  if (!c.valid) return {replacement_bytes, 1};
  return {text.substr(0, c.size), c.size};
}

void sentencepiece_normalizer::append_space(std::string& out) const { out.append(escape_ ? space_symbol : " "); }

void sentencepiece_normalizer::append_escaped(std::string& out, std::string_view text) const {
  if (!escape_) {
    out.append(text);
    return;
  }
  for (char const c : text) {
    if (c == ' ') {
      out.append(space_symbol);
    } else {
      out.push_back(c);
    }
  }
}

void sentencepiece_normalizer::apply(std::string_view text, std::string& out) const {
  out.clear();
  if (remove_extra_) {
    while (!text.empty()) {
      prefix const p = next(text);
      if (p.replacement != " ") break;
      text.remove_prefix(p.size);
    }
  }
  if (text.empty()) return;
  out.reserve(text.size() + text.size() / 2 + space_symbol.size());
  if (!suffix_ && dummy_prefix_) append_space(out);
  bool after_space = remove_extra_;
  while (!text.empty()) {
    prefix const p = next(text);
    std::string_view rest = p.replacement;
    while (after_space && rest.starts_with(' ')) rest.remove_prefix(1);
    if (!rest.empty()) {
      append_escaped(out, rest);
      after_space = remove_extra_ && rest.ends_with(' ');
    }
    text.remove_prefix(p.size);
  }
  std::string_view const space = escape_ ? space_symbol : " ";
  while (remove_extra_ && out.ends_with(space)) out.resize(out.size() - space.size());
  if (suffix_ && dummy_prefix_) append_space(out);
}

}  // namespace constformer::text
