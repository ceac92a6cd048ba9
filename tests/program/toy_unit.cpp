// The unit that `constformer build` would generate. TOY_CONFIG is a config of toy_model.hpp; with TOY_PACKED the
// packed file of that name is part of the program.
#include "constformer/generate/linked_weights.hpp"
#include "constformer/generate/session.hpp"
#include "toy_model.hpp"
#include "toy_session.hpp"

#ifdef TOY_PACKED
asm(".section .rodata\n.balign 64\n.globl toy_packed_begin\ntoy_packed_begin:\n.incbin \"" TOY_PACKED
    "\"\n.globl toy_packed_end\ntoy_packed_end:\n.byte 0\n.text\n");
extern "C" std::byte const toy_packed_begin[];
extern "C" std::byte const toy_packed_end[];
#endif

namespace constformer {

model_unit const& linked_unit() {
  static model_unit const unit{.name = "toy",
                               .configuration = &TOY_CONFIG,
                               .fingerprint = toy::fingerprint,
                               .weight_bytes = toy::weight_bytes,
                               .parameters = 1234,
                               .cache_bytes = 4096,
                               .workspace_bytes = 2048,
                               .target = "none",
                               .start = toy::start};
  return unit;
}

weights_place linked_weights() {
#ifdef TOY_PACKED
  return {.embedded = {toy_packed_begin, toy_packed_end}, .beside = {}};
#else
  return {.embedded = {}, .beside = toy::packed_name};
#endif
}

}  // namespace constformer
