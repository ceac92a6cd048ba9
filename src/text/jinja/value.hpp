#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "text/jinja/marked_text.hpp"

namespace constformer::jinja {

struct sequence;
struct mapping;
struct name_space;
struct callable;
struct loop_state;
class scope;
struct macro_definition;
struct for_statement;
class evaluation;
struct arguments;

/// What a name or attribute that is not there gives: it prints nothing, is false and empty, and fails in any other use.
struct undefined {
  enum class reason : std::uint8_t { variable, attribute, element, unsafe, none };
  reason why = reason::none;
  std::string const* name = nullptr;  ///< of the variable or attribute
  char const* of = "";                ///< the type it was asked of
};

struct none {};

/// A value of a template. What is pointed to belongs to the rendering's `heap`, or to the template itself, so that
/// values are copied freely and no destructor recurses.
using value = std::variant<undefined, none, bool, std::int64_t, double, marked_text const*, sequence*, mapping*,
                           name_space*, callable const*, loop_state*>;

/// Lists and what else is iterated over.
struct sequence {
  /// Python's types that differ in more than a name: only lists and tuples have places, a generator is read once, has
  /// no length and is always true.
  enum class kind : std::uint8_t { list, tuple, range, generator, keys, values, items };
  kind what = kind::list;
  std::vector<value> items;
  std::size_t read = 0;  ///< generator: how many items were taken
};

/// A dict, in the order of insertion.
struct mapping {
  std::vector<std::pair<value, value>> items;
};

/// namespace(...): the one thing that templates may change.
struct name_space {
  std::vector<std::pair<std::string, value>> items;
};

/// A function of the language, a method bound to its object, or a macro bound to where it was defined.
struct callable {
  using function = value (*)(evaluation&, value const& self, arguments const& given);
  std::string_view name;
  function run = nullptr;
  value self = none{};  ///< a method's object
  macro_definition const* macro = nullptr;
  for_statement const* loop = nullptr;  ///< `loop` of a recursive for
  scope* home = nullptr;                ///< macro and loop: the scope of its definition
};

/// `loop` within a for.
struct loop_state {
  std::vector<value> items;
  std::size_t at = 0;
  std::int64_t depth = 1;
  for_statement const* recursive = nullptr;  ///< not null: `loop(items)` renders its body again, in `home`
  scope* home = nullptr;
  sequence* last_changed = nullptr;  ///< what `loop.changed` was asked last
};

/// What a call gives.
struct arguments {
  std::vector<value> positional;
  std::vector<std::pair<std::string_view, value>> named;
  value caller = none{};  ///< of a call block: the callable that renders its body
};

template <class T>
[[nodiscard]] bool is(value const& v) {
  return std::holds_alternative<T>(v);
}

[[nodiscard]] inline bool is_text(value const& v) { return is<marked_text const*>(v); }
[[nodiscard]] inline bool is_undefined(value const& v) { return is<undefined>(v); }
[[nodiscard]] inline std::string_view view_of(value const& v) { return std::get<marked_text const*>(v)->view(); }

/// Python's name of the type of `v`: "str", "dict", "Undefined".
[[nodiscard]] char const* type_name(value const& v);

}  // namespace constformer::jinja
