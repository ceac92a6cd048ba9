#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "constformer/data/training_data.hpp"
#include "constformer/text/tokenizer.hpp"
#include "data/lines.hpp"

namespace constformer::data {

/// Tokens that belong together, and which of them a model is to foretell.
struct document {
  std::vector<std::int32_t> ids;
  std::vector<bool> target;  ///< as many

  void add(std::vector<int> const& more, bool is_target) {
    ids.insert(ids.end(), more.begin(), more.end());
    target.insert(target.end(), more.size(), is_target);
  }
  void cut(std::size_t most) {
    if (ids.size() <= most) return;
    ids.resize(most);
    target.resize(most);
  }
};

/// Documents, read when they are asked for.
class document_reader {
 public:
  virtual ~document_reader() = default;
  document_reader(document_reader const&) = delete;
  document_reader& operator=(document_reader const&) = delete;

  [[nodiscard]] virtual std::size_t size() const = 0;
  /// Throws `error` with file and line.
  [[nodiscard]] virtual document read(std::size_t i) const = 0;
  /// What messages call them.
  [[nodiscard]] virtual std::string name() const = 0;
  /// What fills rows up.

 protected:
  document_reader() = default;
};

/// Lines that are JSON objects with "text", or, in files that do not end in .jsonl or .json, texts: BOS and the text.
std::unique_ptr<document_reader> read_texts(line_range lines, tokenizer const& text);

/// Lines that are conversations in JSON.
std::unique_ptr<document_reader> read_conversations(line_range lines, tokenizer const& text,
                                                    data_options const& options);

/// The token that begins a text, else the one that ends it; throws `error` if the vocabulary has neither.
int first_token(tokenizer const& text);

}  // namespace constformer::data
