#pragma once

#include <string>

#include "../train/lora_settings.hpp"
#include "train_model.hpp"

namespace CLI {
class App;
}

namespace constformer::command {

/// Adds the options of adapters to `train`.
void add_lora_options(CLI::App& command, train::lora_settings& lora);

/// Says which layers have adapters if nobody did; refuses what cannot have any.
void settle_lora(train::lora_settings& lora, train_model const& model);

/// `constformer::adapter_options{…}` in C++.
[[nodiscard]] std::string adapters_text(train::lora_settings const& lora, config const& model);

}  // namespace constformer::command
