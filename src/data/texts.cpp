#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "constformer/core/error.hpp"
#include "data/documents.hpp"
#include "data/text_tokens.hpp"

namespace constformer::data {

namespace {

class texts final : public document_reader {
 public:
  texts(line_range lines, tokenizer const& text)
      : lines_(std::move(lines)),
        text_(text),
        first_(first_token(text)),
        json_(lines_.lines->name().ends_with("json") || lines_.lines->name().ends_with(".jsonl")) {}

  [[nodiscard]] std::size_t size() const override { return lines_.size; }
  [[nodiscard]] std::string name() const override { return lines_.lines->name(); }

  [[nodiscard]] document read(std::size_t i) const override {
    std::size_t const at = lines_.first + i;
    document out;
    out.add({first_}, true);
    try {
      out.add(text_.encode(text_in((*lines_.lines)[at]), {.add_special = false, .parse_special = false}), true);
    } catch (error const& problem) {
      throw error(lines_.lines->where(at) + ": " + problem.what());
    }
    return out;
  }

 private:
  [[nodiscard]] std::string text_in(std::string_view line) const {
    if (!json_) {
      judge_utf8(line);
      return std::string(line);
    }
    auto const object = nlohmann::json::parse(line, nullptr, false);
    if (object.is_object() && object.contains("text") && object["text"].is_string()) return object["text"];
    throw error("a JSON object with a text is expected");
  }

  line_range lines_;
  tokenizer const& text_;
  int first_;
  bool json_;
};

}  // namespace

int first_token(tokenizer const& text) {
  auto const& special = text.special();
  if (special.bos) return *special.bos;
  if (special.eos) return *special.eos;
  throw error("none of the " + std::to_string(text.vocab_size()) + " tokens of the vocabulary begins or ends a text");
}

std::unique_ptr<document_reader> read_texts(line_range lines, tokenizer const& text) {
  return std::make_unique<texts>(std::move(lines), text);
}

}  // namespace constformer::data
