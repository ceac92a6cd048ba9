#pragma once

#include <cstddef>
#include <span>

namespace constformer {

/// The checksum of a section, made while a model's first pass reads it: large weights then come from memory once, not
/// twice. Nothing may be told of that pass before `require_sound`.
class first_reading {
 public:
  virtual ~first_reading() = default;
  first_reading(first_reading const&) = delete;
  first_reading& operator=(first_reading const&) = delete;

  /// Maps the pages of `bytes`, a part of the section that the caller is about to read, in one call: one page at a time
  /// costs more than reading it.
  virtual void map(std::span<std::byte const> bytes) = 0;

  /// Sums up the pieces that begin within `bytes`, a part of the section that the caller reads next: a cache holds them
  /// then. Threads may call it at once for parts that do not overlap.
  virtual void sum(std::span<std::byte const> bytes) = 0;

  /// Sums up what worker `index` of `count` has to of the pieces that `sum` has not seen. All workers call it, after
  /// the last `sum`.
  virtual void sum_rest(std::size_t index, std::size_t count) = 0;

  /// Throws `error` with both checksums if the section's is not the one written. Called after the last `sum_rest`.
  virtual void require_sound() const = 0;

 protected:
  first_reading() = default;
};

}  // namespace constformer
