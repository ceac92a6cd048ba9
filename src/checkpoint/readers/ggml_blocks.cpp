#include "ggml_blocks.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "constformer/checkpoint/packed_blocks.hpp"
#include "from_f16.hpp"
#include "ggml_grids.inc"

// The layouts are those of ggml (github.com/ggml-org/ggml, src/ggml-common.h and ggml-quants.c).
namespace constformer {

namespace {

constexpr int width = ggml_columns::count;
using columns = std::span<ggml_columns>;

// The bytes of a block as unsigned numbers.
struct block_bytes {
  std::byte const* data;
  [[nodiscard]] unsigned operator[](int at) const { return std::to_integer<unsigned>(data[at]); }
  [[nodiscard]] unsigned u16(int at) const { return (*this)[at] | (*this)[at + 1] << 8; }
  [[nodiscard]] unsigned u32(int at) const { return u16(at) | u16(at + 2) << 16; }
  [[nodiscard]] float f16(int at) const { return from_f16(static_cast<std::uint16_t>(u16(at))); }
  [[nodiscard]] int i8(int at) const { return static_cast<std::int8_t>((*this)[at]); }
};

void put(columns out, int column, int value) {
  out[static_cast<std::size_t>(column / width)].values[column % width] = static_cast<std::int8_t>(value);
}

// One scale and offset for `count` groups of 16 from `first` on.
void put_scale(columns out, int first, int count, float scale, float offset = 0.0F) {
  for (ggml_columns& one : out.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count))) {
    one.scale = scale;
    one.offset = offset;
  }
}

// Column k of 32 whose low halves of bytes are the first 16 columns and whose high halves the others.
unsigned half_of(block_bytes b, int at, int k) { return k < 16 ? b[at + k] & 15U : b[at + k - 16] >> 4; }

void read_q8_0(block_bytes b, columns out) {
  put_scale(out, 0, 2, b.f16(0));
  for (int k = 0; k < 32; ++k) put(out, k, b.i8(2 + k));
}

void read_q4_0(block_bytes b, columns out) {
  put_scale(out, 0, 2, b.f16(0));
  for (int k = 0; k < 32; ++k) put(out, k, static_cast<int>(half_of(b, 2, k)) - 8);
}

void read_iq4_nl(block_bytes b, columns out) {
  put_scale(out, 0, 2, b.f16(0));
  for (int k = 0; k < 32; ++k) put(out, k, iq4_nl_levels[half_of(b, 2, k)]);
}

void read_q4_1(block_bytes b, columns out) {
  put_scale(out, 0, 2, b.f16(0), -b.f16(2));
  for (int k = 0; k < 32; ++k) put(out, k, static_cast<int>(half_of(b, 4, k)));
}

// The fifth bits of 32 columns are a word.
int five_bits(block_bytes b, int high, int low, int k) {
  return static_cast<int>(half_of(b, low, k) | (b.u32(high) >> k & 1U) << 4);
}

void read_q5_0(block_bytes b, columns out) {
  put_scale(out, 0, 2, b.f16(0));
  for (int k = 0; k < 32; ++k) put(out, k, five_bits(b, 2, 6, k) - 16);
}

void read_q5_1(block_bytes b, columns out) {
  put_scale(out, 0, 2, b.f16(0), -b.f16(2));
  for (int k = 0; k < 32; ++k) put(out, k, five_bits(b, 4, 8, k));
}

// Two bits of column k of 256: each byte holds four columns, 32 apart.
unsigned two_bits(block_bytes b, int at, int k) { return b[at + k / 128 * 32 + k % 32] >> (k % 128 / 32 * 2) & 3U; }

void read_q2_k(block_bytes b, columns out) {
  constexpr int values = 16, scale = 80, least = 82;
  for (int i = 0; i < 16; ++i)
    put_scale(out, i, 1, b.f16(scale) * static_cast<float>(b[i] & 15U), b.f16(least) * static_cast<float>(b[i] >> 4));
  for (int k = 0; k < 256; ++k) put(out, k, static_cast<int>(two_bits(b, values, k)));
}

