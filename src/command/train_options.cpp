#include "train_options.hpp"

#include <string>
#include <utility>
#include <vector>

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

// An option whose words stand for the values of an enumeration.
template <class Kind>
void add_kind(CLI::App& command, std::string const& name, Kind& to,
              std::vector<std::pair<std::string, Kind>> const& kinds, std::string const& text) {
  std::vector<std::string> words;
  for (auto const& kind : kinds) words.push_back(kind.first);
  auto const set = [&to, kinds](std::string const& word) {
    for (auto const& [known, value] : kinds)
      if (known == word) to = value;
  };
  command.add_option_function<std::string>(name, set, text)->check(CLI::IsMember(words))->type_name("KIND");
}

// A number that the optimizer has itself where nobody says another.
void add_own(CLI::App& command, std::string const& name, double& to, std::string const& text) {
  command.add_option_function<double>(
             name, [&to](double value) { to = value; }, text + " (default: the optimizer's)")
      ->check(CLI::NonNegativeNumber)
      ->type_name("F");
}

void add_optimizer(CLI::App& command, train::run_settings& run) {
  add_kind(command, "--optimizer", run.optimizer.kind,
           {{"adamw", train::optimizer_kind::adamw},
            {"adam", train::optimizer_kind::adam},
            {"bert-adamw", train::optimizer_kind::bert_adamw},
            {"sgd", train::optimizer_kind::sgd},
            {"muon", train::optimizer_kind::muon},
            {"nanochat-muon", train::optimizer_kind::nanochat_muon}},
           "the optimizer");
  add_own(command, "--weight-decay", run.optimizer.decay, "weight decay");
  add_own(command, "--beta1,--adam-beta1", run.optimizer.beta1, "Adam's");
  add_own(command, "--beta2,--adam-beta2", run.optimizer.beta2, "Adam's, and nanochat's Muon's");
  add_own(command, "--eps,--adam-epsilon", run.optimizer.eps, "Adam's");
  add_own(command, "--momentum", run.optimizer.momentum, "SGD's and Muon's");
  add_own(command, "--momentum-start", run.optimizer.first_momentum, "Muon's at step 0, if it warms up");
  add_own(command, "--momentum-end", run.optimizer.last_momentum, "Muon's at the end, if it falls with the rate");
  command.add_option("--momentum-warmup", run.optimizer.momentum_warmup, "steps until Muon's momentum is highest")
      ->check(countable)
      ->type_name("N");
  add_kind(command, "--decay-schedule", run.optimizer.decay_schedule,
           {{"constant", train::decay_kind::constant},
            {"linear", train::decay_kind::linear},
            {"cosine", train::decay_kind::cosine}},
           "of Muon's decay");
  add_own(command, "--embedding-lr", run.optimizer.embedding_rate, "beside Muon: learning rate of embeddings");
  add_own(command, "--unembedding-lr", run.optimizer.unembedding_rate, "beside Muon: learning rate of the head");
  add_own(command, "--scalar-lr", run.optimizer.scalar_rate, "beside Muon: learning rate of all else");
  command.add_flag("--scale-lr", run.optimizer.scale_rates,
                   "rates are for 2^19 tokens a step, and are multiplied by the root of what it is of that (nanochat)");
}

void add_optimisation(CLI::App& command, train::run_settings& run) {
  command.add_option("--steps,--max-iters,--num-iterations", run.course.steps, "optimizer steps")
      ->check(countable)
      ->type_name("N");
  command.add_option("--batch-size,--device-batch-size,--train-batch-size", run.data.sequences, "sequences in a batch")
      ->check(positive)
      ->type_name("N");
  command.add_option("--gradient-accumulation-steps", run.course.accumulation, "batches per optimizer step")
      ->check(positive)
      ->type_name("N");
  command.add_option("--learning-rate,--lr,--matrix-lr", run.course.rate, "peak learning rate")
      ->check(CLI::NonNegativeNumber)
      ->type_name("F");
  command.add_option("--min-lr", run.course.least_rate, "lowest learning rate")
      ->check(CLI::NonNegativeNumber)
      ->type_name("F");
  add_kind(command, "--schedule", run.course.schedule,
           {{"constant", train::schedule_kind::constant},
            {"cosine", train::schedule_kind::cosine},
            {"trapezoid", train::schedule_kind::trapezoid},
            {"linear", train::schedule_kind::linear}},
           "of the learning rate");
  command.add_option("--warmup-iters,--warmup-steps", run.course.warmup, "warm-up steps")
      ->check(countable)
      ->type_name("N");
  command.add_flag("--warm-from-zero", run.course.warm_from_zero, "step 0 has a learning rate of 0, as llama2.c's");
  command.add_option("--lr-decay-iters", run.course.decay_steps, "steps until the rate is lowest (0: all)")
      ->check(countable)
      ->type_name("N");
  command.add_option("--warmdown-ratio", run.course.warmdown, "share of the steps in which a trapezoid falls")
      ->check(share)
      ->type_name("F");
  add_optimizer(command, run);
  command
      .add_option("--dtype", run.step.dtype,
                  "f32, or bf16: matrices are rounded to it before they are multiplied; parameters, gradients and the "
                  "optimizer stay f32")
      ->check(CLI::IsMember({"f32", "bf16"}))
      ->type_name("TYPE");
  command
      .add_option(
          "--recompute", run.step.recompute,
          "what the backward pass computes anew instead of keeping it: none, pointwise (norms and activations) or "
          "blocks (all but what each block began with: less memory, longer steps, the same bits)")
      ->check(CLI::IsMember({"none", "pointwise", "blocks"}))
      ->type_name("WHAT");
  command.add_option("--dropout", run.step.dropout, "dropout rate")->check(CLI::Range(0.0, 0.99))->type_name("F");
  command.add_option("--label-smoothing", run.step.smoothing, "share of a target that is spread over the vocabulary")
      ->check(CLI::Range(0.0, 0.99))
      ->type_name("F");
  command
      .add_option("--ema", run.step.ema,
                  "decay of an average of the weights, which is then evaluated and written (0: none)")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("F");
  command.add_flag("--token-mean", run.step.token_mean,
                   "the batches of an update count by their targets, rather than alike");
  command.add_option("--grad-clip", run.step.clip, "largest norm of a gradient (0: any)")
      ->check(CLI::NonNegativeNumber)
      ->type_name("F");
  command.add_option("--stop-norm", run.step.stop_norm, "a larger norm ends the run")
      ->check(CLI::NonNegativeNumber)
      ->type_name("F");
}

