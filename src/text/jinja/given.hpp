#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "text/jinja/evaluation.hpp"

namespace constformer::jinja {

/// The arguments of a built-in function by place and name, as Python binds them.
class given {
 public:
  given(evaluation& e, arguments const& all, char const* function) : e_(e), all_(all), function_(function) {}

  /// The argument, or nullptr. `name` may be empty: then it has only a place.
  [[nodiscard]] value const* find(std::size_t place, std::string_view name = {}) const;
  /// Throws `error` if it is missing.
  [[nodiscard]] value const& need(std::size_t place, std::string_view name = {}) const;
  [[nodiscard]] bool flag(std::size_t place, std::string_view name, bool otherwise) const;
  /// @{ Throws `error` if it is of another type.
  [[nodiscard]] std::int64_t integer(std::size_t place, std::string_view name, std::int64_t otherwise) const;
  [[nodiscard]] marked_text const& text(std::size_t place, std::string_view name = {}) const;
  /// nullptr if it is missing or none.
  [[nodiscard]] marked_text const* text_or_none(std::size_t place, std::string_view name = {}) const;
  /// @}

  /// Throws `error` if there are more arguments by place, or one by another name (comma-separated in `names`).
  void at_most(std::size_t places, std::string_view names = {}) const;

  [[noreturn]] void fail(std::string const& what) const { e_.fail(std::string(function_) + ": " + what); }

 private:
  evaluation& e_;
  arguments const& all_;
  char const* function_;
};

}  // namespace constformer::jinja
