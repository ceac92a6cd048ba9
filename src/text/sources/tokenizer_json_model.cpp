#include "text/sources/tokenizer_json.hpp"

namespace constformer::text {
namespace {

int id_in(json_file const& file, id_map const& ids, std::string const& piece, char const* role) {
  auto const at = ids.find(piece);
  if (at == ids.end()) {
    file.fail(std::string("the ") + role + " \"" + piece.substr(0, 40) + "\" is not among the " +
              std::to_string(ids.size()) + " tokens of the model");
  }
  return at->second;
}

void refuse_text(json_file const& file, json const& model, char const* field) {
  std::string const value = file.text_or(model, field, "");
  if (!value.empty()) file.fail(std::string("model.") + field + " is \"" + value + "\", which is not supported");
}

void read_merge(json_file const& file, json const& entry, merge_reader& merges) {
  if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string()) {
    return merges.add(entry[0].get<std::string>(), entry[1].get<std::string>());
  }
  std::string const text = entry.is_string() ? entry.get<std::string>() : "";
  std::size_t const blank = text.find(' ');
  if (blank == std::string::npos || text.find(' ', blank + 1) != std::string::npos) {
    file.fail("merge " + entry.dump(-1, ' ', false, json::error_handler_t::replace).substr(0, 60) +
              " is no pair of tokens");
  }
  merges.add(text.substr(0, blank), text.substr(blank + 1));
}

id_map read_bpe(json_file const& file, json const& model, tokenizer_data& data) {
  data.model = model_kind::merges;
  refuse_text(file, model, "continuing_subword_prefix");
  refuse_text(file, model, "end_of_word_suffix");
  if (json const* dropout = file.find(model, "dropout"); dropout != nullptr && *dropout != 0.0) {
    file.fail("model.dropout is " + dropout->dump() + ", only 0 is supported");
  }
  id_map ids = read_vocab_object(file, file.member(model, "vocab"), data.byte_level, data);
  data.byte_fallback = file.flag_or(model, "byte_fallback", false);
  data.fuse_unknown = file.flag_or(model, "fuse_unk", false);
  data.whole_word_first = file.flag_or(model, "ignore_merges", false);
  if (data.byte_level) {
    set_alphabet_ids(ids, data);
  } else if (data.byte_fallback) {
    set_byte_token_ids(ids, data);
  }
  if (file.find(model, "unk_token") != nullptr) {
    std::string const unknown = file.text(model, "unk_token");
    // The library looks it up only when it needs it.
    if (auto const at = ids.find(unknown); at != ids.end()) data.special.unk = at->second;
  }
  json const& list = file.member(model, "merges");
  if (!list.is_array()) file.fail(std::string("model.merges is ") + list.type_name() + ", a list is expected");
  merge_reader merges(file.name(), ids);
  for (json const& entry : list) read_merge(file, entry, merges);
  data.merges = merges.take();
  return ids;
}

id_map read_wordpiece(json_file const& file, json const& model, tokenizer_data& data) {
  data.model = model_kind::wordpiece;
  id_map ids = read_vocab_object(file, file.member(model, "vocab"), false, data);
  data.continuing_prefix = file.text_or(model, "continuing_subword_prefix", "##");
  if (json const* longest = file.find(model, "max_input_chars_per_word")) {
    data.longest_word = file.integer(*longest, "model.max_input_chars_per_word");
  }
  data.special.unk = id_in(file, ids, file.text_or(model, "unk_token", "[UNK]"), "unknown token");
  return ids;
}

id_map read_unigram(json_file const& file, json const& model, tokenizer_data& data) {
  data.model = model_kind::unigram;
  data.single_precision = false;
  data.byte_fallback = file.flag_or(model, "byte_fallback", false);
  json const& vocab = file.member(model, "vocab");
  if (!vocab.is_array()) file.fail(std::string("model.vocab is ") + vocab.type_name() + ", a list is expected");
  id_map ids;
  for (json const& entry : vocab) {
    auto const id = static_cast<int>(data.vocabulary.size());
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number()) {
      file.fail("entry " + std::to_string(id) + " of model.vocab is no pair of a piece and a score");
    }
    auto piece = entry[0].get<std::string>();
    // Of equal pieces the last one counts.
    if (auto const earlier = ids.find(piece); earlier != ids.end()) {
      data.vocabulary[static_cast<std::size_t>(earlier->second)].matchable = false;
    }
    ids[piece] = id;
    data.vocabulary.push_back({std::move(piece), entry[1].get<double>(), piece_kind::normal, true});
  }
  int const unknown = file.integer(file.member(model, "unk_id"), "model.unk_id");
  if (unknown >= static_cast<int>(data.vocabulary.size())) {
    file.fail("model.unk_id is " + std::to_string(unknown) + ", the vocabulary has " +
              std::to_string(data.vocabulary.size()) + " tokens");
  }
  data.special.unk = unknown;
  if (data.byte_fallback) set_byte_token_ids(ids, data);
  return ids;
}

/// Files of the first versions have no type.
std::string model_type(json_file const& file, json const& model) {
  if (!model.is_object()) file.fail(std::string("field model is ") + model.type_name() + ", an object is expected");
  if (model.contains("type")) return file.text(model, "type");
  if (model.contains("merges")) return "BPE";
  if (model.contains("unk_id")) return "Unigram";
  return "WordPiece";
}

}  // namespace

id_map read_model(json_file const& file, json const& component, tokenizer_data& data) {
  std::string const type = model_type(file, component);
  if (type == "BPE") return read_bpe(file, component, data);
  if (data.byte_level) file.fail("a ByteLevel pre-tokenizer with a model of type " + type + " is not supported");
  if (type == "WordPiece") return read_wordpiece(file, component, data);
  if (type == "Unigram") return read_unigram(file, component, data);
  file.fail("models of type " + type + " are not supported");
}

}  // namespace constformer::text
