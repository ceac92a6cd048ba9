#include "zip_write.hpp"

#include <string_view>

#include "zip.hpp"

namespace constformer {

namespace {

constexpr std::size_t alignment = 64;  // of contents

template <int Bytes>
std::string little(std::uint64_t value) {
  std::string out;
  for (int i = 0; i < Bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
  return out;
}
std::string u16(std::uint64_t value) { return little<2>(value); }
std::string u32(std::uint64_t value) { return little<4>(value); }
std::string u64(std::uint64_t value) { return little<8>(value); }

constexpr std::uint64_t version = 45;            // of ZIP64
constexpr std::uint64_t elsewhere = 0xFFFFFFFF;  // a length that its ZIP64 field has

// What local header and directory have in common: version, flags, method, time, date, checksum, both lengths, the
// length of the name.
std::string common(std::string const& name, std::uint32_t checksum) {
  return u16(version) + u16(0) + u16(0) + u16(0) + u16(0x21) + u32(checksum) + u32(elsewhere) + u32(elsewhere) +
         u16(name.size());
}

std::string lengths(std::uint64_t size) { return u64(size) + u64(size); }

}  // namespace

void zip_writer::add(std::string const& name, std::span<std::byte const> content) {
  using namespace std::string_view_literals;
  constexpr std::size_t header = 30, field = 4;
  std::uint64_t const at = file_.size();
  std::uint32_t const checksum = crc32_of(content);
  std::string const sizes = u16(1) + u16(16) + lengths(content.size());
  std::size_t const before = at + header + name.size() + sizes.size() + field;
  std::string const filler((alignment - before % alignment) % alignment, '\0');
  std::string const extra = sizes + "FB" + u16(filler.size()) + filler;  // torch's name for it
  file_.write("PK\x03\x04"sv);
  file_.write(common(name, checksum) + u16(extra.size()) + name + extra);
  file_.write(content);
  std::string const all = u16(1) + u16(24) + lengths(content.size()) + u64(at);
  directory_ += "PK\x01\x02" + u16(version) + common(name, checksum) + u16(all.size()) + u16(0) + u16(0) + u16(0) +
                u32(0) + u32(elsewhere) + name + all;
  ++count_;
}

void zip_writer::commit() {
  std::uint64_t const at = file_.size(), end = at + directory_.size();
  file_.write(directory_);
  file_.write("PK\x06\x06" + u64(44) + u16(version) + u16(version) + u32(0) + u32(0) + u64(count_) + u64(count_) +
              u64(directory_.size()) + u64(at));
  file_.write("PK\x06\x07" + u32(0) + u64(end) + u32(1));
  file_.write("PK\x05\x06" + u16(0) + u16(0) + u16(0xFFFF) + u16(0xFFFF) + u32(elsewhere) + u32(elsewhere) + u16(0));
  file_.commit();
}

}  // namespace constformer
