#include <array>
#include <string_view>

#include "constformer/analysis/parameters.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/configs/catalogue.hpp"

namespace {

using namespace constformer;

constexpr std::string_view first_wrong_count() {
  for (auto const& [name, shape, parameters] : configs::catalogue)
    if (parameter_count(*shape) != parameters) return name;
  return {};
}

constexpr std::string_view first_invalid() {
  for (auto const& [name, shape, parameters] : configs::catalogue)
    if (!first_misfit(*shape).empty()) return name;
  return {};
}

static_assert(first_wrong_count().empty());
static_assert(first_invalid().empty());

}  // namespace
