#include "train_options.hpp"

#include <map>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include "checkpoint_options.hpp"
#include "lora_options.hpp"
#include "nanogpt_runs.hpp"

namespace constformer::command {

namespace {

constexpr int most = 1 << 24;

CLI::Range const positive(1, most);
CLI::Range const countable(0, most);
CLI::Range const share(0.0, 1.0);

void add_optimisation(CLI::App& command, train::run_settings& run) {
  static std::map<std::string, train::schedule_kind> const schedules{{"constant", train::schedule_kind::constant},
                                                                     {"cosine", train::schedule_kind::cosine},
                                                                     {"trapezoid", train::schedule_kind::trapezoid},
                                                                     {"linear", train::schedule_kind::linear}};
  command.add_option("--steps,--max-iters,--num-iterations", run.steps, "updates of the parameters")
      ->check(countable)
      ->type_name("N");
  command.add_option("--batch-size", run.data.sequences, "sequences of a batch")->check(positive)->type_name("N");
  command.add_option("--gradient-accumulation-steps", run.accumulation, "batches of an update")
      ->check(positive)
      ->type_name("N");
  command.add_option("--learning-rate,--lr", run.rate, "at its highest")->check(CLI::NonNegativeNumber)->type_name("F");
  command.add_option("--min-lr", run.least_rate, "at the end")->check(CLI::NonNegativeNumber)->type_name("F");
  command.add_option("--schedule", run.schedule, "of the learning rate: constant, cosine, trapezoid or linear")
      ->transform(CLI::CheckedTransformer(schedules))
      ->type_name("KIND");
  command.add_option("--warmup-iters", run.warmup, "steps until it is highest")->check(countable)->type_name("N");
  command.add_flag("--warm-from-zero", run.warm_from_zero, "step 0 has a learning rate of 0, as llama2.c's");
  command.add_option("--lr-decay-iters", run.decay_steps, "steps until it is least (0: all)")
      ->check(countable)
      ->type_name("N");
  command.add_option("--warmdown-ratio", run.warmdown, "share of the steps in which a trapezoid falls")
      ->check(share)
      ->type_name("F");
  command.add_option("--weight-decay", run.decay, "of matrices and embeddings")
      ->check(CLI::NonNegativeNumber)
      ->type_name("F");
  command.add_option("--beta1", run.beta1, "of AdamW")->check(share)->type_name("F");
  command.add_option("--beta2", run.beta2, "of AdamW")->check(share)->type_name("F");
  command.add_option("--eps", run.eps, "of AdamW")->check(CLI::NonNegativeNumber)->type_name("F");
  command.add_option("--dropout", run.dropout, "share of values that are dropped while the model learns")
      ->check(CLI::Range(0.0, 0.99))
      ->type_name("F");
  command.add_option("--label-smoothing", run.smoothing, "share of a target that is spread over the vocabulary")
      ->check(CLI::Range(0.0, 0.99))
      ->type_name("F");
  command.add_option("--grad-clip", run.clip, "largest norm of a gradient (0: any)")
      ->check(CLI::NonNegativeNumber)
      ->type_name("F");
  command.add_option("--stop-norm", run.stop_norm, "a larger norm ends the run")
      ->check(CLI::NonNegativeNumber)
      ->type_name("F");
}

void add_course(CLI::App& command, train::run_settings& run) {
  command.add_option("--eval-interval", run.eval_interval, "steps from one evaluation to the next")
      ->check(countable)
      ->type_name("N");
  command.add_option("--eval-iters", run.eval_batches, "batches of an evaluation")->check(positive)->type_name("N");
  command
      .add_option("--save-interval", run.save_interval,
                  "steps from one saved state to the next (0: with each evaluation)")
      ->check(countable)
      ->type_name("N");
  command.add_option("--log-interval", run.log_interval, "steps from one line of log.jsonl to the next")
      ->check(countable)
      ->type_name("N");
  command.add_option("--seed", run.seed, "of initialisation, batches and dropout")->type_name("N");
  command.add_option("--init", run.init, "of the parameters: nanogpt, llama2c, normal")->type_name("KIND");
  command.add_option("-t,--threads", run.threads, "that compute; results do not depend on it")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  command.add_option("--prompt", run.prompt, "what samples begin with")->type_name("TEXT");
  command.add_option("--sample-tokens", run.sample_tokens, "of the sample at each evaluation (0: none)")
      ->check(countable)
      ->type_name("N");
  command.add_option("--temperature", run.temperature, "of samples")->check(CLI::NonNegativeNumber)->type_name("F");
  command.add_option("--top-k", run.top_k, "of samples")->check(countable)->type_name("N");
}

}  // namespace

void add_train_options(CLI::App& command, train_options& options) {
  command
      .add_option("model", options.model,
                  "a header with a config or a traced model, a JSON like config.json, or a checkpoint to go on from")
      ->type_name("CONFIG|PATH");
  command.add_option("--data", options.data, "files or folders: tokens (.bin), text, JSON lines")->type_name("FILE");
  command.add_option("--validation", options.validation, "the same, to validate by (default: the last tenth)")
      ->type_name("FILE");
  command.add_option("-o,--output", options.output, "folder of the model and of all that is needed to go on")
      ->type_name("DIR");
  command.add_option("--resume", options.resume, "goes on with what DIR says, or with a run of nanoGPT's train.py")
      ->type_name("DIR|CKPT.PT");
  command.add_option("--recipe", options.recipe, "nanogpt, or a TOML file whose keys are names of options")
      ->type_name("NAME|FILE");
  command.add_option("--name", options.name, "of the config or model in a header (default: as the file is called)")
      ->type_name("NAME");
  command
      .add_option("--tokenizer", options.tokenizer,
                  "chars, a file or a folder (default: the checkpoint's, or beside the data, or the text's characters)")
      ->type_name("FILE");
  command
      .add_option("--block-size", options.block_size,
                  "tokens of a sequence (default: as many as the model has positions)")
      ->check(CLI::Range(1, most))
      ->type_name("N");
  static std::map<std::string, block_order> const orders{{"random", block_order::random},
                                                         {"in-order", block_order::in_order},
                                                         {"shuffled", block_order::shuffled},
                                                         {"llama2c", block_order::llama2c}};
  command
      .add_option("--order", options.run.data.order,
                  "of blocks of tokens: random (nanoGPT), in-order, shuffled (llm.c) or llama2c")
      ->transform(CLI::CheckedTransformer(orders))
      ->type_name("KIND");
  add_optimisation(command, options.run);
  add_course(command, options.run);
  add_lora_options(command, options.run.lora);
  add_format_option(command, options.run.format);
  add_open_options(command, options.open);
  command.add_option("--target", options.compile.target, "processor: this one, or one that -march= names")
      ->type_name("native|ARCH");
  command.add_option("--compiler", options.compile.compiler, "C++ compiler")->type_name("CXX");
}

}  // namespace constformer::command
