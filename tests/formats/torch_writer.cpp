#include "torch_writer.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

#include "checkpoint/readers/zip.hpp"
#include "support.hpp"

namespace formats_test {

namespace {

std::string u16(std::size_t value) { return raw(static_cast<std::uint16_t>(value)); }
std::string u32(std::size_t value) { return raw(static_cast<std::uint32_t>(value)); }

// What local header and directory have in common: version, flags, method, time, date, checksum, lengths.
std::string common(zip_part const& part) {
  return u16(part.flags) + u16(part.method) + u32(0) + u32(constformer::crc32_of(bytes_of(part.content))) +
         u32(part.content.size()) + u32(part.content.size()) + u16(part.name.size()) + u16(0);
}

std::string pickled_tuple(std::vector<int> const& values) {
  std::string out = "(";
  for (int const value : values) out += pickled(value);
  return out + "t";
}

}  // namespace

std::string zip_of(std::vector<zip_part> const& parts) {
  std::string data, directory;
  for (zip_part const& part : parts) {
    directory += "PK\x01\x02" + u16(20) + u16(20) + common(part) + u16(0) + u16(0) + u16(0) + u32(0) +
                 u32(data.size()) + part.name;
    data += "PK\x03\x04" + u16(20) + common(part) + part.name + part.content;
  }
  return data + directory + "PK\x05\x06" + u32(0) + u16(parts.size()) + u16(parts.size()) + u32(directory.size()) +
         u32(data.size()) + u16(0);
}

std::string pickled(std::string_view text) { return "X" + u32(text.size()) + std::string(text); }

std::string pickled(int value) { return "J" + raw(value); }

namespace {

std::string pickled_storage(std::string_view global, std::string_view key, int size) {
  return "(" + pickled("storage") + "c" + std::string(global) + "\n" + pickled(key) + pickled("cpu") + pickled(size) +
         "tQ";
}

}  // namespace

std::string pickled_tensor(std::string_view storage_class, std::string_view key, int storage_size, int offset,
                           std::vector<int> const& shape, std::vector<int> const& strides) {
  return "ctorch._utils\n_rebuild_tensor_v2\n(" +
         pickled_storage("torch\n" + std::string(storage_class), key, storage_size) + pickled(offset) +
         pickled_tuple(shape) + pickled_tuple(strides) + "\x89" + "ccollections\nOrderedDict\n)RtR";
}

std::string pickled_typed_tensor(std::string_view type, std::string_view key, int bytes, int values) {
  return "ctorch._utils\n_rebuild_tensor_v3\n(" + pickled_storage("torch.storage\nUntypedStorage", key, bytes) +
         pickled(0) + pickled_tuple({values}) + pickled_tuple({1}) + "\x89" + "ccollections\nOrderedDict\n)Rctorch\n" +
         std::string(type) + "\ntR";
}

std::string pickled_dict(std::vector<std::pair<std::string, std::string>> const& entries) {
  std::string out = "}(";
  for (auto const& [key, value] : entries) out += pickled(key) + value;
  return out + "u";
}

std::string torch_of(std::string_view root, std::vector<std::string> const& storages) {
  std::vector<zip_part> parts{{"m/data.pkl", "\x80\x02" + std::string(root) + "."}, {"m/byteorder", "little"}};
  for (std::size_t i = 0; i < storages.size(); ++i) parts.push_back({"m/data/" + std::to_string(i), storages[i]});
  return zip_of(parts);
}

}  // namespace formats_test
