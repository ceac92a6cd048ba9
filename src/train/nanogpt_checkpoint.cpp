#include "nanogpt_checkpoint.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../checkpoint/pickle.hpp"
#include "../checkpoint/readers/torch.hpp"
#include "../checkpoint/readers/torch_write.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/parameters.hpp"
#include "constformer/core/error.hpp"
#include "named_tensors.hpp"
#include "nanogpt_names.hpp"

namespace constformer::train {

namespace {

constexpr std::array<std::string_view, 2> moments{"exp_avg", "exp_avg_sq"};

tensor_view const& named(owned_tensors const& in, std::string_view name) {
  return *std::ranges::find(in.tensors, name, &tensor_view::name);
}

std::span<float const> floats_of(tensor_view const& t) {
  return {reinterpret_cast<float const*>(t.bytes.data()), t.bytes.size() / sizeof(float)};
}

// --- writing ---------------------------------------------------------------------------------------------------------

class nanogpt_writer {
 public:
  nanogpt_writer(learner_facts const& facts, learner& from, run_settings const& settings, run_position const& at)
      : model_(*facts.model),
        settings_(settings),
        at_(at),
        knobs_(from.knobs()),
        steps_(static_cast<float>(from.progress().steps)),
        best_(static_cast<float>(at.best > 0.0 ? at.best : 1e9)),
        weights_(to_tensors(facts, parameters_of(from), false)) {
    if (from.progress().steps == 0) return;
    for (std::string_view const name : moments) moments_.push_back(to_tensors(facts, states_of(from, name), false));
  }

  void write(std::filesystem::path const& file) {
    to().begin_dict();
    entry("model", [&] { write_model(); });
    entry("optimizer", [&] { write_optimizer(); });
    entry("model_args", [&] { write_model_args(); });
    entry("iter_num", [&] { to().integer(at_.step); });
    entry("best_val_loss", [&] { out_.tensor({}, {&best_, 1}); });
    entry("config", [&] { write_config(); });
    to().end_dict();
    out_.write(file);
  }

 private:
  pickle_writer& to() { return out_.pickle(); }

  template <class Value>
  void entry(std::string_view key, Value const& value) {
    to().text(key);
    value();
  }
  void number(std::string_view key, std::int64_t value) {
    entry(key, [&] { to().integer(value); });
  }
  void number(std::string_view key, double value) {
    entry(key, [&] { to().real(value); });
  }
  void flag(std::string_view key, bool value) {
    entry(key, [&] { to().flag(value); });
  }
  void tensor(std::string_view key, tensor_view const& t) {
    entry(key, [&] { out_.tensor(t.shape, floats_of(t)); });
  }

  // Of the optimizer, the largest of its groups'.
  [[nodiscard]] double knob(std::string_view name) const {
    double out = 0.0;
    for (optimizer_knob const& one : knobs_)
      if (one.name == name) out = std::max(out, *one.value);
    return out;
  }

  void write_model() {
    to().begin_dict();
    for (std::string const& name : nanogpt_parameters(model_)) tensor(name, named(weights_, name));
    tensor("lm_head.weight", named(weights_, "transformer.wte.weight"));
    to().end_dict();
  }

  void write_model_args() {
    to().begin_dict();
    write_sizes();
    to().end_dict();
  }

  void write_sizes() {
    number("n_layer", std::int64_t{model_.layers});
    number("n_head", std::int64_t{model_.heads});
    number("n_embd", std::int64_t{model_.d_model});
    number("block_size", std::int64_t{model_.positions});
    flag("bias", model_.norm_bias);
    number("vocab_size", std::int64_t{model_.vocab});
    number("dropout", settings_.step.dropout);
  }

  void write_optimizer() {
    auto const groups = nanogpt_groups_of(model_);
    auto const matrices = static_cast<std::int64_t>(groups.matrices.size());
    to().begin_dict();
    entry("state", [&] {
      to().begin_dict();
      std::int64_t next = 0;
      for (auto const* const names : {&groups.matrices, &groups.vectors})
        for (std::string const& name : *names) write_state(next++, name);
      to().end_dict();
    });
    entry("param_groups", [&] {
      to().begin_list();
      write_group(knob("decay"), 0, matrices);
      write_group(0.0, matrices, matrices + static_cast<std::int64_t>(groups.vectors.size()));
      to().end_list();
    });
    to().end_dict();
  }

  void write_state(std::int64_t index, std::string const& name) {
    if (moments_.empty()) return;  // no step yet
    to().integer(index);
    to().begin_dict();
    entry("step", [&] { out_.tensor({}, {&counts_.emplace_back(steps_), 1}); });  // each its own: torch adds to it
    for (std::size_t i = 0; i < moments.size(); ++i) tensor(moments[i], named(moments_[i], name));
    to().end_dict();
  }

  // All that torch.optim.AdamW's own has.
  void write_group(double decay, std::int64_t begin, std::int64_t end) {
    to().begin_dict();
    number("lr", settings_.course.rate);
    entry("betas", [&] {
      to().begin_tuple();
      to().real(knob("beta1"));
      to().real(knob("beta2"));
      to().end_tuple();
    });
    number("eps", knob("eps"));
    number("weight_decay", decay);
    for (char const* const key : {"amsgrad", "maximize", "capturable", "differentiable"}) flag(key, false);
    for (char const* const key : {"foreach", "fused"}) entry(key, [&] { to().none(); });
    flag("decoupled_weight_decay", true);
    entry("params", [&] {
      to().begin_list();
      for (std::int64_t i = begin; i < end; ++i) to().integer(i);
      to().end_list();
    });
    to().end_dict();
  }

