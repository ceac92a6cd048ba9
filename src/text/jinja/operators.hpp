#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/evaluation.hpp"
#include "text/jinja/syntax.hpp"

namespace constformer::jinja {

/// Throws `error` with what jinja2 says of an undefined value that is used.
[[noreturn]] void fail_undefined(evaluation& e, undefined const& u);

/// bool(v).
[[nodiscard]] bool truth(value const& v);

/// a == b. `depth` is how deep they lie in what is compared.
[[nodiscard]] bool equal(evaluation& e, value const& a, value const& b, int depth = 0);
/// a < b; throws `error` where Python has no order.
[[nodiscard]] bool less(evaluation& e, value const& a, value const& b, int depth = 0);
/// What a comparison sign asks.
[[nodiscard]] bool compare(evaluation& e, comparison what, value const& a, value const& b);
/// `item in v`.
[[nodiscard]] bool contains(evaluation& e, value const& v, value const& item);

/// a + b and the like.
[[nodiscard]] value compute(evaluation& e, binary_operator what, value const& a, value const& b);
[[nodiscard]] value negated(evaluation& e, value const& v);

/// What a loop over `v` sees; a generator is empty afterwards. Throws `error` if it is nothing to loop over.
[[nodiscard]] std::vector<value> items_of(evaluation& e, value const& v);
/// Whether it is something to loop over.
[[nodiscard]] bool is_iterable(value const& v);
/// len(v), if it has one.
[[nodiscard]] std::optional<std::int64_t> length_of(evaluation& e, value const& v);

/// The value at a key, or nullptr.
[[nodiscard]] value const* find(evaluation& e, mapping const& m, value const& key);
[[nodiscard]] value const* find(mapping const& m, std::string_view key);
void set(evaluation& e, mapping& m, value const& key, value const& held);

/// The whole number of an int or a bool.
[[nodiscard]] std::optional<std::int64_t> integer_of(value const& v);
/// The number of an int, a bool or a float.
[[nodiscard]] std::optional<double> real_of(value const& v);

}  // namespace constformer::jinja
