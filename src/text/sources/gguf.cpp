#include "constformer/checkpoint/gguf.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "constformer/core/error.hpp"
#include "constformer/text/load.hpp"
#include "text/byte_alphabet.hpp"
#include "text/sources/bert.hpp"
#include "text/sources/charsmap.hpp"
#include "text/sources/vocabulary.hpp"
#include "text/utf8.hpp"

namespace constformer {
namespace text {
namespace {

/// The keys tokenizer.ggml.* of one file.
class vocabulary_keys {
 public:
  explicit vocabulary_keys(gguf_file const& file) : file_(file), tokens_(file.texts("tokenizer.ggml.tokens")) {
    if (tokens_.empty()) fail("tokens is missing or empty");
    types_ = sized(file.integers("tokenizer.ggml.token_type"), "token_type");
    scores_ = sized(file.reals("tokenizer.ggml.scores"), "scores");
  }

  [[noreturn]] void fail(std::string const& what) const { throw error(file_.where + ": key tokenizer.ggml." + what); }

  [[nodiscard]] std::vector<std::string_view> const& tokens() const { return tokens_; }
  [[nodiscard]] bool has_scores() const { return !scores_.empty(); }
  [[nodiscard]] double score(std::size_t id) const { return scores_.empty() ? 0.0 : double{scores_[id]}; }

  /// ggml's numbers are SentencePiece's; 0 says nothing.
  [[nodiscard]] piece_kind kind(std::size_t id) const {
    int const number = types_.empty() ? 1 : types_[id];
    switch (number) {
      case 0:
      case 1: return piece_kind::normal;
      case 2: return piece_kind::unknown;
      case 3: return piece_kind::control;
      case 4: return piece_kind::user_defined;
      case 5: return piece_kind::unused;
      case 6: return piece_kind::byte;
      default:
        fail("token_type has " + std::to_string(number) + " for token " + std::to_string(id) + ", 0 to 6 are known");
    }
  }

  [[nodiscard]] std::optional<int> id(char const* role) const {
    return file_.id(std::string("tokenizer.ggml.") + role, tokens_.size());
  }
  [[nodiscard]] std::optional<bool> flag(char const* name) const {
    return file_.flag(std::string("tokenizer.ggml.") + name);
  }
  [[nodiscard]] bool flag(char const* name, bool otherwise) const { return flag(name).value_or(otherwise); }
  [[nodiscard]] std::string text(char const* name, char const* otherwise) const {
    return file_.text(std::string("tokenizer.ggml.") + name).value_or(otherwise);
  }
  [[nodiscard]] gguf_file const& file() const { return file_; }

  void set_roles(tokenizer_data& data) const {
    special_tokens& s = data.special;
    s.bos = id("bos_token_id");
    s.eos = id("eos_token_id");
    s.pad = id("padding_token_id");
    s.unk = id("unknown_token_id");
    s.sep = id("seperator_token_id");  // as ggml spells it
    s.cls = id("cls_token_id");
    s.mask = id("mask_token_id");
  }

 private:
  template <class T>
  std::vector<T> sized(std::vector<T> list, char const* name) const {
    if (!list.empty() && list.size() != tokens_.size())
      fail(std::string(name) + " has " + std::to_string(list.size()) + " entries for " +
           std::to_string(tokens_.size()) + " tokens");
    return list;
  }

