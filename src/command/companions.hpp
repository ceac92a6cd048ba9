#pragma once

#include <filesystem>
#include <string_view>

namespace constformer::command {

/// Copies what lies beside the weights in a Hugging Face folder, as it is: settings, tokenizer, chat template, modules;
/// but not `except`.
void copy_companions(std::filesystem::path const& from, std::filesystem::path const& to, std::string_view except = {});

}  // namespace constformer::command
