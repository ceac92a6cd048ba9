#pragma once

namespace constformer::program {

/// What main does; returns the exit status.
int run(int argc, char const* const* argv);

}  // namespace constformer::program
