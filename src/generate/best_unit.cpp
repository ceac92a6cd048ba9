#include "constformer/generate/best_unit.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>
#include <string_view>

#include "hwy/targets.h"

#include "constformer/core/error.hpp"

namespace constformer {

namespace {

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string names(std::span<unit_of_target const> units) {
  std::string out;
  for (auto const& entry : units) out += (out.empty() ? "" : ", ") + std::string(hwy::TargetName(entry.target));
  return out;
}

bool runs_here(unit_of_target const& entry) { return (hwy::SupportedTargets() & entry.target) != 0; }

unit_of_target const& named_unit(std::span<unit_of_target const> units, std::string_view name) {
  auto const found = std::ranges::find_if(
      units, [&](unit_of_target const& entry) { return same_name(hwy::TargetName(entry.target), name); });
  if (found == units.end())
    throw error("CONSTFORMER_TARGET=" + std::string(name) +
                " is none of this program's instruction sets: " + names(units));
  if (!runs_here(*found)) throw error("CONSTFORMER_TARGET=" + std::string(name) + ": this processor does not have it");
  return *found;
}

}  // namespace

model_unit const& best_unit(std::span<unit_of_target const> units) {
  if (char const* const name = std::getenv("CONSTFORMER_TARGET"); name != nullptr && *name != '\0')
    return *named_unit(units, name).unit();
  auto const best = std::ranges::find_if(units, runs_here);
  if (best == units.end())
    throw error("this processor has none of the instruction sets that this program is for: " + names(units));
  return *best->unit();
}

}  // namespace constformer
