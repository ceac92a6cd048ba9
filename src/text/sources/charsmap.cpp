#include "text/sources/charsmap.hpp"

#include <cstring>

#include "constformer/core/error.hpp"

namespace constformer::text {

void read_charsmap(std::string_view bytes, std::string_view name, tokenizer_data& data) {
  if (bytes.empty()) return;
  std::uint32_t size = 0;
  bool const has_size = bytes.size() > sizeof size;
  if (has_size) std::memcpy(&size, bytes.data(), sizeof size);
  if (!has_size || size > bytes.size() - sizeof size || size % 4 != 0) {
    throw error(std::string(name) + ": the character map says its trie has " + std::to_string(size) +
                " bytes, the whole map has " + std::to_string(bytes.size()));
  }
  data.charsmap_trie.resize(size / 4);
  if (size != 0) std::memcpy(data.charsmap_trie.data(), bytes.data() + sizeof size, size);
  data.charsmap_text = bytes.substr(sizeof size + size);
}

}  // namespace constformer::text
