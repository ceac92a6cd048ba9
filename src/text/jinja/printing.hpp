#pragma once

#include <optional>
#include <string>

#include "text/jinja/evaluation.hpp"

namespace constformer::jinja {

/// str(v): what a print tag writes.
[[nodiscard]] marked_text text_of(evaluation& e, value const& v);
/// repr(v).
[[nodiscard]] marked_text repr_of(evaluation& e, value const& v);
/// repr of a float.
[[nodiscard]] std::string repr_of(double v);

/// json.dumps as transformers' `tojson` calls it.
struct json_style {
  bool ensure_ascii = false;
  std::optional<marked_text> indent;  ///< of each level
  marked_text between_items{", "};
  marked_text behind_key{": "};
  bool sort_keys = false;
};
[[nodiscard]] marked_text json_of(evaluation& e, value const& v, json_style const& style);

}  // namespace constformer::jinja
