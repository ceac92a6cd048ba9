#include "settings.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <type_traits>
#include <utility>

#include <nlohmann/json.hpp>

#include "constformer/core/error.hpp"

namespace constformer::train {

namespace {

using nlohmann::ordered_json;

// By their values, in the order of the enumerators.
constexpr std::array<std::string_view, 4> names(schedule_kind) { return {"constant", "cosine", "trapezoid", "linear"}; }
constexpr std::array<std::string_view, 6> names(optimizer_kind) {
  return {"adamw", "adam", "bert_adamw", "sgd", "muon", "nanochat_muon"};
}
constexpr std::array<std::string_view, 3> names(decay_kind) { return {"constant", "linear", "cosine"}; }

template <class Enum>
Enum named(ordered_json const& name, char const* key, std::string_view where) {
  auto const all = names(Enum{});
  auto const found = std::ranges::find(all, name.get<std::string>());
  if (found == all.end()) throw error(std::string(where) + ": " + key + " " + name.dump() + " is not known");
  return static_cast<Enum>(found - all.begin());
}

// Calls visit(key, member) for all of them but `data`: one list for both ways.
template <class Settings, class Visit>
void for_each_member(Settings& s, Visit const& visit) {
  visit("recipe", s.recipe);
  visit("init", s.init);
  visit("start", s.start);
  visit("resumes", s.resumes);
  visit("format", s.format);
  visit("tokenizer", s.tokenizer);
  visit("schedule", s.schedule);
  visit("steps", s.steps);
  visit("accumulation", s.accumulation);
  visit("rate", s.rate);
  visit("least_rate", s.least_rate);
  visit("warmup", s.warmup);
  visit("warm_from_zero", s.warm_from_zero);
  visit("decay_steps", s.decay_steps);
  visit("warmdown", s.warmdown);
  visit("optimizer", s.optimizer);
  visit("decay", s.decay);
  visit("beta1", s.beta1);
  visit("beta2", s.beta2);
  visit("eps", s.eps);
  visit("momentum", s.momentum);
  visit("embedding_rate", s.embedding_rate);
  visit("unembedding_rate", s.unembedding_rate);
  visit("scalar_rate", s.scalar_rate);
  visit("scale_rates", s.scale_rates);
  visit("first_momentum", s.first_momentum);
  visit("last_momentum", s.last_momentum);
  visit("momentum_warmup", s.momentum_warmup);
  visit("decay_schedule", s.decay_schedule);
  visit("dropout", s.dropout);
  visit("dtype", s.dtype);
  visit("smoothing", s.smoothing);
  visit("ema", s.ema);
  visit("token_mean", s.token_mean);
  visit("clip", s.clip);
  visit("stop_norm", s.stop_norm);
  visit("eval_interval", s.eval_interval);
  visit("eval_batches", s.eval_batches);
  visit("save_interval", s.save_interval);
  visit("log_interval", s.log_interval);
  visit("seed", s.seed);
  visit("threads", s.threads);
  visit("prompt", s.prompt);
  visit("sample_tokens", s.sample_tokens);
  visit("temperature", s.temperature);
  visit("top_k", s.top_k);
  visit("lora", s.lora.rank);
  visit("lora_alpha", s.lora.alpha);
  visit("lora_dropout", s.lora.dropout);
  visit("lora_targets", s.lora.targets);
}

ordered_json whole(run_settings const& s) {
  ordered_json out;
  for_each_member(s, [&](char const* key, auto const& member) {
    if constexpr (std::is_enum_v<std::remove_cvref_t<decltype(member)>>)
      out[key] = names(member)[static_cast<std::size_t>(member)];
    else
      out[key] = member;
  });
  out["data"] = ordered_json::parse(json_of(s.data));
  return out;
}

// Keys of a run that may change on its way: its length, its threads, and what only looks at it. The seed of a text is
// that of the run; what lies in caches may move.
constexpr std::array<std::string_view, 12> free_keys{"recipe",        "steps",        "threads",   "eval_interval",
                                                     "save_interval", "log_interval", "prompt",    "sample_tokens",
                                                     "temperature",   "top_k",        "stop_norm", "cache"};

}  // namespace

std::string_view name_of(optimizer_kind kind) { return names(kind)[static_cast<std::size_t>(kind)]; }

std::string json_of(run_settings const& settings) { return whole(settings).dump(2) + "\n"; }

run_settings settings_of(std::string_view json, std::string_view where) {
  try {
    ordered_json const read = ordered_json::parse(json);
    run_settings out;
    for_each_member(out, [&](char const* key, auto& member) {
      auto const at = read.find(key);
      if (at == read.end()) return;
      if constexpr (std::is_enum_v<std::remove_cvref_t<decltype(member)>>)
        member = named<std::remove_cvref_t<decltype(member)>>(*at, key, where);
      else
        at->get_to(member);
    });
    if (read.contains("data")) out.data = data_options_of(read["data"].dump());
    return out;
  } catch (nlohmann::json::exception const& wrong) {
    throw error(std::string(where) + ": " + wrong.what());
  }
}

std::string first_difference(run_settings const& begun, run_settings const& asked) {
  ordered_json const one = whole(begun), other = whole(asked);
  for (auto const& [left, right] : {std::pair(one, other), std::pair(one["data"], other["data"])})
    for (auto const& [key, value] : left.items())
      if (key != "data" && std::ranges::find(free_keys, key) == free_keys.end() && value != right[key])
        return key + " was " + value.dump() + " and is " + right[key].dump();
  return {};
}

}  // namespace constformer::train
