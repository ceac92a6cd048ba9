#include <cstdio>
#include <string>

#include "constformer/core/error.hpp"
#include "text/model.hpp"
#include "text/utf8.hpp"

namespace constformer::text {
namespace {

/// One code point, one token. A character outside the set is an error unless the vocabulary has an unknown token.
class characters final : public word_model {
 public:
  characters(blob_reader const& blob, piece_table const& pieces) : pieces_(pieces), unknown_(blob.facts().unk) {}

  void segment(std::string_view word, workspace&, std::vector<int>& out) const override {
    for (std::size_t at = 0; at < word.size();) {
      code_point const c = decode_first(word.substr(at));
      auto const id = pieces_.find(word.substr(at, c.size));
      if (!id && unknown_ < 0) refuse(c.value);
      out.push_back(id ? static_cast<int>(*id) : unknown_);
      at += c.size;
    }
  }

 private:
  [[noreturn]] void refuse(char32_t c) const {
    char code[16];
    std::snprintf(code, sizeof code, "U+%04X", static_cast<unsigned>(c));
    throw error(std::string("text: character ") + code + " is not among the " + std::to_string(pieces_.size()) +
                " characters of the vocabulary");
  }

  piece_table const& pieces_;
  std::int32_t unknown_;
};

}  // namespace

std::unique_ptr<word_model> make_characters(blob_reader const& blob, piece_table const& pieces) {
  return std::make_unique<characters>(blob, pieces);
}

}  // namespace constformer::text
