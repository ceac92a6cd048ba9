// The closed formulas for visible (query, key) pairs against counting them one by one.
#include "constformer/analysis/pass.hpp"

#include "constformer/analysis/flops.hpp"
#include "constformer/analysis/traffic.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/kernels/masks.hpp"

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
        if (windowed_pairs(c, {tokens, past, 0}) != counted_pairs(c, {tokens, past, 0})) return false;
  return true;
}

static_assert(formulas_agree(config{}));
static_assert(formulas_agree(with(config{}, [](config& c) { c.mask = mask_kind::bidirectional; })));
// A prefix that all queries see, against the mask of the kernels.
constexpr bool prefixes_agree() {
  config const c = with(config{}, [](config& x) { x.mask = mask_kind::prefix; });
  for (int prefix = 0; prefix < 12; ++prefix)
    for (int past = 0; past < 9; ++past)
      for (int tokens = 0; tokens < 9; ++tokens) {
        std::int64_t pairs = 0;
        for (int query = past; query < past + tokens; ++query)
          pairs += std::min(prefix_mask{prefix}.visible(query).end, past + tokens);
        if (full_pairs(c, {.tokens = tokens, .past = past, .prefix = prefix}) != pairs) return false;
      }
  return true;
}
static_assert(prefixes_agree());
static_assert(full_pairs(config{}, scoring_pass(1024)) == 1024 * 1025 / 2);
static_assert(dense_pairs(scoring_pass(1024)) == 1024 * 1024);
static_assert(windowed_pairs(config{}, decode_pass(77)) == 77);

// Gemma 2: a window on every other layer, the first included.
constexpr config mixed = gemma2({.layers = 5, .d_model = 8, .heads = 2, .vocab = 9, .positions = 64}, 4);
static_assert(full_layers(mixed) == 2 && mixed.unwindowed == every(2, 1, 5));
static_assert(full_layers(llama({.layers = 7})) == 7);
static_assert(full_layers(mistral({.layers = 7}, 3)) == 0);
static_assert(flops_of_token(mixed, 10).attention == 2 * 2 * 2 * 4 * (2 * 10 + 3 * 4));
static_assert(flops_of_scoring(mixed, 10).attention == 2 * 2 * 2 * 4 * (2 * 55 + 3 * (10 + 6 * 4)));
static_assert(traffic_of(mixed, decode_pass(10)).attention_tiled.reads ==
              4 * (5 * 2 * 4 + 2 * 2 * 4 * (2 * 10 + 3 * 4)));

}  // namespace
