#include "text/sources/settings.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <system_error>

#include "constformer/core/error.hpp"

namespace constformer::text {

namespace fs = std::filesystem;

std::string read_file(fs::path const& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) throw error(path.string() + ": is a folder, a file is expected");
  std::ifstream in(path, std::ios::binary);
  if (!in) throw error(path.string() + ": cannot be opened");
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) throw error(path.string() + ": reading failed after " + std::to_string(bytes.size()) + " bytes");
  return bytes;
}

namespace {

std::optional<json_file> read_if_there(fs::path const& path) {
  if (!fs::is_regular_file(path)) return std::nullopt;
  return json_file(read_file(path), path.string());
}

/// A token as text, which is special, or as an object with Hugging Face's flags.
added_token token_of(json_file const& file, json const& value, char const* what, bool special) {
  if (value.is_string()) return {0, value.get<std::string>(), true, false, false, false, false};
  if (!value.is_object())
    file.fail(std::string("field ") + what + " is " + value.type_name() + ", a token is expected");
  return {0,
          file.text(value, "content"),
          special || file.flag_or(value, "special", false),
          file.flag_or(value, "single_word", false),
          file.flag_or(value, "lstrip", false),
          file.flag_or(value, "rstrip", false),
          file.flag_or(value, "normalized", false)};
}

void add_list(json_file const& file, char const* field, std::vector<added_token>& out) {
  json const* const list = file.find(file.root(), field);
  if (list == nullptr) return;
  if (!list->is_array() && !list->is_object())
    file.fail(std::string("field ") + field + " is " + list->type_name() + ", a list of tokens is expected");
  for (json const& entry : *list) {  // an object gives tokens names, which are of no account
    added_token token = token_of(file, entry, field, true);
    if (std::ranges::none_of(out, [&](added_token const& t) { return t.text == token.text; }))
      out.push_back(std::move(token));
  }
}

constexpr std::array role_fields{"bos_token", "eos_token", "unk_token", "sep_token",
                                 "pad_token", "cls_token", "mask_token"};

}  // namespace

tokenizer_settings::tokenizer_settings(fs::path const& folder)
    : where_(folder.string()),
      config_(read_if_there(folder / "tokenizer_config.json")),
      map_(read_if_there(folder / "special_tokens_map.json")),
      added_(read_if_there(folder / "added_tokens.json")) {
  name_class(folder / "config.json");
  refuse_what_matters();
  if (decoder() == nullptr) return;
  map_.reset();
  added_.reset();
}

// A config.json of something else than a model of transformers names no class.
void tokenizer_settings::name_class(fs::path const& path) {
  class_name_ = text("tokenizer_class").value_or("");
  if (!class_name_.empty() || !fs::is_regular_file(path)) return;
  json const config = json::parse(read_file(path), nullptr, false);
  auto const field = [&](char const* name) {
    auto const at = config.is_object() ? config.find(name) : config.end();
    return at != config.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  class_name_ = field("tokenizer_class");
  if (class_name_.empty()) class_name_ = class_of_model_type(field("model_type"));
}

void tokenizer_settings::refuse_what_matters() const {
  for (char const* const field : {"split_special_tokens", "fix_mistral_regex", "from_slow"})
    if (flag(field).value_or(false)) fail(std::string(field) + " is true, which is not supported");
  // AutoTokenizer pays no heed to these where the class is another one by name.
  bool const japanese = facts().kind == class_kind::japanese_bert || !text("tokenizer_class");
  std::string const words = text("word_tokenizer_type").value_or("basic");
  if (japanese && words != "basic")
    fail("word_tokenizer_type is \"" + words + "\", which is not supported; words of \"basic\" are");
  for (char const* const step : {"do_word_tokenize", "do_subword_tokenize"})
    if (japanese && !flag(step).value_or(true)) fail(std::string(step) + " is false, which is not supported");
  std::string const parts = text("subword_tokenizer_type").value_or("wordpiece");
  if (japanese && parts != "wordpiece")
    fail("subword_tokenizer_type is \"" + parts + "\", which is not supported; \"wordpiece\" is");
}

void tokenizer_settings::fail(std::string const& what) const {
  throw error((config_ ? config_->name() : where_) + ": " + what);
}

std::optional<bool> tokenizer_settings::flag(char const* field) const {
  if (!config_ || config_->find(config_->root(), field) == nullptr) return std::nullopt;
  return config_->flag_or(config_->root(), field, false);
}

std::optional<int> tokenizer_settings::integer(char const* field) const {
  json const* const value = config_ ? config_->find(config_->root(), field) : nullptr;
  return value == nullptr ? std::nullopt : std::optional(config_->integer(*value, field));
}

std::optional<std::string> tokenizer_settings::text(char const* field) const {
  if (!config_ || config_->find(config_->root(), field) == nullptr) return std::nullopt;
  return config_->text(config_->root(), field);
}

named_role tokenizer_settings::role(char const* field) const {
  for (std::optional<json_file> const* const file : {&map_, &config_}) {
    if (!*file || !(*file)->root().contains(field)) continue;
    json const* const value = (*file)->find((*file)->root(), field);
    if (value == nullptr) return {true, false, std::nullopt};
    return {true, value->is_string(), token_of(**file, *value, field, true)};
  }
  return {};
}

bool tokenizer_settings::lists_further() const {
  for (std::optional<json_file> const* const file : {&config_, &map_})
    if (*file && (*file)->find((*file)->root(), "additional_special_tokens") != nullptr) return true;
  return false;
}

std::vector<added_token> tokenizer_settings::further_special() const {
  std::vector<added_token> out;
  for (std::optional<json_file> const* const file : {&config_, &map_}) {
    if (!*file) continue;
    add_list(**file, "additional_special_tokens", out);
    add_list(**file, "extra_special_tokens", out);
  }
  return out;
}

json const* tokenizer_settings::decoder() const {
  return config_ ? config_->find(config_->root(), "added_tokens_decoder") : nullptr;
}

bool tokenizer_settings::is_special(std::string_view token) const {
  for (char const* const field : role_fields)
    if (named_role const r = role(field); r.token && r.token->text == token) return true;
  return std::ranges::any_of(further_special(), [&](added_token const& t) { return t.text == token; });
}

std::vector<added_token> tokenizer_settings::of_decoder(json const& tokens) const {
  if (!tokens.is_object())
    config_->fail(std::string("field added_tokens_decoder is ") + tokens.type_name() + ", an object is expected");
  std::vector<added_token> out;
  for (auto const& [number, entry] : tokens.items()) {
    added_token token = token_of(*config_, entry, "added_tokens_decoder", false);
    token.id = config_->integer(json::parse(number, nullptr, false), "a key of added_tokens_decoder");
    if (json const* const normalized = config_->find(entry, "normalized"); normalized == nullptr)
      token.normalized = !token.special;
    token.special = token.special || is_special(token.text);
    out.push_back(std::move(token));
  }
  return out;
}

std::vector<added_token> tokenizer_settings::described() const {
  std::vector<added_token> out;
  if (json const* const tokens = decoder()) {
    out = of_decoder(*tokens);
  } else if (added_) {
    for (auto const& [content, id] : added_->root().items())
      out.push_back({added_->integer(id, "the id of \"" + content + "\""), content, is_special(content), false, false,
                     false, !is_special(content)});
  }
  std::ranges::sort(out, {}, &added_token::id);
  return out;
}

}  // namespace constformer::text
