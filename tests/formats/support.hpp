#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/core/error.hpp"

namespace formats_test {

/// A folder of its own, removed with the object.
class scratch_folder {
 public:
  scratch_folder();
  ~scratch_folder();
  scratch_folder(scratch_folder const&) = delete;
  scratch_folder& operator=(scratch_folder const&) = delete;

  [[nodiscard]] std::filesystem::path const& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  std::filesystem::path write(std::string_view name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

[[nodiscard]] std::string read_all(std::filesystem::path const& path);
[[nodiscard]] std::span<std::byte const> bytes_of(std::string_view text);

/// The bytes of a value as files hold them.
template <class Value>
[[nodiscard]] std::string raw(Value const& value) {
  return {reinterpret_cast<char const*>(&value), sizeof value};
}

/// A safetensors file: length, header, data.
[[nodiscard]] std::string safetensors(std::string_view header, std::string_view data);

struct part {
  std::string name;
  std::string type;
  std::string shape;  ///< "[2,3]"
  std::string data;
};

/// A valid safetensors file of these tensors, end to end.
[[nodiscard]] std::string safetensors(std::vector<part> const& parts);

/// float32 values 0, 1, 2, ... as bytes.
[[nodiscard]] std::string counting(std::size_t count, float first = 0);

/// Shared data, or an empty path where there is none.
[[nodiscard]] std::filesystem::path shared_data();

/// The committed parity fixtures.
[[nodiscard]] std::filesystem::path fixtures();

/// The sentence that `action` throws; "no error" if it throws none. `folder` and a slash are taken out of it.
template <class Action>
[[nodiscard]] std::string sentence_of(Action action, std::filesystem::path const& folder = {}) {
  try {
    action();
  } catch (constformer::error const& problem) {
    std::string text = problem.what();
    std::string const prefix = folder.string() + "/";
    for (std::size_t at = text.find(prefix); !folder.empty() && at != std::string::npos; at = text.find(prefix))
      text.erase(at, prefix.size());
    return text;
  }
  return "no error";
}

}  // namespace formats_test

#define CF_NEED_SHARED()                                                                         \
  do {                                                                                           \
    if (formats_test::shared_data().empty()) SKIP("needs the shared data (CONSTFORMER_SHARED)"); \
  } while (false)
