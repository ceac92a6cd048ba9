#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "checkpoint/pickle.hpp"
#include "constformer/text/tokenizer_data.hpp"
#include "text/sources/pickled.hpp"
#include "text/utf8.hpp"

namespace constformer::text {

tokenizer_data characters_of(pickle_value const& root) {
  auto const itos = root.find("itos");
  if (!itos || itos->kind() != pickle_kind::dict || itos->size() == 0)
    root.fail("holds no dict itos of ids and characters, as nanoGPT's meta.pkl does");
  tokenizer_data data;
  data.byte_ids.fill(-1);
  data.model = model_kind::characters;
  data.decoder = decode_kind::bytes;
  data.vocabulary.resize(itos->size());
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < itos->size(); ++i) {
    auto const id = itos->key(i).integer("an id of itos");
    if (id < 0 || static_cast<std::size_t>(id) >= data.vocabulary.size())
      root.fail("itos has id " + std::to_string(id) + " and " + std::to_string(data.vocabulary.size()) + " entries");
    std::string const what = "entry " + std::to_string(id) + " of itos";
    std::string_view const character = itos->value(i).text(what);
    if (character.empty() || decode_first(character).size != character.size())
      root.fail(what + " is not one character");
    vocabulary_entry& entry = data.vocabulary[static_cast<std::size_t>(id)];
    if (!entry.text.empty() || !seen.insert(character).second) root.fail(what + " comes twice");
    entry = {std::string(character), 0, piece_kind::normal, true};
  }
  return data;
}

}  // namespace constformer::text
