#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace constformer {

enum class dtype : std::uint8_t;  // core/dtype.hpp

/// The types of GGUF's metadata values, numbered as in the file.
enum class gguf_type : std::uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

/// One key of the metadata; the value is read on demand and views the file.
struct gguf_entry {
  std::string_view key;                ///< dotted, as `llama.block_count`
  gguf_type type = gguf_type::u8;      ///< of the value, or of an array's elements
  bool is_array = false;               ///< whether there are `count` values or one
  std::uint64_t count = 1;             ///< values
  std::span<std::byte const> payload;  ///< all values, one behind the other; strings with their lengths
};

/// One tensor, under GGUF's name.
struct gguf_tensor {
  std::string name;                  ///< as `blk.0.attn_q.weight`
  dtype type;                        ///< f32, f16, bf16, q8_0 or q4_0
  std::vector<std::int64_t> shape;   ///< outermost extent first, which is the reverse of the file's order
  std::span<std::byte const> bytes;  ///< all values
};

/// A GGUF file (github.com/ggml-org/ggml, docs/gguf.md), versions 2 and 3, little endian.
struct gguf_file {
  std::string where;                 ///< its name in messages
  std::uint32_t version = 3;         ///< 2 or 3
  std::vector<gguf_entry> metadata;  ///< in the file's order
  std::vector<gguf_tensor> tensors;  ///< in the file's order

  /// The entry of that key, or nullptr.
  [[nodiscard]] gguf_entry const* find(std::string_view key) const;

  /// @name Typed values
  /// Absent keys give nothing, or an empty list. Throws `error` with file, key and what is there if the type is another
  /// one; whole numbers of any width count as numbers if they fit `int`.
  /// @{

  /// A whole number.
  [[nodiscard]] std::optional<int> integer(std::string_view key) const;
  /// An id below `count`. What is none (-1 in any width, or beyond the vocabulary) gives nothing, as in llama.cpp.
  [[nodiscard]] std::optional<int> id(std::string_view key, std::size_t count) const;
  /// A float.
  [[nodiscard]] std::optional<float> real(std::string_view key) const;
  /// A truth value.
  [[nodiscard]] std::optional<bool> flag(std::string_view key) const;
  /// A string.
  [[nodiscard]] std::optional<std::string> text(std::string_view key) const;
  /// An array of strings, which views the file.
  [[nodiscard]] std::vector<std::string_view> texts(std::string_view key) const;
  /// An array of whole numbers.
  [[nodiscard]] std::vector<int> integers(std::string_view key) const;
  /// An array of floats.
  [[nodiscard]] std::vector<float> reals(std::string_view key) const;
  /// The values of an array of bytes (i8 or u8).
  [[nodiscard]] std::string_view bytes(std::string_view key) const;
  /// @}
};

/// Whether a file that begins so is GGUF.
[[nodiscard]] bool is_gguf(std::span<std::byte const> file);

/// Reads a GGUF file that is in memory; `where` names it in messages. Tensors may be F32, F16, BF16, Q8_0 and Q4_0;
/// each must lie in the file, at a multiple of the alignment, behind the one before it. Throws `error` on anything
/// else, naming key or tensor and both numbers.
[[nodiscard]] gguf_file read_gguf(std::span<std::byte const> file, std::string_view where);

}  // namespace constformer
