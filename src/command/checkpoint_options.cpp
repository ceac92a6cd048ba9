#include "checkpoint_options.hpp"

#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include "constformer/config/kinds.hpp"
#include "constformer/config/rules.hpp"

namespace constformer::command {

void add_open_options(CLI::App& command, open_options& options) {
  command
      .add_option_function<int>(
          "--heads", [&options](int heads) { options.heads = heads; },
          "query heads of a bare state_dict, which does not record them (default: d_model / 64)")
      ->check(CLI::Range(1, detail::largest_extent))
      ->type_name("N");
  command
      .add_option_function<std::string>(
          "--activation",
          [&options](std::string const& name) { options.activation = kind_from<activation_kind>(name); },
          "activation of a nanoGPT, minGPT or makemore model, which does not record it")
      ->check(CLI::IsMember({"gelu", "gelu_tanh"}))
      ->type_name("gelu|gelu_tanh");
  command
      .add_option_function<float>(
          "--softcap", [&options](float cap) { options.softcap = cap; },
          "softcap of a nanochat model's logits, which its files do not record (default: 15)")
      ->check(CLI::Range(1.0F, 1000.0F))
      ->type_name("F");
}

void add_checkpoint_options(CLI::App& command, std::string& path, open_options& options) {
  command.add_option("path", path, "Hugging Face or CTranslate2 folder, GGUF, torch .pt or llama2.c .bin")
      ->required()
      ->type_name("PATH");
  add_open_options(command, options);
}

}  // namespace constformer::command
