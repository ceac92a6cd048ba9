#include <set>
#include <utility>

#include "text/sources/base64.hpp"
#include "text/sources/bert.hpp"
#include "text/sources/charsmap.hpp"
#include "text/sources/onig_pattern.hpp"
#include "text/sources/tokenizer_json.hpp"
#include "text/utf8.hpp"

namespace constformer::text {
namespace {

/// Sequences within sequences deeper than this are no honest file.
constexpr int deepest = 16;

/// A pattern field: {"String": …} or {"Regex": …}.
struct pattern {
  std::string text;
  bool is_regex = false;
};

pattern read_pattern(json_file const& file, json const& component) {
  json const& p = file.member(component, "pattern");
  if (file.find(p, "String") != nullptr) return {file.text(p, "String"), false};
  if (file.find(p, "Regex") != nullptr) return {pcre_of_onig(file.text(p, "Regex"), file.name()), true};
  file.fail("field pattern is neither String nor Regex");
}

template <class Each>
void for_each_part(json_file const& file, json const& component, char const* field, int depth, Each each) {
  json const& parts = file.member(component, field);
  if (!parts.is_array() || depth >= deepest)
    file.fail(std::string("field ") + field + " is no list or nested too deeply");
  for (json const& part : parts) each(part);
}

void add_normalizer(json_file const& file, json const& component, tokenizer_data& data, int depth) {
  std::string const type = file.type_of(component, "the normalizer");
  auto const add = [&](rewrite_kind kind, std::string first = "", std::string second = "") {
    data.rewrites.push_back({kind, std::move(first), std::move(second)});
  };
  if (type == "Sequence") {
    return for_each_part(file, component, "normalizers", depth,
                         [&](json const& part) { add_normalizer(file, part, data, depth + 1); });
  }
  if (type == "BertNormalizer") {
    bert_switches s{file.flag_or(component, "clean_text", true), file.flag_or(component, "handle_chinese_chars", true),
                    std::nullopt, file.flag_or(component, "lowercase", true)};
    if (file.find(component, "strip_accents") != nullptr)
      s.strip_accents = file.flag_or(component, "strip_accents", true);
    return add_bert_rewrites(data, s);
  }
  if (type == "NFC") return add(rewrite_kind::compose);
  if (type == "NFD") return add(rewrite_kind::decompose);
  if (type == "Lowercase") return add(rewrite_kind::lowercase);
  if (type == "StripAccents") return add(rewrite_kind::strip_accents);
  if (type == "Prepend") return add(rewrite_kind::prepend, file.text(component, "prepend"));
  if (type == "Strip") {
    if (file.flag_or(component, "strip_left", true)) add(rewrite_kind::strip_left);
    if (file.flag_or(component, "strip_right", true)) add(rewrite_kind::strip_right);
    return;
  }
  if (type == "Replace") {
    pattern p = read_pattern(file, component);
    return add(p.is_regex ? rewrite_kind::replace_match : rewrite_kind::replace, std::move(p.text),
               file.text(component, "content"));
  }
  if (type == "Precompiled") {
    read_charsmap(decode_base64(file.text(component, "precompiled_charsmap"), file.name()), file.name(), data);
    return add(rewrite_kind::charsmap);
  }
  file.fail("normalizers of type " + type + " are not supported");
}

split_behavior behavior_of(json_file const& file, std::string const& name) {
  constexpr std::pair<std::string_view, split_behavior> names[] = {
      {"Removed", split_behavior::removed},
      {"Isolated", split_behavior::isolated},
      {"MergedWithPrevious", split_behavior::merged_with_previous},
      {"MergedWithNext", split_behavior::merged_with_next},
      {"Contiguous", split_behavior::contiguous}};
  for (auto const& [known, behavior] : names) {
    if (known == name) return behavior;
  }
  file.fail("a split behavior is \"" + name + "\", which is not known");
}

class pre_tokenizer_reader {
 public:
  pre_tokenizer_reader(json_file const& file, tokenizer_data& data) : file_(file), data_(data) {}

