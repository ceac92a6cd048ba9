// Tiled attention against a plain softmax in double precision: head widths, groups, masks, softcaps and tile borders.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/kernels/attention-inl.hpp"
#include "constformer/kernels/keep-inl.hpp"
#include "reference.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {
namespace {

// A mask of a sequence of `length`, and what it means, said once more.
struct causal {
  static causal_mask mask(int) { return {}; }
  static bool sees(int query, int key, int) { return key <= query; }
};
template <int Window>
struct windowed {
  static window_mask mask(int) { return {Window}; }
  static bool sees(int query, int key, int) { return key <= query && key > query - Window; }
};
struct bidirectional {
  static bidirectional_mask mask(int length) { return {length}; }
  static bool sees(int, int, int) { return true; }
};
template <int Third>  // the prefix is that part of the sequence
struct prefixed {
  static prefix_mask mask(int length) { return {length * Third / 3}; }
  static bool sees(int query, int key, int length) { return key <= query || key < length * Third / 3; }
};

// Bits that no position has written: not a number, or the largest scale and bytes.
template <class Kept>
Kept stale() {
  if constexpr (std::is_same_v<Kept, std::int8_t>)
    return 0x7F;
  else
    return hwy::ConvertScalarTo<Kept>(std::numeric_limits<float>::quiet_NaN());
}

// What an element of a piece of the cache means, said once more.
float widened(float const* piece, std::size_t at, std::size_t) { return piece[at]; }
float widened(hwy::bfloat16_t const* piece, std::size_t at, std::size_t) {
  std::uint16_t bits;
  std::memcpy(&bits, piece + at, sizeof bits);
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}
float widened(std::int8_t const* piece, std::size_t at, std::size_t lane) {
  float scale;
  std::memcpy(&scale, piece + lane * sizeof scale, sizeof scale);
  return scale * static_cast<float>(piece[64 + at]);
}

template <int HeadDim, int Group, class Mask, int Softcap = 0, dtype Type = dtype::f32>
struct fixture {
  using kernel = attention_kernel<HeadDim, Group, decltype(Mask::mask(0)), (Softcap > 0), false, Type>;
  static constexpr std::size_t pair =
      Type == dtype::bf16 ? 2 : 1;  // bf16: that many dims of a key, or positions of values
  static constexpr std::size_t width = padded(HeadDim);
  static constexpr std::size_t row_width = std::size_t{Group} * HeadDim;

  int length;
  std::vector<float> q, k, v;  // as the cache has them
  std::vector<float> exact_k, exact_v;
  std::vector<kept<Type>> keys, values;
  std::vector<int> blocks;  // the last one first: nothing may rely on an order in memory

  explicit fixture(int n) : length(n) {
    auto const size = static_cast<std::size_t>(n);
    q = reference::random_floats(size * row_width, 1);
    exact_k = k = reference::random_floats(size * HeadDim, 2);
    exact_v = v = reference::random_floats(size * HeadDim, 3);
    for (int block = padded(n) / panel_rows; block > 0; --block) blocks.push_back(block - 1);
    keys.assign(blocks.size() * key_piece(Type, HeadDim), stale<kept<Type>>());  // stale positions must not count
    values.assign(blocks.size() * value_piece(Type, HeadDim), stale<kept<Type>>());
    if constexpr (HeadDim % pair !=
                  0)  // caches begin with zeros, and nothing is written beside the last of an odd number of dims
      for (kept<Type>& x : keys) x = kept<Type>{};
    for (std::size_t p = 0; p < size; ++p) keep(p);
  }

  // Puts a key and its value into the cache, and back from there.
  void keep(std::size_t p) {
    auto const block = static_cast<std::size_t>(blocks[p / panel_rows]);
    std::size_t const lane = p % panel_rows;
    auto* const key_at = keys.data() + block * key_piece(Type, HeadDim);
    auto* const value_at = values.data() + block * value_piece(Type, HeadDim);
    keep_key<Type, HeadDim>(k.data() + p * HeadDim, key_at, lane);
    keep_value<Type, HeadDim>(v.data() + p * HeadDim, value_at, lane);
    for (std::size_t j = 0; j < HeadDim; ++j) {
      k[p * HeadDim + j] = widened(key_at, (j / pair * panel_rows + lane) * pair + j % pair, lane);
      v[p * HeadDim + j] = widened(value_at, (lane / pair * width + j) * pair + lane % pair, lane);
    }
  }

