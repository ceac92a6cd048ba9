#include "lora_options.hpp"

#include <array>
#include <string_view>
#include <utility>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include "../train/adapter_modules.hpp"
#include "constformer/core/error.hpp"
#include "float_literal.hpp"

namespace constformer::command {

void add_lora_options(CLI::App& command, train::lora_settings& lora) {
  command.add_option("--lora", lora.rank, "trains adapters of that rank alone, written as PEFT's (0: the whole model)")
      ->check(CLI::Range(0, 4096))
      ->type_name("RANK");
  command.add_option("--lora-alpha", lora.alpha, "over the rank: what adapters add is multiplied by it")
      ->check(CLI::PositiveNumber)
      ->type_name("F");
  command
      .add_option("--lora-targets", lora.targets,
                  "layers that have adapters, as the model's files call them (default: queries and values)")
      ->delimiter(',')
      ->type_name("NAME,...");
  command.add_option("--lora-dropout", lora.dropout, "share of what adapters take that is dropped")
      ->check(CLI::Range(0.0, 0.99))
      ->type_name("F");
}

void settle_lora(train::lora_settings& lora, train_model const& model) {
  if (lora.rank == 0) return;
  if (!model.source) throw error("--lora is for a checkpoint, " + model.name + " is untrained");
  if (lora.targets.empty()) lora.targets = train::usual_targets(*model.described);
  static_cast<void>(train::adapters_of(*model.described, lora));
}

std::string adapters_text(train::lora_settings const& lora, config const& model) {
  adapter_options const a = train::adapters_of(model, lora);
  std::string out = "constformer::adapter_options{.rank = " + std::to_string(a.rank) +
                    ", .scale = " + float_literal(a.scale) + ", .dropout = " + float_literal(a.dropout);
  std::array<std::pair<std::string_view, bool>, 9> const where{{{"query", a.query},
                                                                {"key", a.key},
                                                                {"value", a.value},
                                                                {"output", a.output},
                                                                {"gate", a.gate},
                                                                {"up", a.up},
                                                                {"down", a.down},
                                                                {"joint_qkv", a.joint_qkv},
                                                                {"joint_gate_up", a.joint_gate_up}}};
  for (auto const& [name, wanted] : where)
    if (wanted) out += ", ." + std::string(name) + " = true";
  return out + "}";
}

}  // namespace constformer::command
