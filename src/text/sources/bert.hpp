#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "constformer/text/tokenizer_data.hpp"

namespace constformer::text {

/// The switches of the BERT normaliser; accents are stripped where the text is made lower case unless said otherwise.
struct bert_switches {
  bool clean = true;
  bool isolate_chinese = true;
  std::optional<bool> strip_accents;
  bool lowercase = true;
};

/// Appends the normaliser's steps in its order.
void add_bert_rewrites(tokenizer_data& data, bert_switches s);

/// <s> A </s>, and <s> A </s></s> B </s>, all of segment 0.
void set_roberta_templates(tokenizer_data& data, int cls, int sep);

/// [CLS] A [SEP], and [CLS] A [SEP] B [SEP] with segment 1 from B on.
void set_bert_templates(tokenizer_data& data, int cls, int sep);

/// BERT's tokenizer over its tokens in the order of their ids, continuing ones with ##.
tokenizer_data bert_tokenizer(std::span<std::string const> tokens, std::string_view name, bert_switches switches);

}  // namespace constformer::text
