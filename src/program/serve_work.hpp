#pragma once

#include <memory>

#include "../serve/served_model.hpp"
#include "context.hpp"

namespace constformer::program {

/// What encoders and translators do for a server, as embed, classify, fill and translate do it. `context` must outlive
/// it.
[[nodiscard]] std::unique_ptr<serve::model_work> make_model_work(program_context const& context, int capacity);

}  // namespace constformer::program
