#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "constformer/core/error.hpp"
#include "constformer/text/load.hpp"
#include "text/sources/bert.hpp"
#include "text/sources/vocabulary.hpp"

namespace constformer {
namespace text {

void add_bert_rewrites(tokenizer_data& data, bert_switches s) {
  auto const add = [&](rewrite_kind kind) { data.rewrites.push_back({kind, "", ""}); };
  if (s.clean) add(rewrite_kind::bert_clean);
  if (s.isolate_chinese) add(rewrite_kind::bert_chinese);
  if (s.strip_accents.value_or(s.lowercase)) add(rewrite_kind::bert_accents);
  if (s.lowercase) add(rewrite_kind::lowercase);
}

void set_roberta_templates(tokenizer_data& data, int cls, int sep) {
  using source = template_item::source;
  data.single = {{source::token, cls, 0}, {source::first, 0, 0}, {source::token, sep, 0}};
  data.pair = data.single;
  for (template_item const item :
       {template_item{source::token, sep, 0}, {source::second, 0, 0}, {source::token, sep, 0}})
    data.pair.push_back(item);
}

void set_bert_templates(tokenizer_data& data, int cls, int sep) {
  using source = template_item::source;
  data.single = {{source::token, cls, 0}, {source::first, 0, 0}, {source::token, sep, 0}};
  data.pair = data.single;
  data.pair.push_back({source::second, 0, 1});
  data.pair.push_back({source::token, sep, 1});
}

}  // namespace text

tokenizer_data read_wordpiece_vocab(std::string_view bytes, std::string_view name, bool lower_case) {
  std::vector<std::string> lines;
  while (!bytes.empty()) {
    std::size_t const end = std::min(bytes.find('\n'), bytes.size());
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
  }
  return text::bert_tokenizer(lines, name, {true, true, std::nullopt, lower_case});
}

namespace text {

tokenizer_data bert_tokenizer(std::span<std::string const> tokens, std::string_view name, bert_switches switches) {
  tokenizer_data data;
  data.byte_ids.fill(-1);
  std::map<std::string, int, std::less<>> ids;
  for (std::string const& line : tokens) {
    auto const id = static_cast<int>(data.vocabulary.size());
    // Of equal lines the last one counts, as in the original's dictionary.
    if (auto const earlier = ids.find(line); earlier != ids.end()) {
      data.vocabulary[static_cast<std::size_t>(earlier->second)].matchable = false;
    }
    ids.insert_or_assign(line, id);
    data.vocabulary.push_back({line, 0, piece_kind::normal, true});
  }
  auto const id_of = [&](char const* text) -> std::optional<int> {
    auto const at = ids.find(text);
    return at == ids.end() ? std::nullopt : std::optional(at->second);
  };
  data.special.unk = id_of("[UNK]");
  data.special.cls = id_of("[CLS]");
  data.special.sep = id_of("[SEP]");
  data.special.pad = id_of("[PAD]");
  data.special.mask = id_of("[MASK]");
  if (!data.special.unk)
    throw error(std::string(name) + ": [UNK] is not among its " + std::to_string(ids.size()) + " tokens");
  data.model = model_kind::wordpiece;
  data.continuing_prefix = "##";
  data.decoder = decode_kind::wordpiece;
  data.cleanup = true;
  add_bert_rewrites(data, switches);
  data.splits.push_back({split_kind::bert, "", split_behavior::isolated, false});
  special_tokens const& s = data.special;
  for (auto const& id : {s.unk, s.cls, s.sep, s.pad, s.mask}) {
    if (id)
      add_token(data, {*id, data.vocabulary[static_cast<std::size_t>(*id)].text, true, false, false, false, false});
  }
  if (s.cls && s.sep) set_bert_templates(data, *s.cls, *s.sep);
  return data;
}

}  // namespace text
}  // namespace constformer
