#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>

#include "constformer/core/error.hpp"
#include "constformer/text/load.hpp"
#include "text/sources/chatglm.hpp"
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

std::string read_file(fs::path const& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) throw error(path.string() + ": is a folder, a file is expected");
  std::ifstream in(path, std::ios::binary);
  if (!in) throw error(path.string() + ": cannot be opened");
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) throw error(path.string() + ": reading failed after " + std::to_string(bytes.size()) + " bytes");
  return bytes;
}

bool is_sentencepiece(tokenizer_data const& data) {
  return !data.rewrites.empty() && data.rewrites.back().kind == rewrite_kind::sentencepiece;
}

/// The settings that stand beside a vocabulary.
class companion_files {
 public:
  explicit companion_files(fs::path const& folder) {
    add(folder / "tokenizer_config.json");
    add(folder / "special_tokens_map.json");
    if (fs::is_regular_file(folder / "added_tokens.json")) {
      fs::path const path = folder / "added_tokens.json";
      added_.emplace(read_file(path), path.string());
    }
  }

  [[nodiscard]] std::string tokenizer_class() const { return text("tokenizer_class").value_or(""); }

  [[nodiscard]] std::optional<bool> flag(char const* field) const {
    for (json_file const& f : files_) {
      if (f.find(f.root(), field) != nullptr) return f.flag_or(f.root(), field, false);
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<int> integer(char const* field) const {
    for (json_file const& f : files_) {
      json const* const value = f.find(f.root(), field);
      if (value != nullptr) return f.integer(*value, field);
    }
    return std::nullopt;
  }

  /// A token field: a string, or an object with `content`.
  [[nodiscard]] std::optional<std::string> text(char const* field) const {
    for (json_file const& f : files_) {
      json const* const value = f.find(f.root(), field);
      if (value == nullptr) continue;
      return value->is_object() ? f.text(*value, "content") : f.text(f.root(), field);
    }
    return std::nullopt;
  }

  /// added_tokens_decoder of the config, and added_tokens.json.
  void add_tokens(tokenizer_data& data) const {
    for (json_file const& f : files_) {
      json const* const tokens = f.find(f.root(), "added_tokens_decoder");
      if (tokens == nullptr || !tokens->is_object()) continue;
      for (auto const& [number, entry] : tokens->items()) add_described(f, number, entry, data);
    }
    if (!added_) return;
    for (auto const& [content, id] : added_->root().items()) {
      if (id_of_text(data, content)) continue;
      add_checked(*added_,
                  {added_->integer(id, "the id of \"" + content + "\""), content, false, false, false, false, false},
                  data);
    }
  }

 private:
  void add(fs::path const& path) {
    if (fs::is_regular_file(path)) files_.emplace_back(read_file(path), path.string());
  }

  static void add_described(json_file const& f, std::string const& number, json const& entry, tokenizer_data& data) {
    json const id = json::parse(number, nullptr, false);
    added_token token{f.integer(id, "a key of added_tokens_decoder"),
                      f.text(entry, "content"),
                      f.flag_or(entry, "special", false),
                      f.flag_or(entry, "single_word", false),
                      f.flag_or(entry, "lstrip", false),
                      f.flag_or(entry, "rstrip", false),
                      false};
    // Its own tokens a SentencePiece model treats as libsentencepiece does: written in the text they are text.
    std::optional<int> const own = id_of_text(data, token.text);
    if (own) token.id = *own;
    for (added_token const& known : data.added) {
      if (known.id == token.id) return;
    }
    if (!(own && is_sentencepiece(data))) add_checked(f, std::move(token), data);
  }

  static void add_checked(json_file const& f, added_token token, tokenizer_data& data) {
    constexpr std::size_t most_gap = 1 << 16;
    if (static_cast<std::size_t>(token.id) > data.vocabulary.size() + most_gap) {
      f.fail("the id of added token \"" + token.text.substr(0, 40) + "\" is " + std::to_string(token.id) +
             ", the vocabulary has " + std::to_string(data.vocabulary.size()) + " tokens");
    }
    add_token(data, std::move(token));
  }

  std::vector<json_file> files_;
  std::optional<json_file> added_;
};

/// A token with a role is also cut out of the text, as transformers arranges it; SentencePiece's own are not.
void set_role(tokenizer_data& data, companion_files const& files, char const* field, std::optional<int>& role) {
  std::optional<std::string> const name = files.text(field);
  std::optional<int> const id = name ? id_of_text(data, *name) : std::nullopt;
  if (!id) return;
  role = id;
  bool const known =
      std::any_of(data.added.begin(), data.added.end(), [&](added_token const& a) { return a.id == *id; });
  if (!known && !is_sentencepiece(data)) add_token(data, {*id, *name, true, false, false, false, false});
}

void set_roles(tokenizer_data& data, companion_files const& files) {
  special_tokens& s = data.special;
  set_role(data, files, "bos_token", s.bos);
  set_role(data, files, "eos_token", s.eos);
  set_role(data, files, "pad_token", s.pad);
  set_role(data, files, "cls_token", s.cls);
  set_role(data, files, "sep_token", s.sep);
  set_role(data, files, "mask_token", s.mask);
  if (!s.unk && data.model == model_kind::wordpiece) set_role(data, files, "unk_token", s.unk);
}

/// What transformers' tokenizer class adds around a SentencePiece vocabulary. Without a class, BPE models are taken for
/// Llama's and get BOS; Unigram models get nothing.
void set_sentencepiece_templates(tokenizer_data& data, companion_files const& files) {
  std::string const name = files.tokenizer_class();
  if (name == "ChatGLMTokenizer") return add_chatglm_tokens(data);
  bool const t5 = name.starts_with("T5") || name.starts_with("MT5");
  bool const llama = data.model == model_kind::scored_merges && !t5;
  set_bos_eos(data, files.flag("add_bos_token").value_or(llama), files.flag("add_eos_token").value_or(t5));
}

/// Ids of images come first: 20000 in the first release, none in the later one, whose settings say so.
tokenizer_data read_chatglm_6b(fs::path const& path, companion_files const& files) {
  constexpr int first_images = 20000;
  tokenizer_data data = read_sentencepiece_model(read_file(path), path.string());
  int const images = files.integer("num_image_tokens").value_or(is_first_chatglm(data) ? first_images : 0);
  if (images < 0 || images > first_images)
    throw error(path.string() + ": num_image_tokens beside it is " + std::to_string(images) +
                ", it must be between 0 and " + std::to_string(first_images));
  complete_chatglm_6b(data, images);
  return data;
}

/// The classes whose vocab.json and merges.txt are not GPT-2's kind.
void apply_bpe_class(tokenizer_data& data, companion_files const& files) {
  std::string const name = files.tokenizer_class();
  if (name.starts_with("Qwen2")) {
    data.rewrites.push_back({rewrite_kind::compose, "", ""});
    data.splits = {{split_kind::match, std::string(qwen2_pattern), split_behavior::isolated, false}};
  } else if (name.starts_with("Roberta")) {
    if (!data.special.bos || !data.special.eos) throw error("vocab.json: a Roberta tokenizer needs <s> and </s>");
    using source = template_item::source;
    int const cls = *data.special.bos, sep = *data.special.eos;
    data.single = {{source::token, cls, 0}, {source::first, 0, 0}, {source::token, sep, 0}};
    data.pair = {{source::token, cls, 0}, {source::first, 0, 0},  {source::token, sep, 0},
                 {source::token, sep, 0}, {source::second, 0, 0}, {source::token, sep, 0}};
  }
  if (files.flag("add_prefix_space").value_or(false))
    data.splits.insert(data.splits.begin(), {split_kind::prefix_space, "", split_behavior::isolated, false});
  if (files.flag("add_bos_token").value_or(false)) set_bos_eos(data, true, false);
}

/// vocab.json beside merges.txt, encoder.json beside vocab.bpe.
tokenizer_data read_bpe_pair(fs::path const& path) {
  std::string const name = path.filename().string();
  bool const openai = name == "encoder.json" || name == "vocab.bpe";
  fs::path const vocab = path.parent_path() / (openai ? "encoder.json" : "vocab.json");
  fs::path const merges = path.parent_path() / (openai ? "vocab.bpe" : "merges.txt");
  return read_bpe_files(read_file(vocab), read_file(merges), vocab.string());
}

tokenizer_data read_bert(fs::path const& path, companion_files const& files) {
  tokenizer_data data =
      read_wordpiece_vocab(read_file(path), path.string(), files.flag("do_lower_case").value_or(true));
  bool const lower = files.flag("do_lower_case").value_or(true);
  data.rewrites.clear();
  bool const strip = files.flag("strip_accents").value_or(lower);
  auto const add = [&](bool on, rewrite_kind kind) {
    if (on) data.rewrites.push_back({kind, "", ""});
  };
  add(true, rewrite_kind::bert_clean);
  add(files.flag("tokenize_chinese_chars").value_or(true), rewrite_kind::bert_chinese);
  add(strip, rewrite_kind::bert_accents);
  add(lower, rewrite_kind::lowercase);
  return data;
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
  companion_files const files(folder);
  std::optional<std::string> target;
  if (files.flag("separate_vocabs").value_or(false)) target = read_file(folder / "target_vocab.json");
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

tokenizer_data read_path(fs::path const& path) {
  std::string const name = path.filename().string(), extension = path.extension().string();
  if (name == "source.spm" || name == "target.spm") return read_marian(path.parent_path());
  if (path.stem().string().ends_with("_vocabulary")) return read_opennmt(path);
  companion_files const files(path.has_parent_path() ? path.parent_path() : fs::path("."));
  tokenizer_data data;
  if (name == "vocab.json" || name == "merges.txt" || name == "encoder.json" || name == "vocab.bpe") {
    data = read_bpe_pair(path);
    files.add_tokens(data);
    set_roles(data, files);
    apply_bpe_class(data, files);
    return data;
  }
  if (extension == ".tiktoken") return read_tiktoken(read_file(path), path.string());
  if (name == "ice_text.model") return read_chatglm_6b(path, files);
  if (extension == ".model") {
    data = read_sentencepiece_model(read_file(path), path.string());
    files.add_tokens(data);
    set_roles(data, files);
    set_sentencepiece_templates(data, files);
    return data;
  }
  if (extension == ".pkl") return read_pickled_tokenizer(read_file(path), path.string());
  if (extension == ".gguf") {
    std::string const bytes = read_file(path);
    return read_gguf_tokenizer(std::as_bytes(std::span(bytes)), path.string());
  }
  if (extension == ".bin") return read_llama2c_tokenizer(read_file(path), path.string());
  if (extension == ".txt") {
    data = read_bert(path, files);
    files.add_tokens(data);
    set_roles(data, files);
    return data;
  }
  if (extension != ".json")
    throw error(path.string() + ": is no tokenizer file that is known; docs/tokenizers.md lists them");
  std::string const bytes = read_file(path);
  if (holds_char_vocab(bytes)) return read_character_vocab(bytes, path.string());
  data = read_tokenizer_json(bytes, path.string());
  files.add_tokens(data);
  set_roles(data, files);
  return data;
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