void add_course(CLI::App& command, train::run_settings& run) {
  command.add_option("--eval-interval,--eval-every", run.report.eval_interval, "steps from one evaluation to the next")
      ->check(countable)
      ->type_name("N");
  command.add_option("--eval-iters", run.report.eval_batches, "batches of an evaluation")
      ->check(positive)
      ->type_name("N");
  command
      .add_option("--save-interval", run.report.save_interval,
                  "steps from one saved state to the next (0: with each evaluation)")
      ->check(countable)
      ->type_name("N");
  command.add_option("--log-interval", run.report.log_interval, "steps from one line of log.jsonl to the next")
      ->check(countable)
      ->type_name("N");
  command.add_option("--seed", run.seed, "of initialisation, batches and dropout")->type_name("N");
  command
      .add_option_function<std::string>(
          "--rng", [](std::string const&) {}, "of initialisation and batches: torch's generator, the only one there is")
      ->check(CLI::IsMember({"torch"}))
      ->type_name("KIND");
  command
      .add_option("--init", run.init,
                  "of the parameters: nanogpt, llama2c, nanochat, bert, t5, xavier or normal (default: the family's)")
      ->type_name("KIND");
  command.add_option("-t,--threads", run.threads, "that compute; results do not depend on it")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  command.add_option("--prompt", run.sample.prompt, "what samples begin with")->type_name("TEXT");
  command.add_option("--sample-tokens", run.sample.tokens, "of the sample at each evaluation (0: none)")
      ->check(countable)
      ->type_name("N");
  command.add_option("--temperature", run.sample.temperature, "of samples")
      ->check(CLI::NonNegativeNumber)
      ->type_name("F");
  command.add_option("--top-k", run.sample.top_k, "of samples")->check(countable)->type_name("N");
}

}  // namespace

void add_train_options(CLI::App& command, train_options& options) {
  command
      .add_option(
          "model", options.model,
          "a header with a config or a traced model, a JSON file like config.json, or a checkpoint to continue from")
      ->type_name("CONFIG|PATH");
  command
      .add_option("--data", options.data,
                  "files or folders: tokens (.bin), text, JSON lines, pairs (.tsv, or two files of lines)")
      ->type_name("FILE");
  command
      .add_option("--validation", options.validation, "the same, for validation (default: the last tenth of the data)")
      ->type_name("FILE");
  command.add_option("-o,--output", options.output, "output folder: the model, and all that resuming needs")
      ->type_name("DIR");
  command
      .add_option("--resume", options.resume, "resumes the run in DIR, or a run of nanoGPT's train.py or of nanochat")
      ->type_name("DIR|FILE.PT");
  command.add_option("--recipe", options.recipe, "nanogpt, or a TOML file whose keys are names of options")
      ->type_name("NAME|FILE");
  command.add_option("--name", options.name, "of the config or model in a header (default: as the file is called)")
      ->type_name("NAME");
  command
      .add_option(
          "--tokenizer", options.tokenizer,
          "a file or a folder, chars, for pairs also words or chars:words (default: the checkpoint's, or beside "
          "the data, or the text's characters)")
      ->type_name("FILE|KIND");
  command
      .add_option("--block-size,--max-seq-len,--max-seq-length,--max-target-length", options.block_size,
                  "tokens of a sequence (default: as many as the model has positions)")
      ->check(CLI::Range(1, most))
      ->type_name("N");
  command
      .add_option("--max-source-length", options.source_size, "pairs: tokens of a source (default: as --block-size)")
      ->check(CLI::Range(1, most))
      ->type_name("N");
  add_kind(command, "--data-kind", options.run.data.kind,
           {{"tokens", data_kind::tokens},
            {"text", data_kind::text},
            {"documents", data_kind::documents},
            {"conversations", data_kind::conversations},
            {"pairs", data_kind::pairs},
            {"masked", data_kind::masked}},
           "what files hold (default: as they end, and as the model learns)");
  command
      .add_option("--chat-template", options.chat_template,
                  "conversations: nanochat, chatml, llama2, llama3 or another built-in one, or a file (default: the "
                  "checkpoint's, else the one whose tokens the vocabulary has)")
      ->type_name("NAME|FILE");
  add_kind(command, "--order", options.run.data.order,
           {{"random", block_order::random},
            {"in-order", block_order::in_order},
            {"shuffled", block_order::shuffled},
            {"llama2c", block_order::llama2c}},
           "of blocks of tokens: random is nanoGPT's, shuffled llm.c's");
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
