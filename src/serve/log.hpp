#pragma once

#include <string>
#include <string_view>

namespace constformer::serve {

/// One line on standard error; nobody is waited for: what cannot be written at once is lost.
void log_line(std::string line);

/// A line that is about no request: {"event": …, member: value}, or as text.
void log_event(bool json, std::string_view event, std::string_view member, std::string_view value);

}  // namespace constformer::serve
