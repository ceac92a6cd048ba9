#pragma once

#include <string>

namespace constformer::serve {

/// One line on standard error; nobody is waited for: what cannot be written at once is lost.
void log_line(std::string line);

}  // namespace constformer::serve
