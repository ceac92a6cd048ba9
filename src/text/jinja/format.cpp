#include "text/jinja/format.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

#include "text/jinja/operators.hpp"
#include "text/jinja/printing.hpp"
#include "text/jinja/python_text.hpp"

namespace constformer::jinja {

namespace {

constexpr int widest = 4096;
constexpr int most_decimals = 64;

/// One place that is filled in, as a format string describes it.
struct field {
  std::string fill = " ";
  char align = '\0';  ///< '<', '>', '^', or '\0' for what the type has
  char sign = '-';    ///< '-', '+' or ' '
  bool zero = false;  ///< fills with zeros behind the sign
  bool comma = false;
  int width = 0;
  int precision = -1;
  char type = '\0';
};

std::string decimals_of(double v, int precision) {
  std::array<char, 512> buffer{};  // the largest double has 309 digits before the point
  auto const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), v, std::chars_format::fixed, precision);
  return {buffer.data(), end.ptr};
}

void group_by_thousands(std::string& digits) {
  auto at = std::min(digits.find('.'), digits.size());
  while (at > 3) digits.insert(at -= 3, ",");
}

std::string number_text(evaluation& e, value const& v, field const& f) {
  auto const real = real_of(v);
  if (!real) e.fail(std::string("a number is to be formatted, it is of type '") + type_name(v) + "'");
  auto const integer = integer_of(v);
  bool const negative = integer ? *integer < 0 : std::signbit(*real);
  std::string digits;
  if (f.type == 'x' || f.type == 'X') {
    if (!integer) e.fail("the format 'x' needs a whole number");
    std::array<char, 32> buffer{};
    auto const size = negative ? 0 - static_cast<std::uint64_t>(*integer) : static_cast<std::uint64_t>(*integer);
    digits.assign(buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), size, 16).ptr);
  } else if (f.type == 'f' || f.type == 'F' || (!integer && f.type == '\0' && f.precision >= 0)) {
    if (f.type == '\0') e.fail("a precision without the type 'f' is not supported");
    digits = decimals_of(std::abs(*real), f.precision < 0 ? 6 : f.precision);
  } else if (integer) {
    digits = std::to_string(*integer).substr(negative ? 1 : 0);
  } else {
    if (f.type == 'd' || f.type == 'i') e.fail("the format 'd' needs a whole number");
    digits = repr_of(std::abs(*real));
  }
  if (f.comma) group_by_thousands(digits);
  std::string const sign = negative ? "-" : f.sign == '-' ? "" : std::string(1, f.sign);
  if (f.zero) {
    auto const size = static_cast<int>(sign.size() + digits.size());
    digits.insert(0, static_cast<std::size_t>(std::max(0, f.width - size)), '0');
  }
  return sign + digits;
}

void append_padded(evaluation& e, marked_text& out, marked_text const& shown, field const& f, char align) {
  auto const lack = static_cast<int>(std::max<std::int64_t>(0, f.width - length_of(shown.view())));
  int const before = align == '>' ? lack : align == '^' ? lack / 2 : 0;
  for (int i = 0; i < before; ++i) out.append(f.fill);
  out.append(shown);
  for (int i = before; i < lack; ++i) out.append(f.fill);
  e.bound(out.size());
}

void append_field(evaluation& e, marked_text& out, value const& v, field const& f) {
  bool const number = real_of(v).has_value() && f.type != 's' && !is<bool>(v);
  if (number || (f.type != '\0' && f.type != 's'))
    return append_padded(e, out, marked_text(number_text(e, v, f)), f, f.align != '\0' ? f.align : '>');
  auto shown = text_of(e, v);
  if (f.precision >= 0) shown = shown.part(0, byte_of(shown.view(), f.precision));
  append_padded(e, out, shown, f, f.align != '\0' ? f.align : '<');
}

// A number at the start of `text`, which is taken off; `otherwise` if there is none.
int take_number(evaluation& e, std::string_view& text, int otherwise, int most) {
  int out = otherwise;
  auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failed == std::errc::invalid_argument) return otherwise;
  if (failed != std::errc() || out > most)
    e.fail("a format asks for more than " + std::to_string(most) + " characters");
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return out;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// The values of `%`, taken one by one.
class percent_values {
 public:
  percent_values(evaluation& e, value const& given) : e_(e) {
    auto const* const s = std::get_if<sequence*>(&given);
    bool const tuple = s != nullptr && (*s)->what == sequence::kind::tuple;
    values_ = tuple ? (*s)->items : std::vector<value>{given};
    unread_allowed_ = is<mapping*>(given);
  }
  value next() {
    if (at_ == values_.size()) e_.fail("there are fewer values than a format has places");
    return values_[at_++];
  }
  void finish() const {
    if (at_ != values_.size() && !unread_allowed_) e_.fail("there are more values than a format has places");
  }

 private:
  evaluation& e_;
  std::vector<value> values_;
  std::size_t at_ = 0;
  bool unread_allowed_ = false;
};

// What stands behind a percent sign, which is taken off `rest`.
field take_percent_field(evaluation& e, std::string_view& rest) {
  field f;
  f.align = '>';
  while (!rest.empty() && std::string_view("-+ 0").find(rest[0]) != std::string_view::npos) {
    if (rest[0] == '-') f.align = '<';
    if (rest[0] == '+' || rest[0] == ' ') f.sign = rest[0];
    if (rest[0] == '0') f.zero = true;
    rest.remove_prefix(1);
  }
  f.width = take_number(e, rest, 0, widest);
  if (take(rest, '.')) f.precision = take_number(e, rest, 0, most_decimals);
  if (rest.empty()) e.fail("a format ends behind its percent sign");
  f.type = rest[0];
  rest.remove_prefix(1);
  return f;
}

