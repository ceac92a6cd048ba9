#pragma once

#include <cstddef>
#include <string_view>

namespace constformer::serve {

/// Finds the end of an object of JSON that comes in pieces, by brackets and strings alone.
class json_ends {
 public:
  /// `depth` brackets are open already.
  void begin(int depth = 0) { *this = {}, depth_ = depth; }

  /// How many bytes of `text`, which goes on from what was read before, belong to it; `ended` says whether it is whole.
  std::size_t read(std::string_view text, bool& ended) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      char const c = text[i];
      if (inside_) {
        if (escaped_)
          escaped_ = false;
        else if (c == '\\')
          escaped_ = true;
        else if (c == '"')
          inside_ = false;
      } else if (c == '"') {
        inside_ = true;
      } else if (c == '{' || c == '[') {
        ++depth_;
      } else if ((c == '}' || c == ']') && --depth_ <= 0) {
        ended = true;
        return i + 1;
      }
    }
    ended = false;
    return text.size();
  }

 private:
  int depth_ = 0;
  bool inside_ = false;  // a string
  bool escaped_ = false;
};

}  // namespace constformer::serve
