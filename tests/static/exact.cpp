// Counts stop at their largest value instead of overflowing, since a hostile file may name any extents.
#include "constformer/analysis/exact.hpp"

#include "constformer/analysis/census.hpp"
#include "constformer/analysis/parameters.hpp"
#include "constformer/config/families.hpp"

namespace {

using namespace constformer;

static_assert(sum_of(1, 2, 3) == 6);
static_assert(sum_of() == 0);
static_assert(product_of(2, 3, std::int64_t{7}) == 42);
static_assert(product_of(beyond_counting, 0) == 0);
static_assert(sum_of(beyond_counting, 0) == beyond_counting);
static_assert(sum_of(beyond_counting, 1) == beyond_counting);
static_assert(product_of(beyond_counting, 1) == beyond_counting);
static_assert(product_of(std::int64_t{1} << 32, std::int64_t{1} << 31) == beyond_counting);
static_assert(product_of(std::int64_t{1} << 32, std::int64_t{1} << 30) == std::int64_t{1} << 62);

constexpr int most = 1 << 24;
constexpr config hostile = llama(
    {.layers = most, .d_model = most, .heads = most, .head_dim = 1, .d_ff = most, .vocab = most, .positions = most});
static_assert(parameter_count(hostile) == beyond_counting);
static_assert(parameter_bytes(hostile) == beyond_counting);
static_assert(census(hostile, {.batch = 1 << 30, .context = 1 << 20, .new_tokens = 1 << 20}).flops.dense() ==
              beyond_counting);

// The largest published dense model, Llama 3.1 405B, at its whole context of 131,072 and a batch of eight stays exact.
constexpr config llama3_405b = llama({.layers = 126,
                                      .d_model = 16384,
                                      .heads = 128,
                                      .kv_heads = 8,
                                      .d_ff = 53248,
                                      .vocab = 128256,
                                      .positions = 131072});
static_assert(parameter_count(llama3_405b) == 405'853'388'800);
static_assert(census(llama3_405b, {.batch = 8, .context = 131072}).flops.dense() < beyond_counting);

}  // namespace
