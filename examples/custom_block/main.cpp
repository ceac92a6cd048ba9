// A block of one's own from constformer's layers. Its shapes are proved by the compiler, and its parameters come as a
// table without a line of code about them.
#include <cstdint>
#include <cstdio>

#include "adapted_block.hpp"
#include "constformer/layers/embedding.hpp"
#include "constformer/layers/parameter.hpp"
#include "constformer/layers/parameter_table.hpp"

namespace {

using block = adapted_block<128, 8, 2, 352, 16>;

// misfit.cpp has adapted_block<128, 8, 2, 352, 128>, for which the compiler's first error is
//
//     adapter: bottleneck=128 is not below d_model=128
//
// and adapted_block<128, 8, 3, 352, 16> would be told
//
//     attention: heads=8 is not a multiple of kv_heads=3

struct stack {
  using tokens_type = constformer::embedding<96, 128>;
  using blocks_type = constformer::repeated<block, 4>;
  BOOST_HANA_DEFINE_STRUCT(stack, (tokens_type, tokens), (blocks_type, blocks));
};

constexpr std::int64_t trained = constformer::count_parameters<adapter<128, 16>>() * 4;
static_assert(constformer::count_parameters<stack>() == 734'784);
static_assert(trained * 40 < constformer::count_parameters<stack>(), "adapters are to stay below 2.5 % of the model");

void print(constformer::parameter_entry const& p) {
  char shape[32];
  if (p.cols == 0)
    std::snprintf(shape, sizeof shape, "[%d]", p.rows);
  else
    std::snprintf(shape, sizeof shape, "[%d,%d]", p.rows, p.cols);
  std::printf("%-34.*s %-10s x %d\n", static_cast<int>(p.name.size()), p.name.view().data(), shape, p.layers);
}

}  // namespace

int main() {
  for (auto const& parameter : constformer::parameter_table<stack>) print(parameter);
  std::printf("%lld parameters, %lld of them in adapters\n",
              static_cast<long long>(constformer::count_parameters<stack>()), static_cast<long long>(trained));
}
