#include "initialise_adapters.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>

namespace constformer::train {

namespace {

constexpr std::string_view a_matrix = ".lora_a.weight";

std::string_view stack_of(parameter_entry const& p) { return p.name.view().substr(0, p.name.view().find('*')); }

void throw_away(torch_generator& random, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) static_cast<void>(random.next32());
}

// torch.nn.init.kaiming_uniform_ with a = √5.
float bound_of(parameter_entry const& a) {
  double const gain = std::sqrt(2.0 / (1.0 + 5.0));
  return static_cast<float>(std::sqrt(3.0) * (gain / std::sqrt(static_cast<double>(a.cols))));
}

}  // namespace

void initialise_adapters(learner_facts const& facts, torch_generator& random, learner& to) {
  auto const& entries = facts.entries;
  for (std::size_t begin = 0, end = 0; begin < entries.size(); begin = end) {
    for (end = begin; end < entries.size() && stack_of(entries[end]) == stack_of(entries[begin]);) ++end;
    for (int layer = 0; layer < entries[begin].layers; ++layer)
      for (std::size_t i = begin; i < end; ++i) {
        if (!entries[i].name.view().ends_with(a_matrix)) continue;
        throw_away(random, entries[i].size() + entries[i + 1].size());  // constructors of A and B
        float const bound = bound_of(entries[i]);
        random.fill_uniform(to.parameter(static_cast<int>(i), layer), -bound, bound);
        std::ranges::fill(to.parameter(static_cast<int>(i) + 1, layer), 0.0F);
      }
  }
}

}  // namespace constformer::train
