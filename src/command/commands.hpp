#pragma once

#include <CLI/App.hpp>

namespace constformer::command {

/// Each adds one subcommand, which runs when it is parsed and throws `error` if it fails.
/// @{
void add_inspect(CLI::App& app);
void add_config(CLI::App& app);
void add_verify(CLI::App& app);
void add_build(CLI::App& app);
void add_export(CLI::App& app);
void add_train(CLI::App& app);
void add_tokenize(CLI::App& app);
void add_detokenize(CLI::App& app);
void add_train_tokenizer(CLI::App& app);
void add_chat_render(CLI::App& app);
void add_serve(CLI::App& app);
/// @}

}  // namespace constformer::command
