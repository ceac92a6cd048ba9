#include "generation_fields.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "random_seed.hpp"

namespace constformer::serve {

namespace {

constexpr double most_temperature = 2;
constexpr double most_penalty = 2;
constexpr double most_bias = 100;

// Where a request says nothing: what the checkpoint's files ask for (`served_model::sampling`).
sampling_options read_sampling(field_reader& fields, sampling_options o, int capacity, bool& seeded) {
  auto const take = [](auto const& given, auto& value) {
    if (given) value = *given;
  };
  take(fields.number("temperature", 0, most_temperature), o.temperature);
  take(fields.number("top_p", 0, 1), o.top_p);
  if (o.top_p == 0) throw bad_request("top_p must be above 0", "top_p");
  take(fields.number("min_p", 0, 1), o.min_p);
  if (auto const k = fields.integer("top_k", -1, std::numeric_limits<int>::max()))
    o.top_k = std::max(static_cast<int>(*k), 0);
  take(fields.number("presence_penalty", -most_penalty, most_penalty), o.presence_penalty);
  take(fields.number("frequency_penalty", -most_penalty, most_penalty), o.frequency_penalty);
  auto const repetition = fields.number("repetition_penalty", 1e-6, 100);
  auto const repeat = fields.number("repeat_penalty", 1e-6, 100);
  if (repetition || repeat) {
    o.repeat_penalty = repetition ? *repetition : *repeat;
    o.repeat_last_n = -1;
  }
  if (auto const n = fields.integer("repeat_last_n", -1, capacity)) o.repeat_last_n = static_cast<int>(*n);
  auto const seed =
      fields.integer("seed", std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
  seeded = seed && *seed != -1;  // -1: any, as llama.cpp has it
  o.seed = seeded ? static_cast<std::uint64_t>(*seed) : random_seed();
  return o;
}

int bias_id(std::string const& name, int vocab) {
  int id = 0;
  auto const [end, failed] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (failed != std::errc() || end != name.data() + name.size() || id < 0 || id >= vocab)
    throw bad_request("logit_bias: '" + name.substr(0, 20) + "' is no id of the vocabulary of " + std::to_string(vocab),
                      "logit_bias");
  return id;
}

// OpenAI: −100 forbids a token.
std::vector<std::pair<int, float>> read_bias(field_reader& fields, int vocab) {
  std::vector<std::pair<int, float>> out;
  auto const* value = fields.find("logit_bias");
  if (value == nullptr || (value->array() != nullptr && value->array()->empty())) return out;
  auto const& members = object_of(*value, "logit_bias");
  if (members.size() > most_biases)
    throw bad_request("logit_bias has " + std::to_string(members.size()) + " entries, at most " +
                          std::to_string(most_biases) + " are read",
                      "logit_bias");
  for (auto const& [name, bias] : members) {
    auto const number = number_of(bias, "logit_bias", -1e9, 1e9);
    float const never = -std::numeric_limits<float>::infinity();
    out.emplace_back(bias_id(name, vocab),
                     number <= -most_bias ? never : static_cast<float>(std::min(number, most_bias)));
  }
  auto const forbidden = std::ranges::count_if(out, [](auto const& b) { return std::isinf(b.second); });
  if (forbidden >= vocab) throw bad_request("logit_bias forbids every token", "logit_bias");
  return out;
}

std::vector<std::string> read_stops(field_reader& fields) {
  auto const* value = fields.find("stop");
  if (value == nullptr) return {};
  auto stops = read_texts(*value, "stop", most_stops);
  for (auto const& stop : stops)
    if (stop.empty() || stop.size() > longest_stop)
      throw bad_request("stop: each text must have 1 to " + std::to_string(longest_stop) + " bytes", "stop");
  return stops;
}

void read_stream(field_reader& fields, generation_fields& out) {
  out.stream = fields.boolean("stream").value_or(false);
  auto const* options = fields.find("stream_options");
  if (options == nullptr) return;
  if (!out.stream && !object_of(*options, "stream_options").empty())
    throw bad_request("stream_options needs stream", "stream_options");
  field_reader inside(*options);
  out.include_usage = inside.boolean("include_usage").value_or(false);
  out.continuous_usage = inside.boolean("continuous_usage_stats").value_or(false);
  inside.ignore("include_obfuscation");
  inside.refuse_rest();
}

}  // namespace

std::vector<int> read_ids(json_array const& list, std::string_view name, int vocab) {
  std::vector<int> out;
  out.reserve(list.size());
  for (auto const& element : list) out.push_back(static_cast<int>(integer_of(element, name, 0, vocab - 1)));
  return out;
}

std::vector<std::string> read_texts(json_value const& value, std::string_view name, std::size_t most) {
  if (auto const* one = value.text()) return {*one};
  auto const* list = value.array();
  if (list == nullptr) throw bad_request(std::string(name) + " must be a string or an array of strings", name);
  if (list->size() > most)
    throw bad_request(std::string(name) + " has " + std::to_string(list->size()) + " entries, at most " +
                          std::to_string(most) + " are read",
                      name);
  std::vector<std::string> out;
  for (auto const& element : *list) out.push_back(text_of(element, name));
  return out;
}

void require_plausible(std::string_view text, served_model const& model, std::string_view field) {
  constexpr std::size_t longest_token = 1024;  // bytes
  auto const most = (static_cast<std::size_t>(model.capacity) + 1) * longest_token;
  if (text.size() <= most) return;
  throw context_exceeded(std::string(field) + ": " + std::to_string(text.size()) + " bytes are more than the " +
                             std::to_string(model.capacity) + " tokens of the context",
                         field);
}

std::vector<int> encode_text(served_model const& model, std::string_view text, encode_options options,
                             std::string_view field) {
  require_plausible(text, model, field);
  std::vector<int> ids;
  try {
    ids = model.text->encode(text, options);
  } catch (error const& refused) {
    throw bad_request(std::string(field) + ": " + refused.what(), field);
  }
  for (int const id : ids)
    if (id >= model.vocab)
      throw bad_request("the tokenizer gives id " + std::to_string(id) + ", which the model does not have", field);
  return ids;
}

void require_model(field_reader& fields, served_model const& model) {
  auto const name = fields.text("model");
  if (name && !name->empty() && *name != model.name)
    throw api_error(404, "invalid_request_error",
                    "the model '" + name->substr(0, 100) + "' is not here; this server has " + model.name, "model",
                    "model_not_found");
}

generation_fields read_generation_fields(field_reader& fields, served_model const& model,
                                         generation_bounds const& bounds) {
  generation_fields out;
  require_model(fields, model);
  auto& request = out.request;
  request.sampling = read_sampling(fields, model.sampling, bounds.capacity, out.seeded);
  request.bias = read_bias(fields, bounds.vocab);
  request.choices = static_cast<int>(fields.integer("n", 1, std::min(most_choices, bounds.sequences)).value_or(1));
  out.stops = read_stops(fields);
  out.ignores_end = fields.boolean("ignore_eos").value_or(false);
  out.least_tokens = fields.integer("min_tokens", 0, bounds.capacity).value_or(0);
  if (auto const* ids = fields.find("stop_token_ids"))
    request.stop_ids = read_ids(array_of(*ids, "stop_token_ids"), "stop_token_ids", bounds.vocab);
  out.return_ids = fields.boolean("return_token_ids").value_or(false);
  request.priority = static_cast<int>(fields.integer("priority", -1'000'000, 1'000'000).value_or(0));
  request.salt = fields.text("cache_salt").value_or("");
  request.cache_prompt = fields.boolean("cache_prompt").value_or(true);
  read_stream(fields, out);
  for (char const* name : {"user", "metadata", "safety_identifier", "prompt_cache_key", "store"}) fields.ignore(name);
  return out;
}

generation_request complete_request(generation_fields const& fields, served_model const& model, std::vector<int> prompt,
                                    int most, std::vector<int> const& more_stop_ids, std::string_view max_name) {
  auto request = fields.request;
  int const tokens = static_cast<int>(prompt.size());
  int const room = model.capacity - tokens + 1;  // the last token chosen need not be in the context
  auto const numbers =
      "the prompt has " + std::to_string(tokens) + " tokens, the context holds " + std::to_string(model.capacity);
  if (tokens > model.capacity) throw context_exceeded(numbers, "prompt");
  if (most > room) throw context_exceeded(numbers + ": " + std::to_string(most) + " more are too many", max_name);
  request.max_tokens = most == 0 ? room : most;
  if (fields.least_tokens > request.max_tokens)
    throw bad_request("min_tokens is " + std::to_string(fields.least_tokens) + ", at most " +
                          std::to_string(request.max_tokens) + " are to follow",
                      "min_tokens");
  if (!fields.ignores_end) {
    request.stop_ids.insert(request.stop_ids.end(), model.stop_ids.begin(), model.stop_ids.end());
    request.stop_ids.insert(request.stop_ids.end(), more_stop_ids.begin(), more_stop_ids.end());
  }
  std::ranges::sort(request.stop_ids);
  request.stop_ids.erase(std::ranges::unique(request.stop_ids).begin(), request.stop_ids.end());
  request.rules = model.rules(request.stop_ids, request.max_tokens);
  request.rules.min_new_tokens = std::max(request.rules.min_new_tokens, static_cast<int>(fields.least_tokens));
  request.prompt = std::move(prompt);
  return request;
}

}  // namespace constformer::serve
