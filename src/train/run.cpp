#include "run.hpp"

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/core/error.hpp"
#include "constformer/data/training_data.hpp"
#include "constformer/text/load.hpp"
#include "constformer/text/tokenizer.hpp"
#include "constformer/train/schedules.hpp"
#include "constformer/train/averages.hpp"
#include "constformer/train/progress.hpp"
#include "evaluation.hpp"
#include "loss_chart.hpp"
#include "machine_memory.hpp"
#include "named_tensors.hpp"
#include "optimizer_course.hpp"
#include "progress_line.hpp"
#include "run_files.hpp"
#include "run_log.hpp"
#include "stop_signals.hpp"
#include "training_state.hpp"

namespace constformer::train {

namespace {

namespace fs = std::filesystem;
using clock = std::chrono::steady_clock;

double since(clock::time_point begin) { return std::chrono::duration<double>(clock::now() - begin).count(); }

std::string with_commas(std::int64_t value) {
  std::string out = std::to_string(value);
  for (int at = static_cast<int>(out.size()) - 3; at > 0; at -= 3) out.insert(static_cast<std::size_t>(at), ",");
  return out;
}

// What does not fit is refused with both numbers, before anything is taken.
void require_memory(learner_facts const& facts, run_settings const& s) {
  std::int64_t const average = s.step.ema > 0.0 ? facts.parameters * std::int64_t{sizeof(float)} : 0;
  auto const needed = static_cast<std::int64_t>(facts.bytes(s.threads)) + average;
  std::int64_t const there = available_memory();
  if (there > 0 && needed > there)
    throw error("training takes " + with_commas(needed) + " bytes of memory, " + with_commas(there) +
                " are available; a smaller --batch-size with more --gradient-accumulation-steps takes less");
}

class tokenizer_holder {
 public:
  explicit tokenizer_holder(std::string const& path) {
    if (path.empty()) return;
    blob_ = pack(load_tokenizer_source(path));
    tokens_ = open_tokenizer(blob_);
  }
  [[nodiscard]] tokenizer const* get() const { return tokens_.get(); }

 private:
  std::vector<std::byte> blob_;
  std::unique_ptr<tokenizer> tokens_;
};

bool is_finite(std::span<float const> values) {
  return std::ranges::all_of(values, [](float x) { return std::isfinite(x); });
}

double squares(std::span<float const> values) {
  double sum = 0.0;
  for (float const x : values) sum += static_cast<double>(x) * static_cast<double>(x);
  return sum;
}

// The first parameter that holds no number, or whose gradient does; else the one with the largest gradient.
std::string culprit(learner_facts const& facts, learner& model) {
  std::string first, worst;
  double most = -1.0;
  for_each_parameter(facts, [&](int entry, int layer) {
    auto const gradient = model.gradient(entry, layer);
    if (first.empty() && !(is_finite(model.parameter(entry, layer)) && is_finite(gradient)))
      first = parameter_name_of(facts, entry, layer);
    if (double const size = squares(gradient); size > most) most = size, worst = parameter_name_of(facts, entry, layer);
  });
  return first.empty() ? worst : first;
}

class training_run {
 public:
  training_run(learner_unit const& unit, run_settings const& settings, fs::path folder)
      : facts_(unit.facts), s_(settings), folder_(std::move(folder)), text_(s_.tokenizer) {
    at_.random = torch_generator(s_.seed);
    require_memory(facts_, s_);
    model_ = unit.make(s_.threads);
    course_.emplace(*model_, facts_, s_);
    model_->resume({.seed = s_.seed});
    if (s_.step.token_mean) model_->count_by(accumulation::tokens);
    bool const resumed = fs::exists(state_file());
    if (!resumed || begins_again(s_)) begin_parameters(facts_, s_, *model_, at_);
    if (s_.step.ema > 0.0) model_->average(1.0);  // begins there, and is a place for what is loaded
    if (resumed) load_state(state_file(), facts_, *model_, at_);
    data_ = open_training_data(data_settings(), text_.get(), &at_.random);
    if (resumed) {
      data_.train->resume(at_.train);
      if (data_.validation) data_.validation->resume(at_.validation);
    } else {
      draw_pending();
    }
    evaluation_.emplace(*model_, facts_, s_, text_.get(), data_);
    log_.emplace(folder_, at_.step, at_.evaluated);
    saved_ = resumed ? at_.step : -1;
    saved_evaluated_ = resumed && at_.evaluated;
    peak_ = unit.peak(s_.threads, 0.03);
    announce(resumed);
  }