void read_q3_k(block_bytes b, columns out) {
  constexpr int values = 32, scales = 96, scale = 108;  // third bits come first: byte k % 32, bit k / 32
  for (int i = 0; i < 16; ++i) {
    unsigned const low = i < 8 ? b[scales + i] & 15U : b[scales + i - 8] >> 4;
    unsigned const high = b[scales + 8 + i % 4] >> (i / 4 * 2) & 3U;
    put_scale(out, i, 1, b.f16(scale) * static_cast<float>(static_cast<int>(low | high << 4) - 32));
  }
  for (int k = 0; k < 256; ++k) {
    int const high = static_cast<int>(b[k % 32] >> (k / 32) & 1U);
    put(out, k, static_cast<int>(two_bits(b, values, k)) - 4 * (1 - high));
  }
}

// Scales and offsets of q4_k and q5_k, eight of each.
void read_k_scales(block_bytes b, columns out) {
  constexpr int scales = 4;
  std::span<std::byte const, k_scale_bytes> const packed(b.data + scales, k_scale_bytes);
  for (int i = 0; i < 8; ++i)
    put_scale(out, 2 * i, 2, b.f16(0) * static_cast<float>(k_scale(packed, i)),
              b.f16(2) * static_cast<float>(k_least(packed, i)));
}

// Four bits of column k of 256: bytes hold columns 32 apart.
unsigned four_bits(block_bytes b, int at, int k) {
  unsigned const pair = b[at + k / 64 * 32 + k % 32];
  return k % 64 < 32 ? pair & 15U : pair >> 4;
}

void read_q4_k(block_bytes b, columns out) {
  read_k_scales(b, out);
  for (int k = 0; k < 256; ++k) put(out, k, static_cast<int>(four_bits(b, 16, k)));
}

void read_q5_k(block_bytes b, columns out) {
  constexpr int high = 16, low = 48;
  read_k_scales(b, out);
  for (int k = 0; k < 256; ++k)
    put(out, k, static_cast<int>(four_bits(b, low, k) | (b[high + k % 32] >> (k / 32) & 1U) << 4));
}

void read_q6_k(block_bytes b, columns out) {
  constexpr int high = 128, scales = 192, scale = 208;
  for (int i = 0; i < 16; ++i) put_scale(out, i, 1, b.f16(scale) * static_cast<float>(b.i8(scales + i)));
  for (int k = 0; k < 256; ++k) {
    unsigned const pair = b[k / 128 * 64 + k % 64];  // bytes hold columns 64 apart
    unsigned const low = k % 128 < 64 ? pair & 15U : pair >> 4;
    put(out, k, static_cast<int>(low | two_bits(b, high, k) << 4) - 32);
  }
}

void read_iq4_xs(block_bytes b, columns out) {
  constexpr int low = 4, values = 8;
  for (int i = 0; i < 8; ++i) {
    unsigned const bits = (b[low + i / 2] >> (i % 2 * 4) & 15U) | (b.u16(2) >> (2 * i) & 3U) << 4;
    put_scale(out, 2 * i, 2, b.f16(0) * static_cast<float>(static_cast<int>(bits) - 32));
    for (int k = 0; k < 32; ++k) put(out, 32 * i + k, iq4_nl_levels[half_of(b, values + 16 * i, k)]);
  }
}

// `count` values of a point of a grid from `column` on; bit i of `signs` turns value i.
template <std::size_t Levels>
void put_point(columns out, int column, unsigned point, int count, std::int8_t const (&levels)[Levels],
               unsigned signs) {
  int const bits = 16 / count;
  for (int i = 0; i < count; ++i) {
    int const level = levels[point >> (bits * i) & ((1U << bits) - 1)];
    put(out, column + i, (signs >> i & 1U) != 0 ? -level : level);
  }
}

// Seven signs are stored; an even number of all eight is negative.
unsigned eight_signs(unsigned seven) { return seven | (static_cast<unsigned>(std::popcount(seven)) % 2U) << 7; }

// ½ + s quarters, as an odd number of eighths.
float odd_eighths(unsigned s) { return static_cast<float>(2 * s + 1) / 8.0F; }

void read_iq2_xxs(block_bytes b, columns out) {
  for (int i = 0; i < 8; ++i) {
    unsigned const word = b.u32(2 + 8 * i + 4);  // four times seven signs, and the scale
    put_scale(out, 2 * i, 2, b.f16(0) * odd_eighths(word >> 28));
    for (int j = 0; j < 4; ++j)
      put_point(out, 32 * i + 8 * j, iq2_xxs_grid[b[2 + 8 * i + j]], 8, iq2_xxs_levels,
                eight_signs(word >> (7 * j) & 127U));
  }
}

