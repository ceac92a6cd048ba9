#include <set>

#include "constformer/text/load.hpp"
#include "text/sources/json.hpp"
#include "text/utf8.hpp"

namespace constformer {

tokenizer_data read_character_vocab(std::string_view bytes, std::string_view name) {
  text::json_file const file(bytes, name);
  if (file.text(file.root(), "type") != "char")
    file.fail("type is \"" + file.text(file.root(), "type") + "\", \"char\" is expected");
  text::json const& chars = file.member(file.root(), "chars");
  if (!chars.is_array() || chars.empty()) file.fail("field chars is not a list of characters");
  tokenizer_data data;
  data.byte_ids.fill(-1);
  data.model = model_kind::characters;
  data.decoder = decode_kind::bytes;
  std::set<std::string> seen;
  for (text::json const& c : chars) {
    std::string const character = c.is_string() ? c.get<std::string>() : "";
    bool const single = !character.empty() && text::decode_first(character).size == character.size();
    if (!single || !seen.insert(character).second) {
      file.fail("entry " + std::to_string(data.vocabulary.size()) + " of chars is " + c.dump().substr(0, 40) +
                (single ? ", which comes twice" : ", one character is expected"));
    }
    data.vocabulary.push_back({character, 0, piece_kind::normal, true});
  }
  return data;
}

}  // namespace constformer
