#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/heap.hpp"
#include "text/jinja/lexer.hpp"
#include "text/jinja/value.hpp"

namespace constformer::jinja {

/// What operators, filters, tests and methods work with: the values' owner, the limits, the line for messages.
class evaluation {
 public:
  evaluation(limits const& most, std::tm const& day) : memory(most), now(day), most_(most), steps_left_(most.steps) {}
  virtual ~evaluation() = default;
  evaluation(evaluation const&) = delete;
  evaluation& operator=(evaluation const&) = delete;

  [[noreturn]] void fail(std::string const& what) const { fail_at(line, what); }

  /// Throws `error` when there were too many.
  void step(std::int64_t count = 1) {
    if ((steps_left_ -= count) < 0) fail("it does more steps than a rendering may take");
  }
  /// That many characters or items are looked at.
  void look(std::size_t count) { step(static_cast<std::int64_t>(count / 16)); }

  /// A text that is being made has that many bytes; throws `error` when there are too many.
  void bound(std::size_t bytes) const {
    if (bytes > most_.output) fail("it makes a text of more than " + std::to_string(most_.output) + " bytes");
  }

  /// Calls what a template names; throws `error` if it is no function.
  virtual value call(value const& callee, arguments const& given) = 0;

  heap memory;
  std::tm now;   ///< for strftime_now
  int line = 1;  ///< of what is evaluated

 protected:
  limits most_;

 private:
  std::int64_t steps_left_;
};

/// How deep values may lie in each other where they are compared or printed.
inline constexpr int deepest_value = 200;

}  // namespace constformer::jinja
