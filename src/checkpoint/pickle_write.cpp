#include "pickle_write.hpp"

#include <bit>
#include <limits>

namespace constformer {

namespace {

std::string little(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
  return out;
}

}  // namespace

void pickle_writer::integer(std::int64_t value) {
  using narrow = std::numeric_limits<std::int32_t>;
  if (value >= narrow::min() && value <= narrow::max())
    out_ += 'J' + little(static_cast<std::uint64_t>(value), 4);
  else
    out_ += "\x8a\x08" + little(static_cast<std::uint64_t>(value), 8);
}

void pickle_writer::real(double value) {
  std::string const bytes = little(std::bit_cast<std::uint64_t>(value), 8);
  out_ += 'G' + std::string(bytes.rbegin(), bytes.rend());
}

void pickle_writer::text(std::string_view value) {
  out_ += 'X' + little(value.size(), 4);
  out_ += value;
}

void pickle_writer::bytes(std::string_view value) {
  out_ += 'B' + little(value.size(), 4);
  out_ += value;
}

void pickle_writer::global(std::string_view module, std::string_view name) {
  out_ += 'c';
  for (std::string_view const line : {module, name}) out_.append(line) += '\n';
}

}  // namespace constformer
