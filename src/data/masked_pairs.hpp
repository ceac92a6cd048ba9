#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "constformer/data/python_random.hpp"

namespace constformer::data {

/// Documents of sentences, each of them some tokens.
class sentence_list {
 public:
  virtual ~sentence_list() = default;
  sentence_list(sentence_list const&) = delete;
  sentence_list& operator=(sentence_list const&) = delete;

  [[nodiscard]] virtual std::size_t documents() const = 0;
  /// Sentences of a document, at least one.
  [[nodiscard]] virtual std::size_t sentences(std::size_t document) const = 0;
  /// Appends the tokens of a sentence, at least one.
  virtual void append(std::size_t document, std::size_t sentence, std::vector<std::int32_t>& to) const = 0;
  /// Their number.
  [[nodiscard]] virtual std::size_t length(std::size_t document, std::size_t sentence) const = 0;

 protected:
  sentence_list() = default;
};

/// What BERT's create_pretraining_data.py is told.
struct masking {
  int length;          ///< of a sequence, at least 5
  bool pairs;          ///< else a sequence is one text: sentences of one document, as many as fit
  int duplicates;      ///< times that all documents are gone through
  double short_share;  ///< of sequences that are shorter
  double mask_share;   ///< of tokens
  int most_masks;      ///< of a sequence
  int cls, sep, mask;  ///< tokens
  int vocab;           ///< random tokens are below
};

/// [CLS] first [SEP] second [SEP], or [CLS] first [SEP], some of it masked.
struct masked_pair {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> targets;  ///< what stood in masked places; -1 elsewhere
  int first = 0;                      ///< tokens of segment 0
  bool is_random = false;             ///< the second text is not what follows the first
};

/// The pairs that BERT's script makes, in the order in which it makes them, from the same numbers. Single texts are
/// RoBERTa's DOC-SENTENCES (arXiv:1907.11692), masked in the same way.
void make_masked_pairs(sentence_list const& text, masking const& how, python_random& random,
                       std::function<void(masked_pair const&)> const& found);

}  // namespace constformer::data
