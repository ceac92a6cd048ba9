// Phases that traced graphs are lowered to give the bits of the layers that were written by hand, over the same packed
// weights, whatever the passes and the threads.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "chunks.hpp"
#include "constformer/generate/engine-inl.hpp"
#include "constformer/generate/lowered_pass-inl.hpp"

namespace constformer::configs {
namespace {

constexpr config floats = block_decoder;
constexpr config bf16_inputs = typed(block_decoder, dtype::bf16, dtype::bf16, dtype::bf16);
constexpr config q8_0_integers = typed(block_decoder, dtype::q8_0, dtype::i8, dtype::i8);
// Widths that fill no panel; a head that is tied to the tokens.
constexpr config narrow = with(llama({.layers = 3,
                                      .d_model = 40,
                                      .heads = 6,
                                      .kv_heads = 2,
                                      .head_dim = 16,
                                      .d_ff = 52,
                                      .vocab = 77,
                                      .positions = 300}),
                               [](config& c) { c.tied = true; });
// A window in one layer alone, and rotations that follow the length.
constexpr config windowed = with(block_decoder, [](config& c) {
  c.window = 100;
  c.unwindowed.add(1);
  c.rope.scaling = rope_scaling_kind::dynamic;
  c.rope.factor = 4;
  c.rope.original_positions = 30;
});
// Learned positions, layer norms, a bias everywhere.
constexpr config learned = gpt2({.layers = 2, .d_model = 48, .heads = 3, .vocab = 77, .positions = 300});
// Norms of heads.
constexpr config normed = qwen3(
    {.layers = 2, .d_model = 48, .heads = 4, .kv_heads = 2, .head_dim = 16, .d_ff = 80, .vocab = 77, .positions = 300});
// Norms on what each half adds, factors and caps.
constexpr config sandwich = gemma2(
    {.layers = 2, .d_model = 40, .heads = 4, .kv_heads = 2, .head_dim = 16, .d_ff = 64, .vocab = 77, .positions = 300},
    19);
// Both halves of a block read the stream before either adds to it; a part of each head rotates.
constexpr config parallel = with(gpt_neox({.layers = 2, .d_model = 64, .heads = 4, .vocab = 77, .positions = 300}),
                                 [](config& c) { c.rope.rotary_dims = 8; });

}  // namespace
}  // namespace constformer::configs

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {
namespace {

// Texts side by side in passes of 1, 20 and 100 rows, on 1, 2 and 3 threads.
template <config const& Config>
void check_same_bits() {
  auto const weights = random_weights<Config>();
  std::vector<std::vector<int>> texts(3);
  for (std::size_t i = 0; i < texts.size(); ++i)
    for (int k = 0; k < std::vector{150, 41, 17}[i]; ++k)
      texts[i].push_back((k * 31 + 7 + static_cast<int>(i) * 5) % Config.vocab);
  int threads = 0;
  for (int const longest : {1, 20, 100}) {
    ++threads;
    auto const seed = static_cast<std::uint32_t>(longest);
    auto const by_hand = ragged_reader<Config>(weights, texts, threads, seed).read(longest);
    auto const lowered = ragged_reader<Config, lowered_pass<Config>>(weights, texts, threads, seed).read(longest);
    REQUIRE(by_hand[0][149] != by_hand[0][148]);  // logits tell rows apart
    for (std::size_t i = 0; i < texts.size(); ++i) {
      REQUIRE(lowered[i].size() == by_hand[i].size());
      std::size_t other = 0;
      for (std::size_t row = 0; row < lowered[i].size(); ++row)
        other += same_bits(lowered[i][row], by_hand[i][row]) ? 0 : 1;
      INFO("text " << i << " in pieces of at most " << longest);
      CHECK(other == 0);
    }
  }
}

TEST_CASE("lowered Llama gives the bits of the layers written by hand") {
  check_same_bits<configs::floats>();
  check_same_bits<configs::narrow>();
  check_same_bits<configs::windowed>();
}

TEST_CASE("so it does with weights, inputs and caches in fewer bits") {
  check_same_bits<configs::bf16_inputs>();
  check_same_bits<configs::q8_0_integers>();
}

TEST_CASE("so do other lowered families") {
  check_same_bits<configs::learned>();
  check_same_bits<configs::normed>();
  check_same_bits<configs::sandwich>();
  check_same_bits<configs::parallel>();
}

// What a session gives beside logits of passes.
template <class Session>
std::vector<float> all_of_session(std::vector<std::byte> const& weights) {
  Session s(weights.data(), {.threads = 2, .sequences = 3});
  std::vector<float> all;
  auto const take = [&](int, std::span<float const> row) { all.insert(all.end(), row.begin(), row.end()); };
  std::vector<int> const ids{5, 9, 2, 60, 33, 1};
  s.hidden_states(ids, take);
  s.rewind(0, 0);
  s.score(0, ids, take);
  take(0, s.append(0, std::span(ids).first(2)));
  s.fork(std::vector<int>{0, 0, 0});
  auto const rows = s.step(std::vector<int>{3, 4, 5});
  for (int i = 0; i < rows.rows; ++i) take(i, rows[i]);
  return all;
}

TEST_CASE("sessions of lowered models give the bits of others") {
  auto const weights = random_weights<configs::floats>();
  auto const lowered = all_of_session<engine<configs::floats, lowered_pass<configs::floats>>>(weights);
  CHECK(same_bits(lowered, all_of_session<engine<configs::floats>>(weights)));
}

TEST_CASE("memory of a lowered session is what it says") {
  using session_type = engine<configs::floats, lowered_pass<configs::floats>>;
  constexpr auto extents = stage_extents::of(configs::floats, 1, 300);
  CHECK(lowered_pass<configs::floats>::cache_bytes(extents) == stage_plan::of(configs::floats, extents).cache_bytes());
  CHECK(session_type::bytes(1, 300) <= engine<configs::floats>::bytes(1, 300));
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();
