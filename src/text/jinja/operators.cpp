#include "text/jinja/operators.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "text/jinja/format.hpp"
#include "text/jinja/printing.hpp"
#include "text/jinja/python_text.hpp"
#include "text/utf8.hpp"

namespace constformer::jinja {

namespace {

std::string quoted(char const* type) { return "'" + std::string(type) + "'"; }

void check_depth(evaluation& e, int depth) {
  e.step();
  if (depth > deepest_value) e.fail("values nest deeper than " + std::to_string(deepest_value) + " levels");
}

bool equal_items(evaluation& e, sequence const& a, sequence const& b, int depth) {
  if (&a == &b) return true;
  if (a.what != b.what || a.what == sequence::kind::generator || a.items.size() != b.items.size()) return false;
  for (std::size_t i = 0; i < a.items.size(); ++i)
    if (!equal(e, a.items[i], b.items[i], depth + 1)) return false;
  return true;
}

bool equal_dicts(evaluation& e, mapping const& a, mapping const& b, int depth) {
  if (a.items.size() != b.items.size()) return false;
  return std::ranges::all_of(a.items, [&](auto const& item) {
    auto const* const other = find(e, b, item.first);
    return other != nullptr && equal(e, item.second, *other, depth + 1);
  });
}

bool is_number(value const& v) { return real_of(v).has_value(); }

value const* first_difference(evaluation& e, sequence const& a, sequence const& b, std::size_t& at, int depth) {
  for (at = 0; at < a.items.size() && at < b.items.size(); ++at)
    if (!equal(e, a.items[at], b.items[at], depth + 1)) return &a.items[at];
  return nullptr;
}

[[noreturn]] void fail_operands(evaluation& e, char const* sign, value const& a, value const& b) {
  for (auto const* v : {&a, &b})
    if (is_undefined(*v)) fail_undefined(e, std::get<undefined>(*v));
  e.fail("'" + std::string(sign) + "' does not work between " + quoted(type_name(a)) + " and " + quoted(type_name(b)));
}

constexpr char const* sign_of(binary_operator what) {
  switch (what) {
    case binary_operator::add: return "+";
    case binary_operator::subtract: return "-";
    case binary_operator::multiply: return "*";
    case binary_operator::divide: return "/";
    case binary_operator::floor_divide: return "//";
    case binary_operator::modulo: return "%";
    case binary_operator::power: return "**";
  }
  return "";
}

// `result` is a reference: it is filled in by the operation whose overflow is given.
value checked(evaluation& e, bool overflow, std::int64_t const& result) {
  if (overflow) e.fail("a whole number does not fit 64 bits");
  return result;
}

value power(evaluation& e, std::int64_t base, std::int64_t exponent) {
  std::int64_t out = 1;
  bool overflow = false;
  if (base == 1 || base == 0 || base == -1)  // these never overflow, however large the exponent
    return base == -1 && exponent % 2 == 0 ? std::int64_t{1} : exponent == 0 ? std::int64_t{1} : base;
  for (std::int64_t i = 0; i < exponent && !overflow; ++i) overflow = __builtin_mul_overflow(out, base, &out);
  return checked(e, overflow, out);
}

value compute_integers(evaluation& e, binary_operator what, std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  bool const divides = what == binary_operator::floor_divide || what == binary_operator::modulo;
  if (divides && b == 0) e.fail("division by zero");
  if (divides && b == -1) {  // the smallest number has no opposite
    if (what == binary_operator::modulo) return std::int64_t{0};
    return checked(e, __builtin_sub_overflow(std::int64_t{0}, a, &out), out);
  }
  switch (what) {
    case binary_operator::add: return checked(e, __builtin_add_overflow(a, b, &out), out);
    case binary_operator::subtract: return checked(e, __builtin_sub_overflow(a, b, &out), out);
    case binary_operator::multiply: return checked(e, __builtin_mul_overflow(a, b, &out), out);
    case binary_operator::floor_divide: return a / b - ((a % b != 0 && (a % b < 0) != (b < 0)) ? 1 : 0);
    case binary_operator::modulo: return a % b + ((a % b != 0 && (a % b < 0) != (b < 0)) ? b : 0);
    default: return power(e, a, b);
  }
}

value compute_reals(evaluation& e, binary_operator what, double a, double b) {
  bool const divides =
      what == binary_operator::divide || what == binary_operator::floor_divide || what == binary_operator::modulo;
  if (divides && b == 0) e.fail("division by zero");
  switch (what) {
    case binary_operator::add: return a + b;
    case binary_operator::subtract: return a - b;
    case binary_operator::multiply: return a * b;
    case binary_operator::divide: return a / b;
    case binary_operator::floor_divide: return std::floor(a / b);
    case binary_operator::modulo: {
      double const rest = std::fmod(a, b);
      return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
    }
    default: return std::pow(a, b);
  }
}

value sum_of_texts(evaluation& e, marked_text const& a, marked_text const& b) {
  bool const safe = a.safe || b.safe;
  marked_text out = safe ? escaped(a) : a;
  out.append(safe ? escaped(b) : b);
  out.safe = safe;
  e.look(out.size());
  return e.memory.text(std::move(out));
}

value repeated_text(evaluation& e, marked_text const& text, std::int64_t times) {
  marked_text out;
  out.safe = text.safe;
  if (text.empty() || times <= 0) return e.memory.text(std::move(out));
  constexpr std::int64_t most = 1 << 26;
  if (times > most / static_cast<std::int64_t>(text.size())) e.fail("a text is repeated too often");
  for (std::int64_t i = 0; i < times; ++i) out.append(text);
  e.look(out.size());
  return e.memory.text(std::move(out));
}

value repeated_items(evaluation& e, sequence const& s, std::int64_t times) {
  std::vector<value> out;
  constexpr std::int64_t most = 1 << 22;
  if (times > 0 && !s.items.empty() && times > most / static_cast<std::int64_t>(s.items.size()))
    e.fail("a list is repeated too often");
  for (std::int64_t i = 0; i < times; ++i) out.insert(out.end(), s.items.begin(), s.items.end());
  e.look(out.size());
  return e.memory.list(std::move(out), s.what);
}

bool has_places(sequence const& s) { return s.what == sequence::kind::list || s.what == sequence::kind::tuple; }

// + and * of texts and lists, and % of a text.
std::optional<value> compute_others(evaluation& e, binary_operator what, value const& a, value const& b) {
  auto const* const text = std::get_if<marked_text const*>(&a);
  auto const* const list = std::get_if<sequence*>(&a);
  if (what == binary_operator::modulo && text != nullptr) return formatted_by_percent(e, **text, b);
  if (what == binary_operator::add && text != nullptr && is_text(b))
    return sum_of_texts(e, **text, *std::get<marked_text const*>(b));
  if (what == binary_operator::add && list != nullptr && is<sequence*>(b)) {
    auto const& other = *std::get<sequence*>(b);
    if (!has_places(**list) || (*list)->what != other.what) return std::nullopt;
    auto out = (*list)->items;
    out.insert(out.end(), other.items.begin(), other.items.end());
    e.look(out.size());
    return e.memory.list(std::move(out), other.what);
  }
  if (what != binary_operator::multiply) return std::nullopt;
  if (text != nullptr)
    if (auto const times = integer_of(b)) return repeated_text(e, **text, *times);
  if (list != nullptr && has_places(**list))
    if (auto const times = integer_of(b)) return repeated_items(e, **list, *times);
  if (integer_of(a) && !integer_of(b)) return compute_others(e, what, b, a);
  return std::nullopt;
}

}  // namespace

char const* type_name(value const& v) {
  constexpr char const* names[] = {"Undefined", "NoneType", "bool",      "int",      "float",      "str",
                                   "",          "dict",     "Namespace", "function", "LoopContext"};
  if (auto const* const s = std::get_if<sequence*>(&v)) {
    constexpr char const* sequences[] = {"list",      "tuple",       "range",     "generator",
                                         "dict_keys", "dict_values", "dict_items"};
    return sequences[static_cast<std::size_t>((*s)->what)];
  }
  return names[v.index()];
}

void fail_undefined(evaluation& e, undefined const& u) {
  std::string const name = u.name == nullptr ? "" : u.name->substr(0, 80);
  switch (u.why) {
    case undefined::reason::variable: e.fail("'" + name + "' is undefined");
    case undefined::reason::attribute: e.fail("'" + std::string(u.of) + " object' has no attribute '" + name + "'");
    case undefined::reason::element: e.fail(std::string(u.of) + " object has no element " + name);
    case undefined::reason::unsafe:
      e.fail("access to attribute '" + name + "' of '" + std::string(u.of) + "' object is unsafe");
    case undefined::reason::none: e.fail("a value is undefined");
  }
  e.fail("a value is undefined");
}

std::optional<std::int64_t> integer_of(value const& v) {
  if (auto const* const i = std::get_if<std::int64_t>(&v)) return *i;
  if (auto const* const b = std::get_if<bool>(&v)) return *b ? 1 : 0;
  return std::nullopt;
}

std::optional<double> real_of(value const& v) {
  if (auto const* const d = std::get_if<double>(&v)) return *d;
  if (auto const i = integer_of(v)) return static_cast<double>(*i);
  return std::nullopt;
}

bool truth(value const& v) {
  if (is_undefined(v) || is<none>(v)) return false;
  if (auto const number = real_of(v)) return *number != 0;
  if (is_text(v)) return !view_of(v).empty();
  if (auto const* const s = std::get_if<sequence*>(&v))
    return (*s)->what == sequence::kind::generator || !(*s)->items.empty();
  if (auto const* const m = std::get_if<mapping*>(&v)) return !(*m)->items.empty();
  return true;
}

bool equal(evaluation& e, value const& a, value const& b, int depth) {
  check_depth(e, depth);
  if (auto const i = integer_of(a), j = integer_of(b); i && j) return *i == *j;
  if (is_number(a) && is_number(b)) return *real_of(a) == *real_of(b);
  if (a.index() != b.index()) return false;
  if (is_undefined(a) || is<none>(a)) return true;
  if (is_text(a)) {
    e.look(view_of(a).size());
    return view_of(a) == view_of(b);
  }
  if (is<sequence*>(a)) return equal_items(e, *std::get<sequence*>(a), *std::get<sequence*>(b), depth);
  if (is<mapping*>(a)) return equal_dicts(e, *std::get<mapping*>(a), *std::get<mapping*>(b), depth);
  if (is<name_space*>(a)) return std::get<name_space*>(a) == std::get<name_space*>(b);
  if (is<loop_state*>(a)) return std::get<loop_state*>(a) == std::get<loop_state*>(b);
  return std::get<callable const*>(a) == std::get<callable const*>(b);
}

bool less(evaluation& e, value const& a, value const& b, int depth) {
  check_depth(e, depth);
  if (auto const i = integer_of(a), j = integer_of(b); i && j) return *i < *j;
  if (is_number(a) && is_number(b)) return *real_of(a) < *real_of(b);
  if (is_text(a) && is_text(b)) {
    e.look(view_of(a).size());
    return view_of(a) < view_of(b);
  }
  if (is<sequence*>(a) && is<sequence*>(b)) {
    auto const &x = *std::get<sequence*>(a), &y = *std::get<sequence*>(b);
    if (has_places(x) && x.what == y.what) {
      std::size_t at = 0;
      return first_difference(e, x, y, at, depth) != nullptr ? less(e, x.items[at], y.items[at], depth + 1)
                                                             : x.items.size() < y.items.size();
    }
  }
  fail_operands(e, "<", a, b);
}

bool compare(evaluation& e, comparison what, value const& a, value const& b) {
  switch (what) {
    case comparison::equal: return equal(e, a, b);
    case comparison::unequal: return !equal(e, a, b);
    case comparison::less: return less(e, a, b);
    case comparison::less_equal: return !less(e, b, a) || equal(e, a, b);
    case comparison::greater: return less(e, b, a);
    case comparison::greater_equal: return !less(e, a, b) || equal(e, a, b);
    case comparison::in: return contains(e, b, a);
    case comparison::not_in: return !contains(e, b, a);
  }
  return false;
}

bool contains(evaluation& e, value const& v, value const& item) {
  if (is_text(v)) {
    if (!is_text(item)) {
      if (is_undefined(item)) fail_undefined(e, std::get<undefined>(item));
      e.fail("'in' needs a text on its left, it is " + quoted(type_name(item)));
    }
    e.look(view_of(v).size());
    return view_of(v).find(view_of(item)) != std::string_view::npos;
  }
  if (auto const* const m = std::get_if<mapping*>(&v)) return find(e, **m, item) != nullptr;
  if (!is_iterable(v)) e.fail("'in' does not work with " + quoted(type_name(v)));
  auto const all = items_of(e, v);
  return std::ranges::any_of(all, [&](value const& known) { return equal(e, known, item); });
}

value compute(evaluation& e, binary_operator what, value const& a, value const& b) {
  auto const i = integer_of(a), j = integer_of(b);
  if (i && j && what != binary_operator::divide && (what != binary_operator::power || *j >= 0))
    return compute_integers(e, what, *i, *j);
  if (is_number(a) && is_number(b)) {
    if (what == binary_operator::power && *real_of(a) == 0 && *real_of(b) < 0) e.fail("division by zero");
    return compute_reals(e, what, *real_of(a), *real_of(b));
  }
  if (auto const out = compute_others(e, what, a, b)) return *out;
  fail_operands(e, sign_of(what), a, b);
}

value negated(evaluation& e, value const& v) {
  if (auto const i = integer_of(v)) return compute_integers(e, binary_operator::subtract, 0, *i);
  if (auto const d = real_of(v)) return -*d;
  if (is_undefined(v)) fail_undefined(e, std::get<undefined>(v));
  e.fail("'-' does not work with " + quoted(type_name(v)));
}

bool is_iterable(value const& v) { return is_undefined(v) || is_text(v) || is<sequence*>(v) || is<mapping*>(v); }

std::vector<value> items_of(evaluation& e, value const& v) {
  std::vector<value> out;
  if (is_undefined(v)) return out;
  if (auto const* const s = std::get_if<sequence*>(&v)) {
    auto& list = **s;
    bool const generator = list.what == sequence::kind::generator;
    out.assign(list.items.begin() + static_cast<std::ptrdiff_t>(generator ? list.read : 0), list.items.end());
    if (generator) list.read = list.items.size();
  } else if (auto const* const m = std::get_if<mapping*>(&v)) {
    for (auto const& [key, held] : (*m)->items) out.push_back(key);
  } else if (is_text(v)) {
    auto const& text = *std::get<marked_text const*>(v);
    for (std::size_t at = 0; at < text.size();) {
      auto const size = text::character_length(text.view()[at]);
      out.push_back(e.memory.text(text.part(at, size)));
      at += size;
    }
  } else {
    e.fail(quoted(type_name(v)) + " is nothing to loop over");
  }
  e.look(out.size());
  return out;
}

std::optional<std::int64_t> length_of(evaluation& e, value const& v) {
  if (is_undefined(v)) return 0;
  if (is_text(v)) {
    e.look(view_of(v).size());
    return length_of(view_of(v));
  }
  if (auto const* const m = std::get_if<mapping*>(&v)) return static_cast<std::int64_t>((*m)->items.size());
  if (auto const* const s = std::get_if<sequence*>(&v); s != nullptr && (*s)->what != sequence::kind::generator)
    return static_cast<std::int64_t>((*s)->items.size());
  return std::nullopt;
}

value const* find(evaluation& e, mapping const& m, value const& key) {
  for (auto const& [known, held] : m.items)
    if (equal(e, known, key)) return &held;
  return nullptr;
}

value const* find(mapping const& m, std::string_view key) {
  for (auto const& [known, held] : m.items)
    if (is_text(known) && view_of(known) == key) return &held;
  return nullptr;
}

void set(evaluation& e, mapping& m, value const& key, value const& held) {
  if (is<mapping*>(key) || (is<sequence*>(key) && std::get<sequence*>(key)->what == sequence::kind::list))
    e.fail(quoted(type_name(key)) + " cannot be the key of a dict");
  for (auto& [known, old] : m.items)
    if (equal(e, known, key)) {
      old = held;
      return;
    }
  e.memory.charge(2 * sizeof(value));
  m.items.emplace_back(key, held);
}

}  // namespace constformer::jinja
