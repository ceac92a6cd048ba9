#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace constformer::data {

/// A position in data, as `batch_source` gives and takes it: an object whose `of` says of which source.
class position {
 public:
  explicit position(std::string_view of) : fields_{{"of", of}} {}
  /// Throws `error` on what is no position, or one of another source.
  position(std::string_view text, std::string_view of);

  void set(char const* name, std::int64_t value) { fields_[name] = value; }
  void set(char const* name, std::vector<std::int64_t> const& values) { fields_[name] = values; }

  /// @{ A field; throws `error` if it is missing or not from 0 to `most`.
  [[nodiscard]] std::int64_t number(char const* name, std::int64_t most) const;
  [[nodiscard]] std::vector<std::int64_t> numbers(char const* name, std::int64_t most) const;
  /// @}

  [[nodiscard]] std::string text() const { return fields_.dump(); }

 private:
  nlohmann::json fields_;
};

/// Epochs beyond this are no position that anybody reached.
inline constexpr std::int64_t most_epochs = 1 << 24;

}  // namespace constformer::data
