#include "text/jinja/tests.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "text/jinja/given.hpp"
#include "text/jinja/methods.hpp"
#include "text/jinja/operators.hpp"
#include "text/jinja/printing.hpp"

namespace constformer::jinja {

namespace {

// A test that looks at nothing but the value.
template <bool (*holds)(value const&)>
value simple(evaluation& e, value const& subject, arguments const& all) {
  given(e, all, "a test").at_most(0);
  return holds(subject);
}

template <class T>
bool is_a(value const& v) {
  return is<T>(v);
}
bool is_defined(value const& v) { return !is_undefined(v); }
template <bool wanted>
bool is_bool_of(value const& v) {
  return is<bool>(v) && std::get<bool>(v) == wanted;
}
bool is_number(value const& v) { return real_of(v).has_value(); }
bool is_callable(value const& v) { return is<callable const*>(v); }
bool is_escaped(value const& v) { return is_text(v) && std::get<marked_text const*>(v)->safe; }

// What has a length and places.
bool is_sequence(value const& v) {
  if (is_undefined(v) || is_text(v) || is<mapping*>(v)) return true;
  auto const* const s = std::get_if<sequence*>(&v);
  return s != nullptr && (*s)->what <= sequence::kind::range;
}

value remainder(evaluation& e, value const& subject, value const& by) {
  return compute(e, binary_operator::modulo, subject, by);
}

template <std::int64_t rest>
value parity(evaluation& e, value const& subject, arguments const& all) {
  given(e, all, "odd or even").at_most(0);
  return equal(e, remainder(e, subject, std::int64_t{2}), rest);
}

value divisible_by(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "divisibleby");
  g.at_most(1, "num");
  return equal(e, remainder(e, subject, g.need(0, "num")), std::int64_t{0});
}

template <comparison what>
value compares(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "a comparison");
  g.at_most(1);
  return compare(e, what, subject, g.need(0));
}

value same_as(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "sameas");
  g.at_most(1, "other");
  value const& other = g.need(0, "other");
  if (subject.index() != other.index()) return false;
  return is<sequence*>(subject)  ? std::get<sequence*>(subject) == std::get<sequence*>(other)
         : is<mapping*>(subject) ? std::get<mapping*>(subject) == std::get<mapping*>(other)
                                 : equal(e, subject, other);
}

value is_lower_text(evaluation& e, value const& subject, arguments const& all) {
  return find_text_method("islower")(e, e.memory.text(text_of(e, subject)), all);
}
value is_upper_text(evaluation& e, value const& subject, arguments const& all) {
  return find_text_method("isupper")(e, e.memory.text(text_of(e, subject)), all);
}

using table_row = std::pair<std::string_view, callable::function>;
constexpr std::array<table_row, 37> tests{table_row{"defined", simple<is_defined>},
                                          {"undefined", simple<is_undefined>},
                                          {"none", simple<is_a<none>>},
                                          {"boolean", simple<is_a<bool>>},
                                          {"true", simple<is_bool_of<true>>},
                                          {"false", simple<is_bool_of<false>>},
                                          {"integer", simple<is_a<std::int64_t>>},
                                          {"float", simple<is_a<double>>},
                                          {"number", simple<is_number>},
                                          {"string", simple<is_text>},
                                          {"mapping", simple<is_a<mapping*>>},
                                          {"sequence", simple<is_sequence>},
                                          {"iterable", simple<is_iterable>},
                                          {"callable", simple<is_callable>},
                                          {"escaped", simple<is_escaped>},
                                          {"lower", is_lower_text},
                                          {"upper", is_upper_text},
                                          {"odd", parity<1>},
                                          {"even", parity<0>},
                                          {"divisibleby", divisible_by},
                                          {"sameas", same_as},
                                          {"in", compares<comparison::in>},
                                          {"==", compares<comparison::equal>},
                                          {"eq", compares<comparison::equal>},
                                          {"equalto", compares<comparison::equal>},
                                          {"!=", compares<comparison::unequal>},
                                          {"ne", compares<comparison::unequal>},
                                          {">", compares<comparison::greater>},
                                          {"gt", compares<comparison::greater>},
                                          {"greaterthan", compares<comparison::greater>},
                                          {">=", compares<comparison::greater_equal>},
                                          {"ge", compares<comparison::greater_equal>},
                                          {"<", compares<comparison::less>},
                                          {"lt", compares<comparison::less>},
                                          {"lessthan", compares<comparison::less>},
                                          {"<=", compares<comparison::less_equal>},
                                          {"le", compares<comparison::less_equal>}};

}  // namespace

callable::function find_test(std::string_view name) {
  auto const found = std::ranges::find(tests, name, &table_row::first);
  return found == tests.end() ? nullptr : found->second;
}

}  // namespace constformer::jinja
