// What models cost, worked out by the compiler: the program only prints constants.
#include <array>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "constformer/analysis/census.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/configs/gpt2.hpp"
#include "constformer/configs/llama2_70b.hpp"
#include "constformer/configs/llama2_7b.hpp"
#include "constformer/configs/stories15m.hpp"

namespace {

using namespace constformer;

// A model of one's own, and what it may take: a change that exceeds the budget does not compile.
constexpr config assistant =
    llama({.layers = 12, .d_model = 768, .heads = 12, .kv_heads = 4, .d_ff = 2048, .vocab = 32000, .positions = 4096});
constexpr std::int64_t memory_budget = std::int64_t{1} << 30;
constexpr census_report assistant_cost = census_of<assistant, workload{2, 3840, 256}>;
static_assert(check<(assistant_cost.parameter_bytes + assistant_cost.kv.f16 <= memory_budget),
                    "assistant: {} bytes of weights and {} of cache are more than {}", assistant_cost.parameter_bytes,
                    assistant_cost.kv.f16, memory_budget>::value);

struct line {
  std::string_view name;
  workload work;
  census_report cost;
};

template <config const& Config, workload Work>
constexpr line line_of(std::string_view name) {
  return {name, Work, census_of<Config, Work>};
}

constexpr std::array table{
    line_of<configs::stories15m, workload{1, 128, 128}>("stories15m"),
    line_of<configs::gpt2, workload{1, 128, 128}>("gpt2"),
    line_of<configs::gpt2, workload{1, 896, 128}>("gpt2"),
    line_of<assistant, workload{1, 3840, 256}>("assistant"),
    line_of<configs::llama2_7b, workload{1, 896, 128}>("llama2_7b"),
    line_of<configs::llama2_7b, workload{1, 3968, 128}>("llama2_7b"),
    line_of<configs::llama2_7b, workload{16, 3968, 128}>("llama2_7b"),
    line_of<configs::llama2_70b, workload{16, 3968, 128}>("llama2_70b"),
};

constexpr double giga = 1e9;
constexpr double mebi = 1 << 20;

void print(line const& l) {
  census_report const& c = l.cost;
  std::printf("%-11s %3lld x (%4lld + %3lld) %14.1f %12.1f %13.2f %13.2f %12.1f %10.2f\n", l.name.data(),
              static_cast<long long>(l.work.batch), static_cast<long long>(l.work.context),
              static_cast<long long>(l.work.new_tokens), static_cast<double>(c.parameters.total()) / 1e6,
              static_cast<double>(c.kv.f16) / mebi, static_cast<double>(c.flops.triangular()) / giga,
              static_cast<double>(c.decode.flops.triangular()) / giga, c.prefill.intensity.tiled,
              c.decode.intensity.tiled);
}

}  // namespace

int main() {
  std::printf("%-11s %18s %14s %12s %13s %13s %12s %10s\n", "model", "batch (prompt+new)", "parameters/M", "KV f16/MiB",
              "total GFLOP", "token GFLOP", "prefill F/B", "decode F/B");
  for (line const& l : table) print(l);
}