  int go() {
    begun_ = clock::now();
    first_ = at_.step;
    while (true) {
      if (is_due(s_.report.eval_interval) && !at_.evaluated) evaluate();
      bool const over = at_.step >= s_.course.steps || stop_signal() != 0;
      if (over || is_due(s_.report.save_interval > 0 ? s_.report.save_interval : s_.report.eval_interval)) save();
      if (over) break;
      step();
    }
    line_.clear();
    if (int const signal = stop_signal(); signal != 0) {
      std::fprintf(stderr, "stopped after step %" PRId64 " of %" PRId64 ", which is saved in %s\n", at_.step,
                   s_.course.steps, folder_.c_str());
      return 128 + signal;
    }
    return 0;
  }

 private:
  [[nodiscard]] fs::path state_file() const { return folder_ / run_folder / state_name; }

  [[nodiscard]] data_options data_settings() const {
    data_options out = s_.data;
    out.sequences = facts_.bounds.sequences;
    out.length = facts_.bounds.tokens / facts_.bounds.sequences;
    out.source_length = facts_.bounds.sources / facts_.bounds.sequences;
    out.vocab = facts_.vocab;
    if (facts_.model != nullptr) out.source_vocab = source_vocab(*facts_.model);
    return out;
  }

  void draw_pending() { at_.pending = data_.train->next(); }

  [[nodiscard]] bool is_due(std::int64_t interval) const {
    return interval > 0 && (at_.step % interval == 0 || at_.step == s_.course.steps);
  }

  [[nodiscard]] std::int64_t tokens_of_step() const {
    return std::int64_t{facts_.bounds.tokens} * s_.course.accumulation;
  }
  [[nodiscard]] double flops_of_token() const { return static_cast<double>(facts_.flops) / facts_.bounds.tokens; }

  // Behind the number of all parameters, if not all learn.
  [[nodiscard]] std::string learning_text() const {
    return facts_.trained == facts_.parameters ? "" : " of which " + with_commas(facts_.trained) + " learn";
  }

  [[nodiscard]] std::string title() const {
    return std::string(facts_.name) + (s_.recipe.empty() ? "" : ", " + s_.recipe);
  }

  void announce(bool resumed) {
    double const flops = static_cast<double>(facts_.flops) * s_.course.accumulation;
    model_->evaluate(at_.pending);  // the first to touch the memory, which takes longer than the pass
    auto const timed = clock::now();
    model_->evaluate(at_.pending);  // a third of the work of a step
    double const seconds =
        3.0 * since(timed) * s_.course.accumulation * static_cast<double>(s_.course.steps - at_.step);
    std::printf(
        "%.*s: %s parameters%s, %s tokens and %.3g GFLOP a step, %s bytes of memory, %d thread%s of %.0f GFLOP/s, "
        "about "
        "%s\n",
        static_cast<int>(facts_.name.size()), facts_.name.data(), with_commas(facts_.parameters).c_str(),
        learning_text().c_str(), with_commas(tokens_of_step()).c_str(), flops / 1e9,
        with_commas(static_cast<std::int64_t>(facts_.bytes(s_.threads))).c_str(), s_.threads,
        s_.threads == 1 ? "" : "s", peak_ / 1e9, time_text(seconds).c_str());
    if (resumed) std::printf("goes on after step %" PRId64 "\n", at_.step);
    std::fflush(stdout);
  }

  void evaluate() {
    model_->exchange_average();
    log_entry e{.step = at_.step, .evaluation = true, .rate = course_->rate(at_.step)};
    evaluation_->run(at_, e);
    e.seconds = seconds_before_ + since(begun_);
    line_.clear();
    std::printf("step %" PRId64 ": train loss %.4f", e.step, e.loss);
    if (e.validation) std::printf(", val loss %.4f", *e.validation);
    if (e.bits_per_byte) std::printf(", %.4f bits per byte", *e.bits_per_byte);
    if (e.accuracy) std::printf(", masked accuracy %.4f", *e.accuracy);
    std::printf(", %s\n", time_text(e.seconds).c_str());
    std::fflush(stdout);
    log_->add(std::move(e));
    write_pictures();
    model_->exchange_average();
  }

