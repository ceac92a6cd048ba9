// Passes over any rows of any sequences: weights in blocks with scales, met by floats and by rounded inputs.
#include "chunks.hpp"

namespace constformer::configs {
namespace {

constexpr config q8_0_floats = typed(block_decoder, dtype::q8_0);
constexpr config q8_0_integers = typed(block_decoder, dtype::q8_0, dtype::i8, dtype::i8);
constexpr config q4_0_floats = typed(block_decoder, dtype::q4_0);
constexpr config q4_0_integers = typed(block_decoder, dtype::q4_0, dtype::i8);
constexpr config iq4_nl_floats = typed(block_decoder, dtype::iq4_nl);
constexpr config iq4_nl_integers = typed(block_decoder, dtype::iq4_nl, dtype::i8, dtype::bf16);

// A type of super-blocks in every matrix.
constexpr config all_of(dtype type, dtype inputs) {
  config c = typed(super_decoder, dtype::q8_0, inputs);
  for (weight_kind kind : {weight_kind::tokens, weight_kind::head, weight_kind::query, weight_kind::key,
                           weight_kind::value, weight_kind::output, weight_kind::up, weight_kind::down}) {
    bool const once = kind == weight_kind::tokens || kind == weight_kind::head;
    c.types.list[c.types.count++] = {.kind = kind, .type = type, .layers = once ? every(1, 0, 1) : every(1, 0, 2)};
  }
  return c;
}
constexpr config q4_k_floats = all_of(dtype::q4_k, dtype::f32);
constexpr config q4_k_integers = all_of(dtype::q4_k, dtype::i8);
constexpr config q5_k_integers = all_of(dtype::q5_k, dtype::i8);
constexpr config q6_k_floats = all_of(dtype::q6_k, dtype::f32);
constexpr config q6_k_integers = all_of(dtype::q6_k, dtype::i8);

}  // namespace
}  // namespace constformer::configs

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {
namespace {

TEST_CASE("blocks of 32: any passes over a text give its bits") {
  check_any_passes<configs::q8_0_floats>();
  check_any_passes<configs::q8_0_integers>();
  check_any_passes<configs::q4_0_floats>();
  check_any_passes<configs::q4_0_integers>();
  check_any_passes<configs::iq4_nl_floats>();
  check_any_passes<configs::iq4_nl_integers>();
}

TEST_CASE("super-blocks of 256: any passes over a text give its bits") {
  check_any_passes<configs::q4_k_floats>();
  check_any_passes<configs::q4_k_integers>();
  check_any_passes<configs::q5_k_integers>();
  check_any_passes<configs::q6_k_floats>();
  check_any_passes<configs::q6_k_integers>();
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();