void read_iq2_xs(block_bytes b, columns out) {
  constexpr int scales = 66;
  for (int i = 0; i < 16; ++i) put_scale(out, i, 1, b.f16(0) * odd_eighths(b[scales + i / 2] >> (i % 2 * 4) & 15U));
  for (int j = 0; j < 32; ++j) {
    unsigned const word = b.u16(2 + 2 * j);
    put_point(out, 8 * j, iq2_xs_grid[word & 511U], 8, iq2_xs_levels, eight_signs(word >> 9));
  }
}

void read_iq2_s(block_bytes b, columns out) {
  constexpr int low = 2, signs = 34, high = 66, scales = 74;
  for (int i = 0; i < 16; ++i) put_scale(out, i, 1, b.f16(0) * odd_eighths(b[scales + i / 2] >> (i % 2 * 4) & 15U));
  for (int j = 0; j < 32; ++j) {
    unsigned const index = b[low + j] | (b[high + j / 4] >> (j % 4 * 2) & 3U) << 8;
    put_point(out, 8 * j, iq2_s_grid[index], 8, iq2_s_levels, b[signs + j]);
  }
}

void read_iq3_xxs(block_bytes b, columns out) {
  constexpr int words = 66;
  for (int i = 0; i < 8; ++i) {
    unsigned const word = b.u32(words + 4 * i);
    put_scale(out, 2 * i, 2, b.f16(0) * 2.0F * odd_eighths(word >> 28));
    for (int j = 0; j < 8; ++j)
      put_point(out, 32 * i + 4 * j, iq3_xxs_grid[b[2 + 8 * i + j]], 4, iq3_xxs_levels,
                eight_signs(word >> (7 * (j / 2)) & 127U) >> (j % 2 * 4));
  }
}

void read_iq3_s(block_bytes b, columns out) {
  constexpr int low = 2, high = 66, signs = 74, scales = 106;
  for (int i = 0; i < 8; ++i)
    put_scale(out, 2 * i, 2, b.f16(0) * static_cast<float>(1 + 2 * (b[scales + i / 2] >> (i % 2 * 4) & 15U)));
  for (int j = 0; j < 64; ++j) {
    unsigned const index = b[low + j] | (b[high + j / 8] >> (j % 8) & 1U) << 8;
    put_point(out, 4 * j, iq3_s_grid[index], 4, iq3_s_levels, b[signs + j / 2] >> (j % 2 * 4));
  }
}

// Eight values of a point, each ⅛ more or less: counted in eighths.
void put_shifted_point(columns out, int column, unsigned index, bool less) {
  for (int i = 0; i < 8; ++i) put(out, column + i, 8 * iq1_levels[iq1_grid[index] >> (2 * i) & 3U] + (less ? -1 : 1));
}

void read_iq1_s(block_bytes b, columns out) {
  constexpr int low = 2, high = 34;
  for (int i = 0; i < 8; ++i) {
    unsigned const word = b.u16(high + 2 * i);
    put_scale(out, 2 * i, 2, b.f16(0) * odd_eighths(word >> 12 & 7U));
    for (int j = 0; j < 4; ++j)
      put_shifted_point(out, 32 * i + 8 * j, b[low + 4 * i + j] | (word >> (3 * j) & 7U) << 8, (word & 0x8000U) != 0);
  }
}

// The scale of the block is in the highest four bits of four words.
void read_iq1_m(block_bytes b, columns out) {
  constexpr int high = 32, scales = 48;
  unsigned bits = 0;
  for (int i = 0; i < 4; ++i) bits |= b.u16(scales + 2 * i) >> 12 << (4 * i);
  float const scale = from_f16(static_cast<std::uint16_t>(bits));
  for (int i = 0; i < 16; ++i) put_scale(out, i, 1, scale * odd_eighths(b.u16(scales + i / 4 * 2) >> (i % 4 * 3) & 7U));
  for (int j = 0; j < 32; ++j) {
    unsigned const four = b[high + j / 2] >> (j % 2 * 4);
    put_shifted_point(out, 8 * j, b[j] | (four & 7U) << 8, (four & 8U) != 0);
  }
}

