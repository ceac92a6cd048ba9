#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "byte_automaton.hpp"
#include "engine.hpp"
#include "vocabulary_index.hpp"

namespace constformer::serve {

/// A grammar over a vocabulary, shared by all choices of a request. Its filters run on one thread at a time.
class text_constraint : public std::enable_shared_from_this<text_constraint> {
 public:
  /// `blank_first`: the text may begin with one blank, as first tokens of many vocabularies do. Throws `api_error` with
  /// `field` if the vocabulary cannot spell what the grammar asks for.
  text_constraint(text_grammar grammar, std::shared_ptr<vocabulary_index const> vocabulary, bool blank_first,
                  std::string_view field);

  [[nodiscard]] std::unique_ptr<token_filter> filter(std::vector<int> stop_ids);

  /// The same of a text that has begun with these bytes; empty if it must not.
  [[nodiscard]] std::unique_ptr<token_filter> filter(std::vector<int> stop_ids, std::string_view begun);

  /// The bytes of a token.
  [[nodiscard]] std::string_view text_of(int id) const { return vocabulary_->texts()[id]; }

 private:
  friend class constraint_filter;

  [[nodiscard]] id_set const& allowed(byte_automaton::state const& at, bool first);

  text_grammar grammar_;
  byte_automaton automaton_;
  std::shared_ptr<vocabulary_index const> vocabulary_;
  bool blank_first_;
  std::unordered_map<std::string, id_set> known_;  // by state: within a string it is the same for many tokens
};

}  // namespace constformer::serve
