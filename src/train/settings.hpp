#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/data/training_data.hpp"
#include "lora_settings.hpp"

namespace constformer::train {

/// How the rate changes from step to step (train/schedules.hpp).
enum class schedule_kind : std::uint8_t { constant, cosine, trapezoid, linear };

/// What moves the parameters: groups of that name in train/optimizer_groups.hpp.
enum class optimizer_kind : std::uint8_t { adamw, adam, bert_adamw, sgd, muon, nanochat_muon };

/// How Muon's decay changes from step to step.
enum class decay_kind : std::uint8_t { constant, linear, cosine };

/// Of numbers that the optimizer has itself where nobody says another.
inline constexpr double optimizers_own = -1.0;

/// How long a run is, and its rate from step to step.
struct course_settings {
  std::int64_t steps = 1000;  ///< updates
  int accumulation = 1;       ///< batches of each
  schedule_kind schedule = schedule_kind::cosine;
  double rate = 1e-3;            ///< learning rate at its highest
  double least_rate = 0.0;       ///< at the end
  int warmup = 0;                ///< steps
  bool warm_from_zero = false;   ///< step 0 has a rate of 0
  std::int64_t decay_steps = 0;  ///< at whose end the rate is least; 0: `steps`
  double warmdown = 0.5;         ///< share of the steps in which a trapezoid falls
};

/// What moves the parameters.
struct optimizer_settings {
  optimizer_kind kind = optimizer_kind::adamw;       ///< compiled in
  double decay = optimizers_own;                     ///< of weights
  double beta1 = optimizers_own;                     ///< Adam's
  double beta2 = optimizers_own;                     ///< Adam's, and nanochat's Muon's
  double eps = optimizers_own;                       ///< Adam's
  double momentum = optimizers_own;                  ///< SGD's and Muon's
  double embedding_rate = optimizers_own;            ///< beside Muon: of embeddings
  double unembedding_rate = optimizers_own;          ///< beside Muon: of the head
  double scalar_rate = optimizers_own;               ///< beside Muon: of all else
  bool scale_rates = false;                          ///< by the root of the tokens of a step, as nanochat
  double first_momentum = optimizers_own;            ///< Muon's at step 0; its own: no warm-up
  double last_momentum = optimizers_own;             ///< Muon's at the end; its own: no warm-down
  int momentum_warmup = 0;                           ///< steps
  decay_kind decay_schedule = decay_kind::constant;  ///< Muon's
};

/// What a step makes of a batch and its gradient.
struct step_settings {
  double dropout = 0.0;                 ///< compiled in
  std::string dtype = "f32";            ///< that products of matrices are rounded to: f32 or bf16; compiled in
  std::string recompute = "pointwise";  ///< a `recompute_kind`: what the backward pass computes anew; compiled in
  double smoothing = 0.0;               ///< share of a target that is spread over the vocabulary; compiled in
  double ema = 0.0;                     ///< decay of an average of the weights, which then is the model; 0: none
  bool token_mean = false;              ///< batches of an update count by their targets, rather than alike
  double clip = 1.0;                    ///< largest norm of a gradient; 0: any
  double stop_norm = 1e6;               ///< a larger one ends the run
};

/// When a run is looked at, and kept.
struct report_settings {
  std::int64_t eval_interval = 250;  ///< steps
  int eval_batches = 20;             ///< of each of training and validation data
  std::int64_t save_interval = 0;    ///< steps; 0: at each evaluation
  std::int64_t log_interval = 10;    ///< steps between lines of log.jsonl
};

/// Text that the model writes at each evaluation.
struct sample_settings {
  std::string prompt = "\n";  ///< what it begins with
  int tokens = 100;           ///< of each; 0: none
  double temperature = 0.8;   ///< that they are drawn by
  int top_k = 200;            ///< likeliest tokens that are drawn from
};

/// Everything a run is told, but the model and the size of a batch, which are compiled in. A member's key in the JSON
/// that run/settings.json holds is in `for_each_member`.
struct run_settings {
  std::string recipe;                   ///< that it came from
  std::string init;                     ///< of parameters, as `initialise` knows it
  std::string start;                    ///< a checkpoint that it goes on from, instead; empty: none
  bool resumes = false;                 ///< `start` is nanoGPT's or nanochat's, and its optimizer and steps go on, too
  std::string format = "hugging-face";  ///< nanogpt: its ckpt.pt is written, too
  std::string tokenizer;                ///< folder or file; empty: there is none
  std::uint64_t seed = 1337;            ///< of initialisation, batches, dropout
  int threads = 1;

  course_settings course{};
  optimizer_settings optimizer{};
  step_settings step{};
  report_settings report{};
  sample_settings sample{};
  lora_settings lora{};
  data_options data{};
};

/// What it is called on the command line and in C++.
[[nodiscard]] std::string_view name_of(optimizer_kind kind);

/// As JSON. `settings_of` reads it; keys that are missing keep their defaults. Throws `error` on others.
[[nodiscard]] std::string json_of(run_settings const& settings);
/// @copydoc json_of(run_settings const&)
[[nodiscard]] run_settings settings_of(std::string_view json, std::string_view where);

/// What of two runs differs that a run cannot change on its way, as a sentence without the runs' names; empty: nothing.
[[nodiscard]] std::string first_difference(run_settings const& begun, run_settings const& asked);

}  // namespace constformer::train
