#pragma once

#include <memory>

#include "engine.hpp"

namespace constformer::serve {

/// Jobs over a session: for encoders, translators, and what has no head.
[[nodiscard]] std::unique_ptr<engine> make_session_engine(engine_options const& options);

}  // namespace constformer::serve
