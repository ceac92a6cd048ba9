#pragma once

#include <span>
#include <string>

#include "constformer/text/tokenizer_data.hpp"
#include "text/sources/settings.hpp"

namespace constformer::text {

/// A SentencePiece model as transformers' classes read it: not by libsentencepiece, but converted to the steps of the
/// tokenizers library, so that special tokens written in the text are tokens. Ids become text as libsentencepiece does
/// it.
/// @{

/// T5's: `sentinels` tokens <extra_id_N> behind the pieces, the last one first.
void make_t5(tokenizer_data& data, int sentinels);

/// XLM-RoBERTa's numbers are fairseq's: <s>, <pad>, </s>, <unk>, then the pieces from the fourth on, then <mask>.
void make_xlm_roberta(tokenizer_data& data);

/// CamemBERT: the same behind five pieces, with the model's own <s> and </s>.
void make_camembert(tokenizer_data& data);

/// Llama's blanks are U+2581, one before each stretch of text between special tokens (`legacy`), or before the whole
/// text only; without `prefix` before none.
void set_llama_blanks(tokenizer_data& data, bool legacy, bool prefix);

/// Llama's and Gemma's: unused pieces are found like others, control and user-defined ones are cut out of the text.
void make_bpe(tokenizer_data& data);

/// @}

/// <extra_id_N>.
[[nodiscard]] std::string sentinel(int n);

/// How many sentinels T5's class adds.
[[nodiscard]] int sentinels_of(tokenizer_settings const& settings);

/// Whether one of `tokens` is a sentinel.
[[nodiscard]] bool has_sentinel(std::span<added_token const> tokens);

}  // namespace constformer::text
