#pragma once

#include "engine.hpp"
#include "serve_options.hpp"
#include "served_model.hpp"

namespace constformer::serve {

/// Answers requests until SIGTERM or SIGINT; the first lets those that are being answered end, the second ends at once.
/// Throws `error` if the address cannot be listened at.
void serve(served_model const& model, engine& compute, serve_options const& options);

}  // namespace constformer::serve
