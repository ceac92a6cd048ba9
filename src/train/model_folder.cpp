#include "model_folder.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "../checkpoint/readers/hugging_face_write.hpp"
#include "../checkpoint/readers/safetensors_write.hpp"
#include "../checkpoint/readers/traced_checkpoint.hpp"
#include "../checkpoint/readers/usual_prefix.hpp"
#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/config/encoder.hpp"
#include "named_tensors.hpp"
#include "nanochat_folder.hpp"

namespace constformer::train {

namespace {

// Whether what is compiled is what config.json of transformers would say: then tensors are in its form already.
bool is_in_form(config const& model) {
  config wanted = as_transformers(model);
  return wanted == model;
}

// Marian's files have the bias of the logits as a matrix of one row.
void shape_bias(config const& model, std::vector<tensor_view>& tensors) {
  if (model.family != family_kind::marian) return;
  for (tensor_view& t : tensors)
    if (t.name == "final_logits_bias" && t.shape.size() == 1) t.shape.insert(t.shape.begin(), 1);
}

// The config.json of a model, or nothing: some cannot be said in one.
std::string config_json_of(std::filesystem::path const& folder, config const& model, special_ids ids = {}) {
  checkpoint source;
  source.path = folder;
  source.model = model;
  source.ids = std::move(ids);
  return write_hugging_face_config(source).text;
}

bool has_config(std::filesystem::path const& folder) {
  std::error_code failed;
  return std::filesystem::exists(folder / "config.json", failed);
}

bool is_later_nanochat(std::filesystem::path const& folder, config const& model) {
  return model.family == family_kind::nanochat && !has_config(folder) && config_json_of(folder, model).empty();
}

// What a target began with while it was learnt.
std::optional<int> decoder_start(run_settings const& settings, special_tokens const& roles) {
  if (settings.data.decoder_start >= 0) return settings.data.decoder_start;
  return roles.bos ? roles.bos : roles.pad;
}

// What no header says: the ids that begin and end targets, as the tokenizer and the data had them.
special_ids ids_of(run_settings const& settings, tokenizer const* text) {
  special_ids out;
  if (text == nullptr) return out;
  special_tokens const& roles = text->target().special();
  out.bos = roles.bos;
  out.pad = roles.pad;
  if (roles.eos) out.eos = {*roles.eos};
  out.decoder_start = decoder_start(settings, roles);
  return out;
}

// Of a header's config, which came without one.
void write_config(std::filesystem::path const& folder, config const& model, run_settings const& settings,
                  tokenizer const* text) {
  if (has_config(folder)) return;
  std::string const json = config_json_of(folder, model, has_encoder(model) ? ids_of(settings, text) : special_ids{});
  if (!json.empty()) write_file(folder / "config.json", json);
}

// What no header says of a traced model.
traced_settings settings_of(learner_facts const& facts, run_settings const& settings, tokenizer const* text) {
  traced_settings out{.model = {}, .vocab = facts.vocab, .positions = 0, .bos = {}, .eos = {}};
  if (text == nullptr) return out;
  special_tokens const& roles = text->target().special();
  out.bos = roles.bos;
  if (roles.eos) out.eos = {*roles.eos};
  if (facts.bounds.sources > 0) out.decoder_start = decoder_start(settings, roles);
  return out;
}

}  // namespace

void write_model(std::filesystem::path const& folder, learner_facts const& facts, learner& from,
                 run_settings const& settings, run_position const& at, tokenizer const* text) {
  if (facts.model != nullptr && is_later_nanochat(folder, *facts.model))
    return write_nanochat(folder, facts, from, settings, at, text);
  if (facts.model == nullptr)
    return write_traced_checkpoint(
        folder, facts.entries,
        [&](std::size_t entry, int layer) { return from.parameter(static_cast<int>(entry), layer); },
        settings_of(facts, settings, text));
  owned_tensors owned = to_tensors(facts, parameters_of(from));
  write_config(folder, *facts.model, settings, text);
  shape_bias(*facts.model, owned.tensors);
  if (is_in_form(*facts.model)) return write_safetensors(folder / "model.safetensors", std::move(owned.tensors));
  checkpoint source;
  source.path = folder;
  source.model = *facts.model;
  source.prefix = usual_prefix(facts.model->family);
  source.tensors = std::move(owned.tensors);
  source.linear_in_out = true;
  write_safetensors(folder / "model.safetensors", in_hugging_face_form(source).tensors);
}

}  // namespace constformer::train
