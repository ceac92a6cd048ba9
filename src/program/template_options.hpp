#pragma once

#include <ctime>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace constformer::program {

/// Names and JSON values of `--template-option KEY=JSON`; throws `error` on what is none.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> template_options(std::span<std::string const> given);

/// What the clock says here; throws `error` if it says nothing.
[[nodiscard]] std::tm local_time();

}  // namespace constformer::program
