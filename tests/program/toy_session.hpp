#pragma once

#include <cstddef>
#include <memory>

#include "constformer/generate/session.hpp"

namespace toy {

std::unique_ptr<constformer::session> start(std::byte const* weights, constformer::session_options const& options);

}  // namespace toy
