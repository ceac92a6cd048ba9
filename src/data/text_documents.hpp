#pragma once

#include <filesystem>
#include <functional>
#include <string_view>
#include <vector>

namespace constformer::data {

/// Hands over each text of files and folders: a file as a whole, or "text" of each line where its name ends in .jsonl.
/// Throws `error` with file and line or byte on what is no text.
void for_each_text(std::vector<std::filesystem::path> const& paths, std::function<void(std::string_view)> const& found);

}  // namespace constformer::data
