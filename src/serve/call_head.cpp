#include "call_head.hpp"

#include <algorithm>
#include <array>

namespace constformer::serve {

namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::array<std::string_view, 6> members{"name", "function", "arguments", "parameters", "type", "id"};

class head_reader {
 public:
  explicit head_reader(std::string_view text) : text_(text) {}

  call_head read() {
    call_head out;
    ++at_;
    while (true) {
      std::string_view member;
      if (!quoted(member)) return failed();
      if (std::ranges::find(members, member) == members.end()) return {call_head::kind::never};
      if (!take(':')) return failed();
      skip();
      if (at_ == text_.size()) return {};
      if (member == "arguments" || member == "parameters") {
        if (out.name.empty() || text_[at_] != '{') return {call_head::kind::whole};
        return {call_head::kind::call, std::move(out.name), at_};
      }
      std::string_view value;
      if (!quoted(value)) return failed();
      if (member == "name" || member == "function") out.name = value;
      if (!take(',')) return failed();
    }
  }

 private:
  // More must come, or it is not of the form that is known here.
  [[nodiscard]] call_head failed() const {
    return {at_ == text_.size() ? call_head::kind::open : call_head::kind::whole};
  }

  void skip() { at_ = std::min(text_.find_first_not_of(blanks, at_), text_.size()); }

  bool take(char c) {
    skip();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // A string without escapes.
  bool quoted(std::string_view& out) {
    if (!take('"')) return false;
    auto const end = text_.find_first_of("\"\\", at_);
    if (end == std::string_view::npos) {
      at_ = text_.size();
      return false;
    }
    out = text_.substr(at_, end - at_);
    at_ = end;
    return take('"');
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

call_head read_call_head(std::string_view object) { return head_reader(object).read(); }

}  // namespace constformer::serve
