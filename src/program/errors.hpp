#pragma once

#include <exception>

#include "constformer/core/error.hpp"

namespace constformer::program {

/// A command line that asks for nothing the program knows; exit status 2.
struct usage_error : error {
  using error::error;
};

/// Nobody reads standard output any more; the program ends without a word, as one that SIGPIPE ended.
struct output_closed : std::exception {};

}  // namespace constformer::program
