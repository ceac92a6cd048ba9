#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Error.hpp>
#include <CLI/Formatter.hpp>

#include "../data/file_list.hpp"
#include "../train/run.hpp"
#include "../train/settings.hpp"
#include "commands.hpp"
#include "companions.hpp"
#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/error.hpp"
#include "constformer/text/load.hpp"
#include "judge_training.hpp"
#include "lora_options.hpp"
#include "nanochat_runs.hpp"
#include "nanogpt_runs.hpp"
#include "constformer/data/training_data.hpp"
#include "constformer/text/tokenizer.hpp"
#include "constformer/text/tokenizer_data.hpp"
#include "constformer/train/torch_generator.hpp"
#include "new_folder.hpp"
#include "process.hpp"
#include "train_model.hpp"
#include "train_options.hpp"
#include "trainer_build.hpp"
#include "training_chat.hpp"
#include "training_text.hpp"

namespace constformer::command {

namespace {

namespace fs = std::filesystem;

constexpr int usual_block = 256;
constexpr double muon_rate = 0.02;  // if nobody names one; that of the others is no rate for it

std::string read_text(fs::path const& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw error(path.string() + ": cannot be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

// Becomes the trainer, which finds all it needs in the folder.
[[noreturn]] void become(fs::path const& trainer, fs::path const& folder) {
  std::string program = trainer.string(), argument = folder.string();
  char* const words[]{program.data(), argument.data(), nullptr};
  execv(program.c_str(), words);
  throw error(program + ": cannot be run: " + std::strerror(errno));
}

// Sequences are as long as the model has positions, but not longer than what `usual_block` says unless asked for.
void settle_block(train_options& options, train_model const& model) {
  if (options.block_size == 0)
    options.block_size = model.described ? std::min(model.described->positions, 1024) : usual_block;
  if (model.described && options.block_size > model.described->positions)
    throw error("--block-size is " + std::to_string(options.block_size) + ", the model has " +
                std::to_string(model.described->positions) + " positions");
  options.run.data.length = options.block_size;
  if (model.task != train_task::pairs) return;
  if (options.source_size == 0) options.source_size = options.block_size;
  if (model.described && options.source_size > model.described->positions)
    throw error("--max-source-length is " + std::to_string(options.source_size) + ", the model has " +
                std::to_string(model.described->positions) + " positions");
  options.run.data.source_length = options.source_size;
}

void settle_vocabulary(data_options& data, text_ids const& text, train_model const& model) {
  if (!model.described) return;
  data.vocab = model.described->vocab;
  data.source_vocab = source_vocab(*model.described);
  if (text.vocab > data.vocab)
    throw error("the tokenizer has " + std::to_string(text.vocab) + " tokens, the model " + std::to_string(data.vocab));
  bool const pairs = model.task == train_task::pairs;
  if (pairs && text.source_vocab > data.source_vocab)
    throw error("the tokenizer has " + std::to_string(text.source_vocab) + " tokens of sources, the model " +
                std::to_string(data.source_vocab));
  if (pairs && model.decoder_start) data.decoder_start = *model.decoder_start;
}

// Files hold what the model learns from, or it is said of which kind they are.
void settle_kind(data_options& data, train_model& model) {
  bool const asked = data.kind != data_kind::automatic;
  if (!asked && model.task == train_task::masked) data.kind = data_kind::masked;
  if (!asked && model.task == train_task::pairs) data.kind = data_kind::pairs;
  data.kind = data::list_files(data).kind;
  train_task const by_data = data.kind == data_kind::pairs    ? train_task::pairs
                             : data.kind == data_kind::masked ? train_task::masked
                                                              : train_task::next_token;
  if (model.task == train_task::unknown) model.task = by_data;
  if (model.task != by_data)
    throw error(data.files.front().string() + " holds " + std::string(data::name_of(data.kind)) + ", the model is " +
                (model.task == train_task::pairs    ? "an encoder-decoder, which learns from pairs"
                 : model.task == train_task::masked ? "an encoder, which learns from masked text"
                                                    : "a decoder, which learns from tokens, text or conversations"));
}

fs::path settings_file(fs::path const& folder) { return folder / train::run_folder / "settings.json"; }

// Lies in a run's folder until its trainer is compiled: a kill leaves it there.
fs::path unfinished_file(fs::path const& folder) { return folder / train::run_folder / "unfinished"; }

// A folder that holds a run goes on with it, one whose run saved nothing or was never compiled begins anew, and one
// that holds anything else is left alone.
bool holds_run(fs::path const& folder) {
  std::error_code failed;
  if (fs::exists(settings_file(folder), failed))
    return fs::exists(folder / train::run_folder / train::state_name, failed);
  if (fs::exists(unfinished_file(folder), failed)) return false;
  if (fs::is_directory(folder, failed) && !fs::is_empty(folder, failed))
    throw error(folder.string() + ": is not empty and holds no run of train");
  return false;
}

// What was begun decides, where the command line leaves it open, how long the rate decays.
void require_same_run(fs::path const& folder, train::run_settings& asked) {
  auto const file = settings_file(folder);
  auto const begun = train::settings_of(read_text(file), file.string());
  if (asked.course.decay_steps == 0) asked.course.decay_steps = begun.course.decay_steps;
  if (std::string const difference = train::first_difference(begun, asked); !difference.empty())
    throw error(folder.string() + ": holds a run that was begun otherwise: " + difference + "; take another folder");
}

void write_model_files(train_options const& options, train_model const& model, training_text const& text,
                       fs::path const& folder) {
  bool const adapters = options.run.lora.rank > 0;  // the model itself stays where it is
  bool const copied = !adapters && model.source && model.source->format == checkpoint_format::hugging_face;
  if (copied) copy_companions(model.source->path, folder);
  if (!adapters && !model.config_json.empty()) write_file(folder / "config.json", model.config_json);
  put_tokenizer(text, folder);
  put_template(options, folder);
  write_trainer_sources(model, options, folder / train::run_folder);
}

// Opens the data as the trainer will, so that what is wrong with it costs no compilation; text becomes tokens.
void try_data(train::run_settings const& run) {
  std::vector<std::byte> blob;
  std::unique_ptr<tokenizer> tokens;
  if (!run.tokenizer.empty()) {
    blob = pack(load_tokenizer_source(run.tokenizer));
    tokens = open_tokenizer(blob);
  }
  torch_generator random(run.seed);
  training_data const data = open_training_data(run.data, tokens.get(), &random);
  static_cast<void>(data.train->next());
}

void begin_or_go_on(train_options& options) {
  fs::path const folder = options.output;
  bool const goes_on = holds_run(folder);
  for (std::string const& file : options.data) options.run.data.files.push_back(fs::absolute(file));
  for (std::string const& file : options.validation) options.run.data.validation.push_back(fs::absolute(file));
  train_model model = find_train_model(options);
  settle_kind(options.run.data, model);
  training_text const text = find_training_text(options, model.task, model.apart);
  text_ids const ids = ids_of(text);
  describe(model, options, ids);
  settle_vocabulary(options.run.data, ids, model);
  settle_block(options, model);
  settle_lora(options.run.lora, model);
  judge_training(options, model);
  if (model.described) options.run.data.next_sentence = model.described->classifier == classifier_kind::next_sentence;
  options.run.data.chat_template = find_training_template(options, model);
  if (model.source) options.run.start = fs::absolute(options.model);
  options.run.recipe = options.recipe;
  if (ids.vocab > 0) options.run.tokenizer = fs::absolute(folder);
  options.run.data.cache = fs::absolute(folder) / train::run_folder / "data";
  if (goes_on) require_same_run(folder, options.run);
  if (options.run.course.decay_steps == 0) options.run.course.decay_steps = options.run.course.steps;
  new_folder made(folder), its(folder / train::run_folder);
  if (!goes_on) write_file(unfinished_file(folder), "");
  atomic_file settings(settings_file(folder));  // first, so that a folder that cannot be written costs no compilation
  write_model_files(options, model, text, folder);
  try_data(options.run);
  fs::path const trainer = build_trainer(fs::absolute(folder / train::run_folder), options.compile);
  settings.write(json_of(options.run));
  settings.commit();
  fs::remove(unfinished_file(folder));
  made.keep();
  its.keep();
  become(trainer, folder);
}

void go_on(train_options const& options) {
  fs::path const folder = options.resume;
  if (!holds_run(folder)) throw error(folder.string() + ": holds no run of train");
  become(build_trainer(fs::absolute(folder / train::run_folder), options.compile), folder);
}

void run_train(train_options& options) {
  catch_interrupts();
  if (!options.resume.empty()) return go_on(options);
  begin_or_go_on(options);
}

}  // namespace

void add_train(CLI::App& app) {
  auto const options = std::make_shared<train_options>();
  CLI::App* const command = app.add_subcommand("train", "Trains a model");
  add_train_options(*command, *options);
  command->callback([options, command] {
    if (!options->recipe.empty()) apply_recipe(*command, options->recipe);
    if (std::error_code failed; fs::is_regular_file(options->resume, failed)) {  // another's: a run of ours begins
      options->model = std::exchange(options->resume, {});
      options->run.resumes = true;
      (is_nanochat_run(options->model) ? apply_nanochat_config : apply_nanogpt_config)(*command, options->model);
    }
    bool const muon = options->run.optimizer.kind >= train::optimizer_kind::muon;
    if (muon && command->count("--learning-rate") == 0) options->run.course.rate = muon_rate;
    if (options->resume.empty())
      for (auto const& [name, given] :
           {std::pair("CONFIG|PATH", !options->model.empty()), std::pair("--data", !options->data.empty()),
            std::pair("--output", !options->output.empty())})
        if (!given) throw CLI::RequiredError(name);
    run_train(*options);
  });
}

}  // namespace constformer::command
