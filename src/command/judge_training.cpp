#include "judge_training.hpp"

#include <string>

#include "../checkpoint/readers/nanochat_sizes.hpp"
#include "../train/nanogpt_names.hpp"
#include "constformer/core/error.hpp"

namespace constformer::command {

namespace {

void judge_products(train_options const& options) {
  if (options.run.step.dtype != "bf16" || options.compile.target != "native") return;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bf16")) return;
#endif
  throw error("--dtype bf16: this processor does not multiply bf16 (AVX512_BF16)");
}

void judge_start(train::run_settings const& run, train_model const& model) {
  if (!run.resumes) return;
  if (model.source && model.source->format == checkpoint_format::nanogpt) return;
  if (!model.source || model.source->format != checkpoint_format::nanochat)
    throw error("--resume: " + model.name + " is no checkpoint of nanoGPT's train.py or of nanochat");
  if (nanochat_era_of(*model.described) != nanochat_era::smeared)
    throw error("--resume: " + model.name +
                " is of an earlier nanochat, whose optimizer was another; only weights of " + "it can be gone on from");
  if (run.optimizer.kind != train::optimizer_kind::nanochat_muon)
    throw error("--resume: nanochat's optimizer is nanochat-muon, --optimizer is " +
                std::string(name_of(run.optimizer.kind)));
}

void judge_format(train::run_settings const& run, train_model const& model) {
  if (run.format != "nanogpt") return;
  if (run.lora.rank > 0) throw error("--format nanogpt is for whole models, --lora trains adapters");
  if (run.optimizer.kind != train::optimizer_kind::adamw)
    throw error("--format nanogpt holds the state of adamw, --optimizer is " +
                std::string(name_of(run.optimizer.kind)));
  if (!model.described || !train::is_nanogpt(*model.described))
    throw error("--format nanogpt: " + model.name + " is no model of nanoGPT's, a GPT-2 with erf GELU and a tied head");
}

}  // namespace

void judge_training(train_options const& options, train_model const& model) {
  judge_start(options.run, model);
  judge_format(options.run, model);
  judge_products(options);
}

}  // namespace constformer::command
