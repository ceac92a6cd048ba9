#include "constformer/checkpoint/packed_file.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/core/error.hpp"
#include "packed_format.hpp"
#include "packed_json.hpp"
#include "section_sums.hpp"

namespace constformer {

namespace {

using packed::name_of;

std::string hex(std::uint64_t value) {
  char digits[19];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(value));
  return digits;
}

template <class Number>
std::string number(Number value) {
  return std::to_string(value);
}

class checker {
 public:
  checker(std::string const& name, std::span<std::byte const> bytes) : name_(name), bytes_(bytes) {}

  packed::head run() const {
    packed::head const head = read_head();
    check_header(head);
    std::uint64_t end = sizeof(packed::head);
    for (std::size_t i = 0; i < packed_sections; ++i) end = check_entry(head, i, end);
    if (end != bytes_.size())
      fail("the sections end at byte " + number(end) + ", the file has " + number(bytes_.size()));
    return head;
  }

 private:
  [[noreturn]] void fail(std::string const& what) const { throw error(name_ + ": " + what); }

  packed::head read_head() const {
    packed::head head{};
    if (bytes_.size() < sizeof head)
      fail("is no packed file: it has " + number(bytes_.size()) + " bytes, a header has " + number(sizeof head));
    std::memcpy(&head, bytes_.data(), sizeof head);
    return head;
  }

  void check_header(packed::head const& head) const {
    auto const& file = head.file;
    if (file.magic != packed::magic) fail("is no packed file: it does not begin with the mark of one");
    if (file.version != packed::version)
      fail("is a packed file of version " + number(file.version) + ", this program reads version " +
           number(packed::version));
    if (file.file_bytes != bytes_.size())
      fail("is truncated or has something appended: it says it has " + number(file.file_bytes) + " bytes, it has " +
           number(bytes_.size()));
    if (auto const found = packed::checksum(head); found != file.checksum)
      fail("is damaged: the checksum of its header is " + hex(found) + ", written there is " + hex(file.checksum));
    if (file.sections != packed_sections)
      fail("has " + number(file.sections) + " sections, a packed file has " + number(packed_sections));
    if (reinterpret_cast<std::uintptr_t>(bytes_.data()) % packed::alignment != 0)
      fail("is not at an address that is a multiple of " + number(packed::alignment));
  }

  // Sections stand in order and touch but for the zeros that align them, so they cannot overlap. Returns where the
  // section ends.
  std::uint64_t check_entry(packed::head const& head, std::size_t index, std::uint64_t previous_end) const {
    auto const& e = head.table[index];
    std::string const what = std::string("section ") + name_of(index);
    if (e.section != index) fail(what + " is marked as section " + number(e.section) + ", not " + number(index));
    std::uint64_t const begin = packed::aligned(previous_end);
    if (e.offset != begin) fail(what + " begins at byte " + number(e.offset) + ", not at " + number(begin));
    if (e.offset > bytes_.size() || e.bytes > bytes_.size() - e.offset)
      fail(what + " has " + number(e.bytes) + " bytes from byte " + number(e.offset) + ", the file has " +
           number(bytes_.size()));
    auto const gap = bytes_.subspan(previous_end, begin - previous_end);
    if (std::ranges::any_of(gap, [](std::byte b) { return b != std::byte{0}; }))
      fail("is damaged: the gap of " + number(gap.size()) + " bytes before byte " + number(begin) + " is not zero");
    return e.offset + e.bytes;
  }

  std::string const& name_;
  std::span<std::byte const> bytes_;
};

}  // namespace

class packed_file::summed_reading final : public first_reading {
 public:
  summed_reading(packed_file const& file, packed_section which)
      : file_(file), which_(which), sums_(file.unchecked(which)) {}

  void map(std::span<std::byte const> bytes) override { packed::map_pages(bytes); }
  void sum(std::span<std::byte const> bytes) override { sums_.add(bytes); }
  void sum_rest(std::size_t index, std::size_t count) override { sums_.add_rest(index, count); }
  void require_sound() const override { file_.require_checksum(which_, sums_.total()); }

 private:
  packed_file file_;
  packed_section which_;
  packed::section_sums sums_;
};

packed_file packed_file::map(std::filesystem::path const& path) {
  auto file = std::make_shared<mapped_file>(path);
  packed_file out;
  out.name_ = path.string();
  out.open(file->bytes());
  out.mapping_ = std::move(file);
  return out;
}

packed_file packed_file::view(std::span<std::byte const> bytes, std::string_view name) {
  packed_file out;
  out.name_ = name;
  out.open(bytes);
  return out;
}

void packed_file::open(std::span<std::byte const> bytes) {
  packed::head const head = checker(name_, bytes).run();
  fingerprint_ = head.file.fingerprint;
  for (std::size_t i = 0; i < packed_sections; ++i) {
    sections_[i] = bytes.subspan(head.table[i].offset, head.table[i].bytes);
    checksums_[i] = head.table[i].checksum;
  }
}

void packed_file::require(std::uint64_t fingerprint, std::int64_t weight_bytes) const {
  if (fingerprint_ != fingerprint)
    throw error(name_ + ": was packed for another model: its fingerprint is " + hex(fingerprint_) +
                ", the program's is " + hex(fingerprint));
  auto const found = sections_[static_cast<std::size_t>(packed_section::weights)].size();
  if (std::cmp_not_equal(found, weight_bytes))
    throw error(name_ + ": section weights has " + number(found) + " bytes, the program needs " + number(weight_bytes));
}

std::span<std::byte const> packed_file::section(packed_section which) const {
  auto const bytes = unchecked(which);
  require_checksum(which, packed::section_checksum(bytes));
  return bytes;
}

std::span<std::byte const> packed_file::unchecked(packed_section which) const {
  return sections_.at(static_cast<std::size_t>(which));
}

std::shared_ptr<first_reading> packed_file::first_reading_of(packed_section which) const {
  return std::make_shared<summed_reading>(*this, which);
}

void packed_file::require_checksum(packed_section which, std::uint64_t found) const {
  auto const index = static_cast<std::size_t>(which);
  if (found != checksums_.at(index))
    throw error(name_ + ": is damaged: the checksum of section " + name_of(index) + " is " + hex(found) +
                ", written is " + hex(checksums_[index]));
}

packed_metadata packed_file::metadata() const {
  return packed::read_metadata(section(packed_section::metadata), name_);
}

std::vector<packed_tensor> packed_file::tensors() const {
  return packed::read_tensors(section(packed_section::tensors), name_);
}

}  // namespace constformer
