#include "text/sources/tokenizer_json.hpp"

#include "constformer/text/load.hpp"

namespace constformer {
namespace text {
namespace {

void read_added_tokens(json_file const& file, json const& list, id_map const& ids, tokenizer_data& data) {
  constexpr std::size_t most = 1 << 16;
  if (!list.is_array()) file.fail(std::string("field added_tokens is ") + list.type_name() + ", a list is expected");
  if (list.size() > most)
    file.fail("has " + std::to_string(list.size()) + " added tokens, the limit is " + std::to_string(most));
  for (json const& entry : list) {
    added_token token;
    token.text = file.text(entry, "content");
    token.id = file.integer(file.member(entry, "id"), "the id of added token \"" + token.text.substr(0, 40) + "\"");
    if (auto const known = ids.find(token.text); known != ids.end()) token.id = known->second;
    if (static_cast<std::size_t>(token.id) > data.vocabulary.size() + most) {
      file.fail("the id of added token \"" + token.text.substr(0, 40) + "\" is " + std::to_string(token.id) +
                ", the vocabulary has " + std::to_string(data.vocabulary.size()) + " tokens");
    }
    token.special = file.flag_or(entry, "special", false);
    token.single_word = file.flag_or(entry, "single_word", false);
    token.strip_left = file.flag_or(entry, "lstrip", false);
    token.strip_right = file.flag_or(entry, "rstrip", false);
    token.normalized = file.flag_or(entry, "normalized", !token.special);
    add_token(data, std::move(token));
  }
}

}  // namespace

bool is_byte_level(json_file const& file, json const* pre_tokenizer) {
  if (pre_tokenizer == nullptr) return false;
  std::string const type = file.type_of(*pre_tokenizer, "the pre-tokenizer");
  if (type != "Sequence") return type == "ByteLevel";
  for (json const& part : file.member(*pre_tokenizer, "pretokenizers")) {
    if (is_byte_level(file, &part)) return true;
  }
  return false;
}

}  // namespace text

tokenizer_data read_tokenizer_json(std::string_view bytes, std::string_view name) {
  text::json_file const file(bytes, name);
  text::json const& root = file.root();
  text::check_fields(file);
  tokenizer_data data;
  data.byte_ids.fill(-1);
  text::json const* const pre_tokenizer = file.find(root, "pre_tokenizer");
  data.byte_level = text::is_byte_level(file, pre_tokenizer);
  text::id_map const ids = text::read_model(file, file.member(root, "model"), data);
  if (auto const* normalizer = file.find(root, "normalizer")) text::read_normalizer(file, *normalizer, data);
  if (pre_tokenizer != nullptr) text::read_pre_tokenizer(file, *pre_tokenizer, data);
  if (auto const* added = file.find(root, "added_tokens")) text::read_added_tokens(file, *added, ids, data);
  if (auto const* post_processor = file.find(root, "post_processor"))
    text::read_post_processor(file, *post_processor, data);
  text::read_decoder(file, file.find(root, "decoder"), data);
  text::guess_special(data);
  return data;
}

}  // namespace constformer
