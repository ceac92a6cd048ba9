#include "json_scanner.hpp"

#include <string_view>

namespace constformer::serve {

namespace {

constexpr std::uint32_t most_digits = 17;
constexpr std::uint32_t most_exponent = 2;  // a double goes to 1e308

// Places in a string beside string_body.
constexpr std::uint16_t after_backslash = 2;
constexpr std::uint16_t digit_1 = 3, digit_2 = 4, digit_3 = 5, digit_4 = 6;
constexpr std::uint16_t digit_2_of_d = 7;                     // \uD…: 8 to F would be a surrogate
constexpr std::uint16_t tail_1 = 8, tail_2 = 9, tail_3 = 10;  // so many bytes of a character are missing
constexpr std::uint16_t tail_of_e0 = 11, tail_of_ed = 12, tail_of_f0 = 13, tail_of_f4 = 14;

// Places in a number.
constexpr std::uint16_t after_minus = 1, after_zero = 2, in_whole = 3, after_point = 4, in_fraction = 5, after_e = 6,
                        after_sign = 7, in_exponent = 8;

bool is_hexadecimal(unsigned char byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

bool between(unsigned char byte, unsigned least, unsigned most) { return byte >= least && byte <= most; }

bool begin_character(std::uint16_t& place, unsigned char byte) {
  if (byte == '"') return place = string_done, true;
  if (byte == '\\') return place = after_backslash, true;
  if (byte < 0x20) return false;
  if (byte < 0x80) return true;
  if (between(byte, 0xC2, 0xDF)) return place = tail_1, true;
  if (byte == 0xE0) return place = tail_of_e0, true;
  if (byte == 0xED) return place = tail_of_ed, true;
  if (between(byte, 0xE1, 0xEF)) return place = tail_2, true;
  if (byte == 0xF0) return place = tail_of_f0, true;
  if (byte == 0xF4) return place = tail_of_f4, true;
  if (between(byte, 0xF1, 0xF3)) return place = tail_3, true;
  return false;
}

bool move(std::uint16_t& place, bool allowed, std::uint16_t to) {
  if (allowed) place = to;
  return allowed;
}

bool escape(std::uint16_t& place, unsigned char byte) {
  if (byte == 'u') return place = digit_1, true;
  return move(place, std::string_view("\"\\/bfnrt").find(static_cast<char>(byte)) != std::string_view::npos,
              string_body);
}

}  // namespace

bool next_in_string(std::uint16_t& place, unsigned char byte) {
  switch (place) {
    case 0: return move(place, byte == '"', string_body);
    case string_body: return begin_character(place, byte);
    case after_backslash: return escape(place, byte);
    case digit_1: return move(place, is_hexadecimal(byte), byte == 'd' || byte == 'D' ? digit_2_of_d : digit_2);
    case digit_2_of_d: return move(place, between(byte, '0', '7'), digit_3);
    case digit_2: return move(place, is_hexadecimal(byte), digit_3);
    case digit_3: return move(place, is_hexadecimal(byte), digit_4);
    case digit_4: return move(place, is_hexadecimal(byte), string_body);
    case tail_1: return move(place, between(byte, 0x80, 0xBF), string_body);
    case tail_2: return move(place, between(byte, 0x80, 0xBF), tail_1);
    case tail_3: return move(place, between(byte, 0x80, 0xBF), tail_2);
    case tail_of_e0: return move(place, between(byte, 0xA0, 0xBF), tail_1);
    case tail_of_ed: return move(place, between(byte, 0x80, 0x9F), tail_1);
    case tail_of_f0: return move(place, between(byte, 0x90, 0xBF), tail_2);
    case tail_of_f4: return move(place, between(byte, 0x80, 0x8F), tail_2);
    default: return false;
  }
}

bool next_in_number(std::uint16_t& place, std::uint32_t& digits, unsigned char byte, bool whole) {
  bool const digit = between(byte, '0', '9');
  auto const begin = [&](std::uint16_t to) {
    place = to;
    digits = digit ? 1 : 0;
    return true;
  };
  auto const more = [&](std::uint32_t most) { return digit && digits < most && ++digits > 0; };
  bool const e = !whole && (byte == 'e' || byte == 'E'), point = !whole && byte == '.';
  switch (place) {
    case 0:
      if (byte == '-') return begin(after_minus);
      [[fallthrough]];
    case after_minus: return digit && begin(byte == '0' ? after_zero : in_whole);
    case after_zero: return (point && begin(after_point)) || (e && begin(after_e));
    case in_whole: return more(most_digits) || (point && begin(after_point)) || (e && begin(after_e));
    case after_point: return digit && begin(in_fraction);
    case in_fraction: return more(most_digits) || (e && begin(after_e));
    case after_e:
      if (byte == '+' || byte == '-') return begin(after_sign);
      [[fallthrough]];
    case after_sign: return digit && begin(in_exponent);
    case in_exponent: return more(most_exponent);
    default: return false;
  }
}

bool may_end_number(std::uint16_t place) {
  return place == after_zero || place == in_whole || place == in_fraction || place == in_exponent;
}

}  // namespace constformer::serve