  // What train.py keeps of its settings, as far as we have them.
  void write_config() {
    to().begin_dict();
    write_sizes();
    number("batch_size", std::int64_t{settings_.data.sequences});
    number("gradient_accumulation_steps", std::int64_t{settings_.course.accumulation});
    number("max_iters", settings_.course.steps);
    number("learning_rate", settings_.course.rate);
    number("weight_decay", knob("decay"));
    number("beta1", knob("beta1"));
    number("beta2", knob("beta2"));
    number("grad_clip", settings_.step.clip);
    flag("decay_lr", settings_.course.schedule != schedule_kind::constant);
    number("warmup_iters", std::int64_t{settings_.course.warmup});
    number("lr_decay_iters", settings_.course.decay_steps);
    number("min_lr", settings_.course.least_rate);
    number("eval_interval", settings_.report.eval_interval);
    number("eval_iters", std::int64_t{settings_.report.eval_batches});
    number("log_interval", settings_.report.log_interval);
    to().end_dict();
  }

  config const& model_;
  run_settings const& settings_;
  run_position const& at_;
  std::vector<optimizer_knob> knobs_;
  float steps_;
  float best_;
  std::deque<float> counts_;
  owned_tensors weights_;
  std::vector<owned_tensors> moments_;
  torch_writer out_;
};

// --- reading ---------------------------------------------------------------------------------------------------------

class nanogpt_reader {
 public:
  nanogpt_reader(std::filesystem::path const& file, learner_facts const& facts, learner& to)
      : where_(file.string()), mapped_(file), file_(mapped_.bytes(), where_), facts_(facts), to_(to) {}

  void run(run_position& at) {
    checkpoint weights = open_checkpoint(where_);
    read_tensors(facts_, weights, parameters_of(to_));
    read_optimizer();
    at.step = needed(file_.root(), "iter_num").integer("iter_num");
    if (auto const best = file_.root().find("best_val_loss")) at.best = number_of(*best, "best_val_loss");
    if (at.best >= 1e9) at.best = 0.0;  // none yet
    training_progress progress = to_.progress();
    progress.steps = static_cast<int>(steps_);
    to_.resume(progress);
  }

 private:
  static pickle_value needed(pickle_value const& dict, std::string_view key) {
    auto const value = dict.find(key);
    if (!value) dict.fail(std::string(key) + " is missing");
    return *value;
  }

  // A number, or a tensor of one value.
  double number_of(pickle_value const& value, std::string const& name) {
    if (value.kind() != pickle_kind::object) return value.number(name);
    tensor_view const t = file_.tensor_of(name, value, made_);
    if (count_of(t.shape) != 1) value.fail(name + " is " + shape_text(t.shape) + ", one value is expected");
    float out = 0.0F;
    read_rows_f32(t, 0, 1, {&out, 1});
    return static_cast<double>(out);
  }

  // Names of the parameters by the numbers that the optimizer gives them.
  std::map<std::int64_t, std::string> numbers(pickle_value const& groups) const {
    auto const ours = nanogpt_groups_of(*facts_.model);
    std::map<std::int64_t, std::string> out;
    std::array const wanted{&ours.matrices, &ours.vectors};
    if (groups.size() != wanted.size())
      groups.fail("the optimizer has " + std::to_string(groups.size()) + " groups, nanoGPT's has 2");
    for (std::size_t g = 0; g < wanted.size(); ++g) {
      pickle_value const params = needed(groups[g], "params");
      if (params.size() != wanted[g]->size())
        params.fail("group " + std::to_string(g) + " of the optimizer has " + std::to_string(params.size()) +
                    " parameters, the model " + std::to_string(wanted[g]->size()));
      for (std::size_t i = 0; i < params.size(); ++i) out[params[i].integer("a parameter")] = (*wanted[g])[i];
    }
    return out;
  }

  void read_optimizer() {
    pickle_value const optimizer = needed(file_.root(), "optimizer"), state = needed(optimizer, "state");
    auto const names = numbers(needed(optimizer, "param_groups"));
    std::array<std::vector<tensor_view>, moments.size()> tensors;
    for (std::size_t i = 0; i < state.size(); ++i) {
      auto const name = names.find(state.key(i).integer("a parameter"));
      if (name == names.end()) state.fail("the optimizer has a state of a parameter that no group has");
      steps_ = number_of(needed(state.value(i), "step"), "step of " + name->second);
      for (std::size_t m = 0; m < moments.size(); ++m)
        tensors[m].push_back(file_.tensor_of(name->second, needed(state.value(i), moments[m]), made_));
    }
    if (state.size() == 0) return;  // no step yet
    for (std::size_t m = 0; m < moments.size(); ++m) read_moments(std::move(tensors[m]), moments[m]);
  }

  // They have names and shapes of the parameters.
  void read_moments(std::vector<tensor_view> tensors, std::string_view name) {
    checkpoint source;
    source.path = where_ + ": " + std::string(name);
    source.model = *facts_.model;
    source.prefix = "transformer.";
    std::ranges::sort(tensors, {}, &tensor_view::name);
    source.tensors = std::move(tensors);
    read_tensors(facts_, source, states_of(to_, name));
  }

  std::string where_;
  mapped_file mapped_;
  torch_file file_;
  learner_facts const& facts_;
  learner& to_;
  made_bytes made_;
  double steps_ = 0.0;
};

}  // namespace

void write_nanogpt(std::filesystem::path const& file, learner_facts const& facts, learner& from,
                   run_settings const& settings, run_position const& at) {
  nanogpt_writer(facts, from, settings, at).write(file);
}

void read_nanogpt(std::filesystem::path const& file, learner_facts const& facts, learner& to, run_position& at) {
  nanogpt_reader(file, facts, to).run(at);
}

}  // namespace constformer::train
