#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <span>

namespace constformer {

/// One zeroed block of memory, 64-byte aligned, from which spans are cut at start-up; nothing is given back before the
/// end.
class arena {
 public:
  static constexpr std::size_t alignment = 64;  ///< bytes; every span starts at a multiple of it

  /// Bytes that a span of `count` values of type T takes.
  template <class T>
  [[nodiscard]] static constexpr std::size_t bytes_for(std::size_t count) {
    return (count * sizeof(T) + alignment - 1) / alignment * alignment;
  }

  /// Throws std::bad_alloc if the system has not that much.
  explicit arena(std::size_t bytes) : size_(bytes_for<std::byte>(bytes)) {
    // calloc keeps untouched pages of a large cache out of memory until they are written; one line more for alignment.
    memory_ = static_cast<std::byte*>(std::calloc(size_ + alignment, 1));
    if (memory_ == nullptr) throw std::bad_alloc();
    auto const address = reinterpret_cast<std::uintptr_t>(memory_);
    next_ = memory_ + ((alignment - address % alignment) % alignment);
    end_ = next_ + size_;
    want_huge_pages();
  }
  arena(arena const&) = delete;
  arena& operator=(arena const&) = delete;
  // Not a unique_ptr: <memory> takes g++ 12 longer than all of core and config.
  ~arena() { std::free(memory_); }

  /// The next `count` values; throws std::bad_alloc if the plan was too small.
  template <class T>
  [[nodiscard]] std::span<T> take(std::size_t count) {
    std::size_t const bytes = bytes_for<T>(count);
    if (bytes > static_cast<std::size_t>(end_ - next_)) throw std::bad_alloc();
    T* const first = reinterpret_cast<T*>(next_);
    next_ += bytes;
    return {first, count};
  }

  /// Bytes of the whole block, taken or not.
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  // Pieces of keys and values of one head lie far apart: with small pages each begins with a miss of the TLB
  // (docs/performance.md).
  void want_huge_pages() {
#ifdef MADV_HUGEPAGE
    constexpr std::uintptr_t huge_page = std::uintptr_t{2} << 20;
    auto const begin = (reinterpret_cast<std::uintptr_t>(next_) + huge_page - 1) / huge_page * huge_page;
    auto const end = reinterpret_cast<std::uintptr_t>(end_) / huge_page * huge_page;
    if (begin < end) static_cast<void>(::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE));
#endif
  }

  std::size_t size_;
  std::byte* memory_ = nullptr;
  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
};

}  // namespace constformer
