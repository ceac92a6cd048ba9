#include "text/jinja/printing.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <list>
#include <string_view>

#include "text/jinja/operators.hpp"
#include "text/unicode.hpp"
#include "text/utf8.hpp"

namespace constformer::jinja {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

std::string hex(char32_t c, int digits) {
  std::string out(static_cast<std::size_t>(digits), '0');
  for (auto at = out.size(); at-- > 0; c >>= 4) out[at] = hex_digits[c & 15];
  return out;
}

bool is_printable(char32_t c) {
  if (c < 0x7F) return c >= 0x20;
  return c == text::replacement_character || (!text::is_cleaned_away(c) && !text::is_white_space(c));
}

class printer {
 public:
  explicit printer(evaluation& e) : e_(e) {}

  marked_text take() { return std::move(out_); }

  void repr(value const& v, int depth) {
    e_.step();
    e_.bound(out_.size());
    if (depth > deepest_value) e_.fail("values nest deeper than " + std::to_string(deepest_value) + " levels");
    if (is_undefined(v)) return out_.append("Undefined");
    if (is<none>(v)) return out_.append("None");
    if (auto const* const b = std::get_if<bool>(&v)) return out_.append(*b ? "True" : "False");
    if (auto const* const i = std::get_if<std::int64_t>(&v)) return out_.append(std::to_string(*i));
    if (auto const* const d = std::get_if<double>(&v)) return out_.append(repr_of(*d));
    if (auto const* const t = std::get_if<marked_text const*>(&v)) return repr(**t);
    if (auto const* const s = std::get_if<sequence*>(&v)) return repr(**s, depth);
    if (auto const* const m = std::get_if<mapping*>(&v)) return repr((*m)->items, depth);
    if (auto const* const n = std::get_if<name_space*>(&v)) return repr_space(**n, depth);
    e_.fail(std::string("a value of type '") + type_name(v) + "' is printed");
  }

 private:
  // Python prefers apostrophes unless the text has them and no quotation marks.
  void repr(marked_text const& text) {
    auto const view = text.view();
    bool const apostrophe = view.find('\'') != std::string_view::npos && view.find('"') == std::string_view::npos;
    std::string_view const quote = apostrophe ? "\"" : "'";
    e_.look(view.size());
    if (text.safe) out_.append("Markup(");
    out_.append(quote);
    for (std::size_t at = 0; at < view.size();) {
      auto const c = text::decode_first(view.substr(at));
      out_.append(escape(view.substr(at, c.size), c.value, quote[0]), text.told(at));
      at += c.size;
    }
    out_.append(quote);
    if (text.safe) out_.append(")");
  }

  static std::string escape(std::string_view bytes, char32_t c, char quote) {
    switch (c) {
      case '\n': return "\\n";
      case '\r': return "\\r";
      case '\t': return "\\t";
      case '\\': return "\\\\";
      default: break;
    }
    if (c == static_cast<unsigned char>(quote)) return std::string("\\") + quote;
    if (is_printable(c)) return std::string(bytes);
    return c < 0x100 ? "\\x" + hex(c, 2) : c < 0x10000 ? "\\u" + hex(c, 4) : "\\U" + hex(c, 8);
  }

  void repr(sequence const& s, int depth) {
    using kind = sequence::kind;
    if (s.what == kind::generator) e_.fail("a generator is printed; `| list` makes a list of it");
    if (s.what == kind::range) e_.fail("a range is printed; `| list` makes a list of it");
    bool const tuple = s.what == kind::tuple, list = s.what == kind::list;
    if (!tuple && !list) out_.append(std::string(type_name(&const_cast<sequence&>(s))) + "(");
    out_.append(tuple ? "(" : "[");
    for (std::size_t i = 0; i < s.items.size(); ++i) {
      if (i > 0) out_.append(", ");
      repr(s.items[i], depth + 1);
    }
    if (tuple && s.items.size() == 1) out_.append(",");
    out_.append(tuple ? ")" : "]");
    if (!tuple && !list) out_.append(")");
  }

  void repr(std::vector<std::pair<value, value>> const& items, int depth) {
    out_.append("{");
    bool first = true;
    for (auto const& [key, held] : items) {
      if (!std::exchange(first, false)) out_.append(", ");
      repr(key, depth + 1);
      out_.append(": ");
      repr(held, depth + 1);
    }
    out_.append("}");
  }

  void repr_space(name_space const& n, int depth) {
    std::vector<std::pair<value, value>> items;
    for (auto const& [name, held] : n.items) items.emplace_back(e_.memory.text(name), held);
    out_.append("<Namespace ");
    repr(items, depth);
    out_.append(">");
  }

  evaluation& e_;
  marked_text out_;
};

class json_writer {
 public:
  json_writer(evaluation& e, json_style const& style) : e_(e), style_(style) {}

  marked_text take() { return std::move(out_); }