void append_percent(evaluation& e, marked_text& out, field f, value const& v) {
  switch (f.type) {
    case 's': f.zero = false; return append_field(e, out, v, f);
    case 'r': f.type = 's'; return append_field(e, out, e.memory.text(repr_of(e, v)), f);
    case 'd':
    case 'i':
      f.type = 'd';
      return append_field(e, out, is<double>(v) ? value(static_cast<std::int64_t>(std::get<double>(v))) : v, f);
    case 'f':
    case 'F':
    case 'x': return append_field(e, out, v, f);
    default: e.fail("the format %" + std::string(1, f.type) + " is not supported");
  }
}

field braces_field(evaluation& e, std::string_view spec) {
  constexpr std::string_view aligns = "<>^";
  field f;
  std::string_view const whole = spec;
  if (spec.size() >= 2 && aligns.find(spec[1]) != std::string_view::npos && spec[0] > 0) {
    f.fill = std::string(spec.substr(0, 1));
    f.align = spec[1];
    spec.remove_prefix(2);
  } else if (!spec.empty() && aligns.find(spec[0]) != std::string_view::npos) {
    f.align = spec[0];
    spec.remove_prefix(1);
  }
  if (spec.starts_with('+') || spec.starts_with(' ') || spec.starts_with('-')) {
    f.sign = spec[0];
    spec.remove_prefix(1);
  }
  f.zero = f.align == '\0' && take(spec, '0');
  f.width = take_number(e, spec, 0, widest);
  f.comma = take(spec, ',');
  if (take(spec, '.')) f.precision = take_number(e, spec, 0, most_decimals);
  if (!spec.empty()) {
    f.type = spec[0];
    spec.remove_prefix(1);
  }
  bool const known = std::string_view("\0sdfFx", 6).find(f.type) != std::string_view::npos;
  if (!spec.empty() || !known) e.fail("the format '" + std::string(whole.substr(0, 40)) + "' is not supported");
  return f;
}

// What `name.attribute[key]` names among the arguments.
value field_value(evaluation& e, std::string_view name, arguments const& given, int& automatic) {
  auto const end = std::min(name.find_first_of(".["), name.size());
  std::string_view const first = name.substr(0, end), rest = name.substr(end);
  if (!rest.empty()) e.fail("the place {" + std::string(name.substr(0, 40)) + "} of a format is not supported");
  std::size_t place = 0;
  auto const [stop, failed] = std::from_chars(first.data(), first.data() + first.size(), place);
  bool const number = !first.empty() && failed == std::errc() && stop == first.data() + first.size();
  if (first.empty()) place = static_cast<std::size_t>(automatic++);
  if (number || first.empty()) {
    if (place >= given.positional.size()) e.fail("there are fewer values than a format has places");
    return given.positional[place];
  }
  for (auto const& [known, held] : given.named)
    if (known == first) return held;
  e.fail("a format names '" + std::string(first.substr(0, 40)) + "', which is not given");
}

void append_braces(evaluation& e, marked_text& out, std::string_view inside, arguments const& given, int& automatic) {
  auto const colon = std::min(inside.find(':'), inside.size());
  std::string_view name = inside.substr(0, colon);
  std::string_view const spec = colon < inside.size() ? inside.substr(colon + 1) : "";
  bool const repr = name.ends_with("!r"), text = name.ends_with("!s");
  if (repr || text) name.remove_suffix(2);
  value v = field_value(e, name, given, automatic);
  if (repr) v = e.memory.text(repr_of(e, v));
  if (text) v = e.memory.text(text_of(e, v));
  append_field(e, out, v, braces_field(e, spec));
}

}  // namespace

value formatted_by_percent(evaluation& e, marked_text const& text, value const& given) {
  if (text.safe) e.fail("'%' of a text that is marked safe is not supported");
  percent_values values(e, given);
  marked_text out;
  std::string_view rest = text.view();
  while (!rest.empty()) {
    auto const at = text.size() - rest.size();
    auto const sign = std::min(rest.find('%'), rest.size());
    out.append(text, at, sign);
    rest.remove_prefix(sign);
    if (!take(rest, '%')) break;
    if (take(rest, '%')) {
      out.append("%");
      continue;
    }
    if (rest.starts_with('(')) e.fail("a format that names its values is not supported");
    field const f = take_percent_field(e, rest);
    append_percent(e, out, f, values.next());
  }
  values.finish();
  return e.memory.text(std::move(out));
}

value formatted_by_braces(evaluation& e, marked_text const& text, arguments const& given) {
  marked_text out;
  int automatic = 0;
  std::string_view const all = text.view();
  for (std::size_t at = 0; at < all.size();) {
    auto const brace = std::min(all.find_first_of("{}", at), all.size());
    out.append(text, at, brace - at);
    at = brace;
    if (at == all.size()) break;
    if (at + 1 < all.size() && all[at + 1] == all[at]) {
      out.append(all.substr(at, 1));
      at += 2;
      continue;
    }
    auto const end = all[at] == '{' ? all.find_first_of("{}", at + 1) : std::string_view::npos;
    if (end == std::string_view::npos || all[end] == '{') e.fail("a format has a brace that is not closed");
    append_braces(e, out, all.substr(at + 1, end - at - 1), given, automatic);
    at = end + 1;
  }
  return e.memory.text(std::move(out));
}

}  // namespace constformer::jinja
