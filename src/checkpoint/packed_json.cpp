#include "packed_json.hpp"

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "constformer/core/error.hpp"
#include "packed_generation.hpp"

namespace constformer::packed {

namespace {

using nlohmann::json;

// The fields of one JSON value, with the place for messages: `model.bin: section tensors: item 3: field offset`.
class fields {
 public:
  fields(json const& value, std::string place) : value_(value), place_(std::move(place)) {
    if (!value_.is_object()) throw error(place_ + ": is not a JSON object");
  }

  [[nodiscard]] bool has(char const* name) const { return value_.contains(name); }

  [[nodiscard]] json const& at(char const* name) const {
    auto const found = value_.find(name);
    if (found == value_.end()) throw error(place_ + ": field " + name + " is missing");
    return *found;
  }

  [[nodiscard]] std::string text(char const* name) const {
    auto const& value = at(name);
    if (!value.is_string()) throw error(place_ + ": field " + name + " is not a string");
    return value.get<std::string>();
  }

  [[nodiscard]] std::string text_or_none(char const* name) const { return has(name) ? text(name) : std::string(); }

  [[nodiscard]] bool flag(char const* name) const {
    auto const& value = at(name);
    if (!value.is_boolean()) throw error(place_ + ": field " + name + " is not true or false");
    return value.get<bool>();
  }

  [[nodiscard]] std::vector<std::string> texts(char const* name) const {
    auto const& list = at(name);
    if (!list.is_array()) throw error(place_ + ": field " + name + " is not an array");
    std::vector<std::string> out;
    for (auto const& item : list) {
      if (!item.is_string()) throw error(place_ + ": field " + name + " holds something that is not a string");
      out.push_back(item.get<std::string>());
    }
    return out;
  }

  // The objects of a list.
  [[nodiscard]] std::vector<fields> objects(char const* name) const {
    auto const& list = at(name);
    if (!list.is_array()) throw error(place_ + ": field " + name + " is not an array");
    std::vector<fields> out;
    for (auto const& item : list)
      out.emplace_back(item, place_ + ": field " + name + ": item " + std::to_string(out.size()));
    return out;
  }

  template <class Kind>
  [[nodiscard]] Kind kind_of(std::string const& name) const {
    if (auto const kind = kind_from<Kind>(name)) return *kind;
    throw error(place_ + ": \"" + name + "\" is not known");
  }

  template <class Kind>
  [[nodiscard]] Kind named(char const* name) const {
    return kind_of<Kind>(text(name));
  }

  template <class Integer>
  [[nodiscard]] Integer integer(char const* name) const {
    return to_integer<Integer>(at(name), name);
  }

  template <class Integer>
  [[nodiscard]] std::vector<Integer> integers(char const* name) const {
    auto const& list = at(name);
    if (!list.is_array()) throw error(place_ + ": field " + name + " is not an array");
    std::vector<Integer> out;
    out.reserve(list.size());
    for (auto const& item : list) out.push_back(to_integer<Integer>(item, name));
    return out;
  }

 private:
  template <class Integer>
  [[nodiscard]] Integer to_integer(json const& value, char const* name) const {
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<Integer>::max());
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most)
      throw error(place_ + ": field " + name + " is not a whole number from 0 to " + std::to_string(most));
    return value.get<Integer>();
  }

  json const& value_;
  std::string place_;
};

json parse(std::span<std::byte const> bytes, std::string const& place) {
  auto const* text = reinterpret_cast<char const*>(bytes.data());
  json value = json::parse(text, text + bytes.size(), nullptr, false);
  if (value.is_discarded()) throw error(place + ": is not JSON");
  return value;
}

