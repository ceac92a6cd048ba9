#include "text/jinja/filters.hpp"

namespace constformer::jinja {

callable::function find_filter(std::string_view name) {
  if (auto const found = find_text_filter(name)) return found;
  if (auto const found = find_number_filter(name)) return found;
  return find_sequence_filter(name);
}

}  // namespace constformer::jinja
