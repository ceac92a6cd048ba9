// A packed file from anywhere: every outcome but an `error` or success is a fault. The checksums would keep a fuzzer
// out, so it may have them made right first: the first byte says whether.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

#include "checkpoint/packed_format.hpp"
#include "command/unpack_weights.hpp"
#include "constformer/checkpoint/packed_file.hpp"
#include "constformer/core/error.hpp"

namespace {

namespace packed = constformer::packed;

void make_checksums_right(std::span<std::byte> bytes) {
  packed::head head;
  if (bytes.size() < sizeof head) return;
  std::memcpy(&head, bytes.data(), sizeof head);
  head.file.magic = packed::magic;
  head.file.version = packed::version;
  head.file.file_bytes = bytes.size();
  head.file.sections = constformer::packed_sections;
  for (auto& e : head.table)
    if (e.offset <= bytes.size() && e.bytes <= bytes.size() - e.offset)
      e.checksum = packed::section_checksum(bytes.subspan(e.offset, e.bytes));
  head.file.checksum = packed::checksum(head);
  std::memcpy(bytes.data(), &head, sizeof head);
}

void read_everything(std::span<std::byte const> bytes) {
  auto const file = constformer::packed_file::view(bytes, "fuzz");
  file.require(file.fingerprint(),
               static_cast<std::int64_t>(file.section(constformer::packed_section::weights).size()));
  static_cast<void>(file.section(constformer::packed_section::tokenizer));
  static_cast<void>(file.metadata());
  static_cast<void>(file.tensors());
  static_cast<void>(constformer::command::unpack(file, "fuzz"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size == 0) return 0;
  void* memory = nullptr;
  if (::posix_memalign(&memory, packed::alignment, size - 1) != 0) return 0;
  std::unique_ptr<void, decltype(&std::free)> const owner(memory, &std::free);
  std::span const bytes(static_cast<std::byte*>(memory), size - 1);
  if (!bytes.empty()) std::memcpy(bytes.data(), data + 1, bytes.size());
  if (data[0] % 2 == 0) make_checksums_right(bytes);
  try {
    read_everything(bytes);
  } catch (constformer::error const&) {}
  return 0;
}
