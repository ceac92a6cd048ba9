#include "constformer/core/error.hpp"
#include "text/sources/vocabulary.hpp"

#include <algorithm>
#include <unordered_set>

#include "text/blob_reader.hpp"
#include "text/byte_alphabet.hpp"
#include "text/rewrite.hpp"
#include "text/utf8.hpp"

namespace constformer::text {

// White space is spelled out: PCRE2's \s has U+180E, which Unicode's White_Space has not had since 6.3.
#define CF_SPACE "\\x09-\\x0D\\x20\\x85\\xA0\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}"
std::string_view const gpt2_pattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^" CF_SPACE
                                      "\\p{L}\\p{N}]+|[" CF_SPACE "]+(?![^" CF_SPACE "])|[" CF_SPACE "]+";
std::string_view const qwen2_pattern =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^" CF_SPACE
    "\\p{L}\\p{N}]+[\\r\\n]*|[" CF_SPACE "]*[\\r\\n]+|[" CF_SPACE "]+(?![^" CF_SPACE "])|[" CF_SPACE "]+";
#undef CF_SPACE

void ensure_id(tokenizer_data& data, int id) {
  auto const needed = static_cast<std::size_t>(id) + 1;
  if (data.vocabulary.size() < needed)
    data.vocabulary.resize(needed, vocabulary_entry{"", 0, piece_kind::control, true});
}

id_map read_vocab_object(json_file const& file, json const& vocab, bool byte_level, tokenizer_data& data) {
  if (!vocab.is_object()) file.fail(std::string("the vocabulary is ") + vocab.type_name() + ", an object is expected");
  id_map ids;
  ids.reserve(vocab.size());
  for (auto const& [piece, value] : vocab.items()) {
    int const id = file.integer(value, "the id of token \"" + piece.substr(0, 40) + "\"");
    // Holes are few in real vocabularies; a lone huge id would ask for memory the file has not paid for.
    if (static_cast<std::size_t>(id) > 16 * vocab.size() + 65536) {
      file.fail("the id of token \"" + piece.substr(0, 40) + "\" is " + std::to_string(id) + ", the vocabulary has " +
                std::to_string(vocab.size()) + " tokens");
    }
    ensure_id(data, id);
    vocabulary_entry& e = data.vocabulary[static_cast<std::size_t>(id)];
    std::optional<std::string> const bytes = byte_level ? bytes_of_alphabet(piece) : std::optional(piece);
    e = {bytes.value_or(piece), 0, piece_kind::normal, bytes.has_value()};
    ids.emplace(piece, id);
  }
  return ids;
}

void set_alphabet_ids(id_map const& ids, tokenizer_data& data) {
  for (int byte = 0; byte < 256; ++byte) {
    std::string letter;
    append_utf8(letter, alphabet_of_byte(static_cast<unsigned char>(byte)));
    auto const at = ids.find(letter);
    data.byte_ids[static_cast<std::size_t>(byte)] = at == ids.end() ? -1 : at->second;
  }
}

void set_byte_token_ids(id_map const& ids, tokenizer_data& data) {
  for (int byte = 0; byte < 256; ++byte) {
    auto const at = ids.find(token_of_byte(byte));
    data.byte_ids[static_cast<std::size_t>(byte)] = at == ids.end() ? -1 : at->second;
  }
}

int merge_reader::id_of(std::string const& piece) const {
  auto const at = ids_.find(piece);
  if (at == ids_.end()) {
    throw error(name_ + ": merge " + std::to_string(merges_.size()) + " needs token \"" + piece.substr(0, 40) +
                "\", which is not among the " + std::to_string(ids_.size()) + " of the vocabulary");
  }
  return at->second;
}

void merge_reader::add(std::string const& left, std::string const& right) {
  merges_.push_back({id_of(left), id_of(right), id_of(left + right)});
}

std::vector<merge_rule> merge_reader::take() {
  std::unordered_set<std::uint64_t> seen;
  std::vector<merge_rule> kept;
  for (auto m = merges_.rbegin(); m != merges_.rend(); ++m) {
    std::uint64_t const pair = static_cast<std::uint64_t>(m->left) << 32 | static_cast<std::uint32_t>(m->right);
    if (seen.insert(pair).second) kept.push_back(*m);
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

std::string rewritten(tokenizer_data const& data, std::string_view text) {
  tokenizer_data steps;
  steps.rewrites = data.rewrites;
  steps.sentencepiece = data.sentencepiece;
  steps.charsmap_trie = data.charsmap_trie;
  steps.charsmap_text = data.charsmap_text;
  steps.byte_ids.fill(-1);
  std::vector<std::byte> const blob = pack(steps);
  blob_reader const reader(blob);
  std::string buffer;
  return std::string(rewriter(reader).apply(text, buffer));
}

std::optional<int> id_of_text(tokenizer_data const& data, std::string_view text) {
  for (added_token const& a : data.added) {
    if (a.text == text) return a.id;
  }
  for (std::size_t id = 0; id < data.vocabulary.size(); ++id) {
    if (!text.empty() && data.vocabulary[id].text == text) return static_cast<int>(id);
  }
  return std::nullopt;
}

void add_token(tokenizer_data& data, added_token token) {
  if (token.text.empty()) return;
  ensure_id(data, token.id);
  vocabulary_entry& e = data.vocabulary[static_cast<std::size_t>(token.id)];
  if (token.normalized && !data.rewrites.empty()) token.text = rewritten(data, token.text);
  if (e.text.empty()) {
    std::optional<std::string> const bytes =
        data.byte_level ? bytes_of_alphabet(token.text) : std::optional(token.text);
    e = {bytes.value_or(token.text), e.score, piece_kind::normal, false};
  }
  auto const same =
      std::find_if(data.added.begin(), data.added.end(), [&](added_token const& a) { return a.id == token.id; });
  if (same == data.added.end()) {
    data.added.push_back(std::move(token));
  } else {
    *same = std::move(token);
  }
}

void set_bos_eos(tokenizer_data& data, bool bos, bool eos) {
  using source = template_item::source;
  auto const wrapped = [&](source what, int segment) {
    std::vector<template_item> items;
    if (bos && data.special.bos) items.push_back({source::token, *data.special.bos, segment});
    items.push_back({what, 0, segment});
    if (eos && data.special.eos) items.push_back({source::token, *data.special.eos, segment});
    return items;
  };
  data.single = wrapped(source::first, 0);
  data.pair = data.single;
  std::vector<template_item> const second = wrapped(source::second, 1);
  data.pair.insert(data.pair.end(), second.begin(), second.end());
}

void guess_special(tokenizer_data& data) {
  using names = std::initializer_list<std::string_view>;
  auto const guess = [&](std::optional<int>& role, names candidates) {
    for (std::string_view const name : candidates) {
      if (!role) role = id_of_text(data, name);
    }
  };
  special_tokens& s = data.special;
  guess(s.bos, {"<s>", "<|begin_of_text|>", "<bos>", "<|endoftext|>"});
  guess(s.eos, {"</s>", "<|end_of_text|>", "<eos>", "<|endoftext|>"});
  guess(s.pad, {"<pad>", "[PAD]"});
  // For merges the unknown token is what the model says, or none.
  if (data.model != model_kind::merges) guess(s.unk, {"<unk>", "[UNK]"});
  guess(s.cls, {"[CLS]"});
  guess(s.sep, {"[SEP]"});
  guess(s.mask, {"[MASK]", "<mask>"});
}

}  // namespace constformer::text
