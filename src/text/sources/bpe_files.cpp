#include "constformer/core/error.hpp"
#include "constformer/text/load.hpp"
#include "text/sources/vocabulary.hpp"

namespace constformer {
namespace {

/// The lines of merges.txt: "left right", after a first line "#version: …".
void read_merges(std::string_view bytes, std::string_view name, text::merge_reader& merges) {
  std::size_t number = 0;
  while (!bytes.empty()) {
    std::size_t const end = std::min(bytes.find('\n'), bytes.size());
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with("#version")) continue;
    std::size_t const blank = line.find(' ');
    if (blank == 0 || blank == std::string_view::npos || blank + 1 == line.size() ||
        line.find(' ', blank + 1) != std::string_view::npos) {
      throw error(std::string(name) + ": line " + std::to_string(number) + " of the merges is \"" +
                  std::string(line.substr(0, 40)) + "\", two tokens and a blank between them are expected");
    }
    merges.add(std::string(line.substr(0, blank)), std::string(line.substr(blank + 1)));
  }
}

}  // namespace

tokenizer_data read_bpe_files(std::string_view vocab_json, std::string_view merges_txt, std::string_view name) {
  text::json_file const file(vocab_json, name);
  tokenizer_data data;
  data.byte_level = true;
  text::id_map const ids = text::read_vocab_object(file, file.root(), true, data);
  text::set_alphabet_ids(ids, data);
  text::merge_reader merges(name, ids);
  read_merges(merges_txt, name, merges);
  data.merges = merges.take();
  data.model = model_kind::merges;
  data.decoder = decode_kind::bytes;
  data.splits.push_back({split_kind::match, std::string(text::gpt2_pattern), split_behavior::isolated, false});
  if (auto const end = ids.find("<|endoftext|>"); end != ids.end()) {
    text::add_token(data, {end->second, end->first, true, false, false, false, false});
  }
  text::guess_special(data);
  return data;
}

}  // namespace constformer
