#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace constformer::data {

/// tokenizer_config.json's bos_token and the like of special tokens whose spellings usually have a role.
nlohmann::ordered_json roles_of(std::vector<std::string> const& special);

}  // namespace constformer::data
