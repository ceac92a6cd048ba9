#pragma once

namespace constformer::train {

/// From here on SIGINT, SIGTERM and SIGHUP do not end the program; a second one does.
void catch_stop_signals();

/// The signal that came, or 0.
[[nodiscard]] int stop_signal();

}  // namespace constformer::train
