#pragma once

#include <string>
#include <vector>

/// What readers refuse by name. Each is tried before docs/families.md says it.
namespace families {

/// A change of one field in a fixture's config.json that makes it a model we do not have.
struct refusal {
  std::string fixture;   ///< whose config.json is changed
  std::string patch;     ///< a JSON object that is merged into it
  std::string sentence;  ///< what is said, after the file's name
};

/// All that is promised, in the order of the families.
std::vector<refusal> const& refusals();

}  // namespace families
