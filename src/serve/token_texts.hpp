#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/text/tokenizer.hpp"

namespace constformer::serve {

/// The bytes that each token of a vocabulary adds to a text that goes on, blanks at its front among them; a token may
/// be a part of a character. Special tokens, but for those of `spelled`, and gaps add nothing.
class token_texts {
 public:
  token_texts(tokenizer const& text, int vocab, std::span<int const> spelled = {});

  [[nodiscard]] std::string_view operator[](int id) const {
    auto const i = static_cast<std::size_t>(id);
    return std::string_view(bytes_).substr(begins_[i], begins_[i + 1] - begins_[i]);
  }
  [[nodiscard]] int size() const { return static_cast<int>(begins_.size()) - 1; }

 private:
  std::string bytes_;
  std::vector<std::uint32_t> begins_;  // (vocab + 1)
};

}  // namespace constformer::serve
