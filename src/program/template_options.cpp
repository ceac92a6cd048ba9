#include "template_options.hpp"

#include "constformer/core/error.hpp"

namespace constformer::program {

std::vector<std::pair<std::string, std::string>> template_options(std::span<std::string const> given) {
  std::vector<std::pair<std::string, std::string>> out;
  for (std::string const& option : given) {
    auto const equals = option.find('=');
    if (equals == std::string::npos || equals == 0)
      throw error("--template-option: '" + option.substr(0, 40) + "' is not KEY=JSON");
    out.emplace_back(option.substr(0, equals), option.substr(equals + 1));
  }
  return out;
}

std::tm local_time() {
  std::time_t const now = std::time(nullptr);
  std::tm parts{};
  if (::localtime_r(&now, &parts) == nullptr) throw error("chat: the clock has no local time");
  return parts;
}

}  // namespace constformer::program
