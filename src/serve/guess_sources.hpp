#pragma once

#include <memory>

#include "engine.hpp"
#include "guess_source.hpp"

namespace constformer::serve {

/// Whether texts of a unit can be read in parts, and so with guesses. Not where frequencies follow a text's length, or
/// all queries see a prefix, or there is a session alone.
[[nodiscard]] bool can_be_cut(model_unit const& unit);

/// What guesses tokens for texts of up to `capacity` tokens, `options.sequences` of them side by side; none if nothing
/// does. Throws `error` where none can be guessed.
[[nodiscard]] std::shared_ptr<guess_source> make_guess_source(engine_options const& options, int capacity);

}  // namespace constformer::serve
