#include "nanochat_optimizer.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../checkpoint/pickle.hpp"
#include "../checkpoint/readers/torch.hpp"
#include "../checkpoint/readers/torch_write.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/core/error.hpp"
#include "named_tensors.hpp"
#include "nanochat_parameters.hpp"
#include "optimizer_course.hpp"

namespace constformer::train {

namespace {

constexpr std::array<std::string_view, 2> adamw_states{"exp_avg", "exp_avg_sq"};
constexpr std::array<std::string_view, 2> muon_states{"momentum_buffer", "second_momentum_buffer"};

// What one state of a group's parameters has in nanochat's file.
struct state_shape {
  std::vector<std::int64_t> extents;
  std::int64_t of_each = 0;  // values of one parameter there
};

// Of AdamW's: as the parameter, tables padded.
state_shape adamw_shape(nanochat_parameter const& p) {
  std::int64_t const rows = is_nanochat_table(p.name) ? nanochat_rows(p.rows) : p.rows;
  if (p.cols == 0) return {{rows}, rows};
  return {{rows, p.cols}, rows * p.cols};
}

// Of Muon's: all matrices of the group in one; of the second state each has a value a row, or one a column of a wide
// matrix.
state_shape muon_shape(nanochat_group const& group, std::string_view state) {
  nanochat_parameter const& p = group.parameters.front();
  auto const count = static_cast<std::int64_t>(group.parameters.size());
  if (state == muon_states[0]) return {{count, p.rows, p.cols}, std::int64_t{p.rows} * p.cols};
  if (p.rows >= p.cols) return {{count, p.rows, 1}, p.rows};
  return {{count, 1, p.cols}, p.cols};
}

// --- writing ---------------------------------------------------------------------------------------------------------

class optimizer_writer {
 public:
  optimizer_writer(learner_facts const& facts, learner& from, run_settings const& settings, run_position const& at)
      : facts_(facts),
        from_(from),
        settings_(settings),
        step_(at.step),
        groups_(nanochat_groups_of(facts)),
        knobs_(from.knobs()) {}

  void write(std::filesystem::path const& file) {
    to().begin_dict();
    to().text("state");
    to().begin_dict();
    if (from_.progress().steps > 0) write_states();
    to().end_dict();
    to().text("param_groups");
    to().begin_list();
    std::int64_t next = 0;
    for (nanochat_group const& group : groups_) write_group(group, next);
    to().end_list();
    to().end_dict();
    out_.write(file);
  }

 private:
  pickle_writer& to() { return out_.pickle(); }
  void number(std::string_view key, double value) {
    to().text(key);
    to().real(value);
  }
  void tensor(std::string_view key, std::vector<std::int64_t> const& shape, std::vector<float> values) {
    to().text(key);
    out_.tensor(shape, values_.emplace_back(std::move(values)));
  }

  void write_states() {
    std::int64_t next = 0;
    for (nanochat_group const& group : groups_) {
      if (group.muon)
        write_muon(group, next);
      else
        for (std::size_t i = 0; i < group.parameters.size(); ++i)
          write_adamw(group.parameters[i], next + static_cast<std::int64_t>(i));
      next += static_cast<std::int64_t>(group.parameters.size());
    }
  }

  void write_adamw(nanochat_parameter const& p, std::int64_t number) {
    state_shape const shape = adamw_shape(p);
    to().integer(number);
    to().begin_dict();
    to().text("step");
    to().integer(from_.progress().steps);
    for (std::string_view const name : adamw_states) {
      std::span<float> const ours = states_of(from_, name)(p.entry, p.layer);
      std::vector<float> values(ours.begin(), ours.end());
      values.resize(static_cast<std::size_t>(shape.of_each), 0.0F);
      tensor(name, shape.extents, std::move(values));
    }
    to().end_dict();
  }

  // Under the first parameter's number.
  void write_muon(nanochat_group const& group, std::int64_t number) {
    to().integer(number);
    to().begin_dict();
    for (std::string_view const name : muon_states) {
      parameter_values const state = states_of(from_, name);
      std::vector<float> values;
      for (nanochat_parameter const& p : group.parameters) {
        std::span<float> const ours = state(p.entry, p.layer);
        values.insert(values.end(), ours.begin(), ours.end());
      }
      tensor(name, muon_shape(group, name).extents, std::move(values));
    }
    to().end_dict();
  }

  [[nodiscard]] double knob(std::string_view group, std::string_view name) const {
    auto const at =
        std::ranges::find_if(knobs_, [&](optimizer_knob const& one) { return one.group == group && one.name == name; });
    return at == knobs_.end() ? 0.0 : *at->value;
  }

  void write_group(nanochat_group const& group, std::int64_t& next) {
    double const share = knob(group.ours, "rate");
    to().begin_dict();
    to().text("kind");
    to().text(group.muon ? "muon" : "adamw");
    number("lr", share * rate_of(facts_, settings_, std::max<std::int64_t>(step_ - 1, 0)));
    number("initial_lr", share * highest_rate(facts_, settings_));
    number("weight_decay", knob(group.ours, "decay"));
    if (group.muon)
      write_muon_numbers(group);
    else
      write_adamw_numbers(group);
    to().text("params");
    to().begin_list();
    for (std::size_t i = 0; i < group.parameters.size(); ++i) to().integer(next++);
    to().end_list();
    to().end_dict();
  }

  void write_muon_numbers(nanochat_group const& group) {
    number("momentum", knob(group.ours, "momentum"));
    to().text("ns_steps");
    to().integer(5);
    number("beta2", knob(group.ours, "beta2"));
  }

