#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "constformer/text/tokenizer_data.hpp"
#include "text/blob_reader.hpp"
#include "text/regex.hpp"

namespace constformer::text {

/// The splitting steps of a blob, in order.
class splitter {
 public:
  explicit splitter(blob_reader const& blob);

  using word_sink = std::function<void(std::string_view word)>;

  /// Hands every word of `text` to `sink`, in order; words are never empty. `at_start` says that the text begins here.
  void apply(std::string_view text, bool at_start, word_sink const& sink) const { run(0, text, at_start, sink); }

  [[nodiscard]] bool empty() const { return steps_.empty(); }

 private:
  struct step {
    split_kind kind;
    split_behavior behavior;
    bool invert;
    std::string_view pattern;
    std::unique_ptr<regex> compiled;
  };

  void run(std::size_t index, std::string_view word, bool at_start, word_sink const& sink) const;

  std::vector<step> steps_;
};

}  // namespace constformer::text
