#pragma once

#include <memory>

#include "engine.hpp"

namespace constformer::serve {

/// When an engine makes its session.
enum class session_begin { now, with_first_job };

/// Jobs over a session: for encoders, translators, and what has no head.
[[nodiscard]] std::unique_ptr<engine> make_session_engine(engine_options const& options,
                                                          session_begin when = session_begin::now);

}  // namespace constformer::serve