  gguf_file const& file_;
  std::vector<std::string_view> tokens_;
  std::vector<int> types_;
  std::vector<float> scores_;
};

/// llama.cpp cuts these out of the text before the model sees it: control tokens where special tokens are wanted,
/// user-defined ones always.
void add_special_tokens(vocabulary_keys const& keys, tokenizer_data& data) {
  for (std::size_t id = 0; id < keys.tokens().size(); ++id) {
    piece_kind const kind = keys.kind(id);
    bool const special = kind == piece_kind::control || kind == piece_kind::unknown;
    if (special || kind == piece_kind::user_defined)
      add_token(data, {static_cast<int>(id), std::string(keys.tokens()[id]), special, false, false, false, false});
  }
}

/// Vocabularies of SentencePiece: what is not a piece of text is found by no model, and of equal texts the first
/// counts.
void add_pieces(vocabulary_keys const& keys, tokenizer_data& data) {
  std::unordered_set<std::string_view> seen;
  data.byte_ids.fill(-1);
  for (std::size_t id = 0; id < keys.tokens().size(); ++id) {
    std::string_view const text = keys.tokens()[id];
    piece_kind const kind = keys.kind(id);
    data.vocabulary.push_back({std::string(text), keys.score(id), kind, !text.empty() && seen.insert(text).second});
    if (kind != piece_kind::byte) continue;
    int const byte = byte_of_token(text);
    if (byte < 0) keys.fail("tokens: token " + std::to_string(id) + " is of the byte type, its text is no byte");
    data.byte_ids[static_cast<std::size_t>(byte)] = static_cast<int>(id);
  }
  data.byte_fallback = std::ranges::none_of(data.byte_ids, [](int id) { return id < 0; });
}

/// What llama.cpp takes for the roles of a SentencePiece vocabulary that names none; BPE's are Llama's, Unigram's T5's.
void set_default_roles(model_kind model, tokenizer_data& data) {
  bool const bpe = model == model_kind::scored_merges;
  auto const take = [&](std::optional<int>& role, int id) {
    if (role || static_cast<std::size_t>(id) >= data.vocabulary.size()) return;
    piece_kind const kind = data.vocabulary[static_cast<std::size_t>(id)].kind;
    if (kind == piece_kind::control || kind == piece_kind::unknown) role = id;
  };
  if (!data.special.unk && data.vocabulary[0].kind == piece_kind::unknown) data.special.unk = 0;
  take(data.special.unk, bpe ? 0 : 2);
  if (bpe) take(data.special.bos, 1);
  take(data.special.eos, bpe ? 2 : 1);
}

/// Two texts as the encoders of the kind take them: RoBERTa's put two ends between them.
void set_encoder_pair(vocabulary_keys const& keys, tokenizer_data& data) {
  bool const encoder = keys.file().text("general.architecture").value_or("").find("bert") != std::string::npos;
  if (encoder && data.special.bos && data.special.eos && keys.flag("add_bos_token", false))
    set_roberta_templates(data, *data.special.bos, *data.special.eos);
}

tokenizer_data read_sentencepiece(vocabulary_keys const& keys, model_kind model) {
  bool const bpe = model == model_kind::scored_merges;
  tokenizer_data data;
  data.model = model;
  if (!keys.has_scores()) keys.fail("scores is missing");
  add_pieces(keys, data);
  keys.set_roles(data);
  set_default_roles(model, data);
  if (!data.special.unk) keys.fail("unknown_token_id is missing");
  data.vocabulary[static_cast<std::size_t>(*data.special.unk)].kind = piece_kind::unknown;
  data.rewrites.push_back({rewrite_kind::sentencepiece, "", ""});
  data.sentencepiece.add_dummy_prefix = keys.flag("add_space_prefix", true);
  data.sentencepiece.remove_extra_whitespaces = keys.flag("remove_extra_whitespaces", false);
  read_charsmap(keys.file().bytes("tokenizer.ggml.precompiled_charsmap"), keys.file().where, data);
  data.decoder = decode_kind::sentencepiece;
  data.unknown_text = " \xE2\x81\x87 ";
  add_special_tokens(keys, data);
  set_bos_eos(data, keys.flag("add_bos_token", bpe), keys.flag("add_eos_token", !bpe));
  set_encoder_pair(keys, data);
  return data;
}

id_map read_byte_level_tokens(vocabulary_keys const& keys, tokenizer_data& data) {
  id_map ids;
  for (std::size_t id = 0; id < keys.tokens().size(); ++id) {
    std::string piece(keys.tokens()[id]);
    bool const plain = keys.kind(id) == piece_kind::normal || keys.kind(id) == piece_kind::unused;
    auto const bytes = plain ? bytes_of_alphabet(piece) : std::optional(piece);
    bool const first = ids.emplace(piece, static_cast<int>(id)).second;
    data.vocabulary.push_back({bytes.value_or(piece), 0, piece_kind::normal, first && plain && bytes.has_value()});
  }
  return ids;
}

/// Pieces as they are spelled: blanks are U+2581, bytes have tokens of their own.
id_map read_spelled_tokens(vocabulary_keys const& keys, tokenizer_data& data) {
  add_pieces(keys, data);
  id_map ids;
  for (std::size_t id = 0; id < keys.tokens().size(); ++id)
    ids.emplace(std::string(keys.tokens()[id]), static_cast<int>(id));
  return ids;
}

void read_merges(vocabulary_keys const& keys, id_map const& ids, tokenizer_data& data) {
  merge_reader merges(keys.file().where, ids);
  for (std::string_view const rule : keys.file().texts("tokenizer.ggml.merges")) {
    std::size_t const blank = rule.find(' ', 1);
    if (blank == std::string_view::npos || blank + 1 == rule.size())
      keys.fail("merges has \"" + std::string(rule.substr(0, 40)) +
                "\", two tokens and a blank between them are expected");
    merges.add(std::string(rule.substr(0, blank)), std::string(rule.substr(blank + 1)));
  }
  data.merges = merges.take();
}

/// `model` gemma4 is BPE whose splits need no name.
tokenizer_data read_merged(vocabulary_keys const& keys, bool gemma) {
  std::string const pre = gemma ? "gemma4" : keys.text("pre", "default");
  auto splits = splits_of_gguf(pre);
  if (!splits) keys.fail("pre is \"" + pre + "\", which is not supported");
  tokenizer_data data;
  data.byte_level = splits->in_bytes;
  data.model = model_kind::merges;
  data.decoder = splits->marked ? decode_kind::byte_fallback : decode_kind::bytes;
  id_map const ids = data.byte_level ? read_byte_level_tokens(keys, data) : read_spelled_tokens(keys, data);
  if (data.byte_level) set_alphabet_ids(ids, data);
  read_merges(keys, ids, data);
  data.splits = std::move(splits->steps);
  data.whole_word_first = splits->whole_word_first;
  if (splits->marked) data.rewrites.push_back({rewrite_kind::replace, " ", std::string(space_symbol)});
  if (keys.flag("add_space_prefix", false))
    data.splits.insert(data.splits.begin(), {split_kind::prefix_space, "", split_behavior::isolated, false});
  keys.set_roles(data);
  if (data.byte_level) data.special.unk.reset();  // every byte has a token
  add_special_tokens(keys, data);
  set_bos_eos(data, keys.flag("add_bos_token", splits->begins), keys.flag("add_eos_token", false));
  set_encoder_pair(keys, data);
  return data;
}

/// The converter writes `word` as ▁word and `##ing` as ing; tokens in brackets stay as they are.
std::string bert_token(std::string_view token) {
  if (token.starts_with(space_symbol)) return std::string(token.substr(space_symbol.size()));
  bool const bracketed = token.size() > 1 && token.front() == '[' && token.back() == ']';
  return bracketed ? std::string(token) : "##" + std::string(token);
}

/// Files that do not say whether text is made lower case are told by their pieces: next to none of a lower-case
/// vocabulary has a capital, every third of a cased one.
bool has_capitals(std::span<std::string const> tokens) {
  auto const capital = [](std::string const& t) {
    return !t.starts_with('[') && std::ranges::any_of(t, [](char c) { return c >= 'A' && c <= 'Z'; });
  };
  return static_cast<std::size_t>(std::ranges::count_if(tokens, capital)) * 50 > tokens.size();
}

tokenizer_data read_bert(vocabulary_keys const& keys) {
  std::vector<std::string> tokens;
  for (std::string_view const token : keys.tokens()) tokens.push_back(bert_token(token));
  bert_switches switches;
  switches.lowercase = keys.flag("normalizer.lowercase", !has_capitals(tokens));
  switches.strip_accents = keys.flag("normalizer.strip_accents");
  tokenizer_data data = bert_tokenizer(tokens, keys.file().where, switches);
  special_tokens const by_name = data.special;
  keys.set_roles(data);
  if (!data.special.unk) data.special.unk = by_name.unk;
  if (!data.special.cls) data.special.cls = by_name.cls;
  if (!data.special.sep) data.special.sep = by_name.sep;
  if (data.special.cls && data.special.sep) set_bert_templates(data, *data.special.cls, *data.special.sep);
  return data;
}

}  // namespace
}  // namespace text

tokenizer_data read_gguf_tokenizer(std::span<std::byte const> bytes, std::string_view name) {
  gguf_file const file = read_gguf(bytes, name);
  auto const model = file.text("tokenizer.ggml.model");
  if (!model) throw error(file.where + ": key tokenizer.ggml.model is missing, the file holds no vocabulary");
  text::vocabulary_keys const keys(file);
  if (*model == "llama") return text::read_sentencepiece(keys, model_kind::scored_merges);
  if (*model == "t5") return text::read_sentencepiece(keys, model_kind::unigram);
  if (*model == "gpt2" || *model == "gemma4" || *model == "whitespace")
    return text::read_merged(keys, *model == "gemma4");
  if (*model == "bert") return text::read_bert(keys);
  keys.fail("model is \"" + *model + "\", supported are llama, gpt2, gemma4, whitespace, bert and t5");
}

}  // namespace constformer
