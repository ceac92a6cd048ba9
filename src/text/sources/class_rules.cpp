#include "text/sources/class_rules.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "constformer/core/error.hpp"
#include "constformer/text/load.hpp"
#include "text/sources/bert.hpp"
#include "text/sources/chatglm.hpp"
#include "text/sources/sentencepiece_classes.hpp"
#include "text/sources/vocabulary.hpp"
#include "text/utf8.hpp"

namespace constformer::text {

namespace {

struct role_field {
  char const* name;
  std::optional<int> special_tokens::* id;
};

// In the order in which transformers adds what the vocabulary lacks.
constexpr std::array role_fields{
    role_field{"bos_token", &special_tokens::bos},  role_field{"eos_token", &special_tokens::eos},
    role_field{"unk_token", &special_tokens::unk},  role_field{"sep_token", &special_tokens::sep},
    role_field{"pad_token", &special_tokens::pad},  role_field{"cls_token", &special_tokens::cls},
    role_field{"mask_token", &special_tokens::mask}};

bool is_added(tokenizer_data const& data, std::string_view text) {
  return std::ranges::any_of(data.added, [&](added_token const& a) { return a.text == text; });
}

/// Adds a token under the id of its text, or behind all others. Its new flags count.
int add(tokenizer_data& data, added_token token) {
  token.id = id_of_text(data, token.text).value_or(static_cast<int>(data.vocabulary.size()));
  int const id = token.id;
  add_token(data, std::move(token));
  return id;
}

/// Ids that a file writes are checked; AutoTokenizer numbers new tokens by their order. Those of a SentencePiece model
/// are `written`: its slow classes take them as they are, and so did what the model was trained with.
void add_described(tokenizer_data& data, tokenizer_settings const& settings, bool written = false) {
  constexpr std::size_t most_gap = 1 << 16;
  for (added_token token : settings.described()) {
    if (static_cast<std::size_t>(token.id) > data.vocabulary.size() + most_gap)
      settings.fail("the id of added token \"" + token.text.substr(0, 40) + "\" is " + std::to_string(token.id) +
                    ", the vocabulary has " + std::to_string(data.vocabulary.size()) + " tokens");
    if (written && !id_of_text(data, token.text) && static_cast<std::size_t>(token.id) >= data.vocabulary.size())
      add_token(data, std::move(token));
    else
      add(data, std::move(token));
  }
}

/// Special tokens that a vocabulary of words alone was taken to have: a class names its own.
void forget_guessed(tokenizer_data& data, class_kind kind) {
  if (kind == class_kind::none) return;
  auto const unk = data.special.unk;
  data.added.clear();
  data.special = {};
  data.special.unk = unk;
}

/// Unigram models whose pieces have fairseq's numbers.
bool is_fairseq(class_kind kind) { return kind == class_kind::xlm_roberta || kind == class_kind::camembert; }

/// The mask takes the blank before it where the class says so and the settings name it by its text.
bool mask_takes_blank(class_kind kind) {
  return kind == class_kind::roberta || kind == class_kind::mpnet || is_fairseq(kind);
}

/// Tokens with a role and further special ones are cut out of the text. Those that only the class names count where
/// the vocabulary has them.
void add_special(tokenizer_data& data, tokenizer_settings const& settings) {
  class_facts const& facts = settings.facts();
  for (std::size_t i = 0; i < role_fields.size(); ++i) {
    named_role role = settings.role(role_fields[i].name);
    if (!role.named && !facts.roles[i].empty() && id_of_text(data, facts.roles[i]))
      role.token = added_token{0, std::string(facts.roles[i]), true, false, false, false, false};
    if (!role.token || role.token->text.empty()) continue;
    bool const mask = role_fields[i].id == &special_tokens::mask && mask_takes_blank(facts.kind);
    if (mask && (!role.named || role.by_text)) role.token->strip_left = true;
    bool const known = is_added(data, role.token->text);
    int const id = known ? *id_of_text(data, role.token->text) : add(data, *role.token);
    // The unknown token of a model is the model's own.
    if (role_fields[i].id != &special_tokens::unk) data.special.*(role_fields[i].id) = id;
  }
  for (added_token& token : settings.further_special())
    if (!token.text.empty() && !is_added(data, token.text)) add(data, std::move(token));
}

/// BOS and EOS as the class puts them, which wins over the file; none of a role that nothing names.
void set_asked_ends(tokenizer_data& data, tokenizer_settings const& settings) {
  bool const begins = settings.flag("add_bos_token").value_or(settings.facts().begins);
  bool const ends = settings.flag("add_eos_token").value_or(false);
  auto const named = [&](std::size_t role) {
    named_role const r = settings.role(role_fields[role].name);
    return r.named ? r.token.has_value() : id_of_text(data, settings.facts().roles[role]).has_value();
  };
  if ((begins && !named(0)) || (ends && !named(1))) return;
  set_bos_eos(data, begins, ends);
}

void set_bert_normaliser(tokenizer_data& data, tokenizer_settings const& settings, bool chinese) {
  bool const japanese = settings.facts().kind == class_kind::japanese_bert;
  data.rewrites.clear();
  add_bert_rewrites(
      data, {true, chinese, settings.flag("strip_accents"), settings.flag("do_lower_case").value_or(!japanese)});
}

/// tokenizer.json with a normaliser of BERT's: what it says is the class's to decide.
void override_bert_normaliser(tokenizer_data& data, tokenizer_settings const& settings) {
  constexpr std::array bert{rewrite_kind::bert_clean, rewrite_kind::bert_chinese, rewrite_kind::bert_accents,
                            rewrite_kind::lowercase};
  auto const has = [&](rewrite_kind kind) {
    return std::ranges::any_of(data.rewrites, [&](rewrite_step const& r) { return r.kind == kind; });
  };
  bool const its_own = std::ranges::all_of(
      data.rewrites, [&](rewrite_step const& r) { return std::ranges::find(bert, r.kind) != bert.end(); });
  bool const of_bert =
      std::ranges::any_of(data.rewrites, [](rewrite_step const& r) { return r.kind != rewrite_kind::lowercase; });
  if (!its_own || !of_bert) return;
  bool const cleans = has(rewrite_kind::bert_clean);
  bool const chinese = settings.facts().kind == class_kind::mpnet
                           ? has(rewrite_kind::bert_chinese)
                           : settings.flag("tokenize_chinese_chars").value_or(true);
  set_bert_normaliser(data, settings, chinese);
  if (!cleans) std::erase_if(data.rewrites, [](rewrite_step const& r) { return r.kind == rewrite_kind::bert_clean; });
}

/// A ByteLevel step that is the whole pre-tokenizer has its blank from the settings.
void override_prefix_space(tokenizer_data& data, tokenizer_settings const& settings) {
  auto const of_byte_level = [](split_step const& s) {
    return s.kind == split_kind::prefix_space || (s.kind == split_kind::match && s.pattern == gpt2_pattern);
  };
  if (!data.byte_level || settings.class_name().empty() || !std::ranges::all_of(data.splits, of_byte_level)) return;
  std::erase_if(data.splits, [](split_step const& s) { return s.kind == split_kind::prefix_space; });
  if (settings.flag("add_prefix_space").value_or(false))
    data.splits.insert(data.splits.begin(), {split_kind::prefix_space, "", split_behavior::isolated, false});
}

/// Sentinels that the class adds behind a vocabulary without them.
void add_sentinels(tokenizer_data& data, tokenizer_settings const& settings) {
  if (settings.lists_further() && has_sentinel(settings.further_special())) return;
  int const count = sentinels_of(settings);
  for (int i = 0; i < count; ++i)
    if (std::string const text = sentinel(i); !is_added(data, text))
      add(data, {0, text, true, false, false, false, false});
}

}  // namespace

tokenizer_data json_with_settings(tokenizer_data data, tokenizer_settings const& settings) {
  class_kind const kind = settings.facts().kind;
  add_described(data, settings);
  add_special(data, settings);
  bool const of_bert = kind == class_kind::bert || kind == class_kind::mpnet;
  // What transformers 5 saves is whole: the classes' ends and blanks stand in the file, and it reads them there again.
  if (settings.saved_by_5() && !of_bert) return data;
  switch (kind) {
    case class_kind::bert:
    case class_kind::mpnet: override_bert_normaliser(data, settings); break;
    case class_kind::t5: add_sentinels(data, settings); break;
    case class_kind::llama:
      if (settings.flag("add_prefix_space") && !data.byte_level)
        set_llama_blanks(data, settings.flag("legacy").value_or(true), *settings.flag("add_prefix_space"));
      set_asked_ends(data, settings);
      break;
    case class_kind::gemma:
    case class_kind::gpt_neox:
    case class_kind::cohere: set_asked_ends(data, settings); break;
    default: break;
  }
  if (kind != class_kind::llama && kind != class_kind::t5) override_prefix_space(data, settings);
  return data;
}

tokenizer_data bpe_with_settings(tokenizer_data data, tokenizer_settings const& settings) {
  class_kind const kind = settings.facts().kind;
  bool const known = kind == class_kind::roberta || kind == class_kind::gpt2 || kind == class_kind::qwen2 ||
                     kind == class_kind::gpt_neox || kind == class_kind::none;
  if (!known)
    settings.fail(
        "the class " + settings.class_name() +
        " does not read vocab.json and merges.txt as GPT-2, Qwen2 or RoBERTa do; a tokenizer.json would say how");
  forget_guessed(data, kind);
  add_described(data, settings);
  add_special(data, settings);
  if (kind == class_kind::qwen2 || kind == class_kind::gpt_neox)
    data.rewrites.push_back({rewrite_kind::compose, "", ""});
  if (kind == class_kind::qwen2)
    data.splits = {{split_kind::match, std::string(qwen2_pattern), split_behavior::isolated, false}};
  // Qwen2's ByteLevel comes behind its pattern, so that every word gets a blank.
  if (settings.flag("add_prefix_space").value_or(false))
    data.splits.insert(kind == class_kind::qwen2 ? data.splits.end() : data.splits.begin(),
                       {split_kind::prefix_space, "", split_behavior::isolated, false});
  if (kind == class_kind::roberta) {
    special_tokens const& s = data.special;
    if (!s.cls || !s.sep) settings.fail("a tokenizer of the class " + settings.class_name() + " needs <s> and </s>");
    set_roberta_templates(data, *s.cls, *s.sep);
  }
  if (kind == class_kind::gpt_neox) set_asked_ends(data, settings);
  // GPT-2's puts BOS before the first of two texts only.
  if ((kind == class_kind::gpt2 || kind == class_kind::none) && settings.flag("add_bos_token").value_or(false)) {
    set_bos_eos(data, true, false);
    std::erase_if(data.pair, [&, first = true](template_item const& item) mutable {
      return item.what == template_item::source::token && !std::exchange(first, false);
    });
  }
  return data;
}

tokenizer_data wordpiece_with_settings(std::string_view vocab, std::string_view name,
                                       tokenizer_settings const& settings) {
  class_kind const kind = settings.facts().kind;
  if (kind != class_kind::bert && kind != class_kind::japanese_bert && kind != class_kind::mpnet &&
      kind != class_kind::none)
    settings.fail("the class " + settings.class_name() +
                  " does not read vocab.txt as BERT does; a tokenizer.json would say how");
  tokenizer_data data = read_wordpiece_vocab(vocab, name, true);
  forget_guessed(data, kind);
  // Tokens that are added are matched before the normaliser, or by what it makes of them.
  set_bert_normaliser(data, settings, settings.flag("tokenize_chinese_chars").value_or(true));
  add_described(data, settings);
  add_special(data, settings);
  special_tokens const& s = data.special;
  if (!s.cls || !s.sep) return data;
  set_bert_templates(data, *s.cls, *s.sep);
  if (kind == class_kind::mpnet) data.pair.insert(data.pair.begin() + 3, {template_item::source::token, *s.sep, 0});
  return data;
}

namespace {

/// Without a class, roles name pieces, and the rest is libsentencepiece's: its own tokens written in the text are text.
tokenizer_data plain_sentencepiece(tokenizer_data data, tokenizer_settings const& settings) {
  for (added_token token : settings.described())
    if (!id_of_text(data, token.text)) add_token(data, std::move(token));
  for (role_field const& field : role_fields) {
    named_role const role = settings.role(field.name);
    if (!role.token || field.id == &special_tokens::unk) continue;
    if (auto const id = id_of_text(data, role.token->text)) data.special.*(field.id) = id;
  }
  bool const llama = data.model == model_kind::scored_merges;
  if (settings.facts().kind == class_kind::chatglm) {
    add_chatglm_tokens(data);
  } else {
    set_bos_eos(data, settings.flag("add_bos_token").value_or(llama), settings.flag("add_eos_token").value_or(false));
  }
  return data;
}

}  // namespace

tokenizer_data sentencepiece_with_settings(tokenizer_data data, tokenizer_settings const& settings) {
  class_kind const kind = settings.facts().kind;
  bool const bpe = data.model == model_kind::scored_merges;
  switch (kind) {
    case class_kind::none:
    case class_kind::chatglm: return plain_sentencepiece(std::move(data), settings);
    case class_kind::t5:
    case class_kind::xlm_roberta:
    case class_kind::camembert:
      if (bpe) settings.fail("the class " + settings.class_name() + " needs a Unigram model, this one is BPE");
      if (kind == class_kind::t5)
        make_t5(data, has_sentinel(settings.described()) ? 0 : sentinels_of(settings));
      else if (kind == class_kind::xlm_roberta)
        make_xlm_roberta(data);
      else
        make_camembert(data);
      break;
    case class_kind::llama:
      set_llama_blanks(data, settings.flag("legacy").value_or(true), settings.flag("add_prefix_space").value_or(true));
      make_bpe(data);
      break;
    case class_kind::gemma:
      set_llama_blanks(data, true, false);
      make_bpe(data);
      break;
    default:
      settings.fail("the class " + settings.class_name() +
                    " reads SentencePiece's model in a way of its own; a tokenizer.json would say how");
  }
  add_described(data, settings, true);
  add_special(data, settings);
  if (kind == class_kind::t5) add_sentinels(data, settings);
  special_tokens const& s = data.special;
  if (kind == class_kind::t5 && s.eos) set_bos_eos(data, false, true);
  if (is_fairseq(kind)) set_roberta_templates(data, *s.bos, *s.eos);
  if (kind == class_kind::llama || kind == class_kind::gemma) set_asked_ends(data, settings);
  return data;
}

}  // namespace constformer::text
