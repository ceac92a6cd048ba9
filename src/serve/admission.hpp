#pragma once

#include <string_view>

#include "http_message.hpp"
#include "serve_options.hpp"

namespace constformer::serve {

/// Finds the key of a request among those that may, and writes it down in it. Takes as long for a wrong key as for a
/// right one. Throws `api_error` (401).
void require_key(http_request& request, serve_options const& options);

/// Throws `api_error` (403) unless Host names this machine: a page elsewhere whose name was bent to 127.0.0.1 (DNS
/// rebinding) sends its own.
void require_own_host(http_request const& request);

/// Throws `api_error` (415) unless the body is JSON: a page elsewhere can send other types without asking.
void require_json(http_request const& request);

/// The client's x-request-id if it is a plain word, else one of ours.
[[nodiscard]] std::string request_id_of(http_request const& request);

}  // namespace constformer::serve