  void write_adamw_numbers(nanochat_group const& group) {
    to().text("betas");
    to().begin_tuple();
    to().real(knob(group.ours, "beta1"));
    to().real(knob(group.ours, "beta2"));
    to().end_tuple();
    number("eps", knob(group.ours, "eps"));
  }

  learner_facts const& facts_;
  learner& from_;
  run_settings const& settings_;
  std::int64_t step_;
  std::vector<nanochat_group> groups_;
  std::vector<optimizer_knob> knobs_;
  std::deque<std::vector<float>> values_;
  torch_writer out_;
};

// --- reading ---------------------------------------------------------------------------------------------------------

class optimizer_reader {
 public:
  optimizer_reader(std::filesystem::path const& file, learner_facts const& facts, learner& to)
      : where_(file.string()),
        mapped_(file),
        file_(mapped_.bytes(), where_),
        to_(to),
        groups_(nanochat_groups_of(facts)) {
    pickle_value const state = needed(file_.root(), "state");
    for (std::size_t i = 0; i < state.size(); ++i) states_.emplace(state.key(i).integer("a parameter"), state.value(i));
  }

  // Steps that it has made.
  std::int64_t run() {
    pickle_value const theirs = needed(file_.root(), "param_groups");
    if (theirs.size() != groups_.size())
      theirs.fail("the optimizer has " + std::to_string(theirs.size()) + " groups, this model's has " +
                  std::to_string(groups_.size()));
    for (std::size_t g = 0; g < groups_.size(); ++g) read_group(groups_[g], needed(theirs[g], "params"));
    return steps_;
  }

 private:
  static pickle_value needed(pickle_value const& dict, std::string_view key) {
    auto const value = dict.find(key);
    if (!value) dict.fail(std::string(key) + " is missing");
    return *value;
  }

  pickle_value const& state_of(pickle_value const& params, std::size_t i, std::string const& name) const {
    auto const at = states_.find(params[i].integer("a parameter"));
    if (at == states_.end()) params.fail("there is no state of " + name);
    return at->second;
  }

  void read_group(nanochat_group const& group, pickle_value const& params) {
    if (params.size() != group.parameters.size())
      params.fail("the group of " +
                  (group.parameters.empty() ? std::string(group.ours) : group.parameters.front().name) + " has " +
                  std::to_string(params.size()) + " parameters, this model's has " +
                  std::to_string(group.parameters.size()));
    if (group.muon) return read_muon(group, state_of(params, 0, group.parameters.front().name));
    for (std::size_t i = 0; i < group.parameters.size(); ++i)
      read_adamw(group.parameters[i], state_of(params, i, group.parameters[i].name));
  }

  void read_adamw(nanochat_parameter const& p, pickle_value const& state) {
    steps_ = needed(state, "step").integer("step");
    for (std::string_view const name : adamw_states)
      fill(state, name, p.name, adamw_shape(p), [&](std::span<float const> values) {
        std::span<float> const ours = states_of(to_, name)(p.entry, p.layer);
        std::copy_n(values.begin(), ours.size(), ours.begin());
      });
  }

  void read_muon(nanochat_group const& group, pickle_value const& state) {
    for (std::string_view const name : muon_states) {
      state_shape const shape = muon_shape(group, name);
      fill(state, name, group.parameters.front().name, shape, [&](std::span<float const> values) {
        parameter_values const ours = states_of(to_, name);
        for (nanochat_parameter const& p : group.parameters) {
          std::copy_n(values.begin(), shape.of_each, ours(p.entry, p.layer).begin());
          values = values.subspan(static_cast<std::size_t>(shape.of_each));
        }
      });
    }
  }

  // take(all values) of a tensor that must have that shape.
  template <class Take>
  void fill(pickle_value const& state, std::string_view name, std::string const& parameter, state_shape const& shape,
            Take const& take) {
    std::string const called = std::string(name) + " of " + parameter;
    tensor_view t = file_.tensor_of(called, needed(state, name), made_);
    if (t.shape != shape.extents)
      throw error(where_ + ": " + called + " is " + shape_text(t.shape) + ", " + shape_text(shape.extents) +
                  " is expected");
    std::vector<float> values(static_cast<std::size_t>(count_of(t.shape)));
    t.shape = {count_of(t.shape)};
    read_rows_f32(t, 0, matrix_of(t).rows, values);
    take(std::span<float const>(values));
  }

  std::string where_;
  mapped_file mapped_;
  torch_file file_;
  learner& to_;
  std::vector<nanochat_group> groups_;
  std::map<std::int64_t, pickle_value> states_;
  made_bytes made_;
  std::int64_t steps_ = 0;
};

// The step of model_000600.pt, as its name has it: "000600".
std::string step_text(std::filesystem::path const& model) {
  std::string const name = model.stem().string();
  return name.substr(name.find('_') + 1);
}

}  // namespace

bool has_nanochat_optimizer(learner_facts const& facts, run_settings const& settings) {
  return settings.optimizer.kind == optimizer_kind::nanochat_muon && !nanochat_groups_of(facts).empty();
}

void write_nanochat_optimizer(std::filesystem::path const& file, learner_facts const& facts, learner& from,
                              run_settings const& settings, run_position const& at) {
  optimizer_writer(facts, from, settings, at).write(file);
}

void read_nanochat(std::filesystem::path const& model, learner_facts const& facts, learner& to, run_position& at) {
  read_tensors(facts, open_checkpoint(model), parameters_of(to));
  std::string const step = step_text(model);
  optimizer_reader states(model.parent_path() / ("optim_" + step + "_rank0.pt"), facts, to);
  training_progress progress = to.progress();
  progress.steps = static_cast<int>(states.run());
  to.resume(progress);
  at.step = progress.steps;
}

}  // namespace constformer::train
