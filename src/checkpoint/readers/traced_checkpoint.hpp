#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/checkpoint/open.hpp"
#include "constformer/layers/parameter_table.hpp"

namespace constformer {

/// What config.json calls a model of one's own, whose shapes a header says.
inline constexpr std::string_view traced_model_type = "constformer";

/// Opens the folder of a model of one's own: model.safetensors (or shards of it) with a tensor for each parameter under
/// its name, `blocks.0.attention.query.weight`; beside it, if they are there, config.json (model_type, vocab_size,
/// max_position_embeddings, special ids), generation_config.json and a tokenizer's files. Of `model` vocab, positions
/// and capacity are set; what config.json does not say is 0. Throws `error` as `open_checkpoint` does.
[[nodiscard]] checkpoint open_traced_checkpoint(std::filesystem::path const& folder, open_options const& options);

/// What config.json of such a folder says.
struct traced_settings {
  std::string model;       ///< the name of the model's type
  int vocab = 0;           ///< logits; 0: not said
  int positions = 0;       ///< longest trained context; 0: not said
  std::optional<int> bos;  ///< begins a text
  std::vector<int> eos;    ///< end a text
  /// Encoder-decoders: stands before every target.
  std::optional<int> decoder_start{};
};

/// Where the values of parameter `entry` of a table in layer `layer` are, row by row.
using traced_values = std::function<std::span<float const>(std::size_t entry, int layer)>;

/// Writes model.safetensors (F32) and config.json of a model of one's own into `folder`, each atomically. Throws
/// `error` if values are not as many as the table says, or as `atomic_file` does.
void write_traced_checkpoint(std::filesystem::path const& folder, std::span<parameter_entry const> table,
                             traced_values const& values, traced_settings const& settings);

/// The name of a parameter's tensor in a layer: `blocks.*.up.weight` in layer 3 is blocks.3.up.weight.
[[nodiscard]] std::string traced_tensor_name(std::string_view parameter, int layer);

}  // namespace constformer
