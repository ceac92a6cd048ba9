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

// The census multiplies exactly the pairs that the masks of the kernels let through, 4·head_dim FLOPs each.
template <class Mask>
constexpr std::int64_t masked_flops(config const& c, Mask const& mask, forward_pass const& p) {
  auto const first = static_cast<int>(p.past);
  auto const queries = static_cast<int>(p.tokens);
  return 4LL * c.head_dim * c.heads * c.layers * visible_pairs(mask, first, queries, first + queries);
}

constexpr config two_heads = llama({.layers = 3, .d_model = 10, .heads = 2, .vocab = 9, .positions = 64});
constexpr config masked_by(mask_kind mask, int window = 0) {
  return with(two_heads, [&](config& c) {
    c.mask = mask;
    c.window = window;
  });
}

template <class Mask, class Pass>
constexpr bool flops_agree(config const& c, Mask const& mask_of, Pass const& pass_of) {
  for (int n = 1; n < 8; ++n)
    for (int past = 0; past < 6; ++past)
      for (int tokens = 1; tokens < 5; ++tokens) {
        forward_pass const p = pass_of(forward_pass{.tokens = tokens, .past = past}, n);
        if (flops_of(c, p).attention != masked_flops(c, mask_of(n, past + tokens), p)) return false;
      }
  return true;
}
constexpr auto same_pass = [](forward_pass p, int) { return p; };

static_assert(flops_agree(masked_by(mask_kind::causal), [](int, int) { return causal_mask{}; }, same_pass));
static_assert(flops_agree(
    masked_by(mask_kind::bidirectional), [](int, int keys) { return bidirectional_mask{keys}; }, same_pass));
static_assert(flops_agree(masked_by(mask_kind::causal, 1), [](int, int) { return window_mask{1}; }, same_pass));
static_assert(flops_agree(masked_by(mask_kind::causal, 5), [](int, int) { return window_mask{5}; }, same_pass));
static_assert(flops_agree(
    masked_by(mask_kind::prefix), [](int n, int) { return prefix_mask{n}; },
    [](forward_pass p, int n) {
      p.prefix = n;
      return p;
    }));

// Cross-attention: every query sees the whole source, and itself among its own kind.
constexpr bool crosses_agree() {
  constexpr config c = opennmt({.layers = 3, .d_model = 10, .heads = 2, .vocab = 9, .positions = 64}, 7);
  for (int source = 1; source < 9; ++source)
    for (int past = 0; past < 5; ++past)
      for (int tokens = 1; tokens < 5; ++tokens) {
        forward_pass const p = with_source({tokens, past, 1}, source, 0);
        std::int64_t const cross = 4LL * 5 * 2 * 3 * visible_pairs(cross_mask{source}, past, tokens, source);
        if (flops_of(c, p).attention != masked_flops(c, causal_mask{}, p) + cross) return false;
      }
  return true;
}
static_assert(crosses_agree());

// Padding costs nothing where it is skipped: a text of n tokens in a batch of 12 has the pairs of n tokens alone.
constexpr bool padding_agrees() {
  config const c = masked_by(mask_kind::bidirectional);
  for (int n = 0; n <= 12; ++n) {
    std::int64_t const padded_pairs = visible_pairs(padding_mask{n}, 0, 12, 12);
    if (4LL * 5 * 2 * 3 * padded_pairs != flops_of(c, {.tokens = n}).attention) return false;
  }
  return true;
}
static_assert(padding_agrees());
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