  // Queries [first, first + positions) with `length` keys in the cache.
  std::vector<float> ours(int first, int positions) const {
    auto const memory = std::make_unique<typename kernel::scratch>();
    std::vector<float> out(static_cast<std::size_t>(positions) * row_width);
    for (int at = 0; at < positions; at += kernel::span_positions) {
      int const count = HWY_MIN(kernel::span_positions, positions - at);
      kernel::attend({.query = q.data() + static_cast<std::size_t>(first + at) * row_width,
                      .query_stride = row_width,
                      .keys = keys.data(),
                      .values = values.data(),
                      .blocks = blocks.data(),
                      .out = out.data() + static_cast<std::size_t>(at) * row_width,
                      .out_stride = row_width,
                      .first_position = first + at,
                      .positions = count,
                      .mask = Mask::mask(length),
                      .scale = 0.3F,
                      .softcap = static_cast<float>(Softcap)},
                     *memory);
    }
    return out;
  }

  std::vector<double> expected(int first, int positions) const {
    std::vector<double> out;
    for (int p = first; p < first + positions; ++p)
      for (std::size_t g = 0; g < Group; ++g) append_row(p, g, out);
    return out;
  }

  void append_row(int p, std::size_t g, std::vector<double>& out) const {
    std::vector<double> sums(HeadDim);
    double total = 0;
    for (int t = 0; t < length; ++t) {
      if (!Mask::sees(p, t, length)) continue;
      double score = 0;
      for (std::size_t j = 0; j < HeadDim; ++j)
        score += static_cast<double>(q[static_cast<std::size_t>(p) * row_width + g * HeadDim + j]) *
                 static_cast<double>(k[static_cast<std::size_t>(t) * HeadDim + j]);
      score *= static_cast<double>(0.3F);
      double const weight = std::exp(Softcap > 0 ? Softcap * std::tanh(score / Softcap) : score);
      total += weight;
      for (std::size_t j = 0; j < HeadDim; ++j)
        sums[j] += weight * static_cast<double>(v[static_cast<std::size_t>(t) * HeadDim + j]);
    }
    for (double s : sums) out.push_back(s / total);
  }
};

template <int HeadDim, int Group, class Mask, int Softcap = 0, dtype Type = dtype::f32>
void check_all() {
  for (int length : {1, 2, 15, 16, 17, 63, 64, 65, 130, 200}) {
    fixture<HeadDim, Group, Mask, Softcap, Type> const f(length);
    INFO("head_dim=" << HeadDim << " group=" << Group << " softcap=" << Softcap << " length=" << length);
    INFO(name_of(Type));
    CHECK(reference::distance(f.ours(0, length), f.expected(0, length)) < 3e-6);          // the whole sequence
    CHECK(reference::distance(f.ours(length - 1, 1), f.expected(length - 1, 1)) < 3e-6);  // its last token alone
    if (length > 20)
      CHECK(reference::distance(f.ours(length - 19, 19), f.expected(length - 19, 19)) < 3e-6);  // a later batch
  }
}

TEST_CASE("causal attention of head widths from 2 to 128") {
  check_all<2, 1, causal>();
  check_all<6, 1, causal>();
  check_all<16, 1, causal>();
  check_all<20, 1, causal>();
  check_all<64, 1, causal>();
  check_all<128, 1, causal>();
}

TEST_CASE("query heads that share a key head") {
  check_all<8, 2, causal>();
  check_all<10, 3, causal>();
  check_all<64, 4, causal>();
  check_all<16, 8, causal>();
  check_all<4, 32, causal>();
}

TEST_CASE("windows shorter and longer than a tile") {
  check_all<8, 1, windowed<1>>();
  check_all<8, 2, windowed<5>>();
  check_all<16, 1, windowed<64>>();
  check_all<16, 1, windowed<100>>();
}

TEST_CASE("bidirectional attention") {
  check_all<5, 1, bidirectional>();
  check_all<32, 1, bidirectional>();
}

TEST_CASE("a prefix that all queries see") {
  check_all<8, 1, prefixed<0>>();
  check_all<12, 2, prefixed<2>>();
  check_all<16, 1, prefixed<3>>();
}

TEST_CASE("capped scores") {
  check_all<16, 2, causal, 1>();
  check_all<20, 1, windowed<5>, 3>();
}

template <int HeadDim, int Group, class Mask, int Softcap = 0>
void check_kept() {
  check_all<HeadDim, Group, Mask, Softcap, dtype::bf16>();
  check_all<HeadDim, Group, Mask, Softcap, dtype::i8>();
}

TEST_CASE("keys and values in bf16 and in 8 bits: what is kept is what is attended") {
  check_kept<5, 1, bidirectional>();
  check_kept<16, 2, causal, 1>();
  check_kept<128, 4, causal>();
  check_kept<10, 3, windowed<5>>();
}

// Half a unit in the last of 8 bits, and half a step of a 127th of the head's largest value.
TEST_CASE("keys and values are rounded to nearest when they are kept") {
  auto const check = []<class Fixture>(Fixture const& f, std::size_t head_dim, auto const& bound) {
    for (std::size_t p = 0; p < static_cast<std::size_t>(f.length); ++p)
      for (auto const& [exact, kept_values] : {std::pair{&f.exact_k, &f.k}, std::pair{&f.exact_v, &f.v}}) {
        float const* const from = exact->data() + p * head_dim;
        float const* const back = kept_values->data() + p * head_dim;
        float top = 0;
        for (std::size_t j = 0; j < head_dim; ++j) top = std::max(top, std::abs(from[j]));
        for (std::size_t j = 0; j < head_dim; ++j) CHECK(std::abs(back[j] - from[j]) <= bound(std::abs(from[j]), top));
      }
  };
  auto const of_bf16 = [](float x, float) { return x / 256; };
  auto const of_i8 = [](float, float top) { return top / 254 * 1.0001F; };
  check(fixture<5, 1, bidirectional, 0, dtype::bf16>(40), 5, of_bf16);
  check(fixture<5, 1, bidirectional, 0, dtype::i8>(40), 5, of_i8);
  check(fixture<64, 2, causal, 0, dtype::i8>(40), 64, of_i8);
}

TEST_CASE("ties of bf16 go to the even one, heads of zeros have a scale of 0") {
  float const ties[2]{std::bit_cast<float>(0x3F808000U), std::bit_cast<float>(0x3F818000U)};
  hwy::bfloat16_t pairs[key_piece(dtype::bf16, 2)]{};
  keep_key<dtype::bf16, 2>(ties, pairs, 3);
  CHECK(widened(pairs, 6, 0) == std::bit_cast<float>(0x3F800000U));
  CHECK(widened(pairs, 7, 0) == std::bit_cast<float>(0x3F820000U));
  float const zeros[2]{};
  std::vector<std::int8_t> bytes(value_piece(dtype::i8, 2), 1);
  keep_value<dtype::i8, 2>(zeros, bytes.data(), 3);
  CHECK(widened(bytes.data(), 3 * 16, 3) == 0.0F);
  CHECK(bytes[64 + 3 * 16 + 1] == 0);
}

// Heads side by side in each block, as several key heads of several layers are: attended at once they give what each
// gives alone.
template <int Heads, int HeadDim, int Group, class Mask, dtype Type = dtype::f32>
void check_heads(int length) {
  constexpr std::size_t heads = Heads;
  using kernel = typename fixture<HeadDim, Group, Mask, 0, Type>::kernel;
  constexpr int slots = Heads + 2;  // another layer's lie between
  constexpr std::size_t row_width = std::size_t{Group} * HeadDim;
  constexpr std::size_t key_elements = key_piece(Type, HeadDim);
  constexpr std::size_t value_elements = value_piece(Type, HeadDim);
  fixture<HeadDim, Group, Mask, 0, Type> const f(length);
  fixture<HeadDim, Group, Mask, 0, Type> const others(
      padded(length));  // the other heads have its blocks in another order
  std::vector<kept<Type>> keys(f.keys.size() * slots, stale<kept<Type>>());
  std::vector<kept<Type>> values(f.values.size() * slots, stale<kept<Type>>());
  std::size_t const blocks = f.blocks.size();
  for (std::size_t block = 0; block < blocks; ++block)
    for (std::size_t head = 0; head < heads; ++head) {
      auto const& from = head == 0 ? f : others;
      std::size_t const piece = (block + head) % blocks;  // of head 0: its own
      std::copy_n(from.keys.data() + piece * key_elements, key_elements,
                  keys.data() + (block * slots + head) * key_elements);
      std::copy_n(from.values.data() + piece * value_elements, value_elements,
                  values.data() + (block * slots + head) * value_elements);
    }
  std::vector<float> queries;
  for (int head = 0; head < Heads; ++head)
    queries.insert(queries.end(), f.q.end() - static_cast<std::ptrdiff_t>(row_width), f.q.end());
  auto const memory = std::make_unique<typename kernel::scratch>();
  auto const attend = [&](std::size_t first, int count) {
    std::vector<float> out(row_width * heads);
    kernel::attend({.query = queries.data() + first * row_width,
                    .query_stride = queries.size(),
                    .keys = keys.data() + first * key_elements,
                    .values = values.data() + first * value_elements,
                    .blocks = f.blocks.data(),
                    .out = out.data() + first * row_width,
                    .out_stride = out.size(),
                    .first_position = length - 1,
                    .positions = 1,
                    .mask = Mask::mask(length),
                    .scale = 0.3F,
                    .slots = slots,
                    .heads = count},
                   *memory);
    return out;
  };
  auto const together = attend(0, Heads);
  for (std::size_t head = 0; head < heads; ++head) {
    auto const alone = attend(head, 1);
    for (std::size_t i = head * row_width; i < (head + 1) * row_width; ++i) CHECK(together[i] == alone[i]);
  }
  auto const first = f.ours(length - 1, 1);
  CHECK(std::equal(first.begin(), first.end(), together.begin()));
}

TEST_CASE("several heads at once") {
  for (int length : {1, 8, 9, 16, 17, 70}) {
    CAPTURE(length);
    check_heads<3, 4, 1, causal>(length);
    check_heads<4, 4, 1, causal>(length);
    check_heads<2, 7, 2, windowed<3>>(length);
    check_heads<3, 8, 3, bidirectional>(length);
    check_heads<3, 64, 2, causal>(length);
    check_heads<3, 5, 1, bidirectional, dtype::bf16>(length);
    check_heads<3, 64, 2, causal, dtype::i8>(length);
  }
}

// A query that sees few keys takes another way when it comes alone than among others that see many.
TEST_CASE("a query gives the same bits alone and in a batch") {
  auto const check = []<class Fixture>(Fixture const& f) {
    auto const all = f.ours(0, f.length);
    for (int p = 0; p < f.length; ++p) {
      CAPTURE(p);
      auto const alone = f.ours(p, 1);
      CHECK(std::equal(alone.begin(), alone.end(), all.begin() + p * static_cast<std::ptrdiff_t>(Fixture::row_width)));
    }
  };
  check(fixture<4, 1, causal>(70));
  check(fixture<5, 2, causal>(40));
  check(fixture<8, 2, windowed<5>>(40));
  check(fixture<3, 4, bidirectional>(7));
  check(fixture<16, 1, windowed<5>>(40));
  check(fixture<12, 2, causal, 2>(20));
  check(fixture<10, 3, windowed<5>, 0, dtype::bf16>(70));
  check(fixture<16, 2, causal, 1, dtype::i8>(70));
}

TEST_CASE("queries in the padding get zeros, the others what they get without it") {
  using kernel = attention_kernel<8, 1, padding_mask>;
  constexpr int own = 7, all = 11;
  fixture<8, 1, bidirectional> const f(own);
  auto const wanted = f.ours(0, own);
  auto queries = f.q;
  queries.resize(std::size_t{all} * 8, 3.0F);
  auto const memory = std::make_unique<kernel::scratch>();
  std::vector<float> out(std::size_t{all} * 8, 7.0F);
  kernel::attend({.query = queries.data(),
                  .query_stride = 8,
                  .keys = f.keys.data(),
                  .values = f.values.data(),
                  .blocks = f.blocks.data(),
                  .out = out.data(),
                  .out_stride = 8,
                  .first_position = 0,
                  .positions = all,
                  .mask = {own},
                  .scale = 0.3F},
                 *memory);
  CHECK(std::equal(wanted.begin(), wanted.end(), out.begin()));
  CHECK(std::all_of(out.begin() + own * 8, out.end(), [](float x) { return x == 0.0F; }));
}

TEST_CASE("a query without keys gets zeros") {
  using kernel = attention_kernel<8, 1, bidirectional_mask>;
  auto const memory = std::make_unique<kernel::scratch>();
  std::vector<float> const query(16, 1.0F), cache(256, 1e30F);
  std::vector<float> out(16, 7.0F);
  kernel::attend({.query = query.data(),
                  .query_stride = 8,
                  .keys = cache.data(),
                  .values = cache.data(),
                  .blocks = nullptr,
                  .out = out.data(),
                  .out_stride = 8,
                  .first_position = 0,
                  .positions = 2,
                  .mask = {0},
                  .scale = 1.0F},
                 *memory);
  CHECK(out == std::vector<float>(16, 0.0F));
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();
