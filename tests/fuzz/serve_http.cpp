#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "serve/http_reader.hpp"

using namespace constformer::serve;

namespace {

struct outcome {
  int status = 0;  // 0: more is wanted; 200: read
  std::string path;
  std::string body;

  bool operator==(outcome const&) const = default;
};

outcome read(std::string_view bytes, std::size_t piece) {
  http_reader reader;
  std::string received;
  auto const more = [&] {
    auto const part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    received += part;
    return !part.empty();
  };
  try {
    std::size_t head = 0;
    while ((head = http_reader::head_bytes(received)) == 0)
      if (!more()) return {};
    reader.read_head(std::string_view(received).substr(0, head));
    received.erase(0, head);
    auto const request = reader.head();
    while (!reader.done()) {
      auto const taken = reader.read_body(received);
      if (taken > received.size()) std::abort();
      received.erase(0, taken);
      if (!reader.done() && !more()) return {};
    }
    outcome out{200, request.path, reader.take_body()};
    if (out.body.size() > longest_body) std::abort();
    if (request.headers.size() > most_headers) std::abort();
    if (request.http_1_1 && request.header("host").data() == nullptr) std::abort();
    return out;
  } catch (api_error const& refused) {
    if (refused.status < 400 || refused.status > 505) std::abort();
    return {refused.status, {}, {}};
  }
}

}  // namespace

// A request is read, refused or wanted more of; what is read does not depend on how the bytes come.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const bytes(reinterpret_cast<char const*>(data), size);
  auto const whole = read(bytes, std::max(size, std::size_t{1}));
  for (std::size_t const piece : {std::size_t{1}, std::size_t{3}, std::size_t{64}}) {
    auto const parts = read(bytes, piece);
    if (whole.status == 200 && parts != whole) std::abort();
    if (parts.status == 200 && whole.status != 200) std::abort();
  }
  return 0;
}
