#include "sentence_modules.hpp"

#include <array>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/core/error.hpp"
#include "json.hpp"

namespace constformer {

namespace {

namespace fs = std::filesystem;

bool is_there(fs::path const& file) {
  std::error_code unreadable;
  return fs::is_regular_file(file, unreadable);
}

nlohmann::json modules_of(fs::path const& file) {
  mapped_file const mapped(file);
  auto const* text = reinterpret_cast<char const*>(mapped.bytes().data());
  auto list = nlohmann::json::parse(text, text + mapped.bytes().size(), nullptr, false);
  if (!list.is_array()) throw error(file.string() + ": is not a JSON array of modules");
  return list;
}

// The last part of "sentence_transformers.models.Pooling".
std::string kind_of(json_fields const& module) {
  std::string const type = module.text("type");
  return type.substr(type.rfind('.') + 1);
}

// Older files have a flag for each kind of pooling, newer ones the kind.
std::string pooling_of(json_fields const& fields) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kinds{
      {{"cls", "cls_token"},
       {"max", "max_tokens"},
       {"mean", "mean_tokens"},
       {"mean_sqrt_len", "mean_sqrt_len_tokens"},
       {"weighted_mean", "weightedmean_tokens"},
       {"last", "lasttoken"}}};
  std::string found;
  if (fields.has("pooling_mode")) {
    std::string const mode = fields.text("pooling_mode");
    for (auto const& [name, flag] : kinds)
      if (mode == name || mode == (name == "weighted_mean" ? "weightedmean" : name == "last" ? "lasttoken" : name))
        found = name;
    if (found.empty())
      fields.misfit("pooling_mode", "supported are cls, max, mean, mean_sqrt_len, weightedmean and lasttoken");
    return found;
  }
  for (auto const& [name, flag] : kinds) {
    if (!fields.flag("pooling_mode_" + std::string(flag), false)) continue;
    if (!found.empty())
      throw error(fields.where() + ": poolings " + found + " and " + std::string(name) +
                  " are to be joined, only one alone is supported");
    found = name;
  }
  if (found.empty()) throw error(fields.where() + ": names no pooling that is supported");
  return found;
}

void take_module(fs::path const& folder, json_fields const& module, sentence_modules& out) {
  std::string const kind = kind_of(module);
  if (kind == "Transformer") {
    if (!module.text("path", "").empty()) module.misfit("path", "only an encoder in the folder itself is supported");
  } else if (kind == "Pooling") {
    if (!out.pooling.empty()) throw error(module.where() + ": is a second module that pools");
    json_document const settings(folder / module.text("path") / "config.json");
    out.pooling = pooling_of(settings.fields());
  } else if (kind == "Normalize") {
    out.normalize = true;
  } else {
    module.misfit("type", "supported are Transformer, Pooling and Normalize");
  }
}

}  // namespace

sentence_modules read_sentence_modules(fs::path const& folder) {
  sentence_modules out;
  if (auto const file = folder / "sentence_bert_config.json"; is_there(file)) {
    json_document const settings(file);
    if (settings.fields().has("max_seq_length")) out.max_sequence = settings.fields().extent("max_seq_length");
  }
  auto const file = folder / "modules.json";
  if (!is_there(file)) return out;
  std::size_t index = 0;
  for (auto const& module : modules_of(file)) {
    std::string const where = file.string() + ": module " + std::to_string(index++);
    if (!module.is_object()) throw error(where + " is not a JSON object");
    take_module(folder, json_fields(module, where), out);
  }
  return out;
}

}  // namespace constformer
