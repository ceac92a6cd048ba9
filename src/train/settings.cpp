#include "settings.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "constformer/core/error.hpp"

namespace constformer::train {

namespace {

using nlohmann::ordered_json;

constexpr std::array<std::string_view, 4> schedules{"constant", "cosine", "trapezoid", "linear"};

// Calls visit(key, member) for all of them but `data` and `schedule`: one list for both ways.
template <class Settings, class Visit>
void for_each_member(Settings& s, Visit const& visit) {
  visit("recipe", s.recipe);
  visit("init", s.init);
  visit("start", s.start);
  visit("resumes", s.resumes);
  visit("format", s.format);
  visit("tokenizer", s.tokenizer);
  visit("steps", s.steps);
  visit("accumulation", s.accumulation);
  visit("rate", s.rate);
  visit("least_rate", s.least_rate);
  visit("warmup", s.warmup);
  visit("warm_from_zero", s.warm_from_zero);
  visit("decay_steps", s.decay_steps);
  visit("warmdown", s.warmdown);
  visit("decay", s.decay);
  visit("beta1", s.beta1);
  visit("beta2", s.beta2);
  visit("eps", s.eps);
  visit("dropout", s.dropout);
  visit("smoothing", s.smoothing);
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
  for_each_member(s, [&](char const* key, auto const& member) { out[key] = member; });
  out["schedule"] = schedules[static_cast<std::size_t>(s.schedule)];
  out["data"] = ordered_json::parse(json_of(s.data));
  return out;
}

schedule_kind schedule_named(std::string const& name, std::string_view where) {
  auto const found = std::ranges::find(schedules, name);
  if (found == schedules.end()) throw error(std::string(where) + ": schedule \"" + name + "\" is not known");
  return static_cast<schedule_kind>(found - schedules.begin());
}

// Keys of a run that may change on its way: its length, its threads, and what only looks at it. The seed of a text is
// that of the run; what lies in caches may move.
constexpr std::array<std::string_view, 12> free_keys{"recipe",        "steps",        "threads",   "eval_interval",
                                                     "save_interval", "log_interval", "prompt",    "sample_tokens",
                                                     "temperature",   "top_k",        "stop_norm", "cache"};

}  // namespace

std::string json_of(run_settings const& settings) { return whole(settings).dump(2) + "\n"; }

run_settings settings_of(std::string_view json, std::string_view where) {
  try {
    ordered_json const read = ordered_json::parse(json);
    run_settings out;
    for_each_member(out, [&](char const* key, auto& member) {
      if (auto const at = read.find(key); at != read.end()) at->get_to(member);
    });
    if (read.contains("schedule")) out.schedule = schedule_named(read["schedule"].get<std::string>(), where);
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
