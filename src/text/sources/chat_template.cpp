// The chat templates of a checkpoint: which of its files hold them, and which of these transformers takes.
#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "constformer/checkpoint/gguf.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/core/error.hpp"
#include "constformer/text/chat.hpp"
#include "text/sources/json.hpp"

namespace constformer {

namespace {

namespace fs = std::filesystem;

std::string read_all(fs::path const& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw error(path.string() + ": cannot be opened");
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) throw error(path.string() + ": reading failed after " + std::to_string(bytes.size()) + " bytes");
  return bytes;
}

bool is_file(fs::path const& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

std::optional<text::json_file> json_at(fs::path const& path) {
  if (!is_file(path)) return std::nullopt;
  return text::json_file(read_all(path), path.string());
}

void set_template(chat_templates& out, std::string name, std::string jinja) {
  auto const known = std::ranges::find(out.all, name, &named_chat_template::name);
  if (known != out.all.end())
    known->jinja = std::move(jinja);
  else
    out.all.push_back({std::move(name), std::move(jinja)});
}

// chat_template.jinja and additional_chat_templates/NAME.jinja.
void read_own_files(fs::path const& folder, chat_templates& out) {
  if (auto const file = folder / "chat_template.jinja"; is_file(file)) set_template(out, "default", read_all(file));
  std::vector<fs::path> more;
  std::error_code none;
  for (auto const& entry : fs::directory_iterator(folder / "additional_chat_templates", none))
    if (entry.path().extension() == ".jinja" && is_file(entry.path())) more.push_back(entry.path());
  std::ranges::sort(more);
  for (auto const& file : more) set_template(out, file.stem().string(), read_all(file));
}

// A text, or a list of templates with names.
void read_field(text::json_file const& file, chat_templates& out) {
  auto const* const value = file.find(file.root(), "chat_template");
  if (value == nullptr) return;
  if (value->is_string()) return set_template(out, "default", value->get<std::string>());
  if (!value->is_array()) file.fail("chat_template is neither a string nor a list");
  for (auto const& item : *value) {
    if (!item.is_object()) file.fail("chat_template lists something that is no object");
    set_template(out, file.text(item, "name"), file.text(item, "template"));
  }
}

// A token is written as its text or as an object with it. Names end as these do: bos_token, image_token.
void read_tokens(text::json_file const& file, chat_templates& out) {
  for (auto const& [name, value] : file.root().items()) {
    if (!name.ends_with("_token")) continue;
    bool const known = std::ranges::any_of(out.tokens, [&](auto const& token) { return token.first == name; });
    auto const& content = value.is_object() && value.contains("content") ? value["content"] : value;
    if (!known && content.is_string()) out.tokens.emplace_back(name, content.get<std::string>());
  }
}

chat_templates read_folder(fs::path const& folder) {
  chat_templates out;
  auto const config = json_at(folder / "tokenizer_config.json");
  read_own_files(folder, out);
  if (out.all.empty() && config) read_field(*config, out);
  if (auto const legacy = json_at(folder / "chat_template.json"); legacy && out.all.empty()) read_field(*legacy, out);
  if (config) read_tokens(*config, out);
  if (auto const map = json_at(folder / "special_tokens_map.json")) read_tokens(*map, out);
  return out;
}

chat_templates read_gguf_file(fs::path const& path) {
  constexpr std::string_view key = "tokenizer.chat_template";
  mapped_file const mapped(path);
  gguf_file const file = read_gguf(mapped.bytes(), path.string());
  chat_templates out;
  for (auto const& entry : file.metadata) {
    if (entry.key == key) set_template(out, "default", *file.text(entry.key));
    if (entry.key.starts_with(key) && entry.key.substr(key.size()).starts_with('.'))
      set_template(out, std::string(entry.key.substr(key.size() + 1)), *file.text(entry.key));
  }
  return out;
}

bool is_gguf_file(fs::path const& path) {
  if (!is_file(path)) return false;
  std::array<char, 4> begin{};
  std::ifstream in(path, std::ios::binary);
  in.read(begin.data(), begin.size());
  return is_gguf(std::as_bytes(std::span(begin)).first(static_cast<std::size_t>(in.gcount())));
}

}  // namespace

chat_templates read_chat_templates(fs::path const& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return read_folder(path);
  return is_gguf_file(path) ? read_gguf_file(path) : chat_templates{};
}

}  // namespace constformer
