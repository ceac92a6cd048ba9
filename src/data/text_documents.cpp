#include "data/text_documents.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/core/error.hpp"
#include "constformer/data/training_data.hpp"
#include "data/file_list.hpp"
#include "data/lines.hpp"
#include "data/text_tokens.hpp"

namespace constformer::data {

namespace {

void for_each_line(std::filesystem::path const& path, std::function<void(std::string_view)> const& found) {
  mapped_lines const lines({path}, false);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto const object = nlohmann::json::parse(lines[i], nullptr, false);
    if (!object.is_object() || !object.contains("text") || !object["text"].is_string())
      throw error(lines.where(i) + ": a JSON object with a text is expected");
    found(object["text"].get_ref<std::string const&>());
  }
}

}  // namespace

void for_each_text(std::vector<std::filesystem::path> const& paths,
                   std::function<void(std::string_view)> const& found) {
  data_options options{.files = paths};
  file_list const files = list_files(options);
  auto all = files.train;
  all.insert(all.end(), files.validation.begin(), files.validation.end());
  for (auto const& path : all) {
    if (path.extension() == ".jsonl")
      for_each_line(path, found);
    else
      found(text_of(mapped_file(path)));
  }
}

}  // namespace constformer::data
