#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>

#include "constformer/core/error.hpp"
#include "constformer/text/load.hpp"
#include "text/sources/chatglm.hpp"
#include "text/sources/class_rules.hpp"
#include "text/sources/settings.hpp"
#include "text/sources/vocabulary.hpp"

namespace constformer {
namespace text {
namespace {

namespace fs = std::filesystem;

/// File names in the order in which a folder is searched; a later one is only looked at where the earlier ones are
/// missing.
constexpr char const* known_names[] = {"source.spm",
                                       "tokenizer.json",
                                       "tokenizer.model",
                                       "spiece.model",
                                       "sentencepiece.bpe.model",
                                       "ice_text.model",
                                       "vocab.json",
                                       "encoder.json",
                                       "vocab.txt",
                                       "chars.json",
                                       "tokenizer.bin",
                                       "tokenizer.pkl",
                                       "source_vocabulary.txt",
                                       "source_vocabulary.json",
                                       "shared_vocabulary.txt",
                                       "shared_vocabulary.json"};

/// Ids of images come first: 20000 in the first release, none in the later one, whose settings say so.
tokenizer_data read_chatglm_6b(fs::path const& path, tokenizer_settings const& settings) {
  constexpr int first_images = 20000;
  tokenizer_data data = read_sentencepiece_model(read_file(path), path.string());
  int const images = settings.integer("num_image_tokens").value_or(is_first_chatglm(data) ? first_images : 0);
  if (images < 0 || images > first_images)
    throw error(path.string() + ": num_image_tokens beside it is " + std::to_string(images) +
                ", it must be between 0 and " + std::to_string(first_images));
  complete_chatglm_6b(data, images);
  return data;
}

/// vocab.json beside merges.txt, encoder.json beside vocab.bpe.
tokenizer_data read_bpe_pair(fs::path const& path) {
  std::string const name = path.filename().string();
  bool const openai = name == "encoder.json" || name == "vocab.bpe";
  fs::path const vocab = path.parent_path() / (openai ? "encoder.json" : "vocab.json");
  fs::path const merges = path.parent_path() / (openai ? "vocab.bpe" : "merges.txt");
  return read_bpe_files(read_file(vocab), read_file(merges), vocab.string());
}

bool holds_char_vocab(std::string const& bytes) {
  json const document = json::parse(bytes, nullptr, false);
  return document.is_object() && document.contains("type") && document["type"] == "char";
}

/// CTranslate2's list of tokens as the object that Marian's folders have.
std::string vocabulary_of_list(fs::path const& path) {
  json const list = json::parse(read_file(path), nullptr, false);
  if (!list.is_array()) throw error(path.string() + ": is not a JSON list of tokens");
  json ids = json::object();
  for (json const& token : list) {
    if (!token.is_string()) throw error(path.string() + ": entry " + std::to_string(ids.size()) + " is not a token");
    if (!ids.emplace(token.get<std::string>(), ids.size()).second)
      throw error(path.string() + ": holds \"" + token.get<std::string>().substr(0, 40) + "\" twice");
  }
  return ids.dump();
}

tokenizer_data read_marian(fs::path const& folder) {
  tokenizer_settings const settings(folder);
  std::optional<std::string> target;
  if (settings.flag("separate_vocabs").value_or(false)) target = read_file(folder / "target_vocab.json");
  // The list of a converted folder counts: vocab.json beside it would be a copy, with a pad that the model has no more.
  fs::path const list = folder / "shared_vocabulary.json", object = folder / "vocab.json";
  bool const converted = fs::is_regular_file(list);
  return read_marian_files(read_file(folder / "source.spm"), read_file(folder / "target.spm"),
                           converted ? vocabulary_of_list(list) : read_file(object),
                           (converted ? list : object).string(), target);
}

/// A vocabulary of OpenNMT: a word a line, or a JSON list of words.
tokenizer_data read_words(fs::path const& path) {
  std::string bytes = read_file(path);
  if (path.extension() == ".json") {
    json const list = json::parse(bytes, nullptr, false);
    bytes.clear();
    if (!list.is_array()) throw error(path.string() + ": is no list of words");
    for (json const& word : list) {
      if (!word.is_string()) throw error(path.string() + ": is no list of words");
      bytes += word.get<std::string>() + "\n";
    }
  }
  return read_word_list(bytes, path.string());
}

/// What config.json beside an OpenNMT vocabulary puts around a source, and by which tokens.
void surround_source(fs::path const& path, tokenizer_data& data) {
  if (!fs::is_regular_file(path)) return;
  json_file const file(read_file(path), path.string());
  auto const take = [&](char const* flag, char const* field, std::optional<int>& role) {
    if (!file.flag_or(file.root(), flag, false)) return false;
    std::string const token = file.find(file.root(), field) == nullptr ? "" : file.text(file.root(), field);
    if (!token.empty()) role = id_of_text(data, token);
    if (!role) file.fail(std::string(field) + " \"" + token.substr(0, 40) + "\" is not in the vocabulary");
    return true;
  };
  bool const begins = take("add_source_bos", "bos_token", data.special.bos);
  bool const ends = take("add_source_eos", "eos_token", data.special.eos);
  if (begins || ends) set_bos_eos(data, begins, ends);
}

/// The vocabulary of the source side, with that of the target side if it is another one.
tokenizer_data read_opennmt(fs::path const& path) {
  tokenizer_data data = read_words(path);
  surround_source(path.parent_path() / "config.json", data);
  std::string name = path.filename().string();
  constexpr std::string_view side = "source";
  if (!name.starts_with(side)) return data;
  fs::path const target = path.parent_path() / name.replace(0, side.size(), "target");
  if (fs::is_regular_file(target)) data.target = std::make_shared<tokenizer_data>(read_words(target));
  return data;
}

/// Files that count together with their settings.
tokenizer_data read_with_settings(fs::path const& path) {
  std::string const name = path.filename().string(), extension = path.extension().string();
  tokenizer_settings const settings(path.has_parent_path() ? path.parent_path() : fs::path("."));
  if (name == "vocab.json" || name == "merges.txt" || name == "encoder.json" || name == "vocab.bpe")
    return bpe_with_settings(read_bpe_pair(path), settings);
  if (name == "ice_text.model") return read_chatglm_6b(path, settings);
  if (extension == ".model")
    return sentencepiece_with_settings(read_sentencepiece_model(read_file(path), path.string()), settings);
  if (extension == ".txt") return wordpiece_with_settings(read_file(path), path.string(), settings);
  std::string const bytes = read_file(path);
  if (holds_char_vocab(bytes)) return read_character_vocab(bytes, path.string());
  return json_with_settings(read_tokenizer_json(bytes, path.string()), settings);
}

tokenizer_data read_path(fs::path const& path) {
  std::string const name = path.filename().string(), extension = path.extension().string();
  if (name == "source.spm" || name == "target.spm") return read_marian(path.parent_path());
  if (path.stem().string().ends_with("_vocabulary")) return read_opennmt(path);
  if (extension == ".tiktoken") return read_tiktoken(read_file(path), path.string());
  if (extension == ".pkl") return read_pickled_tokenizer(read_file(path), path.string());
  if (extension == ".bin") return read_llama2c_tokenizer(read_file(path), path.string());
  if (extension == ".gguf") {
    std::string const bytes = read_file(path);
    return read_gguf_tokenizer(std::as_bytes(std::span(bytes)), path.string());
  }
  for (char const* const known : {".json", ".model", ".txt", ".bpe"})
    if (extension == known) return read_with_settings(path);
  throw error(path.string() + ": is no tokenizer file that is known; docs/tokenizers.md lists them");
}

std::optional<fs::path> find_in_folder(fs::path const& folder) {
  for (char const* const name : known_names) {
    if (fs::is_regular_file(folder / name)) return folder / name;
  }
  return std::nullopt;
}

}  // namespace
}  // namespace text

bool has_tokenizer_source(std::filesystem::path const& folder) { return text::find_in_folder(folder).has_value(); }

tokenizer_data load_tokenizer_source(std::filesystem::path const& path) {
  if (!std::filesystem::exists(path)) throw error(path.string() + ": does not exist");
  if (!std::filesystem::is_directory(path)) return text::read_path(path);
  auto const found = text::find_in_folder(path);
  if (!found)
    throw error(path.string() + ": holds no tokenizer file; docs/tokenizers.md lists those that are looked for");
  return text::read_path(*found);
}

}  // namespace constformer
