#include "zip.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "constformer/core/error.hpp"

// PKWARE's APPNOTE 6.3: 4.3.7 local header, 4.3.12 directory, 4.3.14 to 4.3.16 its end, 4.5.3 the ZIP64 extra field.

namespace constformer {

namespace {

constexpr std::uint32_t local_signature = 0x04034b50, entry_signature = 0x02014b50, end_signature = 0x06054b50;
constexpr std::uint32_t end64_signature = 0x06064b50, locator_signature = 0x07064b50;
constexpr std::size_t local_bytes = 30, entry_bytes = 46, end_bytes = 22, end64_bytes = 56, locator_bytes = 20;
constexpr std::uint64_t in_zip64 = 0xFFFFFFFF;  // a 32-bit field whose value is in the ZIP64 extra field

// Fields of the archive; reading one that is not within the file is an error.
class zip_bytes {
 public:
  zip_bytes(std::span<std::byte const> file, std::string_view where) : file_(file), where_(where) {}

  [[noreturn]] void fail(std::string const& what) const { throw error(where_ + ": " + what); }

  [[nodiscard]] std::span<std::byte const> part(std::uint64_t offset, std::uint64_t bytes,
                                                std::string const& what) const {
    if (offset > file_.size() || bytes > file_.size() - offset)
      fail("its " + what + " is said to take " + std::to_string(bytes) + " bytes at byte " + std::to_string(offset) +
           ", the file has " + std::to_string(file_.size()));
    return file_.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(bytes));
  }

  [[nodiscard]] std::size_t size() const { return file_.size(); }

