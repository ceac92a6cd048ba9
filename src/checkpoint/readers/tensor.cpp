#include "constformer/checkpoint/tensor.hpp"

#include <array>
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "constformer/core/dtype.hpp"
#include "constformer/core/error.hpp"
#include "from_f16.hpp"
#include "ggml_blocks.hpp"

namespace constformer {

namespace {

static_assert(std::endian::native == std::endian::little,
              "checkpoint files are little endian and are read as they are");

float from_bf16(std::uint16_t half) { return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16); }

template <float (*Convert)(std::uint16_t)>
void convert_halves(std::byte const* in, std::size_t count, float* out) {
  std::array<std::uint16_t, 256> chunk{};  // files align nothing, so values are copied before they are read
  while (count > 0) {
    std::size_t const n = std::min(count, chunk.size());
    std::memcpy(chunk.data(), in, 2 * n);
    for (std::size_t i = 0; i < n; ++i) out[i] = Convert(chunk[i]);
    in += 2 * n;
    out += n;
    count -= n;
  }
}

void convert_blocks(tensor_view const& tensor, std::int64_t first, std::int64_t count, float* out) {
  auto const [values, bytes] = group_of(tensor.type);
  std::array<ggml_columns, largest_block / ggml_columns::count> block{};
  for (std::int64_t at = first, end = first + count; at < end;) {
    read_ggml_block(tensor.type, tensor.bytes.data() + at / values * bytes, block);
    for (std::int64_t k = at % values; k < values && at < end; ++k, ++at) {
      ggml_columns const& group = block[static_cast<std::size_t>(k / ggml_columns::count)];
      *out++ = group.scale * static_cast<float>(group.values[k % ggml_columns::count]) - group.offset;
    }
  }
}

// value · scale, as the exporter of llama2.c has it; a group may run on from one row into the next.
void convert_scaled(tensor_view const& tensor, std::int64_t first, std::int64_t count, float* out) {
  std::byte const* const scales = tensor.scales.data();
  for (std::int64_t i = first; i < first + count; ++i) {
    float scale = 0;
    std::memcpy(&scale, scales + i / tensor.group * 4, 4);
    *out++ = static_cast<float>(static_cast<std::int8_t>(tensor.bytes[static_cast<std::size_t>(i)])) * scale;
  }
}

void convert(tensor_view const& tensor, std::int64_t first, std::int64_t count, float* out) {
  if (quantisation_group(tensor.type) > 0) return convert_blocks(tensor, first, count, out);
  std::int64_t const width = group_of(tensor.type).bytes;
  std::byte const* const in = tensor.bytes.data() + first * width;
  auto const n = static_cast<std::size_t>(count);
  if (n == 0) return;
  switch (tensor.type) {
    case dtype::f32: std::memcpy(out, in, 4 * n); return;
    case dtype::f16: convert_halves<from_f16>(in, n, out); return;
    case dtype::bf16: convert_halves<from_bf16>(in, n, out); return;
    case dtype::i8:
      if (tensor.group > 0) return convert_scaled(tensor, first, count, out);
      break;
    default: break;
  }
  throw error(tensor.name + ": cannot be read as float32, it is " + std::string(name_of(tensor.type)));
}

void require_range(tensor_view const& tensor, char const* what, std::int64_t extent, std::int64_t begin,
                   std::int64_t count, std::int64_t other, std::size_t out) {
  if (begin < 0 || count < 0 || begin > extent || count > extent - begin)
    throw error(tensor.name + ": " + what + " " + std::to_string(begin) + " to " + std::to_string(begin + count) +
                " of " + std::to_string(extent));
  if (out != static_cast<std::size_t>(count * other))
    throw error(tensor.name + ": room for " + std::to_string(out) + " values, " + std::to_string(count * other) +
                " to be read");
}

}  // namespace

std::string shape_text(std::span<std::int64_t const> shape) {
  std::string out = "[";
  for (std::int64_t const extent : shape) {
    if (out.size() > 1) out += ',';
    out += std::to_string(extent);
  }
  return out + "]";
}

std::int64_t count_of(std::span<std::int64_t const> shape) {
  std::int64_t count = 1;
  for (std::int64_t const extent : shape) count *= extent;
  return count;
}

matrix_extents matrix_of(tensor_view const& tensor) {
  if (tensor.shape.size() < 2) return {1, count_of(tensor.shape)};
  return {tensor.shape.front(), count_of(std::span(tensor.shape).subspan(1))};
}

void read_rows_f32(tensor_view const& tensor, std::int64_t begin, std::int64_t count, std::span<float> out) {
  auto const [rows, columns] = matrix_of(tensor);
  require_range(tensor, "rows", rows, begin, count, columns, out.size());
  convert(tensor, begin * columns, count * columns, out.data());
}

void read_columns_f32(tensor_view const& tensor, std::int64_t begin, std::int64_t count, std::span<float> out) {
  auto const [rows, columns] = matrix_of(tensor);
  require_range(tensor, "columns", columns, begin, count, rows, out.size());
  constexpr std::int64_t side = 32;  // a tile's 32 output rows of 32 floats stay in the first-level cache
  std::array<float, side * side> tile{};
  for (std::int64_t row = 0; row < rows; row += side) {
    std::int64_t const tall = std::min(side, rows - row);
    for (std::int64_t column = 0; column < count; column += side) {
      std::int64_t const wide = std::min(side, count - column);
      for (std::int64_t r = 0; r < tall; ++r)
        convert(tensor, (row + r) * columns + begin + column, wide, tile.data() + r * side);
      for (std::int64_t c = 0; c < wide; ++c)
        for (std::int64_t r = 0; r < tall; ++r)
          out[static_cast<std::size_t>((column + c) * rows + row + r)] = tile[static_cast<std::size_t>(r * side + c)];
    }
  }
}

}  // namespace constformer
