#include "data/pair_text.hpp"

#include <algorithm>
#include <memory>

#include "constformer/core/error.hpp"
#include "data/text_tokens.hpp"

namespace constformer::data {

namespace {

line_range whole(std::vector<std::filesystem::path> const& files, bool keep_blank) {
  return split(std::make_shared<mapped_lines const>(files, keep_blank), 0.0).train;
}

std::string_view valid(line_range const& lines, std::size_t i) {
  std::string_view const line = (*lines.lines)[lines.first + i];
  judge_utf8(line);
  return line;
}

}  // namespace

bool are_parallel(std::vector<std::filesystem::path> const& files) {
  return files.size() == 2 && files[0].extension() != ".tsv";
}

pair_lines parallel_lines(std::vector<std::filesystem::path> const& files) {
  pair_lines out{whole({files[0]}, true), whole({files[1]}, true)};
  if (out.sources.size != out.targets.size)
    throw error(files[0].string() + " has " + std::to_string(out.sources.size) + " lines, " + files[1].string() +
                " has " + std::to_string(out.targets.size));
  return out;
}

pair_lines lines_of_pairs(std::vector<std::filesystem::path> const& files) {
  return are_parallel(files) ? parallel_lines(files) : pair_lines{whole(files, false), {}};
}

text_pair read_pair(pair_lines const& lines, std::size_t i) {
  std::string_view const line = valid(lines.sources, i);
  if (lines.targets.lines != nullptr) return {line, valid(lines.targets, i)};
  auto const tab = line.find('\t');
  if (tab == std::string_view::npos || line.find('\t', tab + 1) != std::string_view::npos)
    throw error("the line has " + std::to_string(std::ranges::count(line, '\t')) +
                " tabs, 1 between source and target is expected");
  return {line.substr(0, tab), line.substr(tab + 1)};
}

}  // namespace constformer::data
