#include <cstdint>
#include <utility>

#include <nlohmann/json.hpp>

#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/core/error.hpp"
#include "safetensors_write.hpp"
#include "traced_checkpoint.hpp"

namespace constformer {

namespace {

std::string config_json(traced_settings const& settings) {
  nlohmann::ordered_json out = {{"model_type", traced_model_type}};
  if (!settings.model.empty()) out["architectures"] = {settings.model};
  if (settings.vocab > 0) out["vocab_size"] = settings.vocab;
  if (settings.positions > 0) out["max_position_embeddings"] = settings.positions;
  if (settings.bos) out["bos_token_id"] = *settings.bos;
  if (settings.eos.size() == 1) out["eos_token_id"] = settings.eos.front();
  if (settings.eos.size() > 1) out["eos_token_id"] = settings.eos;
  if (settings.decoder_start) out["decoder_start_token_id"] = *settings.decoder_start;
  out["torch_dtype"] = "float32";
  return out.dump(2) + "\n";
}

tensor_view tensor_of(parameter_entry const& entry, int layer, std::span<float const> values) {
  if (values.size() != static_cast<std::size_t>(entry.size()))
    throw error(std::string(entry.name.view()) + ": there are " + std::to_string(values.size()) +
                " values, the parameter has " + std::to_string(entry.size()));
  tensor_view out{.name = traced_tensor_name(entry.name.view(), layer),
                  .type = dtype::f32,
                  .shape = {entry.rows},
                  .bytes = std::as_bytes(values)};
  if (entry.cols > 0) out.shape.push_back(entry.cols);
  return out;
}

}  // namespace

void write_traced_checkpoint(std::filesystem::path const& folder, std::span<parameter_entry const> table,
                             traced_values const& values, traced_settings const& settings) {
  std::vector<tensor_view> tensors;
  for (std::size_t i = 0; i < table.size(); ++i)
    for (int layer = 0; layer < table[i].layers; ++layer)
      tensors.push_back(tensor_of(table[i], layer, values(i, layer)));
  write_safetensors(folder / "model.safetensors", std::move(tensors));
  write_file(folder / "config.json", config_json(settings));
}

}  // namespace constformer