  void read(json const& component, int depth = 0) {
    std::string const type = file_.type_of(component, "the pre-tokenizer");
    if (type == "Sequence") {
      return for_each_part(file_, component, "pretokenizers", depth, [&](json const& part) { read(part, depth + 1); });
    }
    if (type == "ByteLevel") return read_byte_level(component);
    map_bytes();
    if (type == "Split") return read_split(component);
    if (type == "Metaspace") return read_metaspace(component);
    if (type == "BertPreTokenizer") return add(split_kind::bert, "");
    if (type == "WhitespaceSplit")
      return add(split_kind::match, pcre_of_onig("\\s", file_.name()), split_behavior::removed);
    if (type == "Whitespace") {
      std::string const words = pcre_of_onig("[\\w\\u200C\\u200D]+|[^\\w\\u200C\\u200D\\s]+", file_.name());
      return add(split_kind::match, words, split_behavior::removed, true);
    }
    if (type == "Digits") {
      bool const single = file_.flag_or(component, "individual_digits", false);
      return add(split_kind::match, "\\p{N}", single ? split_behavior::isolated : split_behavior::contiguous);
    }
    if (type == "Punctuation") {
      return add(split_kind::match, "[!-\\/:-@\\[-`{-~\\p{P}]",
                 behavior_of(file_, file_.text_or(component, "behavior", "Isolated")));
    }
    file_.fail("pre-tokenizers of type " + type + " are not supported");
  }

  /// Ends the byte alphabet where a step needed it.
  void finish() {
    if (mapped_) add(split_kind::from_alphabet, "");
  }

 private:
  void add(split_kind kind, std::string text, split_behavior behavior = split_behavior::isolated, bool invert = false) {
    data_.splits.push_back({kind, std::move(text), behavior, invert});
  }

  /// Steps behind ByteLevel see its alphabet, so that the byte B2 is the digit ² to them.
  void map_bytes() {
    if (byte_level_ && !std::exchange(mapped_, true)) add(split_kind::to_alphabet, "");
  }

  void read_byte_level(json const& component) {
    if (std::exchange(byte_level_, true)) file_.fail("two ByteLevel pre-tokenizers in a row are not supported");
    if (file_.flag_or(component, "add_prefix_space", true)) add(split_kind::prefix_space, "");
    if (file_.flag_or(component, "use_regex", true)) add(split_kind::match, std::string(gpt2_pattern));
  }

  void read_split(json const& component) {
    pattern p = read_pattern(file_, component);
    add(p.is_regex ? split_kind::match : split_kind::literal, std::move(p.text),
        behavior_of(file_, file_.text(component, "behavior")), file_.flag_or(component, "invert", false));
  }

  void read_metaspace(json const& component) {
    std::string const mark = file_.text_or(component, "replacement", space_symbol);
    bool const prefix = file_.flag_or(component, "add_prefix_space", true);
    std::string const scheme = prefix ? file_.text_or(component, "prepend_scheme", "always") : "never";
    if (scheme != "always" && scheme != "first" && scheme != "never")
      file_.fail("a prepend_scheme is \"" + scheme + "\", which is not known");
    add(scheme == "always"  ? split_kind::metaspace_always
        : scheme == "first" ? split_kind::metaspace_first
                            : split_kind::metaspace_never,
        mark);
    if (file_.flag_or(component, "split", true)) add(split_kind::literal, mark, split_behavior::merged_with_next);
  }

