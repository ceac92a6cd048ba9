#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/jinja/scope.hpp"
#include "text/jinja/value.hpp"

namespace constformer::jinja {

/// What one rendering may use. The longest published templates take about 10'000 steps and 1 MiB for a conversation of
/// a hundred messages.
struct limits {
  std::int64_t steps = 20'000'000;           ///< nodes evaluated, and characters or items that they look at / 16
  std::size_t bytes = std::size_t{1} << 28;  ///< of all values that are ever made
  std::size_t output = std::size_t{1} << 26;
  int depth = 1000;  ///< of nested statements, expressions and macros
};

/// Owns every value of one rendering until its end. Throws `error` when there is too much of them.
class heap {
 public:
  explicit heap(limits const& most) : left_(most.bytes) {}

  value text(marked_text made) {
    charge(sizeof made + 2 * made.size());
    return &texts_.emplace_back(std::move(made));
  }
  value text(std::string made, bool told = false) { return text(marked_text(std::move(made), told)); }

  sequence* list(std::vector<value> items, sequence::kind kind = sequence::kind::list) {
    charge(sizeof(sequence) + items.size() * sizeof(value));
    return &sequences_.emplace_back(sequence{kind, std::move(items)});
  }
  mapping* dict(std::vector<std::pair<value, value>> items = {}) {
    charge(sizeof(mapping) + items.size() * 2 * sizeof(value));
    return &mappings_.emplace_back(mapping{std::move(items)});
  }
  name_space* space() {
    charge(sizeof(name_space));
    return &spaces_.emplace_back();
  }
  loop_state* loop(std::vector<value> items) {
    charge(sizeof(loop_state) + items.size() * sizeof(value));
    return &loops_.emplace_back(loop_state{.items = std::move(items)});
  }
  callable* function(callable made) {
    charge(sizeof made);
    return &callables_.emplace_back(made);
  }
  scope* inner(scope* outer) {
    charge(sizeof(scope));
    return &scopes_.emplace_back(outer);
  }
  /// A name that lives as long as the values that speak of it.
  std::string const* name(std::string_view made) {
    charge(sizeof(std::string) + made.size());
    return &names_.emplace_back(made);
  }

  /// For what grows in place.
  void charge(std::size_t bytes);

 private:
  std::size_t left_;
  std::deque<marked_text> texts_;
  std::deque<sequence> sequences_;
  std::deque<mapping> mappings_;
  std::deque<name_space> spaces_;
  std::deque<loop_state> loops_;
  std::deque<callable> callables_;
  std::deque<scope> scopes_;
  std::deque<std::string> names_;
};

}  // namespace constformer::jinja
