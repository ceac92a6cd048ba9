#include "service.hpp"

namespace constformer::serve {

http_answer answer_page(service&, http_request const&) {
  return {.type = "text/html; charset=utf-8", .body = "constformer"};
}

}  // namespace constformer::serve
