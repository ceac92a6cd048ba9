#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "text/blob_reader.hpp"
#include "text/merging.hpp"
#include "text/piece_table.hpp"

namespace constformer::text {

/// Finds the tokens of a word; one subclass for each model_kind.
class word_model {
 public:
  virtual ~word_model() = default;
  word_model(word_model const&) = delete;
  word_model& operator=(word_model const&) = delete;

  /// Appends the ids of `word`, which is not empty.
  virtual void segment(std::string_view word, workspace& w, std::vector<int>& out) const = 0;

 protected:
  word_model() = default;
};

/// The model of a blob; `pieces` must outlive it.
std::unique_ptr<word_model> make_model(blob_reader const& blob, piece_table const& pieces);

/// @{ The kinds, each in a file of its name.
std::unique_ptr<word_model> make_ranked_merges(blob_reader const& blob, piece_table const& pieces);
std::unique_ptr<word_model> make_scored_merges(blob_reader const& blob, piece_table const& pieces);
std::unique_ptr<word_model> make_llama2c(blob_reader const& blob, piece_table const& pieces);
std::unique_ptr<word_model> make_unigram(blob_reader const& blob, piece_table const& pieces);
std::unique_ptr<word_model> make_wordpiece(blob_reader const& blob, piece_table const& pieces);
std::unique_ptr<word_model> make_characters(blob_reader const& blob, piece_table const& pieces);
std::unique_ptr<word_model> make_ranks(blob_reader const& blob, piece_table const& pieces);
/// @}

/// The tokens of single bytes, and what becomes of text that is in no piece.
class unknown_text {
 public:
  explicit unknown_text(blob_reader const& blob)
      : byte_ids_(blob.array<std::int32_t>(section::byte_ids, "the table of byte tokens")),
        unknown_(blob.facts().unk),
        fallback_(blob.has(flag_byte_fallback)) {}

  [[nodiscard]] std::int32_t byte_id(char byte) const { return byte_ids_[static_cast<unsigned char>(byte)]; }
  [[nodiscard]] std::int32_t unknown() const { return unknown_; }

  /// True if byte fallback is on and every byte of `text` has a token.
  [[nodiscard]] bool falls_back(std::string_view text) const {
    if (!fallback_) return false;
    for (char const c : text) {
      if (byte_id(c) < 0) return false;
    }
    return true;
  }

 private:
  table<std::int32_t> byte_ids_;
  std::int32_t unknown_;
  bool fallback_;
};

}  // namespace constformer::text
