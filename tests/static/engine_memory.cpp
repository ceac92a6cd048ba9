// What the engine sets aside against what the census says: cache and activations, part by part.
#include <cstddef>
#include <cstdint>

#include "constformer/analysis/kv_cache.hpp"
#include "constformer/analysis/workspace.hpp"
#include "constformer/config/config.hpp"
#include "constformer/configs/bert_base.hpp"
#include "constformer/configs/gpt2.hpp"
#include "constformer/configs/llama2_70b.hpp"
#include "constformer/configs/mistral_7b.hpp"
#include "constformer/configs/nanochat_d12.hpp"
#include "constformer/configs/stories15m.hpp"
#include "constformer/configs/stories260k.hpp"
#include "constformer/layers/stage.hpp"

namespace {

using namespace constformer;

constexpr std::int64_t bytes_of_floats(std::size_t floats) { return 4 * static_cast<std::int64_t>(floats); }

// Exactly, where widths are whole panels of 16.
constexpr bool plans_agree(config const& c, int capacity) {
  stage_plan const plan = stage_plan::of(c, 1, capacity);
  activation_workspace const w = workspace_of(c, batch_rows_of(c) < capacity ? batch_rows_of(c) : capacity, 1);
  bool const decoder = c.mask == mask_kind::causal;
  return bytes_of_floats(plan.x) == w.residual && bytes_of_floats(plan.normed) == w.normed &&
         bytes_of_floats(plan.qkv) == w.qkv && bytes_of_floats(plan.attended) == w.mixed &&
         bytes_of_floats(plan.hidden) == w.hidden && bytes_of_floats(plan.first + plan.halfway) == w.carried &&
         (!decoder || static_cast<std::int64_t>(plan.keys + plan.values) == kv_bytes(c, kv_format_of(c), 1, capacity));
}

static_assert(plans_agree(configs::gpt2, 1024));
static_assert(plans_agree(configs::llama2_70b, 4096));
static_assert(plans_agree(configs::mistral_7b, 32768));
static_assert(plans_agree(configs::nanochat_d12, 2048));
static_assert(plans_agree(configs::stories15m, 256));
static_assert(plans_agree(configs::bert_base, 512));

// Caches of narrower types, the scales of i8 included.
constexpr config kept_in(config base, dtype type) {
  base.kv_dtype = type;
  return base;
}
static_assert(plans_agree(kept_in(configs::llama2_70b, dtype::bf16), 4096));
static_assert(plans_agree(kept_in(configs::llama2_70b, dtype::i8), 4096));
static_assert(plans_agree(kept_in(configs::gpt2, dtype::i8), 1024));
static_assert(stage_plan::of(kept_in(configs::gpt2, dtype::i8), 1, 1024).activation_bytes() ==
              stage_plan::of(configs::gpt2, 1, 1024).activation_bytes());

// Heads of 8 dims are padded to 16 in the values: half as much again.
static_assert(configs::stories260k.head_dim == 8);
static_assert(static_cast<std::int64_t>(stage_plan::of(configs::stories260k, 1, 512).values) ==
              kv_bytes(configs::stories260k, {dtype::f32}, 1, 512));

}  // namespace