// Five digits to the base of 3 in a byte, or four; digit `digit` as a fraction of 256.
int ternary_digit(unsigned byte, int digit) {
  constexpr std::array<unsigned, 5> powers{1, 3, 9, 27, 81};
  return static_cast<int>((byte * powers[static_cast<std::size_t>(digit)] & 255U) * 3 >> 8) - 1;
}

void read_tq1_0(block_bytes b, columns out) {
  put_scale(out, 0, 16, b.f16(52));
  for (int k = 0; k < 160; ++k) put(out, k, ternary_digit(b[k % 32], k / 32));
  for (int k = 0; k < 80; ++k) put(out, 160 + k, ternary_digit(b[32 + k % 16], k / 16));
  for (int k = 0; k < 16; ++k) put(out, 240 + k, ternary_digit(b[48 + k % 4], k / 4));
}

void read_tq2_0(block_bytes b, columns out) {
  put_scale(out, 0, 16, b.f16(64));
  for (int k = 0; k < 256; ++k) put(out, k, static_cast<int>(two_bits(b, 0, k)) - 1);
}

// Floats of one sign, two exponent and one mantissa bit, doubled.
constexpr std::int8_t e2m1_levels[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// Half of a power of two, from its exponent with a bias of 127.
float half_power(unsigned exponent) {
  return std::bit_cast<float>(exponent < 2 ? 0x00200000U << exponent : (exponent - 1) << 23);
}

void read_mxfp4(block_bytes b, columns out) {
  put_scale(out, 0, 2, half_power(b[0]));
  for (int k = 0; k < 32; ++k) put(out, k, e2m1_levels[half_of(b, 1, k)]);
}

// Half of a float of four exponent and three mantissa bits.
float half_e4m3(unsigned bits) {
  if (bits == 0 || bits == 0x7F) return 0.0F;
  unsigned const exponent = bits >> 3 & 15U;
  auto const mantissa = static_cast<float>(bits & 7U);
  if (exponent == 0) return mantissa * 0x1p-10F;
  return (8.0F + mantissa) * std::bit_cast<float>((exponent - 7 - 4 + 127) << 23);
}

void read_nvfp4(block_bytes b, columns out) {
  for (int i = 0; i < 4; ++i) {
    put_scale(out, i, 1, half_e4m3(b[i]));
    for (int k = 0; k < 16; ++k) {
      unsigned const pair = b[4 + 8 * i + k % 8];
      put(out, 16 * i + k, e2m1_levels[k < 8 ? pair & 15U : pair >> 4]);
    }
  }
}

}  // namespace

void read_ggml_block(dtype type, std::byte const* block, columns out) {
  block_bytes const b{block};
  switch (type) {
    case dtype::q8_0: return read_q8_0(b, out);
    case dtype::q4_0: return read_q4_0(b, out);
    case dtype::iq4_nl: return read_iq4_nl(b, out);
    case dtype::q4_1: return read_q4_1(b, out);
    case dtype::q5_0: return read_q5_0(b, out);
    case dtype::q5_1: return read_q5_1(b, out);
    case dtype::q2_k: return read_q2_k(b, out);
    case dtype::q3_k: return read_q3_k(b, out);
    case dtype::q4_k: return read_q4_k(b, out);
    case dtype::q5_k: return read_q5_k(b, out);
    case dtype::q6_k: return read_q6_k(b, out);
    case dtype::iq4_xs: return read_iq4_xs(b, out);
    case dtype::iq3_s: return read_iq3_s(b, out);
    case dtype::iq3_xxs: return read_iq3_xxs(b, out);
    case dtype::iq2_s: return read_iq2_s(b, out);
    case dtype::iq2_xs: return read_iq2_xs(b, out);
    case dtype::iq2_xxs: return read_iq2_xxs(b, out);
    case dtype::iq1_s: return read_iq1_s(b, out);
    case dtype::iq1_m: return read_iq1_m(b, out);
    case dtype::tq1_0: return read_tq1_0(b, out);
    case dtype::tq2_0: return read_tq2_0(b, out);
    case dtype::mxfp4: return read_mxfp4(b, out);
    case dtype::nvfp4: return read_nvfp4(b, out);
    case dtype::f32:
    case dtype::f16:
    case dtype::bf16:
    case dtype::i8:
    case dtype::q8_f: break;  // no blocks of GGUF
  }
}

}  // namespace constformer
