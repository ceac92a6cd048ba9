#include "training_text.hpp"

#include <algorithm>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "../data/text_documents.hpp"
#include "companions.hpp"
#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/core/error.hpp"
#include "constformer/data/tokenizer_training.hpp"
#include "constformer/text/load.hpp"
#include "constformer/text/tokenizer.hpp"
#include "constformer/text/tokenizer_data.hpp"
#include "train_model.hpp"

namespace constformer::command {

namespace {

namespace fs = std::filesystem;

int vocabulary_of(fs::path const& source) {
  auto const blob = pack(load_tokenizer_source(source));
  return open_tokenizer(blob)->vocab_size();
}

bool is_plain_text(fs::path const& file) {
  return file.extension() != ".bin" && file.extension() != ".jsonl" && file.extension() != ".json" &&
         file.extension() != ".tsv";
}

std::string_view text_of(mapped_file const& file) {
  return {reinterpret_cast<char const*>(file.bytes().data()), file.bytes().size()};
}

training_text own_characters(train_options const& options) {
  std::vector<fs::path> files(options.data.begin(), options.data.end());
  files.insert(files.end(), options.validation.begin(), options.validation.end());
  for (fs::path const& file : files)
    if (!is_plain_text(file)) throw error("--tokenizer chars: " + file.string() + " is no plain text");
  character_trainer trainer;
  data::for_each_text(files, [&](std::string_view text) { trainer.add(text); });
  training_text out{.source = {}, .characters = trainer.train(), .vocab = 0};
  out.vocab = static_cast<int>(out.characters.size());
  return out;
}

// nanoGPT's prepare.py leaves meta.pkl beside its .bin files; other tokenizers may lie there, too.
fs::path beside(fs::path const& data) {
  std::error_code failed;
  fs::path const folder = fs::is_directory(data, failed) ? data : fs::absolute(data).parent_path();
  if (fs::path const meta = folder / "meta.pkl"; fs::exists(meta, failed)) return meta;
  return has_tokenizer_source(folder) ? folder : fs::path();
}

}  // namespace

training_text find_training_text(train_options const& options) {
  if (options.tokenizer == "chars") return own_characters(options);
  fs::path source = options.tokenizer;
  std::error_code failed;
  bool const goes_on = !is_header(options.model) && fs::path(options.model).extension() != ".json";
  if (source.empty() && goes_on && fs::is_directory(options.model, failed) && has_tokenizer_source(options.model))
    source = options.model;
  if (source.empty() && !is_plain_text(options.data.front())) source = beside(options.data.front());
  if (source.empty() && fs::is_directory(options.data.front(), failed)) source = beside(options.data.front());
  if (!source.empty()) return {.source = source, .characters = {}, .vocab = vocabulary_of(source)};
  return is_plain_text(options.data.front()) ? own_characters(options) : training_text{};
}

void put_tokenizer(training_text const& text, fs::path const& folder) {
  if (!text.characters.empty()) return write_characters(text.characters, {}, folder);
  if (text.source.empty()) return;
  std::error_code failed;
  if (fs::is_directory(text.source, failed)) {
    if (!fs::equivalent(text.source, folder, failed)) copy_companions(text.source, folder, "config.json");
    return;
  }
  mapped_file const file(text.source);
  if (text.source.extension() == ".pkl") {  // a pickle of characters becomes files that others read, too
    auto const data = load_tokenizer_source(text.source);
    std::vector<std::string> characters;
    for (auto const& entry : data.vocabulary) characters.push_back(entry.text);
    return write_characters(characters, {}, folder);
  }
  write_file(folder / text.source.filename(), text_of(file));
}

}  // namespace constformer::command
