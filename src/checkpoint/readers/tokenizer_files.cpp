#include <filesystem>
#include <string>
#include <system_error>

#include "constformer/checkpoint/hugging_face.hpp"
#include "constformer/checkpoint/open.hpp"

namespace constformer {

namespace fs = std::filesystem;

tokenizer_files find_tokenizer_files(fs::path const& folder) {
  auto const find = [&](char const* name) {
    std::error_code unreadable;
    fs::path const path = folder / name;
    return fs::is_regular_file(path, unreadable) ? path : fs::path{};
  };
  tokenizer_files out;
  out.tokenizer_json = find("tokenizer.json");
  out.tokenizer_config = find("tokenizer_config.json");
  out.special_tokens_map = find("special_tokens_map.json");
  out.added_tokens = find("added_tokens.json");
  out.vocab_json = find("vocab.json");
  out.merges_txt = find("merges.txt");
  out.vocab_txt = find("vocab.txt");
  for (char const* const name : {"tokenizer.model", "spiece.model", "ice_text.model"})
    if (out.sentencepiece_model.empty()) out.sentencepiece_model = find(name);
  out.chars_json = find("chars.json");
  out.llama2c_bin = find("tokenizer.bin");
  return out;
}

std::string tokenizer_files::summary() const {
  std::string out;
  for (fs::path const* path :
       {&tokenizer_json, &sentencepiece_model, &vocab_json, &merges_txt, &vocab_txt, &chars_json, &llama2c_bin})
    if (!path->empty()) out += (out.empty() ? "" : " + ") + path->filename().string();
  return out.empty() ? given.filename().string() : out;
}

}  // namespace constformer
