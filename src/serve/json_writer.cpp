#include "json_writer.hpp"

#include <charconv>
#include <cmath>
#include <cstddef>

#include "../text/utf8.hpp"

namespace constformer::serve {

namespace {

constexpr double beyond_numbers = 9999;

bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

template <class Number>
void append_number(std::string& out, Number number) {
  if (!std::isfinite(number)) number = static_cast<Number>(number > 0 ? beyond_numbers : -beyond_numbers);
  char digits[40];
  auto const end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  std::string_view const text(digits, static_cast<std::size_t>(end - digits));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

}  // namespace

void json_writer::separate() {
  if (!fresh_) out_ += ',';
  fresh_ = false;
}

json_writer& json_writer::open(char bracket) {
  separate();
  out_ += bracket;
  fresh_ = true;
  return *this;
}

json_writer& json_writer::close(char bracket) {
  out_ += bracket;
  fresh_ = false;
  return *this;
}

json_writer& json_writer::key(std::string_view name) {
  separate();
  quote(name);
  out_ += ':';
  fresh_ = true;
  return *this;
}

json_writer& json_writer::value(std::string_view text) {
  separate();
  if (text::find_invalid_utf8(text) == text.size()) {
    quote(text);
  } else {
    std::string repaired;
    text::append_replaced(repaired, text);
    quote(repaired);
  }
  return *this;
}

void json_writer::quote(std::string_view text) {
  out_ += '"';
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    out_ += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    char const c = text.front();
    text.remove_prefix(1);
    switch (c) {
      case '"': out_ += "\\\""; break;
      case '\\': out_ += "\\\\"; break;
      case '\n': out_ += "\\n"; break;
      case '\r': out_ += "\\r"; break;
      case '\t': out_ += "\\t"; break;
      default: {
        constexpr char const* digits = "0123456789abcdef";
        out_ += "\\u00";
        out_ += digits[static_cast<unsigned char>(c) >> 4];
        out_ += digits[static_cast<unsigned char>(c) & 15];
      }
    }
  }
  out_ += '"';
}

json_writer& json_writer::value(bool yes) { return raw(yes ? "true" : "false"); }
json_writer& json_writer::null() { return raw("null"); }

json_writer& json_writer::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

json_writer& json_writer::whole(std::int64_t number) {
  char digits[24];
  return raw({digits, static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, number).ptr - digits)});
}

json_writer& json_writer::value(float number) {
  separate();
  append_number(out_, number);
  return *this;
}

json_writer& json_writer::value(double number) {
  separate();
  append_number(out_, number);
  return *this;
}

json_writer& json_writer::value(json_value const& parsed) {
  if (auto const* yes = parsed.boolean()) return value(*yes);
  if (auto const* number = parsed.integer()) return value(*number);
  if (auto const* number = parsed.real()) return value(*number);
  if (auto const* text = parsed.text()) return value(*text);
  if (auto const* elements = parsed.array()) {
    begin_array();
    for (auto const& element : *elements) value(element);
    return end_array();
  }
  if (auto const* members = parsed.object()) {
    begin_object();
    for (auto const& [name, element] : *members) key(name).value(element);
    return end_object();
  }
  return null();
}

std::string json_of(json_value const& value) {
  json_writer w;
  w.value(value);
  return w.take();
}

}  // namespace constformer::serve