  void write(value const& v, int depth) {
    e_.step();
    e_.bound(out_.size());
    if (depth > deepest_value) e_.fail("values nest deeper than " + std::to_string(deepest_value) + " levels");
    if (is<none>(v)) return out_.append("null");
    if (auto const* const b = std::get_if<bool>(&v)) return out_.append(*b ? "true" : "false");
    if (auto const* const i = std::get_if<std::int64_t>(&v)) return out_.append(std::to_string(*i));
    if (auto const* const d = std::get_if<double>(&v)) return out_.append(number(*d));
    if (auto const* const t = std::get_if<marked_text const*>(&v)) return string(**t);
    if (auto const* const m = std::get_if<mapping*>(&v)) return object(**m, depth);
    if (auto const* const s = std::get_if<sequence*>(&v);
        s != nullptr && ((*s)->what == sequence::kind::list || (*s)->what == sequence::kind::tuple))
      return array(**s, depth);
    e_.fail(std::string("a value of type '") + type_name(v) + "' cannot be written as JSON");
  }

 private:
  static std::string number(double d) {
    if (std::isnan(d)) return "NaN";
    if (std::isinf(d)) return d < 0 ? "-Infinity" : "Infinity";
    return repr_of(d);
  }

  void string(marked_text const& text) {
    auto const view = text.view();
    e_.look(view.size());
    out_.append("\"");
    for (std::size_t at = 0; at < view.size();) {
      auto const c = text::decode_first(view.substr(at));
      out_.append(escape(view.substr(at, c.size), c.value), text.told(at));
      at += c.size;
    }
    out_.append("\"");
  }

  std::string escape(std::string_view bytes, char32_t c) const {
    switch (c) {
      case '"': return "\\\"";
      case '\\': return "\\\\";
      case '\n': return "\\n";
      case '\r': return "\\r";
      case '\t': return "\\t";
      case '\b': return "\\b";
      case '\f': return "\\f";
      default: break;
    }
    if (c >= 0x20 && (c < 0x7F || !style_.ensure_ascii)) return std::string(bytes);
    if (c == 0x7F) return std::string(bytes);
    if (c < 0x10000) return "\\u" + hex(c, 4);
    c -= 0x10000;
    return "\\u" + hex(0xD800 + (c >> 10), 4) + "\\u" + hex(0xDC00 + (c & 0x3FF), 4);
  }

  void line(int depth) {
    if (!style_.indent) return;
    out_.append("\n");
    for (int i = 0; i < depth; ++i) out_.append(*style_.indent);
  }

  void array(sequence const& s, int depth) {
    if (s.items.empty()) return out_.append("[]");
    out_.append("[");
    for (std::size_t i = 0; i < s.items.size(); ++i) {
      if (i > 0) out_.append(style_.between_items);
      line(depth + 1);
      write(s.items[i], depth + 1);
    }
    line(depth);
    out_.append("]");
  }

  value key_of(value const& key) {
    if (is_text(key)) return key;
    if (!is<none>(key) && !real_of(key)) e_.fail("a key that is neither text nor number cannot be written as JSON");
    json_writer inner(e_, style_);
    inner.write(key, 0);
    return e_.memory.text(inner.take());
  }

  void object(mapping const& m, int depth) {
    if (m.items.empty()) return out_.append("{}");
    std::list items(m.items.begin(), m.items.end());  // sorts in order whatever comparisons say
    e_.look(items.size() * 16);
    if (style_.sort_keys) items.sort([&](auto const& a, auto const& b) { return less(e_, a.first, b.first); });
    out_.append("{");
    bool first = true;
    for (auto const& [key, held] : items) {
      if (!std::exchange(first, false)) out_.append(style_.between_items);
      line(depth + 1);
      string(*std::get<marked_text const*>(key_of(key)));
      out_.append(style_.behind_key);
      write(held, depth + 1);
    }
    line(depth);
    out_.append("}");
  }

  evaluation& e_;
  json_style const& style_;
  marked_text out_;
};

}  // namespace

std::string repr_of(double v) {
  if (std::isnan(v)) return "nan";
  if (std::isinf(v)) return v < 0 ? "-inf" : "inf";
  std::array<char, 64> buffer{};
  auto const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), v, std::chars_format::scientific).ptr;
  std::string_view const shown(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  auto const mark = shown.find('e');
  int exponent = 0;
  auto const power = shown.substr(mark + (shown[mark + 1] == '+' ? 2 : 1));
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  constexpr int first_with_exponent = 16, last_with_exponent = -5;  // as float.__repr__ chooses
  if (exponent >= first_with_exponent || exponent <= last_with_exponent) {
    std::string out(shown.substr(0, mark));
    std::string const digits = std::to_string(std::abs(exponent));
    return out + "e" + (exponent < 0 ? "-" : "+") + (digits.size() < 2 ? "0" : "") + digits;
  }
  auto const fixed = std::to_chars(buffer.data(), buffer.data() + buffer.size(), v, std::chars_format::fixed).ptr;
  std::string out(buffer.data(), fixed);
  return out.find('.') == std::string::npos ? out + ".0" : out;
}

marked_text text_of(evaluation& e, value const& v) {
  if (is_undefined(v)) return {};
  if (auto const* const t = std::get_if<marked_text const*>(&v)) {
    e.look((*t)->size());
    return **t;
  }
  return repr_of(e, v);
}

marked_text repr_of(evaluation& e, value const& v) {
  printer out(e);
  out.repr(v, 0);
  return out.take();
}

marked_text json_of(evaluation& e, value const& v, json_style const& style) {
  json_writer out(e, style);
  out.write(v, 0);
  return out.take();
}

}  // namespace constformer::jinja
