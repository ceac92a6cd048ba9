#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "constformer/text/tokenizer_data.hpp"
#include "text/blob_format.hpp"
#include "text/table.hpp"

namespace constformer::text {

/// A blob whose header, section table and scalars have been checked; tables are checked read by read.
class blob_reader {
 public:
  /// Throws `error` on another format, version or size.
  explicit blob_reader(std::span<std::byte const> blob);

  [[nodiscard]] std::span<std::byte const> bytes(section s) const { return sections_[static_cast<std::size_t>(s)]; }

  template <class T>
  [[nodiscard]] table<T> array(section s, char const* name) const {
    return {bytes(s), name};
  }

  [[nodiscard]] std::string_view text(section s) const {
    return {reinterpret_cast<char const*>(bytes(s).data()), bytes(s).size()};
  }

  /// A string of section::strings.
  [[nodiscard]] std::string_view text(blob_text where) const;

  /// What stands behind the blob: nothing, or that of the target side.
  [[nodiscard]] std::span<std::byte const> rest() const { return rest_; }

  [[nodiscard]] blob_facts const& facts() const { return facts_; }
  [[nodiscard]] bool has(fact_flag flag) const { return (facts_.flags & flag) != 0; }
  [[nodiscard]] model_kind model() const { return static_cast<model_kind>(facts_.model); }
  [[nodiscard]] decode_kind decoder() const { return static_cast<decode_kind>(facts_.decoder); }

 private:
  void check_facts() const;

  std::array<std::span<std::byte const>, section_count> sections_;
  std::span<std::byte const> rest_;
  blob_facts facts_{};
};

}  // namespace constformer::text
