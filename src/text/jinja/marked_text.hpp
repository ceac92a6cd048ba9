#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace constformer::jinja {

/// UTF-8 that remembers which of its bytes came from a conversation and not from the template, so that a special token
/// that is only spelled in a message can be told from one that the template writes. Parts and sums keep the marks.
class marked_text {
 public:
  marked_text() = default;
  explicit marked_text(std::string bytes, bool told = false)
      : bytes_(std::move(bytes)), marks_(told ? std::string(bytes_.size(), '\1') : std::string()) {}

  [[nodiscard]] std::string_view view() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }

  /// Whether the byte came from the conversation.
  [[nodiscard]] bool told(std::size_t at) const { return !marks_.empty() && marks_[at] != 0; }
  /// Whether any did.
  [[nodiscard]] bool any_told() const { return marks_.find('\1') != std::string::npos; }

  void append(std::string_view bytes, bool told = false) {
    if (told && marks_.empty()) marks_.assign(bytes_.size(), '\0');
    bytes_ += bytes;
    if (told || !marks_.empty()) marks_.append(bytes.size(), told ? '\1' : '\0');
  }

  void append(marked_text const& other) { append(other, 0, other.size()); }

  void append(marked_text const& other, std::size_t from, std::size_t count) {
    if (!other.marks_.empty() && marks_.empty()) marks_.assign(bytes_.size(), '\0');
    bytes_.append(other.bytes_, from, count);
    if (!other.marks_.empty())
      marks_.append(other.marks_, from, count);
    else if (!marks_.empty())
      marks_.resize(bytes_.size(), '\0');
  }

  [[nodiscard]] marked_text part(std::size_t from, std::size_t count = std::string::npos) const {
    marked_text out;
    out.bytes_ = bytes_.substr(from, count);
    if (!marks_.empty()) out.marks_ = marks_.substr(from, count);
    out.safe = safe;
    return out;
  }

  bool safe = false;  ///< came out of `safe` or `escape`: what is added to it is escaped for HTML (markupsafe's Markup)

 private:
  std::string bytes_;
  std::string marks_;  // empty: all bytes are the template's
};

}  // namespace constformer::jinja
