// The traced form of a fixture's model against what the original implementation computed.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/checkpoint/parameters.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/execute/batch_columns.hpp"
#include "constformer/execute/forward-inl.hpp"
#include "constformer/execute/program.hpp"
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
inline batch_columns batch_of(config const& c, nlohmann::json const& expected) {
  using ids = std::vector<std::int32_t>;
  bool const pair = expected.contains("source");
  ids const tokens = expected.at(pair ? "target" : "prompt").get<ids>();
  ids const source = pair ? expected.at("source").get<ids>() : ids{};
  ids const segments =
      expected.contains("segments") && !expected.at("segments").is_null() ? expected.at("segments").get<ids>() : ids{};
  batch_sequence sequence{.tokens = tokens, .segments = segments, .source = source};
  if (c.mask == mask_kind::prefix) {
    auto const find = [&](int id) { return static_cast<int>(std::ranges::find(tokens, id) - tokens.begin()); };
    sequence.prefix = find(c.prefix.end);
    sequence.blank = find(c.prefix.blank);
    if (sequence.blank == static_cast<int>(tokens.size())) sequence.blank = find(c.prefix.other_blank);
  }
  batch_columns columns;
  columns.add(sequence);
  return columns;
}

/// The largest gap to a file of the fixture, over its largest value.
template <class Program>
void compare(std::filesystem::path const& folder, char const* file, checkpoint const& source) {
  INFO(file);
  npy_array const theirs = read_npy(folder / file);
  std::vector<float> parameters = read_flat<Program>(source);
  batch_columns const batch = batch_of(source.model, fixture_json(folder));
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
  CHECK(gap <= 1e-5 * range);
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
