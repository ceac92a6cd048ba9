#pragma once

#include <string_view>

#include "text/jinja/evaluation.hpp"

namespace constformer::jinja {

/// `object.name`: the method of that name, else what is held under it. `name` outlives the rendering.
[[nodiscard]] value attribute_of(evaluation& e, value const& object, std::string const& name);

/// `object[key]`: what is held under it, else the method of that name.
[[nodiscard]] value item_of(evaluation& e, value const& object, value const& key);

/// `object[from:to:step]`; bounds that are not given are none.
[[nodiscard]] value slice_of(evaluation& e, value const& object, value const& from, value const& to, value const& step);

/// What filters call an attribute: `a.b.0` is looked up step by step, each as an item.
[[nodiscard]] value path_of(evaluation& e, value const& object, value const& path);

}  // namespace constformer::jinja
