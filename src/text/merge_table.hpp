#pragma once

#include <cstdint>
#include <optional>

#include "text/blob_reader.hpp"
#include "text/hashing.hpp"

namespace constformer::text {

/// The merge rules of a blob, by pair.
class merge_table {
 public:
  explicit merge_table(blob_reader const& blob)
      : merges_(blob.array<blob_merge>(section::merges, "the list of merges")),
        slots_(blob.array<std::uint32_t>(section::merge_slots, "the index of merges")) {
    if ((slots_.size() & (slots_.size() - 1)) != 0) throw_damaged("the index of merges");
  }

  struct found {
    std::uint32_t rank, result;
  };

  [[nodiscard]] std::optional<found> find(std::uint32_t left, std::uint32_t right) const {
    std::size_t slot = first_slot(hash_of(left, right), slots_.size());
    for (std::size_t probe = 0; probe < slots_.size(); ++probe, slot = (slot + 1) & (slots_.size() - 1)) {
      std::uint32_t const stored = slots_[slot];
      if (stored == 0) return std::nullopt;
      blob_merge const m = merges_[stored - 1];
      if (m.left == left && m.right == right) return found{stored - 1, m.result};
    }
    return std::nullopt;
  }

 private:
  table<blob_merge> merges_;
  table<std::uint32_t> slots_;
};

}  // namespace constformer::text
