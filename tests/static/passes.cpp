// The closed formulas for visible (query, key) pairs against counting them one by one.
#include "constformer/analysis/pass.hpp"

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace {

using namespace constformer;

constexpr std::int64_t counted_pairs(config const& c, forward_pass const& p) {
  std::int64_t pairs = 0;
  for (std::int64_t query = p.past; query < p.past + p.tokens; ++query)
    for (std::int64_t key = 0; key < p.past + p.tokens; ++key) {
      bool const causal = c.mask == mask_kind::causal;
      bool const visible = !causal || (key <= query && (c.window == 0 || key > query - c.window));
      pairs += visible ? 1 : 0;
    }
  return pairs;
}

constexpr bool formulas_agree(config c) {
  for (c.window = 0; c.window <= (c.mask == mask_kind::causal ? 7 : 0); ++c.window)
    for (std::int64_t past = 0; past < 9; ++past)
      for (std::int64_t tokens = 0; tokens < 9; ++tokens)
        if (visible_pairs(c, {tokens, past, 0}) != counted_pairs(c, {tokens, past, 0})) return false;
  return true;
}

static_assert(formulas_agree(config{}));
static_assert(formulas_agree(with(config{}, [](config& c) { c.mask = mask_kind::bidirectional; })));
static_assert(visible_pairs(config{}, scoring_pass(1024)) == 1024 * 1025 / 2);
static_assert(dense_pairs(scoring_pass(1024)) == 1024 * 1024);
static_assert(visible_pairs(config{}, decode_pass(77)) == 77);

}  // namespace
