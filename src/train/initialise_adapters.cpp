#include "initialise_adapters.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace constformer::train {

namespace {

constexpr std::string_view a_matrix = ".lora_a.weight";

// The A matrices of a stack as PEFT comes to them: as the classes of transformers make their modules, of which Marian's
// attention makes its query behind key and value.
std::vector<std::size_t> in_order(learner_facts const& facts, std::size_t begin, std::size_t end) {
  std::vector<std::size_t> out;
  std::optional<std::size_t> query;
  for (std::size_t i = begin; i < end; ++i) {
    std::string_view const name = facts.entries[i].name.view();
    if (!name.ends_with(a_matrix)) continue;
    auto const is = [&](std::string_view layer) { return name.find(layer) != std::string_view::npos; };
    if (query && !is(".key.") && !is(".value.")) out.push_back(*std::exchange(query, std::nullopt));
    if (facts.model->family == family_kind::marian && is(".query."))
      query = i;
    else
      out.push_back(i);
  }
  if (query) out.push_back(*query);
  return out;
}

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
      for (std::size_t const i : in_order(facts, begin, end)) {
        throw_away(random, entries[i].size() + entries[i + 1].size());  // constructors of A and B
        float const bound = bound_of(entries[i]);
        random.fill_uniform(to.parameter(static_cast<int>(i), layer), -bound, bound);
        std::ranges::fill(to.parameter(static_cast<int>(i) + 1, layer), 0.0F);
      }
  }
}

}  // namespace constformer::train
