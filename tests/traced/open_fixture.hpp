// Parity fixtures as their tests open them.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "constformer/checkpoint/open.hpp"
#include "constformer/config/kinds.hpp"

/// What the fixture's ids.json says.
inline nlohmann::json fixture_json(std::filesystem::path const& folder) {
  std::ifstream in(folder / "ids.json");
  return nlohmann::json::parse(in);
}

/// The fixture's checkpoint, with the options that its ids.json has.
inline constformer::checkpoint open_fixture(std::filesystem::path const& folder) {
  auto const expected = fixture_json(folder);
  constformer::open_options options;
  auto const given = expected.value("options", std::vector<std::string>{});
  for (std::size_t i = 0; i + 1 < given.size(); i += 2) {
    if (given[i] == "--softcap") options.softcap = std::stof(given[i + 1]);
    if (given[i] == "--heads") options.heads = std::stoi(given[i + 1]);
    if (given[i] == "--activation")
      options.activation = constformer::kind_from<constformer::activation_kind>(given[i + 1]);
  }
  std::string const file = expected.value("checkpoint", "");
  return constformer::open_checkpoint(file.empty() ? folder : folder / file, options);
}
