#include "text/jinja/filters.hpp"

#include <algorithm>
#include <array>

namespace constformer::jinja {

callable::function find_filter(std::string_view name) {
  if (auto const found = find_text_filter(name)) return found;
  if (auto const found = find_number_filter(name)) return found;
  return find_sequence_filter(name);
}

bool is_missing_filter(std::string_view name) {
  constexpr std::array<std::string_view, 12> names{"attr",   "filesizeformat", "groupby",  "pprint",
                                                   "random", "striptags",      "truncate", "urlencode",
                                                   "urlize", "wordcount",      "wordwrap", "xmlattr"};
  return std::ranges::find(names, name) != names.end();
}

}  // namespace constformer::jinja