  void write_pictures() {
    write_file(folder_ / "loss.svg", loss_chart(log_->entries(), title()));
    std::string samples;
    for (log_entry const& e : log_->entries())
      if (!e.sample.empty()) samples += "--- step " + std::to_string(e.step) + "\n" + e.sample + "\n";
    if (!samples.empty()) write_file(folder_ / "samples.txt", samples);
  }

  void step() {
    auto const began = clock::now();
    double loss = 0.0, weights = 0.0;
    std::int64_t tokens = 0;
    for (int i = 0; i < s_.course.accumulation; ++i) {
      tokens += static_cast<std::int64_t>(at_.pending.tokens.size());
      double const one = model_->accumulate(at_.pending), weight = weight_of(at_.pending);
      if (!std::isfinite(one)) fail_at("its loss is not a number, nor is what there is of " + culprit(facts_, *model_));
      loss += one * weight;
      weights += weight;
      draw_pending();
    }
    loss /= std::max(weights, 1.0);
    double const rate = course_->begin(at_.step);
    double const norm = model_->update(rate, s_.step.clip);
    if (!std::isfinite(norm)) fail_at("the gradient of " + culprit(facts_, *model_) + " is not a number");
    if (norm > s_.step.stop_norm)
      fail_at("the gradient's norm is " + std::to_string(norm) + ", most of it of " + culprit(facts_, *model_) +
              ", --stop-norm is " + std::to_string(s_.step.stop_norm));
    if (s_.step.ema > 0.0) model_->average(ema_weight(s_.step.ema, static_cast<int>(at_.step)));
    ++at_.step;
    at_.evaluated = false;
    at_.running_loss += loss;
    ++at_.running_count;
    double const pace = static_cast<double>(tokens) / since(began);
    if (s_.report.log_interval > 0 && at_.step % s_.report.log_interval == 0)
      log_->add({.step = at_.step,
                 .loss = loss,
                 .rate = rate,
                 .norm = norm,
                 .tokens_per_second = pace,
                 .seconds = since(begun_)});
    double const mean_step = since(begun_) / static_cast<double>(at_.step - first_);
    line_.show({.step = at_.step,
                .steps = s_.course.steps,
                .loss = loss,
                .rate = rate,
                .tokens_per_second = pace,
                .bits_per_byte = at_.bits_per_byte,
                .share_of_peak = flops_of_token() * pace / peak_,
                .seconds_left = mean_step * static_cast<double>(s_.course.steps - at_.step)});
  }

  // What a batch of an update weighs among the others.
  [[nodiscard]] double weight_of(ragged_batch const& batch) const {
    if (!s_.step.token_mean) return 1.0;
    return static_cast<double>(std::ranges::count_if(batch.targets, [](std::int32_t id) { return id >= 0; }));
  }

  [[noreturn]] void fail_at(std::string const& what) {
    line_.clear();
    throw error("step " + std::to_string(at_.step + 1) + ": " + what + "; " +
                (saved_ < 0 ? std::string("nothing was saved before")
                            : "the last good checkpoint, after step " + std::to_string(saved_) + ", is " +
                                  state_file().string()));
  }

  void save() {
    if (saved_ == at_.step && saved_evaluated_ == at_.evaluated) return;
    at_.train = data_.train->position();
    at_.validation = data_.validation ? data_.validation->position() : std::string();
    save_state(state_file(), facts_, *model_, at_);
    write_run(folder_, facts_, s_, *model_, at_, text_.get());
    saved_ = at_.step;
    saved_evaluated_ = at_.evaluated;
  }

  learner_facts const& facts_;
  run_settings const& s_;
  fs::path folder_;
  tokenizer_holder text_;
  run_position at_{};
  std::unique_ptr<learner> model_;
  std::optional<optimizer_course> course_;
  training_data data_{};
  std::optional<evaluation> evaluation_;
  std::optional<run_log> log_;
  progress_line line_;
  double peak_ = 0.0;
  double seconds_before_ = 0.0;
  clock::time_point begun_ = clock::now();
  std::int64_t first_ = 0;
  std::int64_t saved_ = -1;
  bool saved_evaluated_ = false;
};

}  // namespace

int run_training(learner_unit const& unit, run_settings const& settings, fs::path const& folder) {
  catch_stop_signals();
  return training_run(unit, settings, folder).go();
}

}  // namespace constformer::train
