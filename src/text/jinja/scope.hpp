#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/value.hpp"

namespace constformer::jinja {

/// The names of one block. Blocks look up through the blocks around them and assign only in their own.
class scope {
 public:
  explicit scope(scope* outer) : outer_(outer) {}

  [[nodiscard]] value const* find(std::string_view name) const {
    for (scope const* s = this; s != nullptr; s = s->outer_)
      for (auto const& [known, held] : s->names_)
        if (known == name) return &held;
    return nullptr;
  }

  /// `name` must outlive the scope: it is one of the template's, or of the caller's.
  void set(std::string_view name, value v) {
    for (auto& [known, held] : names_)
      if (known == name) {
        held = v;
        return;
      }
    names_.emplace_back(name, v);
  }

 private:
  scope* outer_;
  std::vector<std::pair<std::string_view, value>> names_;
};

}  // namespace constformer::jinja