// Names come from foreign files; what is no UTF-8 in them becomes U+FFFD instead of an exception.
std::string dump(json const& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

json json_of(embedding_step const& s) {
  json out = {{"kind", name_of(s.kind)}};
  switch (s.kind) {
    case embedding_step_kind::pool:
      out["include_prompt"] = s.include_prompt;
      out["poolings"] = json::array();
      for (pooling_kind const pooling : s.poolings) out["poolings"].push_back(name_of(pooling));
      break;
    case embedding_step_kind::dense:
      out.update({{"of_tokens", s.of_tokens},
                  {"inputs", s.inputs},
                  {"outputs", s.outputs},
                  {"activation", name_of(s.activation)},
                  {"bias", s.bias},
                  {"residual", s.residual},
                  {"offset", s.offset}});
      break;
    case embedding_step_kind::layer_norm: out.update({{"inputs", s.inputs}, {"offset", s.offset}}); break;
    case embedding_step_kind::normalize: out["of_tokens"] = s.of_tokens; break;
  }
  return out;
}

json json_of(embedding_recipe const& recipe) {
  json out = {{"steps", json::array()},
              {"dimensions", recipe.dimensions},
              {"cut_left", recipe.cut_left},
              {"prompts", json::array()}};
  for (embedding_step const& step : recipe.steps) out["steps"].push_back(json_of(step));
  for (auto const& [name, text] : recipe.prompts) out["prompts"].push_back({{"name", name}, {"text", text}});
  if (recipe.default_prompt) out["default_prompt"] = *recipe.default_prompt;
  return out;
}

embedding_step step_of(fields const& f) {
  embedding_step out{.kind = f.named<embedding_step_kind>("kind")};
  switch (out.kind) {
    case embedding_step_kind::pool:
      out.include_prompt = f.flag("include_prompt");
      for (std::string const& name : f.texts("poolings")) out.poolings.push_back(f.kind_of<pooling_kind>(name));
      break;
    case embedding_step_kind::dense:
      out.of_tokens = f.flag("of_tokens");
      out.inputs = f.integer<int>("inputs");
      out.outputs = f.integer<int>("outputs");
      out.activation = f.named<dense_activation>("activation");
      out.bias = f.flag("bias");
      out.residual = f.flag("residual");
      out.offset = f.integer<std::int64_t>("offset");
      break;
    case embedding_step_kind::layer_norm:
      out.inputs = f.integer<int>("inputs");
      out.offset = f.integer<std::int64_t>("offset");
      break;
    case embedding_step_kind::normalize: out.of_tokens = f.flag("of_tokens"); break;
  }
  return out;
}

embedding_recipe recipe_of(fields const& f) {
  embedding_recipe out{.dimensions = f.integer<int>("dimensions"), .cut_left = f.flag("cut_left")};
  for (fields const& step : f.objects("steps")) out.steps.push_back(step_of(step));
  for (fields const& prompt : f.objects("prompts")) out.prompts.push_back({prompt.text("name"), prompt.text("text")});
  if (f.has("default_prompt")) out.default_prompt = f.text("default_prompt");
  return out;
}

}  // namespace

std::string write_metadata(packed_metadata const& m) {
  json out = {{"name", m.name},
              {"family", m.family},
              {"source", m.source},
              {"stop_ids", m.stop_ids},
              {"max_sequence", m.max_sequence},
              {"embedding", json_of(m.embedding)},
              {"labels", m.labels},
              {"several_labels", m.several_labels},
              {"chat", m.chat}};
  if (m.generation != generation_defaults{}) out["generation"] = generation_json(m.generation);
  if (m.decoder_start) out["decoder_start"] = *m.decoder_start;
  if (!m.config_json.empty()) out["config_json"] = m.config_json;
  if (!m.config_refusal.empty()) out["config_refusal"] = m.config_refusal;
  if (!m.generation_json.empty()) out["generation_json"] = m.generation_json;
  return dump(out);
}

std::string write_tensors(std::vector<packed_tensor> const& tensors) {
  json list = json::array();
  for (auto const& t : tensors) {
    json item = {{"name", t.name}, {"type", t.type}, {"shape", t.shape}, {"offset", t.offset}};
    if (!t.stored_type.empty()) item["stored_type"] = t.stored_type;
    if (!t.stored_name.empty()) item["stored_name"] = t.stored_name;
    if (!t.stored_shape.empty()) item["stored_shape"] = t.stored_shape;
    if (!t.stored_bytes.empty()) item["stored_bytes"] = t.stored_bytes;
    list.push_back(std::move(item));
  }
  return dump(list);
}

packed_metadata read_metadata(std::span<std::byte const> bytes, std::string const& file) {
  std::string const place = file + ": section metadata";
  json const value = parse(bytes, place);
  fields const f(value, place);
  return {.name = f.text("name"),
          .family = f.text("family"),
          .source = f.text("source"),
          .stop_ids = f.integers<int>("stop_ids"),
          .max_sequence = f.integer<int>("max_sequence"),
          .embedding = recipe_of(fields(f.at("embedding"), place + ": field embedding")),
          .labels = f.texts("labels"),
          .several_labels = f.flag("several_labels"),
          .chat = f.texts("chat"),
          .decoder_start = f.has("decoder_start") ? std::optional(f.integer<int>("decoder_start")) : std::nullopt,
          .generation = f.has("generation") ? read_generation(f.at("generation"), place) : generation_defaults{},
          .config_json = f.text_or_none("config_json"),
          .config_refusal = f.text_or_none("config_refusal"),
          .generation_json = f.text_or_none("generation_json")};
}

std::vector<packed_tensor> read_tensors(std::span<std::byte const> bytes, std::string const& file) {
  std::string const place = file + ": section tensors";
  json const list = parse(bytes, place);
  if (!list.is_array()) throw error(place + ": is not a JSON array");
  std::vector<packed_tensor> out;
  out.reserve(list.size());
  for (auto const& item : list) {
    fields const f(item, place + ": item " + std::to_string(out.size()));
    out.push_back(
        {.name = f.text("name"),
         .type = f.text("type"),
         .shape = f.integers<std::int64_t>("shape"),
         .offset = f.integer<std::int64_t>("offset"),
         .stored_type = f.text_or_none("stored_type"),
         .stored_name = f.text_or_none("stored_name"),
         .stored_shape = f.has("stored_shape") ? f.integers<std::int64_t>("stored_shape") : std::vector<std::int64_t>(),
         .stored_bytes = f.text_or_none("stored_bytes")});
  }
  return out;
}

}  // namespace constformer::packed
