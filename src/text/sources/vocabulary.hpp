#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "constformer/text/tokenizer_data.hpp"
#include "text/sources/json.hpp"

namespace constformer::text {

/// The splitting patterns of known tokenizers, in PCRE2 syntax with the white space of Unicode.
extern std::string_view const gpt2_pattern;
extern std::string_view const qwen2_pattern;

/// How text is cut into words for BPE.
struct named_splits {
  std::vector<split_step> steps;  ///< one after the other
  bool whole_word_first = false;  ///< a word that is a token needs no merges
  bool begins = false;            ///< the token that begins a text stands first unless the file says otherwise
  bool marked = false;            ///< blanks are U+2581 in the vocabulary
  bool in_bytes = true;           ///< the vocabulary is in GPT-2's byte alphabet
};

/// The splits that GGUF's tokenizer.ggml.pre has this name for; nothing for a name that is not known.
std::optional<named_splits> splits_of_gguf(std::string_view name);

/// All names that `splits_of_gguf` knows.
std::vector<std::string_view> names_of_splits();

/// The tokens of tiktoken's ranks, a line each, in the order of the ranks, which count up from 0 without a gap.
std::vector<std::string> read_ranks(std::string_view bytes, std::string_view name);

/// @{ A tokenizer of tiktoken: its tokens in the order of their ranks, and one special token more. How text is split is
/// set by the caller.
tokenizer_data ranked_tokenizer(std::vector<std::string> const& tokens, std::string_view name);
void add_ranked_special(tokenizer_data& data, std::string_view text, int id);
/// @}

using id_map = std::unordered_map<std::string, int>;

/// Reads a vocab object {piece: id} into data.vocabulary and returns it as it is written in the file. With `byte_level`
/// the pieces are kept as the bytes they stand for.
id_map read_vocab_object(json_file const& file, json const& vocab, bool byte_level, tokenizer_data& data);

/// The token of each byte in GPT-2's alphabet.
void set_alphabet_ids(id_map const& ids, tokenizer_data& data);

/// The tokens <0x00> to <0xFF>, where there are any.
void set_byte_token_ids(id_map const& ids, tokenizer_data& data);

/// Adds the merges left, right in order; `what` names one in errors. A pair that comes twice keeps its last place, as
/// in the tokenizers library.
class merge_reader {
 public:
  merge_reader(std::string_view name, id_map const& ids) : name_(name), ids_(ids) {}
  void add(std::string const& left, std::string const& right);
  [[nodiscard]] std::vector<merge_rule> take();

 private:
  [[nodiscard]] int id_of(std::string const& piece) const;

  std::string name_;
  id_map const& ids_;
  std::vector<merge_rule> merges_;
};

/// Puts BOS before each text and EOS behind it, as far as the vocabulary has them.
void set_bos_eos(tokenizer_data& data, bool bos, bool eos);

/// Makes room for `id` in the vocabulary.
void ensure_id(tokenizer_data& data, int id);

/// Rewrites `text` by data.rewrites.
std::string rewritten(tokenizer_data const& data, std::string_view text);

/// Adds a token that is cut out of the text; one whose text is there already only gets the new flags. The id is that of
/// the vocabulary if it knows the text.
void add_token(tokenizer_data& data, added_token token);

/// The id of a token by its text among added tokens and the vocabulary.
std::optional<int> id_of_text(tokenizer_data const& data, std::string_view text);

/// Gives roles that are still empty to the tokens that usually have them.
void guess_special(tokenizer_data& data);

}  // namespace constformer::text