  json_file const& file_;
  tokenizer_data& data_;
  bool byte_level_ = false, mapped_ = false;
};

}  // namespace

void read_normalizer(json_file const& file, json const& component, tokenizer_data& data) {
  add_normalizer(file, component, data, 0);
}

void read_pre_tokenizer(json_file const& file, json const& component, tokenizer_data& data) {
  pre_tokenizer_reader reader(file, data);
  reader.read(component);
  reader.finish();
}

namespace {

std::vector<template_item> read_template(json_file const& file, json const& processor, char const* field) {
  std::vector<template_item> items;
  json const& list = file.member(processor, field);
  if (!list.is_array()) file.fail(std::string("field ") + field + " of the post-processor is no list");
  for (json const& entry : list) {
    if (json const* sequence = file.find(entry, "Sequence")) {
      std::string const which = file.text(*sequence, "id");
      if (which != "A" && which != "B") file.fail("a template names sequence \"" + which + "\", A or B is expected");
      items.push_back({which == "A" ? template_item::source::first : template_item::source::second, 0,
                       file.integer(file.member(*sequence, "type_id"), "a type_id")});
      continue;
    }
    json const& token = file.member(entry, "SpecialToken");
    std::string const name = file.text(token, "id");
    int const segment = file.integer(file.member(token, "type_id"), "a type_id");
    json const& ids = file.member(file.member(file.member(processor, "special_tokens"), name.c_str()), "ids");
    if (!ids.is_array()) file.fail("the ids of special token \"" + name + "\" are no list");
    for (json const& id : ids)
      items.push_back(
          {template_item::source::token, file.integer(id, "the id of special token \"" + name + "\""), segment});
  }
  return items;
}

/// A field like ["[SEP]", 102].
int token_of_pair(json_file const& file, json const& processor, char const* field) {
  json const& pair = file.member(processor, field);
  if (!pair.is_array() || pair.size() != 2)
    file.fail(std::string("field ") + field + " of the post-processor is no pair of text and id");
  return file.integer(pair[1], std::string("the id of ") + field);
}

void add_post_processor(json_file const& file, json const& component, tokenizer_data& data, int depth) {
  std::string const type = file.type_of(component, "the post-processor");
  if (type == "ByteLevel") return;  // moves offsets only
  if (type == "Sequence") {
    return for_each_part(file, component, "processors", depth,
                         [&](json const& part) { add_post_processor(file, part, data, depth + 1); });
  }
  if (type == "TemplateProcessing") {
    data.single = read_template(file, component, "single");
    data.pair = read_template(file, component, "pair");
    return;
  }
  if (type == "BertProcessing") {
    return set_bert_templates(data, token_of_pair(file, component, "cls"), token_of_pair(file, component, "sep"));
  }
  if (type == "RobertaProcessing") {
    return set_roberta_templates(data, token_of_pair(file, component, "cls"), token_of_pair(file, component, "sep"));
  }
  file.fail("post-processors of type " + type + " are not supported");
}

/// The parts of a decoder sequence in the order of the Llama family; a sequence of others is refused.
void read_decoder_sequence(json_file const& file, json const& component, tokenizer_data& data) {
  static constexpr std::string_view order[] = {"Replace", "ByteFallback", "Fuse", "Strip"};
  data.decoder = decode_kind::byte_fallback;
  std::size_t next = 0;
  std::set<std::string> seen;
  for (json const& part : file.member(component, "decoders")) {
    std::string const type = file.type_of(part, "a decoder");
    while (next < std::size(order) && order[next] != type) ++next;
    if (next == std::size(order))
      file.fail("a decoder sequence with " + type + " at place " + std::to_string(seen.size()) + " is not supported");
    seen.insert(type);
    if (type == "Replace") {
      pattern const p = read_pattern(file, part);
      if (p.text != space_symbol || file.text(part, "content") != " ")
        file.fail("a decoder that replaces \"" + p.text + "\" is not supported");
    }
    if (type == "Strip") {
      bool const one_blank = file.text(part, "content") == " " &&
                             file.integer(file.member(part, "start"), "start") == 1 &&
                             file.integer(file.member(part, "stop"), "stop") == 0;
      if (!one_blank) file.fail("a Strip decoder of anything but one leading blank is not supported");
      data.strip_first_blank = true;
    }
  }
  for (char const* const needed : {"Replace", "ByteFallback", "Fuse"}) {
    if (!seen.contains(needed)) file.fail(std::string("a decoder sequence without ") + needed + " is not supported");
  }
}

}  // namespace

void read_post_processor(json_file const& file, json const& component, tokenizer_data& data) {
  add_post_processor(file, component, data, 0);
}

void read_decoder(json_file const& file, json const* component, tokenizer_data& data) {
  data.decoder = decode_kind::separated;
  if (component == nullptr) return;
  std::string const type = file.type_of(*component, "the decoder");
  if (type == "ByteLevel" || type == "Fuse") {
    data.decoder = decode_kind::bytes;
  } else if (type == "WordPiece") {
    data.decoder = decode_kind::wordpiece;
    data.cleanup = file.flag_or(*component, "cleanup", true);
    std::string const prefix = file.text_or(*component, "prefix", "##");
    if (data.model == model_kind::wordpiece && prefix != data.continuing_prefix) {
      file.fail("the decoder's prefix is \"" + prefix + "\", the model's \"" + data.continuing_prefix + "\"");
    }
    data.continuing_prefix = prefix;
  } else if (type == "Metaspace") {
    data.decoder = decode_kind::metaspace;
    bool const prefix = file.flag_or(*component, "add_prefix_space", true);
    data.strip_first_blank = prefix && file.text_or(*component, "prepend_scheme", "always") != "never";
    if (file.text_or(*component, "replacement", space_symbol) != space_symbol)
      file.fail("a Metaspace decoder of another sign than U+2581 is not supported");
  } else if (type == "Sequence") {
    read_decoder_sequence(file, *component, data);
  } else {
    file.fail("decoders of type " + type + " are not supported");
  }
}

}  // namespace constformer::text
