#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "constformer/data/training_data.hpp"

namespace constformer::data {

/// Files to train on and to validate by.
struct file_list {
  std::vector<std::filesystem::path> train, validation;
  data_kind kind = data_kind::text;  // never automatic
};

/// What the options name, folders opened: of those, files whose names have the word "val" validate where nothing else
/// does. Throws `error` if a path is missing or a folder holds nothing of the kind.
file_list list_files(data_options const& options);

/// What a kind is called in messages and in JSON.
std::string_view name_of(data_kind kind);

}  // namespace constformer::data
