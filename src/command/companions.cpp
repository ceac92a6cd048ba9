#include "companions.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <system_error>
#include <vector>

#include "../checkpoint/readers/sentence_modules.hpp"
#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/checkpoint/mapped_file.hpp"

namespace constformer::command {

namespace {

namespace fs = std::filesystem;

// Files beside the weights that are given back as they are.
constexpr std::array companions{"config.json",
                                "generation_config.json",
                                "tokenizer.json",
                                "tokenizer_config.json",
                                "special_tokens_map.json",
                                "added_tokens.json",
                                "chat_template.jinja",
                                "vocab.json",
                                "merges.txt",
                                "vocab.txt",
                                "tokenizer.model",
                                "spiece.model",
                                "sentencepiece.bpe.model",
                                "ice_text.model",
                                "source.spm",
                                "target.spm",
                                "target_vocab.json",
                                "chars.json",
                                "modules.json",
                                "sentence_bert_config.json",
                                "config_sentence_transformers.json"};

void copy_whole(fs::path const& from, fs::path const& to) {
  mapped_file const file(from);
  write_file(to, {reinterpret_cast<char const*>(file.bytes().data()), file.bytes().size()});
}

}  // namespace

void copy_companions(fs::path const& from, fs::path const& to, std::string_view except) {
  std::error_code failed;
  std::vector<fs::path> files(companions.begin(), companions.end());
  std::ranges::copy(module_files(from), std::back_inserter(files));
  for (fs::path const& name : files) {
    if (name == except || !fs::is_regular_file(from / name, failed)) continue;
    fs::create_directories((to / name).parent_path(), failed);
    copy_whole(from / name, to / name);
  }
}

}  // namespace constformer::command
