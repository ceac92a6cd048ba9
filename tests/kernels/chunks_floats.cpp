// Passes over any rows of any sequences: weights that are floats, every type of cache, every kind of position and mask.
#include "chunks.hpp"

namespace constformer::configs {
namespace {

constexpr config floats = block_decoder;
constexpr config floats_kept_bf16 = typed(block_decoder, dtype::f32, dtype::f32, dtype::bf16);
constexpr config floats_kept_i8 = typed(block_decoder, dtype::f32, dtype::f32, dtype::i8);
constexpr config bf16_weights = typed(block_decoder, dtype::bf16);
constexpr config bf16_inputs = typed(block_decoder, dtype::bf16, dtype::bf16, dtype::bf16);
constexpr config f16_weights = typed(block_decoder, dtype::f16);
// Heads narrow enough for code of their own, widths that fill no panel, a matrix in pieces (see `chained`).
constexpr config narrow = llama(
    {.layers = 2, .d_model = 40, .heads = 6, .kv_heads = 2, .head_dim = 8, .d_ff = 52, .vocab = 77, .positions = 300});
constexpr config learned = gpt2({.layers = 2, .d_model = 48, .heads = 3, .vocab = 77, .positions = 300});
// Longer than a tile of keys, so that what a query sees begins within one.
constexpr config windowed = with(block_decoder, [](config& c) { c.window = 100; });
constexpr config windowed_kept_i8 = with(windowed, [](config& c) { c.kv_dtype = dtype::i8; });
constexpr config sandwich = with(
    gemma2({.layers = 2, .d_model = 40, .heads = 6, .kv_heads = 2, .head_dim = 10, .vocab = 77, .positions = 300}, 19),
    [](config& c) { c.qk_norm = true; });
constexpr config dynamic = with(block_decoder, [](config& c) {
  c.rope.scaling = rope_scaling_kind::dynamic;
  c.rope.factor = 4;
  c.rope.original_positions = 30;
});
constexpr config smeared =
    nanochat_of({.layers = 3, .d_model = 64, .heads = 4, .vocab = 77, .positions = 300}, nanochat_era::smeared, "SL");

}  // namespace
}  // namespace constformer::configs

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {
namespace {

TEST_CASE("floats: any passes over a text give its bits") {
  check_any_passes<configs::floats>();
  check_any_passes<configs::narrow>();
  check_any_passes<configs::bf16_weights>();
  check_any_passes<configs::f16_weights>();
}

TEST_CASE("caches of fewer bits: any passes over a text give its bits") {
  check_any_passes<configs::floats_kept_bf16>();
  check_any_passes<configs::floats_kept_i8>();
  check_any_passes<configs::bf16_inputs>();
}

TEST_CASE("positions, windows and norms: any passes over a text give its bits") {
  check_any_passes<configs::learned>();
  check_any_passes<configs::windowed>();
  check_any_passes<configs::windowed_kept_i8>();
  check_any_passes<configs::sandwich>();
  check_any_passes<configs::smeared>();
}

TEST_CASE("dynamic frequencies: passes that know the length of the text give its bits") {
  check_any_passes<configs::dynamic>();
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();
