#pragma once

#include <string_view>
#include <vector>

#include "text/model.hpp"

namespace constformer::text {

/// Appends pieces as libsentencepiece reports them: an unknown piece becomes its bytes where the model has byte
/// fallback, else neighbouring unknown pieces are one token.
class sentencepiece_output {
 public:
  sentencepiece_output(unknown_text const& unknown, std::vector<int>& out) : unknown_(unknown), out_(out) {}

  void put(std::string_view text, std::uint32_t id) {
    bool const is_unknown = static_cast<std::int32_t>(id) == unknown_.unknown();
    if (is_unknown && unknown_.falls_back(text)) {
      for (char const c : text) out_.push_back(unknown_.byte_id(c));
    } else if (!(is_unknown && previous_unknown_)) {
      out_.push_back(static_cast<int>(id));
    }
    previous_unknown_ = is_unknown;
  }

 private:
  unknown_text const& unknown_;
  std::vector<int>& out_;
  bool previous_unknown_ = false;
};

}  // namespace constformer::text
