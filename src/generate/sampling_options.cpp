#include "constformer/generate/sampling_options.hpp"

#include <array>
#include <cmath>

namespace constformer {

namespace {

struct bounded {
  std::string_view name;
  float value;
  float least;
  float most;
};

message check_bounds(bounded const& b) {
  if (b.value >= b.least && b.value <= b.most) return {};  // false for a NaN
  if (std::isnan(b.value)) return format_message("{} is not a number", b.name);
  return format_message("{}={} is not between {} and {}", b.name, b.value, b.least, b.most);
}

// run.c has neither; a value that would be ignored is refused instead.
message check_llama2c(sampling_options const& o) {
  auto const expected = llama2c_defaults();
  if (o.top_k != expected.top_k)
    return format_message("the llama2c sampler has no top-k, but top-k={} was given", o.top_k);
  if (o.min_p != expected.min_p)
    return format_message("the llama2c sampler has no min-p, but min-p={} was given", o.min_p);
  if (o.repeat_penalty != expected.repeat_penalty || o.presence_penalty != 0 || o.frequency_penalty != 0)
    return format_message("the llama2c sampler has no penalties, but repeat={}, presence={}, frequency={} were given",
                          o.repeat_penalty, o.presence_penalty, o.frequency_penalty);
  return {};
}

}  // namespace

message first_misfit(sampling_options const& o) {
  constexpr float huge = 1e6F;
  constexpr float tiny = 1e-6F;
  for (auto const& b :
       std::array{bounded{"temperature", o.temperature, 0, huge}, bounded{"top-p", o.top_p, 0, 1},
                  bounded{"min-p", o.min_p, 0, 1}, bounded{"repeat-penalty", o.repeat_penalty, tiny, huge},
                  bounded{"presence-penalty", o.presence_penalty, -huge, huge},
                  bounded{"frequency-penalty", o.frequency_penalty, -huge, huge}})
    if (auto const misfit = check_bounds(b); !misfit.empty()) return misfit;
  if (o.top_k < 0) return format_message("top-k={} is negative; 0 considers all tokens", o.top_k);
  if (o.repeat_last_n < -1)
    return format_message("repeat-last-n={} is below -1, which stands for the whole context", o.repeat_last_n);
  return o.sampler == sampler_kind::llama2c ? check_llama2c(o) : message{};
}

}  // namespace constformer
