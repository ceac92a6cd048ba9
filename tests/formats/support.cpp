#include "support.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace formats_test {

namespace fs = std::filesystem;

scratch_folder::scratch_folder() {
  std::string name = (fs::temp_directory_path() / "constformer-formats-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no scratch folder");
  path_ = name;
}

scratch_folder::~scratch_folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path scratch_folder::write(std::string_view name, std::string_view content) const {
  fs::path const file = path_ / name;
  std::ofstream(file, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
  return file;
}

std::string read_all(fs::path const& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::span<std::byte const> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string safetensors(std::string_view header, std::string_view data) {
  return raw(static_cast<std::uint64_t>(header.size())) + std::string(header) + std::string(data);
}

std::string safetensors(std::vector<part> const& parts) {
  std::string header = "{", data;
  for (part const& p : parts) {
    if (header.size() > 1) header += ",";
    header += "\"" + p.name + "\":{\"dtype\":\"" + p.type + "\",\"shape\":" + p.shape + ",\"data_offsets\":[" +
              std::to_string(data.size()) + "," + std::to_string(data.size() + p.data.size()) + "]}";
    data += p.data;
  }
  return safetensors(header + "}", data);
}

std::string counting(std::size_t count, float first) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += raw(first + static_cast<float>(i));
  return out;
}

fs::path shared_data() {
  char const* const folder = std::getenv("CONSTFORMER_SHARED");
  if (folder == nullptr) return {};
  fs::path const data = fs::path(folder) / "data";
  return fs::is_directory(data) ? data : fs::path{};
}

fs::path fixtures() {
  char const* const source = std::getenv("CONSTFORMER_SOURCE");
  if (source == nullptr) SKIP("needs CONSTFORMER_SOURCE, as CTest sets it");
  return fs::path(source) / "tests" / "parity" / "fixtures";
}

}  // namespace formats_test