 private:
  std::span<std::byte const> file_;
  std::string where_;
};

std::uint64_t field(std::span<std::byte const> record, std::size_t offset, std::size_t width) {
  std::uint64_t value = 0;
  std::memcpy(&value, record.data() + offset, width);
  return value;
}

std::string_view text_of(std::span<std::byte const> bytes) {
  return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

struct directory_place {
  std::uint64_t entries;
  std::uint64_t bytes;
  std::uint64_t offset;
};

// The end record is the last thing in the file, before a comment whose length it states.
std::uint64_t find_end(zip_bytes const& file) {
  constexpr std::size_t longest_comment = 0xFFFF;
  if (file.size() < end_bytes)
    file.fail("has " + std::to_string(file.size()) + " bytes, a zip archive has at least 22");
  std::size_t const last = file.size() - end_bytes;
  for (std::size_t back = 0; back <= std::min(last, longest_comment); ++back) {
    auto const record = file.part(last - back, end_bytes, "end");
    if (field(record, 0, 4) == end_signature && field(record, 20, 2) == back) return last - back;
  }
  file.fail("is a zip archive without its directory, it may have been cut off");
}

directory_place find_directory(zip_bytes const& file) {
  std::uint64_t const at = find_end(file);
  auto const end = file.part(at, end_bytes, "end");
  directory_place out{field(end, 10, 2), field(end, 12, 4), field(end, 16, 4)};
  std::uint64_t last = at;
  if (at >= locator_bytes) {
    auto const locator = file.part(at - locator_bytes, locator_bytes, "ZIP64 locator");
    if (field(locator, 0, 4) == locator_signature) {
      last = field(locator, 8, 8);
      auto const end64 = file.part(last, end64_bytes, "ZIP64 end");
      if (field(end64, 0, 4) != end64_signature) file.fail("its ZIP64 end is not at byte " + std::to_string(last));
      out = {field(end64, 32, 8), field(end64, 40, 8), field(end64, 48, 8)};
    }
  }
  auto const place = file.part(out.offset, out.bytes, "directory");
  if (out.offset + out.bytes > last) file.fail("its directory overlaps its end at byte " + std::to_string(last));
  if (out.entries > place.size() / entry_bytes)
    file.fail("its directory of " + std::to_string(out.bytes) + " bytes is said to have " +
              std::to_string(out.entries) + " entries");
  return out;
}

struct entry_place {
  std::uint64_t packed, bytes, offset;
};

// Values that do not fit in 32 bits follow in the extra field, in this order, those that are needed only.
entry_place place_of(std::span<std::byte const> record, std::span<std::byte const> extra) {
  std::array<std::uint64_t, 3> values{field(record, 24, 4), field(record, 20, 4), field(record, 42, 4)};
  while (extra.size() >= 4) {
    std::uint64_t const id = field(extra, 0, 2);
    auto const bytes = static_cast<std::size_t>(field(extra, 2, 2));
    if (bytes > extra.size() - 4) break;
    if (id == 1) {
      std::size_t at = 4;
      for (std::uint64_t& value : values) {
        if (value != in_zip64 || at + 8 > 4 + bytes) continue;
        value = field(extra, at, 8);
        at += 8;
      }
    }
    extra = extra.subspan(4 + bytes);
  }
  return {values[1], values[0], values[2]};
}

// The directory says how long an entry is; how long its own header is, only that header does.
std::span<std::byte const> content_of(zip_bytes const& file, std::string const& name, entry_place const& place,
                                      std::uint64_t data_end) {
  std::string const what = "entry " + name;
  auto const local = file.part(place.offset, local_bytes, what);
  std::uint64_t const name_bytes = field(local, 26, 2);
  bool const same =
      field(local, 0, 4) == local_signature && text_of(file.part(place.offset + local_bytes, name_bytes, what)) == name;
  if (!same)
    file.fail("its " + what + " is not at byte " + std::to_string(place.offset) + ", where the directory has it");
  std::uint64_t const begin = place.offset + local_bytes + name_bytes + field(local, 28, 2);
  auto const content = file.part(begin, place.bytes, what);
  if (begin + place.bytes > data_end)
    file.fail("its " + what + " ends at byte " + std::to_string(begin + place.bytes) +
              ", the directory begins at byte " + std::to_string(data_end));
  return content;
}

std::string printable_name(std::span<std::byte const> bytes) {
  std::string name(text_of(bytes));
  std::replace_if(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
  return name;
}

}  // namespace

std::vector<zip_entry> read_stored_zip(std::span<std::byte const> bytes, std::string_view where) {
  zip_bytes const file(bytes, where);
  directory_place const directory = find_directory(file);
  auto rest = file.part(directory.offset, directory.bytes, "directory");
  std::vector<zip_entry> out;
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    bool const whole = rest.size() >= entry_bytes && field(rest, 0, 4) == entry_signature;
    std::uint64_t const tail = whole ? field(rest, 28, 2) + field(rest, 30, 2) + field(rest, 32, 2) : 0;
    if (!whole || tail > rest.size() - entry_bytes)
      file.fail("its directory is damaged at entry " + std::to_string(i) + " of " + std::to_string(directory.entries));
    auto const name_bytes = static_cast<std::size_t>(field(rest, 28, 2));
    std::string name = printable_name(rest.subspan(entry_bytes, name_bytes));
    if ((field(rest, 8, 2) & 1) != 0) file.fail("its entry " + name + " is encrypted");
    entry_place const place =
        place_of(rest, rest.subspan(entry_bytes + name_bytes, static_cast<std::size_t>(field(rest, 30, 2))));
    if (field(rest, 10, 2) != 0 || place.packed != place.bytes)
      file.fail("its entry " + name + " is compressed, only entries that are stored as torch.save does are read");
    auto const content = content_of(file, name, place, directory.offset);
    out.push_back({std::move(name), content, static_cast<std::uint32_t>(field(rest, 16, 4))});
    rest = rest.subspan(entry_bytes + static_cast<std::size_t>(tail));
  }
  std::sort(out.begin(), out.end(), [](auto const& a, auto const& b) { return a.name < b.name; });
  auto const twice =
      std::adjacent_find(out.begin(), out.end(), [](auto const& a, auto const& b) { return a.name == b.name; });
  if (twice != out.end()) file.fail("has two entries " + twice->name);
  return out;
}

std::uint32_t crc32_of(std::span<std::byte const> bytes) {
  static constexpr auto table = [] {
    std::array<std::array<std::uint32_t, 256>, 8> t{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t c = i;
      for (int bit = 0; bit < 8; ++bit) c = (c & 1U) != 0 ? 0xEDB88320U ^ (c >> 1) : c >> 1;
      t[0][i] = c;
    }
    for (std::size_t s = 1; s < 8; ++s)
      for (std::size_t i = 0; i < 256; ++i) t[s][i] = (t[s - 1][i] >> 8) ^ t[0][t[s - 1][i] & 0xFF];
    return t;
  }();
  std::uint32_t crc = ~std::uint32_t{0};
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {  // eight bytes at a time: a checkpoint has gigabytes
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, 8);
    word ^= crc;
    crc = 0;
    for (std::size_t b = 0; b < 8; ++b) crc ^= table[7 - b][(word >> (8 * b)) & 0xFF];
  }
  for (; i < bytes.size(); ++i) crc = (crc >> 8) ^ table[0][(crc ^ std::to_integer<std::uint32_t>(bytes[i])) & 0xFF];
  return ~crc;
}

}  // namespace constformer
