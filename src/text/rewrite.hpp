#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/text/tokenizer_data.hpp"
#include "text/blob_reader.hpp"
#include "text/charsmap.hpp"
#include "text/regex.hpp"

namespace constformer::text {

/// The rewriting steps of a blob, in order.
class rewriter {
 public:
  explicit rewriter(blob_reader const& blob);

  /// The text after all steps; a view of `text` itself if there are none, else of `buffer`.
  std::string_view apply(std::string_view text, std::string& buffer) const;

  /// True if the steps take any bytes, not only UTF-8: SentencePiece's own normaliser does.
  [[nodiscard]] bool is_sentencepiece() const {
    return !steps_.empty() && steps_.back().kind == rewrite_kind::sentencepiece;
  }

  /// True if no step looks at characters.
  [[nodiscard]] bool only_prepends() const;

 private:
  struct step {
    rewrite_kind kind;
    std::string_view first, second;
    std::unique_ptr<regex> pattern;
  };

  void require_order() const;
  void apply_step(step const& s, std::string_view text, std::string& out) const;
  void apply_charsmap(std::string_view text, std::string& out) const;

  std::vector<step> steps_;
  sentencepiece_normalizer sentencepiece_;
  charsmap map_;
  std::unique_ptr<regex> graphemes_;
};

}  // namespace constformer::text
