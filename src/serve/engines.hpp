#pragma once

#include <memory>

#include "engine.hpp"

namespace constformer::serve {

/// Jobs over a session: for encoders, translators, and what has no head.
[[nodiscard]] std::unique_ptr<engine> make_session_engine(engine_options const& options);

/// One request at a time over a session: for models that have no executor, or whose texts cannot be read in chunks.
[[nodiscard]] std::unique_ptr<engine> make_one_by_one(engine_options const& options);

}  // namespace constformer::serve
