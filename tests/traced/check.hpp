// The traced form of a fixture's model against what the original implementation computed.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/checkpoint/pack_plan.hpp"
#include "constformer/checkpoint/parameters.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/execute/ragged_batch.hpp"
#include "constformer/execute/forward-inl.hpp"
#include "constformer/execute/program.hpp"
#include "constformer/execute/workspace-inl.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/layers/transformer.hpp"
#include "npy_read.hpp"
#include "open_fixture.hpp"

namespace traced_fixtures {

using namespace constformer;

/// Parameters of a checkpoint as a program lays them out.
template <class Program>
std::vector<float> read_flat(checkpoint const& source) {
  std::vector<float> all(static_cast<std::size_t>(Program::parameters.floats));
  auto const& table = parameter_table<typename Program::model>;
  read_parameters(source, [&](std::string_view name, int layer) -> std::span<float> {
    for (std::size_t i = 0; i < table.size(); ++i)
      if (table[i].name.view() == name) {
        parameter_place const& at = Program::parameters.places[i];
        return {all.data() + at.offset + layer * at.step, static_cast<std::size_t>(table[i].size())};
      }
    throw std::runtime_error("the traced model has no parameter " + std::string(name));
  });
  return all;
}

/// The batch of a fixture: one sequence.
inline ragged_batch batch_of(config const& c, nlohmann::json const& expected,
                             std::span<std::int32_t const> targets = {}) {
  using ids = std::vector<std::int32_t>;
  bool const pair = expected.contains("source");
  ids const tokens = expected.at(pair ? "target" : "prompt").get<ids>();
  ids const source = pair ? expected.at("source").get<ids>() : ids{};
  ids const segments =
      expected.contains("segments") && !expected.at("segments").is_null() ? expected.at("segments").get<ids>() : ids{};
  batch_sequence sequence{.tokens = tokens, .targets = targets, .segments = segments, .source = source, .label = 1};
  if (c.mask == mask_kind::prefix) {
    auto const find = [&](int id) { return static_cast<int>(std::ranges::find(tokens, id) - tokens.begin()); };
    sequence.prefix = find(c.prefix.end);
    sequence.blank = find(c.prefix.blank);
    if (sequence.blank == static_cast<int>(tokens.size())) sequence.blank = find(c.prefix.other_blank);
  }
  ragged_batch columns;
  columns.add(sequence);
  return columns;
}

/// How far logits may be off, over their range: of one T5 the engine, too, is 6e-5 off.
inline float logit_bound(std::filesystem::path const& folder) { return folder.filename() == "t5_relu" ? 6e-5F : 1e-5F; }

/// The largest gap to a file of the fixture, over its largest value.
template <class Program>
void compare(std::filesystem::path const& folder, char const* file, checkpoint const& source) {
  if (!std::filesystem::exists(folder / file)) return;  // a head within another, which the fixture has
  INFO(file);
  npy_array const theirs = read_npy(folder / file);
  std::vector<float> parameters = read_flat<Program>(source);
  ragged_batch const batch = batch_of(source.model, fixture_json(folder));
  HWY_NAMESPACE::forward_pass<Program> pass(parameters, 2);
  auto const ours = pass.run(batch);
  REQUIRE(static_cast<std::size_t>(ours.rows) * static_cast<std::size_t>(ours.columns) == theirs.values.size());
  double gap = 0.0, range = 0.0;
  for (int r = 0; r < ours.rows; ++r)
    for (int c = 0; c < ours.columns; ++c) {
      double const a = static_cast<double>(ours.data[static_cast<std::size_t>(r) * ours.stride + std::size_t(c)]);
      double const b = static_cast<double>(theirs.values[static_cast<std::size_t>(r * ours.columns + c)]);
      gap = std::isnan(a) ? INFINITY : std::max(gap, std::abs(a - b));
      range = std::max(range, std::abs(b));
    }
  INFO("gap " << gap << ", range " << range << ", ratio " << gap / range);
  // T5's scores are not scaled: its engine, too, is 3.8e-5 from PyTorch in float32 there.
  CHECK(gap <= logit_bound(folder) * range);
}

/// What PyTorch made of a fixture (make_gradients.py), if there is a PyTorch.
inline std::filesystem::path made_of(std::filesystem::path const& fixture) {
  char const* const made = std::getenv("CF_GRADIENTS");
  return made == nullptr ? std::filesystem::path{} : std::filesystem::path(made) / fixture.filename();
}

/// The targets that make_gradients.py has.
inline std::vector<std::int32_t> targets_of(config const& c, std::vector<std::int32_t> const& tokens) {
  std::vector<std::int32_t> out;
  int const count = static_cast<int>(tokens.size());
  for (int i = 0; i < count; ++i) {
    int const token = tokens[static_cast<std::size_t>(i)];
    if (c.classifier == classifier_kind::tokens)
      out.push_back(i % c.labels);
    else if (c.head == head_kind::masked_language_model)
      out.push_back(i % 3 == 0 ? (7 * token + 3) % c.vocab : -1);
    else
      out.push_back(i + 1 < count ? tokens[static_cast<std::size_t>(i) + 1] : -1);
  }
  return out;
}

/// What the checkpoint of gradients has for each parameter: what is added to weights of norms is taken off again.
template <class Program>
std::vector<float> read_gradients(checkpoint const& source) {
  std::vector<float> all = read_flat<Program>(source);
  auto const& table = parameter_table<typename Program::model>;
  pack_plan const plan = pack_plan_of(source.model);
  for (pack_step const& step : plan.view())
    for (std::size_t i = 0; i < table.size(); ++i)
      for (int layer = 0;
           step.addend != 0.0F && table[i].name.view() == step.parameter.view() && layer < table[i].layers; ++layer)
        for (std::int64_t k = 0; k < table[i].size(); ++k) {
          parameter_place const& at = Program::parameters.places[i];
          all[static_cast<std::size_t>(at.offset + layer * at.step + k)] -= step.addend;
        }
  return all;
}

/// Gradients of all parameters, and the loss, by `Program`.
template <class Program>
double run_backward(std::vector<float>& parameters, std::vector<float>& gradients, token_batch const& batch) {
  team workers(2);
  arena memory(HWY_NAMESPACE::workspace<Program>::bytes(workers.size()));
  HWY_NAMESPACE::workspace<Program> space(memory, workers.size());
  space.prepare(batch);
  double loss = 0.0;
  workers.run([&](worker const& self) {
    pass_frame f = space.frame_of(self, batch);
    f.parameters = parameters.data();
    f.gradients = gradients.data();
    HWY_NAMESPACE::run_program<Program>(self, f);
    if (self.index == 0) loss = f.loss;
  });
  return loss;
}

/// The largest value of a range.
inline double largest(std::span<float const> values) {
  double most = 0.0;
  for (float x : values) most = std::max(most, std::abs(static_cast<double>(x)));
  return most;
}

/// Gradients of every parameter against PyTorch's, to 1e-4 of a tensor's largest value. Where that is 0 but for
/// rounding (biases of keys), the bound is 1e-6 of the largest of all.
template <class Program>
void compare_gradients(std::filesystem::path const& folder, std::filesystem::path const& expected_folder,
                       checkpoint const& source) {
  std::ifstream in(expected_folder / "loss.json");
  double const loss = nlohmann::json::parse(in).at("loss").get<double>();
  nlohmann::json const ids = fixture_json(folder);
  auto const tokens = ids.at(ids.contains("source") ? "target" : "prompt").get<std::vector<std::int32_t>>();
  auto const targets = targets_of(source.model, tokens);
  ragged_batch const batch = batch_of(source.model, ids, targets);
  std::vector<float> parameters = read_flat<Program>(source), gradients(parameters.size());
  double const ours = run_backward<Program>(parameters, gradients, batch);
  CHECK(std::abs(ours - loss) <= 1e-5 * loss);
  checkpoint derived = open_fixture(expected_folder);
  derived.model = source.model;  // its values are no table of sines
  std::vector<float> const theirs = read_gradients<Program>(derived);
  auto const& table = parameter_table<typename Program::model>;
  double const floor = 1e-6 * largest(theirs);
  for (std::size_t i = 0; i < table.size(); ++i)
    for (int layer = 0; layer < table[i].layers; ++layer) {
      auto const at =
          static_cast<std::size_t>(Program::parameters.places[i].offset + layer * Program::parameters.places[i].step);
      auto const size = static_cast<std::size_t>(table[i].size());
      double gap = 0.0;
      for (std::size_t k = at; k < at + size; ++k) {
        // PyTorch gives rows of padding no gradient.
        if (table[i].role == parameter_role::embedding && source.ids.pad &&
            (k - at) / static_cast<std::size_t>(table[i].cols) == static_cast<std::size_t>(*source.ids.pad))
          continue;
        double const apart = std::abs(static_cast<double>(gradients[k]) - static_cast<double>(theirs[k]));
        gap = std::isnan(apart) ? INFINITY : std::max(gap, apart);
      }
      double const most = largest(std::span(theirs).subspan(at, size));
      INFO(std::string(table[i].name.view()) << " of layer " << layer << ": gap " << gap << ", largest " << most);
      // T5's scores are not scaled: logits of float32 are 4e-5 apart there already.
      CHECK(gap <= (folder.filename() == "t5_relu" ? 4e-4 : 1e-4) * most + floor);
    }
}

// Heads, as parts of a model.
struct hidden_states {
  constexpr value operator()(auto const& m, value ids) const { return m.hidden(ids, m.tokens); }
};
struct pooled {
  constexpr value operator()(auto const& m, value ids) const { return m.pooled(m.hidden(ids, m.tokens)); }
};
struct label_scores {
  constexpr value operator()(auto const& m, value ids) const { return m.labels(m.hidden(ids, m.tokens)); }
};

}  // namespace traced_fixtures

