#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "serve/call_reader.hpp"

using namespace constformer::serve;

namespace {

// What came of a text in pieces of `size` bytes: content, and names and arguments of calls behind zero bytes.
std::string read(expected_calls const& expected, std::string_view text, std::size_t size) {
  call_reader reader(expected);
  std::string content, calls;
  for (std::size_t at = 0; at <= text.size(); at += size) {
    std::vector<call_news> news;
    reader.push(text.substr(at, size), news);
    if (at + size > text.size()) reader.finish(news);
    for (auto const& n : news) {
      if (n.what == call_news::kind::content)
        content += n.text;
      else
        calls += std::string(n.what == call_news::kind::call ? 1 : 0, '\0') + n.text;
    }
  }
  if (content.size() > text.size()) std::abort();
  return content + '\0' + calls;
}

}  // namespace

// The first byte is a style, the second the size of the pieces in which the rest comes: what is found in it does not
// depend on them.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size < 2) return 0;
  expected_calls const expected{.style = static_cast<call_style>(data[0] % 6),
                                .names = {"f", "add"},
                                .most = 1 + data[0] / 6 % 3,
                                .typed = {{"f", "a", value_kind::json}, {"f", "b", value_kind::text_or_null}}};
  std::string_view const text(reinterpret_cast<char const*>(data) + 2, size - 2);
  if (read(expected, text, 1 + data[1]) != read(expected, text, text.size() + 1)) std::abort();
  return 0;
}
