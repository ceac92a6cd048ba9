#include <algorithm>
#include <string>

#include "constformer/core/error.hpp"
#include "constformer/text/tokenizer.hpp"
#include "text/added_tokens.hpp"
#include "text/blob_reader.hpp"
#include "text/decoder.hpp"
#include "text/model.hpp"
#include "text/piece_table.hpp"
#include "text/rewrite.hpp"
#include "text/split.hpp"
#include "text/utf8.hpp"

namespace constformer {
namespace text {
namespace {

std::optional<int> id_or_none(std::int32_t id) { return id < 0 ? std::nullopt : std::optional<int>(id); }

special_tokens read_special(blob_facts const& f) {
  return {id_or_none(f.bos), id_or_none(f.eos), id_or_none(f.pad), id_or_none(f.unk),
          id_or_none(f.cls), id_or_none(f.sep), id_or_none(f.mask)};
}

/// The one tokenizer: added tokens are cut out, the rest is rewritten, split into words and given to the model.
class packed_tokenizer final : public tokenizer {
 public:
  explicit packed_tokenizer(std::span<std::byte const> bytes)
      : blob_(bytes),
        pieces_(blob_),
        special_(read_special(blob_.facts())),
        raw_added_(blob_, section::added_raw_trie),
        late_added_(blob_, section::added_late_trie),
        rewriter_(blob_),
        splitter_(blob_),
        model_(make_model(blob_, pieces_)),
        chunk_mark_(blob_.text(blob_.facts().chunk_mark)),
        single_(blob_.array<blob_template>(section::single, "the template of one text")),
        pair_(blob_.array<blob_template>(section::pair, "the template of two texts")) {
    if (blob_.rest().empty()) return;
    target_ = std::make_unique<packed_tokenizer>(blob_.rest());
    if (!target_->blob_.rest().empty()) throw_damaged("what stands behind the target's blob");
  }

  std::vector<int> encode(std::string_view text, encode_options options) const override {
    return fill(single_, text, {}, options).ids;
  }

  encoded_pair encode_pair(std::string_view first, std::string_view second, encode_options options) const override {
    return fill(pair_, first, second, options);
  }

  std::string decode(std::span<int const> ids, decode_options options) const override {
    decoder d(blob_, pieces_, options, false);
    std::string out;
    for (int const id : ids) d.feed(checked(id), out);
    d.finish(out);
    return out;
  }

  std::unique_ptr<text_stream> stream(decode_options options) const override {
    return std::make_unique<decoder>(blob_, pieces_, options, true);
  }

  int vocab_size() const override {
    return static_cast<int>(blob_.facts().known != 0 ? std::min<std::size_t>(blob_.facts().known, pieces_.size())
                                                     : pieces_.size());
  }
  std::string_view piece(int id) const override { return pieces_.text(checked(id)); }
  bool is_special(int id) const override { return pieces_.is_skipped(checked(id)); }
  special_tokens const& special() const override { return special_; }
  tokenizer const& target() const override { return target_ ? *target_ : static_cast<tokenizer const&>(*this); }

  std::optional<int> find(std::string_view piece) const override {
    if (auto const id = pieces_.find(piece)) return static_cast<int>(*id);
    if (auto const id = pieces_.find_reserved(piece)) return static_cast<int>(*id);
    if (auto const id = raw_added_.find(piece)) return id;  // beside the model's own vocabulary, as Qwen2's <|im_end|>
    return late_added_.find(piece);
  }

 private:
  std::uint32_t checked(int id) const {
    if (id >= 0 && id < vocab_size()) return static_cast<std::uint32_t>(id);
    throw error("id " + std::to_string(id) + " is outside the vocabulary of " + std::to_string(vocab_size()) +
                " tokens");
  }

