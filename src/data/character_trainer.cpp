#include <string>
#include <string_view>
#include <vector>

#include "constformer/core/error.hpp"
#include "constformer/data/tokenizer_training.hpp"
#include "text/utf8.hpp"

namespace constformer {

void character_trainer::add(std::string_view document) {
  while (!document.empty()) {
    auto const c = text::decode_first(document);
    seen_.insert(c.value);
    document.remove_prefix(c.size);
  }
}

std::vector<std::string> character_trainer::train() const {
  if (seen_.empty()) throw error("there is no text to train a tokenizer on");
  std::vector<std::string> out;
  for (char32_t const c : seen_) text::append_utf8(out.emplace_back(), c);
  return out;
}

}  // namespace constformer
