// The examples of docs/census.md, docs/config.md and docs/shape_errors.md.
#include "constformer/analysis/census.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/configs/llama2_7b.hpp"
#include "constformer/core/check.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/layers/transformer.hpp"

namespace my {

inline constexpr constformer::config tiny = constformer::llama(
    {.layers = 4, .d_model = 256, .heads = 8, .kv_heads = 2, .d_ff = 704, .vocab = 4096, .positions = 1024});

}  // namespace my

namespace {

using namespace constformer;

static_assert(count_parameters<transformer<my::tiny>>() == parameter_count(my::tiny));

constexpr config long_llama = with(configs::llama2_7b, [](config& c) {
  c.rope.scaling = rope_scaling_kind::linear;
  c.rope.factor = 4;
  c.positions = c.capacity = 16384;
});
static_assert(valid_config<long_llama>::value);

constexpr census_report chat = census_of<configs::llama2_7b, workload{4, 4000, 96}>;
static_assert(chat.kv.f16 == 8'589'934'592);
static_assert(chat.parameter_bytes + chat.kv.f16 < 48LL << 30);

template <int Window, int Stride>
struct strided_gate {
  static_assert(constformer::check<(Window % Stride == 0), "gate: window={} and stride={} leave {} columns over",
                                   Window, Stride, Window % Stride>::value);
};
template struct strided_gate<12, 4>;

}  // namespace
