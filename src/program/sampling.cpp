#include "sampling.hpp"

#include <sys/random.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <system_error>

#include "constformer/core/random.hpp"
#include "errors.hpp"

namespace constformer::program {

namespace {

// 32 bits are enough to differ and few enough to type again.
std::uint64_t some_seed() {
  std::uint32_t seed = 0;
  if (::getrandom(&seed, sizeof seed, GRND_NONBLOCK) == sizeof seed && seed != 0) return seed;
  auto const now = std::chrono::system_clock::now().time_since_epoch().count();
  return mix_seed(static_cast<std::uint64_t>(now)) >> 32 | 1;
}

std::uint64_t read_seed(std::string_view word) {
  if (word == "-1") return some_seed();  // as llama.cpp has it
  std::uint64_t seed = 0;
  auto const [end, failed] = std::from_chars(word.data(), word.data() + word.size(), seed);
  if (failed != std::errc() || end != word.data() + word.size())
    throw usage_error("--seed: '" + std::string(word.substr(0, 40)) + "' is not a whole number below 2^64");
  return seed;
}

template <class Value>
void take(std::optional<Value> const& given, Value& value) {
  if (given) value = *given;
}

sampling_options defaults_of(generation_defaults const& asked) {
  sampling_options o;
  if (asked.do_sample.value_or(false))
    o = {.temperature = 1.0F, .top_k = 50, .top_p = 1.0F, .min_p = 0.0F, .temperature_first = true};
  return asked_sampling(o, asked);
}

sampling_options defaults_of(sampling_choice const& choice, generation_defaults const& asked) {
  if (!choice.sampler || *choice.sampler == "standard") return defaults_of(asked);
  if (*choice.sampler == "llama2c") return llama2c_defaults();
  throw usage_error("--sampler: '" + choice.sampler->substr(0, 40) + "' is neither standard nor llama2c");
}

}  // namespace

sampling_options asked_sampling(sampling_options o, generation_defaults const& asked) {
  take(asked.temperature, o.temperature);
  take(asked.top_k, o.top_k);
  take(asked.top_p, o.top_p);
  take(asked.min_p, o.min_p);
  take(asked.repetition_penalty, o.repeat_penalty);
  if (asked.repetition_penalty) o.repeat_last_n = -1;
  take(asked.repetition_window, o.repeat_last_n);
  if (!asked.do_sample.value_or(true)) o.temperature = 0.0F;
  return o;
}

sampling_options resolve_sampling(sampling_choice const& choice, generation_defaults const& asked) {
  sampling_options o = defaults_of(choice, asked);
  take(choice.temperature, o.temperature);
  take(choice.top_k, o.top_k);
  take(choice.top_p, o.top_p);
  take(choice.min_p, o.min_p);
  take(choice.repeat_penalty, o.repeat_penalty);
  take(choice.repeat_last_n, o.repeat_last_n);
  take(choice.presence_penalty, o.presence_penalty);
  take(choice.frequency_penalty, o.frequency_penalty);
  o.seed = choice.seed ? read_seed(*choice.seed) : some_seed();
  // xorshift never leaves 0; run.c takes the clock then.
  if (o.sampler == sampler_kind::llama2c && o.seed == 0) o.seed = some_seed();
  if (auto const misfit = first_misfit(o); !misfit.empty()) throw usage_error(std::string(misfit.view()));
  return o;
}

std::string describe(sampling_options const& o) {
  auto const f = [](float value) { return static_cast<double>(value); };
  char line[320];
  char penalties[160] = "";
  if (o.repeat_penalty != 1 || o.presence_penalty != 0 || o.frequency_penalty != 0)
    std::snprintf(penalties, sizeof penalties,
                  ", repeat-penalty %g, presence-penalty %g, frequency-penalty %g, repeat-last-n %d",
                  f(o.repeat_penalty), f(o.presence_penalty), f(o.frequency_penalty), o.repeat_last_n);
  auto const seed = static_cast<unsigned long long>(o.seed);
  if (o.temperature == 0) {
    std::snprintf(line, sizeof line, "greedy (temp 0)%s", penalties);
  } else if (o.sampler == sampler_kind::llama2c) {
    std::snprintf(line, sizeof line, "llama2c: temp %g, top-p %g, seed %llu", f(o.temperature), f(o.top_p), seed);
  } else {
    std::snprintf(line, sizeof line, "temp %g%s, top-k %d, top-p %g, min-p %g%s, seed %llu", f(o.temperature),
                  o.temperature_first ? " first" : "", o.top_k, f(o.top_p), f(o.min_p), penalties, seed);
  }
  return line;
}

}  // namespace constformer::program
