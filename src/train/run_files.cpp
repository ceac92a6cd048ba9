#include "run_files.hpp"

#include "adapter_files.hpp"
#include "constformer/checkpoint/open.hpp"
#include "initialise.hpp"
#include "initialise_adapters.hpp"
#include "model_folder.hpp"
#include "named_tensors.hpp"
#include "nanochat_optimizer.hpp"
#include "nanogpt_checkpoint.hpp"

namespace constformer::train {

void begin_parameters(learner_facts const& facts, run_settings const& settings, learner& model, run_position& at) {
  if (settings.start.empty()) {
    initialise(facts, settings.init, at.random, model);
  } else if (settings.resumes && facts.model != nullptr && facts.model->family == family_kind::nanochat) {
    read_nanochat(settings.start, facts, model, at);
  } else if (settings.resumes) {
    initialise(facts, "nanogpt", at.random, model);  // train.py draws first weights before it reads others
    read_nanogpt(settings.start, facts, model, at);
  } else {
    read_tensors(facts, open_checkpoint(settings.start), parameters_of(model));
    if (settings.lora.rank > 0) initialise_adapters(facts, at.random, model);
  }
}

bool begins_again(run_settings const& settings) { return settings.lora.rank > 0; }

void write_run(std::filesystem::path const& folder, learner_facts const& facts, run_settings const& settings,
               learner& model, run_position const& at, tokenizer const* text) {
  model.exchange_average();
  if (settings.lora.rank > 0)
    write_adapters(folder, facts, model, settings);
  else
    write_model(folder, facts, model, settings, at, text);
  model.exchange_average();
  if (settings.format == "nanogpt") write_nanogpt(folder / "ckpt.pt", facts, model, settings, at);
}

}  // namespace constformer::train
