#include "training_text.hpp"

#include <cstddef>
#include <optional>
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
#include "work_folder.hpp"

namespace constformer::command {

namespace {

namespace fs = std::filesystem;

bool is_plain_text(fs::path const& file) {
  return file.extension() != ".bin" && file.extension() != ".jsonl" && file.extension() != ".json" &&
         file.extension() != ".tsv";
}

std::string_view text_of(mapped_file const& file) {
  return {reinterpret_cast<char const*>(file.bytes().data()), file.bytes().size()};
}

std::vector<std::string> characters_of(train_options const& options) {
  std::vector<fs::path> files(options.data.begin(), options.data.end());
  files.insert(files.end(), options.validation.begin(), options.validation.end());
  for (fs::path const& file : files)
    if (!is_plain_text(file)) throw error("--tokenizer chars: " + file.string() + " is no plain text");
  character_trainer trainer;
  data::for_each_text(files, [&](std::string_view text) { trainer.add(text); });
  return trainer.train();
}

// "chars", "words", or one for each side: "chars:words".
bool is_unit(std::string_view word) { return word == "chars" || word == "words"; }

struct token_units {
  token_unit source, target;
};

std::optional<token_units> units_of(std::string_view asked) {
  auto const colon = asked.find(':');
  std::string_view const source = asked.substr(0, colon);
  std::string_view const target = colon == std::string_view::npos ? source : asked.substr(colon + 1);
  if (!is_unit(source) || !is_unit(target)) return {};
  auto const unit = [](std::string_view word) { return word == "words" ? token_unit::words : token_unit::characters; };
  return token_units{unit(source), unit(target)};
}

training_text own_pairs(train_options const& options, token_units units, bool apart) {
  if (!apart && units.source != units.target)
    throw error("--tokenizer " + options.tokenizer + ": source and target have one vocabulary in this model");
  std::vector<fs::path> files(options.data.begin(), options.data.end());
  pair_vocabulary found = find_pair_vocabulary(files, units.source, units.target, !apart);
  if (apart || units.source == token_unit::words) return {.source = {}, .words = std::move(found)};
  // A form that transformers reads, too.
  training_text out{.source = {}, .special = {"<pad>", "<s>", "</s>", "<unk>"}};
  out.characters.assign(found.sources.begin() + named_tokens, found.sources.end());
  return out;
}

training_text own_text(train_options const& options, train_task task, token_units units, bool apart) {
  if (task == train_task::pairs) return own_pairs(options, units, apart);
  if (units.source != token_unit::characters || units.target != token_unit::characters)
    throw error("--tokenizer " + options.tokenizer + " is for pairs of source and target");
  training_text out{.source = {}, .characters = characters_of(options)};
  if (task == train_task::masked) out.special = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  return out;
}

// nanoGPT's prepare.py leaves meta.pkl beside its .bin files; other tokenizers may lie there, too.
fs::path beside(fs::path const& data) {
  std::error_code failed;
  fs::path const folder = fs::is_directory(data, failed) ? data : fs::absolute(data).parent_path();
  if (fs::path const meta = folder / "meta.pkl"; fs::exists(meta, failed)) return meta;
  return has_tokenizer_source(folder) ? folder : fs::path();
}

// Files of tokenizers that are no companions of a model elsewhere.
void copy_others(fs::path const& from, fs::path const& to) {
  std::error_code failed;
  for (char const* name :
       {"tokenizer.pkl", "tokenizer.bin", "source_vocabulary.txt", "target_vocabulary.txt", "shared_vocabulary.txt"})
    if (fs::is_regular_file(from / name, failed)) write_file(to / name, text_of(mapped_file(from / name)));
}

text_ids read_ids(fs::path const& source) {
  auto const blob = pack(load_tokenizer_source(source));
  auto const text = open_tokenizer(blob);
  return {text->target().vocab_size(), text->vocab_size(), text->target().special()};
}

}  // namespace

training_text find_training_text(train_options const& options, train_task task, bool apart) {
  constexpr token_units characters{token_unit::characters, token_unit::characters};
  if (auto const units = units_of(options.tokenizer)) return own_text(options, task, *units, apart);
  fs::path source = options.tokenizer;
  fs::path const data = options.data.front();
  std::error_code failed;
  bool const goes_on = !is_header(options.model) && fs::path(options.model).extension() != ".json";
  if (source.empty() && goes_on && fs::is_directory(options.model, failed) && has_tokenizer_source(options.model))
    source = options.model;
  if (source.empty() && (!is_plain_text(data) || fs::is_directory(data, failed))) source = beside(data);
  if (!source.empty()) return {.source = source};
  bool const can_be_cut = is_plain_text(data) || task == train_task::pairs;
  return can_be_cut ? own_text(options, task, characters, apart) : training_text{};
}

void put_tokenizer(training_text const& text, fs::path const& folder) {
  if (!text.characters.empty()) return write_characters(text.characters, text.special, folder);
  if (!text.words.sources.empty()) return write_pair_vocabulary(text.words, folder);
  if (text.source.empty()) return;
  std::error_code failed;
  if (fs::is_directory(text.source, failed)) {
    if (fs::equivalent(text.source, folder, failed)) return;
    copy_companions(text.source, folder, "config.json");
    return copy_others(text.source, folder);
  }
  mapped_file const file(text.source);
  if (text.source.extension() == ".pkl") {  // a pickle of characters becomes files that others read, too
    auto const data = load_tokenizer_source(text.source);
    std::vector<std::string> characters;
    for (auto const& entry : data.vocabulary) characters.push_back(entry.text);
    return write_characters(characters, {}, folder);
  }
  // Under the name that is looked for in a folder: llama2.c's tok512.bin is a tokenizer.bin.
  bool const llama2c = text.source.extension() == ".bin";
  write_file(folder / (llama2c ? fs::path("tokenizer.bin") : text.source.filename()), text_of(file));
}

text_ids ids_of(training_text const& text) {
  if (!text.source.empty()) return read_ids(text.source);
  if (text.characters.empty() && text.words.sources.empty()) return {};
  work_folder const made;
  put_tokenizer(text, made.path());
  return read_ids(made.path());
}

}  // namespace constformer::command
