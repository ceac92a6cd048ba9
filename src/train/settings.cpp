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
  visit("schedule", s.course.schedule);
  visit("steps", s.course.steps);
  visit("accumulation", s.course.accumulation);
  visit("rate", s.course.rate);
  visit("least_rate", s.course.least_rate);
  visit("warmup", s.course.warmup);
  visit("warm_from_zero", s.course.warm_from_zero);
  visit("decay_steps", s.course.decay_steps);
  visit("warmdown", s.course.warmdown);
  visit("optimizer", s.optimizer.kind);
  visit("decay", s.optimizer.decay);
  visit("beta1", s.optimizer.beta1);
  visit("beta2", s.optimizer.beta2);
  visit("eps", s.optimizer.eps);
  visit("momentum", s.optimizer.momentum);
  visit("embedding_rate", s.optimizer.embedding_rate);
  visit("unembedding_rate", s.optimizer.unembedding_rate);
  visit("scalar_rate", s.optimizer.scalar_rate);
  visit("scale_rates", s.optimizer.scale_rates);
  visit("first_momentum", s.optimizer.first_momentum);
  visit("last_momentum", s.optimizer.last_momentum);
  visit("momentum_warmup", s.optimizer.momentum_warmup);
  visit("decay_schedule", s.optimizer.decay_schedule);
  visit("dropout", s.step.dropout);
  visit("dtype", s.step.dtype);
  visit("recompute", s.step.recompute);
  visit("smoothing", s.step.smoothing);
  visit("ema", s.step.ema);
  visit("token_mean", s.step.token_mean);
  visit("clip", s.step.clip);
  visit("stop_norm", s.step.stop_norm);
  visit("eval_interval", s.report.eval_interval);
  visit("eval_batches", s.report.eval_batches);
  visit("save_interval", s.report.save_interval);
  visit("log_interval", s.report.log_interval);
  visit("seed", s.seed);
  visit("threads", s.threads);
  visit("prompt", s.sample.prompt);
  visit("sample_tokens", s.sample.tokens);
  visit("temperature", s.sample.temperature);
  visit("top_k", s.sample.top_k);
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
constexpr std::array<std::string_view, 13> free_keys{
    "recipe",        "steps",       "threads", "eval_interval", "save_interval", "log_interval", "prompt",
    "sample_tokens", "temperature", "top_k",   "stop_norm",     "cache",         "recompute"};

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
