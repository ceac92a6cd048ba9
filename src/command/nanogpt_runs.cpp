#include "nanogpt_runs.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include "../checkpoint/pickle.hpp"
#include "../checkpoint/readers/torch.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/core/error.hpp"
#include "train_options.hpp"

namespace constformer::command {

namespace {

// Settings of train.py that are options of ours, too; the others say where it runs and what it logs.
constexpr std::array<std::string_view, 16> shared_settings{
    "batch_size",    "block_size",    "gradient_accumulation_steps",
    "max_iters",     "learning_rate", "weight_decay",
    "beta1",         "beta2",         "grad_clip",
    "warmup_iters",  "min_lr",        "lr_decay_iters",
    "eval_interval", "eval_iters",    "log_interval",
    "dropout"};

std::string word_of(pickle_value const& value, std::string_view what) {
  if (value.kind() == pickle_kind::integer) return std::to_string(value.integer(what));
  std::array<char, 32> digits{};
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value.number(what)).ptr};
}

}  // namespace

void add_format_option(CLI::App& command, std::string& format) {
  command
      .add_option("--format", format, "nanogpt: a ckpt.pt that nanoGPT's train.py resumes is written beside the model")
      ->check(CLI::IsMember({"hugging-face", "nanogpt"}))
      ->type_name("KIND");
}

void apply_nanogpt_config(CLI::App& command, std::filesystem::path const& checkpoint) {
  std::string const where = checkpoint.string();
  mapped_file const mapped(checkpoint);
  torch_file const file(mapped.bytes(), where);
  auto const config = file.root().kind() == pickle_kind::dict ? file.root().find("config") : std::nullopt;
  if (!config) throw error("--resume: " + where + " is no checkpoint of nanoGPT's train.py");
  for (std::string_view const key : shared_settings)
    if (auto const value = config->find(key)) give_option(command, std::string(key), word_of(*value, key));
  if (auto const decays = config->find("decay_lr"))
    give_option(command, "schedule", decays->flag("decay_lr") ? "cosine" : "constant");
}

}  // namespace constformer::command
