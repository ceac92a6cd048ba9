#include "nanochat_runs.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <nlohmann/json.hpp>

#include "../checkpoint/readers/json.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "train_options.hpp"

namespace constformer::command {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Settings of base_train.py that are options of ours, too; −1 there: it is found out.
constexpr std::array<std::string_view, 10> shared_settings{
    "num_iterations", "device_batch_size", "max_seq_len",  "embedding_lr",   "unembedding_lr",
    "matrix_lr",      "scalar_lr",         "weight_decay", "warmdown_ratio", "warmup_steps"};

fs::path meta_beside(fs::path const& model) {
  std::string const stem = model.stem().string();
  return model.parent_path() / ("meta_" + stem.substr(stem.find('_') + 1) + ".json");
}

json read_meta(fs::path const& model) {
  mapped_file const file(meta_beside(model));
  std::string const text(reinterpret_cast<char const*>(file.bytes().data()), file.bytes().size());
  return parse_json_object(text, meta_beside(model).string());
}

double number(json const& from, std::string_view key) {
  auto const at = from.find(key);
  return at != from.end() && at->is_number() ? at->get<double>() : -1.0;
}

// Batches of an update.
void give_accumulation(CLI::App& command, json const& meta) {
  double const batch = number(meta, "device_batch_size") * number(meta, "max_seq_len");
  double const all = number(meta, "total_batch_size");
  if (batch > 0.0 && all >= batch)
    give_option(command, "gradient_accumulation_steps", std::to_string(static_cast<std::int64_t>(all / batch)));
}

}  // namespace

bool is_nanochat_run(fs::path const& model) {
  std::error_code missing;
  return model.extension() == ".pt" && model.filename().string().starts_with("model_") &&
         fs::is_regular_file(meta_beside(model), missing);
}

void apply_nanochat_config(CLI::App& command, fs::path const& model) {
  json const meta = read_meta(model);
  json const said = meta.value("user_config", json::object());
  for (std::string_view const key : shared_settings)
    if (number(said, key) >= 0.0) give_option(command, std::string(key), said.at(key).dump());
  give_accumulation(command, meta);
  if (auto const scaled = said.find("scale_lr"); scaled != said.end()) give_option(command, "scale_lr", scaled->dump());
  double const last = number(said, "final_lr_frac"), rate = number(said, "matrix_lr");
  if (last >= 0.0 && rate >= 0.0) give_option(command, "min_lr", json(last * rate).dump());
  apply_recipe(command, "nanochat");
}

}  // namespace constformer::command
