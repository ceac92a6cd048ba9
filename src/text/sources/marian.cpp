#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "constformer/text/load.hpp"
#include "text/sources/json.hpp"
#include "text/sources/vocabulary.hpp"
#include "text/utf8.hpp"

namespace constformer {
namespace text {
namespace {

/// One side: the pieces of its model under the numbers of vocab.json, others behind them.
tokenizer_data marian_side(tokenizer_data const& spm, json_file const& file) {
  tokenizer_data data = spm;
  data.vocabulary.clear();
  data.added.clear();
  data.special = {};
  id_map ids = read_vocab_object(file, file.root(), false, data);
  data.known = static_cast<int>(data.vocabulary.size());
  for (vocabulary_entry& e : data.vocabulary) e.matchable = false;
  data.byte_ids.fill(-1);
  for (vocabulary_entry const& piece : spm.vocabulary) {
    if (piece.kind == piece_kind::control || piece.kind == piece_kind::unknown) continue;
    auto const [at, fresh] = ids.emplace(piece.text, static_cast<int>(data.vocabulary.size()));
    if (fresh) data.vocabulary.emplace_back();
    data.vocabulary[static_cast<std::size_t>(at->second)] = piece;
    if (int const byte = piece.kind == piece_kind::byte ? byte_of_token(piece.text) : -1; byte >= 0)
      data.byte_ids[static_cast<std::size_t>(byte)] = at->second;
  }
  return data;
}

std::optional<int> role(tokenizer_data& data, json_file const& file, char const* text) {
  auto const at = file.root().find(text);
  if (at == file.root().end()) return std::nullopt;
  int const id = at->get<int>();
  data.added.push_back({id, text, true, false, false, false, false});
  return id;
}

void set_roles(tokenizer_data& data, json_file const& file) {
  data.special.unk = role(data, file, "<unk>");
  if (!data.special.unk) file.fail("has no <unk>");
  data.vocabulary[static_cast<std::size_t>(*data.special.unk)] = {"<unk>", 0, piece_kind::unknown, true};
  data.special.eos = role(data, file, "</s>");
  data.special.pad = role(data, file, "<pad>");
  // >>fra<< says which language a model of several is to write.
  for (auto const& [text, id] : file.root().items()) {
    if (text.size() > 4 && text.starts_with(">>") && text.ends_with("<<"))
      data.added.push_back({id.get<int>(), text, false, false, false, false, false});
  }
  set_bos_eos(data, false, true);
}

}  // namespace
}  // namespace text

tokenizer_data read_marian_files(std::string_view source_spm, std::string_view target_spm, std::string_view vocab_json,
                                 std::string_view name, std::optional<std::string_view> target_vocab_json) {
  text::json_file const file(vocab_json, name);
  text::json_file const target_file(target_vocab_json.value_or(vocab_json),
                                    target_vocab_json ? "target_vocab.json" : name);
  tokenizer_data source = text::marian_side(read_sentencepiece_model(source_spm, "source.spm"), file);
  auto target = std::make_shared<tokenizer_data>(
      text::marian_side(read_sentencepiece_model(target_spm, "target.spm"), target_file));
  text::set_roles(source, file);
  text::set_roles(*target, target_file);
  source.target = std::move(target);
  return source;
}

}  // namespace constformer
