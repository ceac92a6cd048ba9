#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "data/lines.hpp"

namespace constformer::data {

/// Sources and targets: the same line of two ranges, or both on a line with a tab between them (`targets.lines` null).
struct pair_lines {
  line_range sources, targets;
};

/// A source beside its target, as they are in mapped files.
struct text_pair {
  std::string_view source, target;
};

/// Whether files are two with a line for each pair, rather than pairs with tabs.
[[nodiscard]] bool are_parallel(std::vector<std::filesystem::path> const& files);

/// All lines of two such files. Throws `error` with both numbers if one has more.
[[nodiscard]] pair_lines parallel_lines(std::vector<std::filesystem::path> const& files);

/// All pairs of files of either form.
[[nodiscard]] pair_lines lines_of_pairs(std::vector<std::filesystem::path> const& files);

/// One pair. Throws `error` without the place if it is no UTF-8, or its line has not one tab.
[[nodiscard]] text_pair read_pair(pair_lines const& lines, std::size_t i);

}  // namespace constformer::data
