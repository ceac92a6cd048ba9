#include "data/lines.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "constformer/core/error.hpp"

namespace constformer::data {

namespace {

std::string_view characters(mapped_file const& file) {
  return {reinterpret_cast<char const*>(file.bytes().data()), file.bytes().size()};
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r\f\v") == std::string_view::npos; }

}  // namespace

mapped_lines::mapped_lines(std::vector<std::filesystem::path> const& files, bool keep_blank) {
  for (auto const& path : files) {
    files_.emplace_back(path);
    add(files_.size() - 1, keep_blank);
  }
}

void mapped_lines::add(std::size_t file, bool keep_blank) {
  std::string_view const all = characters(files_[file]);
  for (std::size_t at = 0; at < all.size();) {
    std::size_t const end = std::min(all.find('\n', at), all.size());
    std::size_t const size = end - at;
    if (size > std::numeric_limits<std::uint32_t>::max())
      throw error(files_[file].path().string() + ": the line at byte " + std::to_string(at) + " has " +
                  std::to_string(size) + " bytes, at most 4294967295 are possible");
    bool const carriage = size > 0 && all[end - 1] == '\r';
    if (keep_blank || !is_blank(all.substr(at, size)))
      lines_.push_back({at, static_cast<std::uint32_t>(size - (carriage ? 1 : 0)), static_cast<std::uint32_t>(file)});
    at = end + 1;
  }
}

std::string_view mapped_lines::operator[](std::size_t i) const {
  return characters(files_[lines_[i].file]).substr(lines_[i].begin, lines_[i].size);
}

std::string mapped_lines::where(std::size_t i) const {
  std::string_view const before = characters(files_[lines_[i].file]).substr(0, lines_[i].begin);
  return files_[lines_[i].file].path().string() + ", line " + std::to_string(std::ranges::count(before, '\n') + 1);
}

split_lines split(std::shared_ptr<mapped_lines const> lines, double share) {
  auto const all = lines->size();
  auto const kept = static_cast<std::size_t>(static_cast<double>(all) * (1.0 - share));
  if (kept == 0 || (share > 0.0 && kept == all))
    throw error(lines->name() + ": " + std::to_string(all) + " lines leave nothing to " +
                (kept == 0 ? "train on" : "validate by") + " at a share of " + std::to_string(share));
  return {{lines, 0, kept}, {lines, kept, all - kept}};
}

}  // namespace constformer::data