/// Every result that the fixture has.
template <constformer::config const& Config, constformer::batch_bounds Bounds>
void check_traced(std::filesystem::path const& folder) {
  using namespace traced_fixtures;
  using model = model_parameters<Config>;
  checkpoint const source = open_fixture(folder);
  REQUIRE(source.model == Config);
  if constexpr (has_encoder(Config) || Config.head == head_kind::language_model) {
    compare<forward_program<model, Bounds>>(folder, "logits.npy", source);
  } else {
    compare<forward_program<model, Bounds, hidden_states{}>>(folder, "hidden.npy", source);
    if constexpr (Config.pooler) compare<forward_program<model, Bounds, pooled{}>>(folder, "pooler.npy", source);
    if constexpr (Config.labels > 0)
      compare<forward_program<model, Bounds, label_scores{}>>(folder, "labels.npy", source);
    if constexpr (Config.head == head_kind::masked_language_model)
      compare<forward_program<model, Bounds>>(folder, "fill.npy", source);
  }
}

/// Every gradient of the model's loss, if the fixture has one.
template <constformer::config const& Config, constformer::batch_bounds Bounds>
void check_gradients(std::filesystem::path const& folder) {
  using namespace traced_fixtures;
  auto const expected = made_of(folder);
  if (!std::filesystem::exists(expected.parent_path())) SKIP("no gradients of PyTorch");
  if constexpr (has_encoder(Config) || Config.head != head_kind::none || Config.labels > 0) {
    if (!std::filesystem::exists(expected)) SKIP("the fixture has no gradients");
    compare_gradients<training_program<model_parameters<Config>, Bounds>>(folder, expected, open_fixture(folder));
  } else {
    SKIP("hidden states have no loss");
  }
}
