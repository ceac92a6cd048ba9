#include "data/file_list.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <nlohmann/json.hpp>
#include <range/v3/algorithm/any_of.hpp>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/split.hpp>
#include <range/v3/view/transform.hpp>

#include "constformer/core/error.hpp"

namespace constformer::data {

namespace {

namespace fs = std::filesystem;

struct ending {
  std::string_view text;
  data_kind kind;
};
// In this order they are looked for in a folder.
constexpr std::array endings{ending{".bin", data_kind::tokens}, ending{".jsonl", data_kind::documents},
                             ending{".tsv", data_kind::pairs}, ending{".txt", data_kind::text}};

std::string_view ending_of(data_kind kind) {
  if (kind == data_kind::conversations) kind = data_kind::documents;
  if (kind == data_kind::masked) kind = data_kind::text;
  auto const at = std::ranges::find(endings, kind, &ending::kind);
  return at == endings.end() ? std::string_view{} : at->text;
}

// Regular files below a folder that are not hidden, in the order of their names.
std::vector<fs::path> files_below(fs::path const& folder) {
  std::vector<fs::path> out;
  for (auto at = fs::recursive_directory_iterator(folder); at != fs::recursive_directory_iterator(); ++at) {
    bool const hidden = at->path().filename().string().starts_with('.');
    if (hidden && at->is_directory()) at.disable_recursion_pending();
    if (!hidden && at->is_regular_file()) out.push_back(at->path());
  }
  std::ranges::sort(out);
  return out;
}

std::vector<fs::path> with_ending(std::vector<fs::path> const& files, std::string_view ending) {
  std::vector<fs::path> out;
  std::ranges::copy_if(files, std::back_inserter(out), [&](fs::path const& f) { return f.extension() == ending; });
  return out;
}

// What a folder holds of a kind; all that is in it if no name ends in a way that is known.
std::vector<fs::path> open_folder(fs::path const& folder, data_kind kind) {
  std::vector<fs::path> const all = files_below(folder);
  if (kind == data_kind::automatic) {
    for (ending const& known : endings)
      if (auto found = with_ending(all, known.text); !found.empty()) return found;
  } else if (auto found = with_ending(all, ending_of(kind)); !found.empty()) {
    return found;
  } else if (kind != data_kind::text && kind != data_kind::masked) {
    throw error(folder.string() + " holds " + std::to_string(all.size()) + " files, none of which ends in " +
                std::string(ending_of(kind)));
  }
  if (all.empty()) throw error(folder.string() + " holds no files");
  return all;
}

bool validates(fs::path const& file) {
  std::string stem = file.stem().string();
  std::ranges::replace_if(stem, [](char c) { return c == '-' || c == '.'; }, '_');
  return ranges::any_of(
      stem | ranges::views::split('_') | ranges::views::transform(ranges::to<std::string>()),
      [](std::string const& word) { return word == "val" || word == "valid" || word == "validation"; });
}

// Paths with folders opened; names with "val" in folders go to `validation`, if there is one.
void expand(std::vector<fs::path> const& paths, data_kind kind, std::vector<fs::path>& out,
            std::vector<fs::path>* validation) {
  for (fs::path const& path : paths) {
    std::error_code reason;
    bool const folder = fs::is_directory(path, reason);
    if (reason) throw error(path.string() + ": " + reason.message());
    if (!folder) {
      out.push_back(path);
      continue;
    }
    for (fs::path const& file : open_folder(path, kind))
      (validation != nullptr && validates(file) ? *validation : out).push_back(file);
  }
}

// By what the first line holds.
data_kind kind_of_lines(fs::path const& path) {
  std::string line;
  std::ifstream file(path);
  std::getline(file, line);
  auto const first = nlohmann::json::parse(line, nullptr, false);
  if (first.is_array() || first.contains("messages")) return data_kind::conversations;
  if (first.contains("text")) return data_kind::documents;
  throw error(path.string() + ", line 1: a JSON object with messages or text is expected");
}

data_kind kind_of(std::vector<fs::path> const& files) {
  std::string const end = files.front().extension().string();
  if (end == ".jsonl" || end == ".json") return kind_of_lines(files.front());
  auto const at = std::ranges::find(endings, end, &ending::text);
  return at == endings.end() ? data_kind::text : at->kind;
}

}  // namespace

file_list list_files(data_options const& options) {
  if (options.files.empty()) throw error("there are no files to train on");
  file_list out{.train = {}, .validation = {}, .kind = options.kind};
  bool const by_name = options.validation.empty() && options.order != block_order::llama2c;
  expand(options.files, options.kind, out.train, by_name ? &out.validation : nullptr);
  if (out.train.empty())
    throw error(options.files.front().string() + " holds files to validate by and none to train on");
  if (out.kind == data_kind::automatic) out.kind = kind_of(out.train);
  expand(options.validation, out.kind, out.validation, nullptr);
  return out;
}

}  // namespace constformer::data
