#include "admission.hpp"

#include <algorithm>
#include <string>

#include "api_error.hpp"
#include "random_seed.hpp"

namespace constformer::serve {

namespace {

constexpr std::size_t longest_id = 128;

// The time depends on the length of `given` alone.
bool same_key(std::string_view key, std::string_view given) {
  unsigned difference = key.size() == given.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i)
    difference |=
        static_cast<unsigned>(static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(key[i % key.size()]));
  return difference == 0;
}

std::string_view given_key(http_request const& request) {
  auto const bearer = request.header("authorization");
  constexpr std::string_view scheme = "bearer ";
  bool const is_bearer =
      bearer.size() > scheme.size() && std::ranges::equal(bearer.substr(0, scheme.size()), scheme, [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
      });
  return is_bearer ? bearer.substr(scheme.size()) : request.header("x-api-key");
}

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

}  // namespace

void require_key(http_request& request, serve_options const& options) {
  if (options.api_keys.empty()) return;
  auto const given = given_key(request);
  std::string const* found = nullptr;
  for (auto const& key : options.api_keys)
    if (same_key(key, given)) found = &key;
  if (found == nullptr)
    throw api_error(401, "authentication_error", "the API key is missing or wrong", {}, "invalid_api_key");
  request.key = *found;
}

void require_own_host(http_request const& request) {
  auto const host = without_port(request.header("host"));
  bool const numbers = std::ranges::all_of(host, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  if (host == "localhost" || (numbers && host.starts_with("127.")) || host == "[::1]") return;
  throw api_error(403, "invalid_request_error", "the Host header names another machine");
}

void require_json(http_request const& request) {
  auto const type = request.header("content-type");
  if (type.substr(0, type.find(';')).starts_with("application/json")) return;
  throw api_error(415, "invalid_request_error", "Content-Type must be application/json");
}

std::string request_id_of(http_request const& request) {
  auto const given = request.header("x-request-id");
  if (!given.empty() && given.size() <= longest_id && std::ranges::all_of(given, is_plain)) return std::string(given);
  constexpr char const* digits = "0123456789abcdef";
  std::string id = "req-";
  for (std::uint64_t bits = random_seed(), i = 0; i < 16; ++i) id += digits[bits >> (4 * i) & 15];
  return id;
}

}  // namespace constformer::serve
