#include "response_format.hpp"

#include <string>

#include "service.hpp"

namespace constformer::serve {

void read_response_format(service&, field_reader& fields, generation_request&) {
  auto const* format = fields.find("response_format");
  if (format == nullptr) return;
  field_reader inside(*format);
  auto const type = inside.text("type").value_or("");
  if (type != "text")
    throw bad_request("response_format: type '" + type.substr(0, 40) + "' is not supported", "response_format");
  inside.refuse_rest();
}

}  // namespace constformer::serve
