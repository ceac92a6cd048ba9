// Filters whose result is a number, and `default`.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "text/jinja/filters.hpp"
#include "text/jinja/given.hpp"
#include "text/jinja/operators.hpp"
#include "text/jinja/python_text.hpp"

namespace constformer::jinja {

namespace {

value absolute(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "abs");
  g.at_most(0);
  if (auto const i = integer_of(subject)) return *i < 0 ? negated(e, *i) : value(*i);
  if (auto const d = real_of(subject)) return std::abs(*d);
  g.fail(std::string("its operand is of type '") + type_name(subject) + "'");
}

// The number that Python's int() or float() reads of a text.
template <class Number>
std::optional<Number> number_in(std::string_view text) {
  text = without_space_behind(text.substr(space_before(text)));
  if (text.starts_with('+') && !text.substr(1).starts_with('-')) text.remove_prefix(1);
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool const between = i > 0 && i + 1 < text.size() && text[i - 1] != '_' && text[i + 1] != '_';
    if (text[i] == '_' && !between) return std::nullopt;
    if (text[i] != '_') plain += text[i];
  }
  Number out{};
  auto const [end, failed] = std::from_chars(plain.data(), plain.data() + plain.size(), out);
  if (plain.empty() || failed != std::errc() || end != plain.data() + plain.size()) return std::nullopt;
  return out;
}

std::optional<std::int64_t> whole(double d) {
  constexpr double limit = 9223372036854775808.0;
  if (!(d > -limit && d < limit)) return std::nullopt;
  return static_cast<std::int64_t>(d);
}

value to_int(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "int");
  g.at_most(2, "default,base");
  if (g.integer(1, "base", 10) != 10) g.fail("another base than 10 is not supported");
  value const otherwise = g.find(0, "default") == nullptr ? value(std::int64_t{0}) : *g.find(0, "default");
  if (auto const* const u = std::get_if<undefined>(&subject)) fail_undefined(e, *u);
  if (auto const i = integer_of(subject)) return *i;
  std::optional<double> d = real_of(subject);
  if (is_text(subject)) {
    if (auto const i = number_in<std::int64_t>(view_of(subject))) return *i;
    d = number_in<double>(view_of(subject));
    if (d && !std::isfinite(*d)) return otherwise;
  }
  if (!d) return otherwise;
  auto const i = whole(*d);
  if (!i) g.fail("a number does not fit 64 bits");
  return *i;
}

value to_float(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "float");
  g.at_most(1, "default");
  value const otherwise = g.find(0, "default") == nullptr ? value(0.0) : *g.find(0, "default");
  if (auto const* const u = std::get_if<undefined>(&subject)) fail_undefined(e, *u);
  if (auto const d = real_of(subject)) return *d;
  if (!is_text(subject)) return otherwise;
  auto const d = number_in<double>(view_of(subject));
  return d ? value(*d) : otherwise;
}

// Half to even over the exact value, as Python's round.
double rounded(double v, int precision) {
  std::array<char, 512> buffer{};
  auto const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), v, std::chars_format::fixed, precision);
  double out = 0;
  std::from_chars(buffer.data(), end.ptr, out);
  return out;
}

value round_number(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "round");
  g.at_most(2, "precision,method");
  constexpr std::int64_t most = 100;
  std::int64_t const precision = g.integer(0, "precision", 0);
  auto const d = real_of(subject);
  if (!d) g.fail(std::string("its operand is of type '") + type_name(subject) + "'");
  if (precision < 0 || precision > most) g.fail("a precision below 0 or above 100 is not supported");
  std::string_view const method = g.find(1, "method") == nullptr ? "common" : g.text(1, "method").view();
  if (method == "common") {
    if (auto const i = integer_of(subject)) return *i;
    return std::isfinite(*d) ? rounded(*d, static_cast<int>(precision)) : *d;
  }
  if (method != "ceil" && method != "floor") g.fail("the method is none of common, ceil and floor");
  double const scale = std::pow(10.0, static_cast<double>(precision));
  return (method == "ceil" ? std::ceil(*d * scale) : std::floor(*d * scale)) / scale;
}

value length(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "length");
  g.at_most(0);
  auto const size = length_of(e, subject);
  if (!size) g.fail(std::string("'") + type_name(subject) + "' has no length");
  return *size;
}

value otherwise(evaluation& e, value const& subject, arguments const& all) {
  given const g(e, all, "default");
  g.at_most(2, "default_value,boolean");
  bool const replaces = is_undefined(subject) || (g.flag(1, "boolean", false) && !truth(subject));
  if (!replaces) return subject;
  auto const* const v = g.find(0, "default_value");
  return v == nullptr ? e.memory.text(std::string()) : *v;
}

using table_row = std::pair<std::string_view, callable::function>;
constexpr std::array<table_row, 8> filters{table_row{"abs", absolute}, {"int", to_int},    {"float", to_float},
                                           {"round", round_number},    {"length", length}, {"count", length},
                                           {"default", otherwise},     {"d", otherwise}};

}  // namespace

callable::function find_number_filter(std::string_view name) {
  auto const found = std::ranges::find(filters, name, &table_row::first);
  return found == filters.end() ? nullptr : found->second;
}

}  // namespace constformer::jinja
