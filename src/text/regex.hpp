#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

namespace constformer::text {

/// A PCRE2 pattern over valid UTF-8, compiled when it is first used. Safe to share between threads.
class regex {
 public:
  explicit regex(std::string_view pattern);
  ~regex();
  regex(regex const&) = delete;
  regex& operator=(regex const&) = delete;

  struct span {
    std::size_t begin, end;
  };

  /// Calls `found` for each match in turn. A match of nothing counts unless it stands where the one before it ends, as
  /// in the tokenizers library. Throws `error` if the pattern does not compile or matching runs into PCRE2's limits.
  void for_each(std::string_view text, std::function<void(span)> const& found) const;

 private:
  struct compiled;
  compiled const& code() const;

  std::string_view pattern_;
  mutable std::once_flag once_;
  mutable std::unique_ptr<compiled> compiled_;
};

}  // namespace constformer::text
