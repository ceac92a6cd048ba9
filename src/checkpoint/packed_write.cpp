#include <array>
#include <cstddef>
#include <span>
#include <string>

#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/checkpoint/packed_file.hpp"
#include "packed_format.hpp"
#include "packed_json.hpp"

namespace constformer {

namespace {

using section_list = std::array<std::span<std::byte const>, packed_sections>;

packed::head head_of(section_list const& sections, std::uint64_t fingerprint) {
  packed::head head{};
  head.file = {.magic = packed::magic,
               .version = packed::version,
               .sections = packed_sections,
               .file_bytes = 0,
               .fingerprint = fingerprint,
               .checksum = 0,
               .reserved = {}};
  std::uint64_t end = sizeof head;
  for (std::size_t i = 0; i < packed_sections; ++i) {
    auto const bytes = sections[i];
    std::uint64_t const begin = packed::aligned(end);
    head.table[i] = {.section = static_cast<std::uint32_t>(i),
                     .reserved = 0,
                     .offset = begin,
                     .bytes = bytes.size(),
                     .checksum = packed::section_checksum(bytes)};
    end = begin + bytes.size();
  }
  head.file.file_bytes = end;
  head.file.checksum = packed::checksum(head);
  return head;
}

void pad_to(atomic_file& file, std::uint64_t offset) {
  static constexpr std::array<std::byte, packed::alignment> zeros{};
  file.write(std::span(zeros).first(offset - file.size()));
}

}  // namespace

void write_packed_file(std::filesystem::path const& path, packed_content const& content) {
  std::string const metadata = packed::write_metadata(content.metadata);
  std::string const tensors = packed::write_tensors(content.tensors);
  section_list const sections{content.weights, content.tokenizer, std::as_bytes(std::span(metadata)),
                              std::as_bytes(std::span(tensors)), content.modules};
  packed::head const head = head_of(sections, content.fingerprint);

  atomic_file file(path);
  file.write(std::as_bytes(std::span(&head, 1)));
  for (std::size_t i = 0; i < packed_sections; ++i) {
    pad_to(file, head.table[i].offset);
    file.write(sections[i]);
  }
  file.commit();
}

}  // namespace constformer