  encoded_pair fill(table<blob_template> const& items, std::string_view first, std::string_view second,
                    encode_options options) const {
    encoded_pair out;
    for (std::size_t i = 0; i < items.size(); ++i) {
      blob_template const item = items[i];
      auto const source = static_cast<template_item::source>(item.source);
      if (source != template_item::source::token) {
        append_text(source == template_item::source::first ? first : second, options, out.ids);
      } else if (options.add_special) {
        out.ids.push_back(item.id);
      }
      out.segments.resize(out.ids.size(), item.segment);
    }
    // Pieces that only helped to cut.
    if (blob_.facts().known != 0)
      std::ranges::replace_if(out.ids, [&](int id) { return id >= vocab_size(); }, blob_.facts().unk);
    bool const fit = std::all_of(out.ids.begin(), out.ids.end(), [&](int id) { return id >= 0 && id < vocab_size(); });
    if (!fit) throw_damaged("a token id");
    return out;
  }

  /// SentencePiece and run.c define what becomes of bytes that are no UTF-8; all others see U+FFFD.
  [[nodiscard]] bool takes_raw_bytes() const {
    return rewriter_.is_sentencepiece() || (blob_.model() == model_kind::llama2c && rewriter_.only_prepends());
  }

  /// Gives a word to the model in chunks, each beginning with the blank's mark.
  void segment(std::string_view word, workspace& w, std::vector<int>& out) const {
    while (!chunk_mark_.empty()) {
      std::size_t at = 0;
      while (word.substr(at).starts_with(chunk_mark_)) at += chunk_mark_.size();
      at = word.find(chunk_mark_, at);
      if (at == std::string_view::npos) break;
      model_->segment(word.substr(0, at), w, out);
      w.at_start = false;
      word.remove_prefix(at);
    }
    model_->segment(word, w, out);
    w.at_start = false;
  }

  /// Whether special tokens are looked for in the rewritten text of a part that begins at `begin`. There is no telling
  /// where a plain range lies in that, so none are if one of them spells a special token.
  [[nodiscard]] bool parses_rewritten(std::string_view part, std::size_t begin, encode_options const& options) const {
    return options.parse_special && std::ranges::none_of(options.plain, [&](text_range const& r) {
             auto const from = std::max(r.begin, begin), to = std::min(r.end, begin + part.size());
             return from < to && late_added_.has_special(part.substr(from - begin, to - from));
           });
  }

  void append_text(std::string_view text, encode_options const& options, std::vector<int>& out) const {
    constexpr std::size_t longest_text = std::size_t{1} << 29;  // positions are 32 bits, and steps lengthen the text
    if (text.size() > longest_text) {
      throw error("text of " + std::to_string(text.size()) + " bytes, the limit is " + std::to_string(longest_text));
    }
    std::string replaced;
    if (!takes_raw_bytes() && find_invalid_utf8(text) != text.size()) {
      append_replaced(replaced, text);
      text = replaced;
    }
    workspace w;
    std::string buffer;
    auto const on_id = [&](int id) { out.push_back(id); };
    raw_added_.split(
        text, options.parse_special, options.plain,
        [&](std::string_view part) {
          bool at_start = part.data() == text.data();
          std::string_view rewritten = rewriter_.apply(part, buffer);
          if (!splitter_.empty() && takes_raw_bytes() && find_invalid_utf8(rewritten) != rewritten.size()) {
            throw_damaged("the order of steps");
          }
          late_added_.split(
              rewritten, parses_rewritten(part, static_cast<std::size_t>(part.data() - text.data()), options), {},
              [&](std::string_view rest) {
                splitter_.apply(rest, at_start && rest.data() == rewritten.data(),
                                [&](std::string_view word) { segment(word, w, out); });
              },
              on_id);
        },
        on_id);
  }

  blob_reader blob_;
  piece_table pieces_;
  special_tokens special_;
  added_tokens raw_added_, late_added_;
  rewriter rewriter_;
  splitter splitter_;
  std::unique_ptr<word_model> model_;
  std::string_view chunk_mark_;
  table<blob_template> single_, pair_;
  std::unique_ptr<packed_tokenizer> target_;
};

}  // namespace
}  // namespace text

std::unique_ptr<tokenizer> open_tokenizer(std::span<std::byte const> blob) {
  return std::make_unique<text::packed_tokenizer>(blob);
}

}  // namespace constformer
