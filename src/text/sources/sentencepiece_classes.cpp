#include "text/sources/sentencepiece_classes.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/sources/vocabulary.hpp"
#include "text/utf8.hpp"

namespace constformer::text {

namespace {

constexpr std::string_view sentinel_begin = "<extra_id_";

/// The converter's steps: character map, no blanks at the end, one mark for a run of blanks, words at the marks; scores
/// are summed in double.
void make_unigram(tokenizer_data& data) {
  data.single_precision = false;
  data.byte_fallback = false;
  data.byte_ids.fill(-1);
  for (vocabulary_entry& e : data.vocabulary)
    if (e.kind != piece_kind::unknown) e.kind = piece_kind::normal;
  data.rewrites.clear();
  if (!data.charsmap_trie.empty()) data.rewrites.push_back({rewrite_kind::charsmap, "", ""});
  data.rewrites.push_back({rewrite_kind::strip_right, "", ""});
  data.rewrites.push_back({rewrite_kind::replace_match, " {2,}", std::string(space_symbol)});
  data.splits = {{split_kind::metaspace_always, std::string(space_symbol), split_behavior::isolated, false},
                 {split_kind::literal, std::string(space_symbol), split_behavior::merged_with_next, false}};
}

// Control pieces and user-defined ones are cut out of the text.
void cut_out_control_pieces(tokenizer_data& data) {
  for (std::size_t id = 0; id < data.vocabulary.size(); ++id) {
    vocabulary_entry const& e = data.vocabulary[id];
    bool const control = e.kind == piece_kind::control;
    if (!control && e.kind != piece_kind::user_defined) continue;
    data.added.push_back({static_cast<int>(id), e.text, control, false, false, false, false});
  }
}

// Pieces under fairseq's numbers: `front`, whose fourth is <unk>, the model's pieces without its first `left_out`, and
// <mask>. `begin` is the number of <s>.
void number_as_fairseq(tokenizer_data& data, std::span<std::string_view const> front, std::size_t left_out, int begin) {
  std::vector<vocabulary_entry> pieces;
  for (std::string_view const text : front) pieces.push_back({std::string(text), 0, piece_kind::control, true});
  for (std::size_t i = left_out; i < data.vocabulary.size(); ++i) pieces.push_back(std::move(data.vocabulary[i]));
  pieces.push_back({"<mask>", 0, piece_kind::normal, true});
  data.vocabulary = std::move(pieces);
  data.special = {};
  data.special.unk = 3;
  cut_out_control_pieces(data);
  make_unigram(data);
  data.vocabulary[3].kind = piece_kind::unknown;
  data.special.bos = data.special.cls = begin;
  data.special.pad = 1;
}

}  // namespace

void make_bpe(tokenizer_data& data) {
  for (vocabulary_entry& e : data.vocabulary)
    if (e.kind == piece_kind::unused) e.kind = piece_kind::normal;
  cut_out_control_pieces(data);
}

void make_t5(tokenizer_data& data, int sentinels) {
  cut_out_control_pieces(data);
  for (int n = sentinels - 1; n >= 0; --n) data.vocabulary.push_back({sentinel(n), 0, piece_kind::normal, true});
  make_unigram(data);
}

void make_xlm_roberta(tokenizer_data& data) {
  constexpr std::array<std::string_view, 4> front{"<s>", "<pad>", "</s>", "<unk>"};
  number_as_fairseq(data, front, 3, 0);
  data.special.eos = data.special.sep = 2;
}

void make_camembert(tokenizer_data& data) {
  constexpr std::array<std::string_view, 5> front{"<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED"};
  number_as_fairseq(data, front, 1, 5);
  data.special.eos = data.special.sep = 6;
}

void set_llama_blanks(tokenizer_data& data, bool legacy, bool prefix) {
  std::string const mark(space_symbol);
  data.rewrites.clear();
  std::erase_if(data.splits, [&](split_step const& s) {
    return s.kind == split_kind::metaspace_always || s.kind == split_kind::metaspace_first ||
           s.kind == split_kind::metaspace_never || (s.kind == split_kind::literal && s.pattern == mark);
  });
  if (legacy) {
    if (prefix) data.rewrites.push_back({rewrite_kind::prepend, mark, ""});
    data.rewrites.push_back({rewrite_kind::replace, " ", mark});
  } else {
    data.splits.insert(data.splits.begin(), {prefix ? split_kind::metaspace_first : split_kind::metaspace_never, mark,
                                             split_behavior::isolated, false});
  }
  data.sentencepiece.add_dummy_prefix = data.strip_first_blank = prefix;  // what decoding takes off again
}

std::string sentinel(int n) { return std::string(sentinel_begin) + std::to_string(n) + ">"; }

int sentinels_of(tokenizer_settings const& settings) {
  constexpr int usual = 100;
  int const count = settings.integer("extra_ids").value_or(usual);
  int const most = 1 << 16;
  if (count > most) settings.fail("extra_ids is " + std::to_string(count) + ", the limit is " + std::to_string(most));
  return count;
}

bool has_sentinel(std::span<added_token const> tokens) {
  return std::ranges::any_of(tokens,
                             [](added_token const& t) { return t.text.find(sentinel_begin) != std::string::npos; });
}

}  // namespace constformer::text
