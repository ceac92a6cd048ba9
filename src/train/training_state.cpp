#include "training_state.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "../checkpoint/hexadecimal.hpp"
#include "../checkpoint/readers/safetensors_write.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/checkpoint/safetensors.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/core/error.hpp"
#include "named_tensors.hpp"

namespace constformer::train {

namespace {

using nlohmann::json;

constexpr char const* metadata_key = "constformer_run";

std::vector<std::byte> from_hexadecimal(std::string_view text) {
  std::vector<std::byte> out(text.size() / 2);
  if (!read_hexadecimal(text, out)) throw error("state of a training run: the generator is not in hexadecimal digits");
  return out;
}

template <class Columns, class Visit>
void for_each_column(Columns& b, Visit const& visit) {
  visit("tokens", b.tokens);
  visit("positions", b.positions);
  visit("targets", b.targets);
  visit("segments", b.segments);
  visit("blocks", b.blocks);
  visit("source", b.source);
  visit("source_positions", b.source_positions);
  visit("prefixes", b.prefixes);
  visit("labels", b.labels);
  visit("starts", b.starts);
  visit("source_starts", b.source_starts);
}

json json_of(ragged_batch const& b) {
  json out = json::object();
  for_each_column(b, [&](char const* key, auto const& column) { out[key] = column; });
  return out;
}

ragged_batch batch_of(json const& from) {
  ragged_batch out;
  for_each_column(out, [&](char const* key, auto& column) { from.at(key).get_to(column); });
  return out;
}

json json_of(run_position const& at, learner const& model) {
  training_progress const count = model.progress();
  return {{"step", at.step},
          {"evaluated", at.evaluated},
          {"best", at.best},
          {"bits_per_byte", at.bits_per_byte},
          {"generator", hexadecimal(at.random.state())},
          {"train", at.train},
          {"validation", at.validation},
          {"pending", json_of(at.pending)},
          {"running_loss", at.running_loss},
          {"running_count", at.running_count},
          {"updates", count.steps},
          {"passes", count.passes},
          {"seed", count.seed}};
}

void read_position(json const& from, learner& model, run_position& at) {
  from.at("step").get_to(at.step);
  from.at("evaluated").get_to(at.evaluated);
  from.at("best").get_to(at.best);
  at.bits_per_byte = from.value("bits_per_byte", 0.0);  // which states of before have not
  at.random.restore(from_hexadecimal(from.at("generator").get<std::string>()));
  from.at("train").get_to(at.train);
  from.at("validation").get_to(at.validation);
  at.pending = batch_of(from.at("pending"));
  from.at("running_loss").get_to(at.running_loss);
  from.at("running_count").get_to(at.running_count);
  model.resume(
      {from.at("updates").get<int>(), from.at("passes").get<std::int64_t>(), from.at("seed").get<std::uint64_t>()});
}

tensor_view view_of(std::string name, std::span<float const> values) {
  return {.name = std::move(name),
          .type = dtype::f32,
          .shape = {static_cast<std::int64_t>(values.size())},
          .bytes = std::as_bytes(values)};
}

// The metadata of a safetensors file, whose header is JSON after eight bytes of its length.
json metadata_of(std::span<std::byte const> bytes) {
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  std::string_view const header(reinterpret_cast<char const*>(bytes.data()) + sizeof length,
                                static_cast<std::size_t>(length));
  return json::parse(json::parse(header).at("__metadata__").at(metadata_key).get<std::string>());
}

void copy_tensor(safetensors_content const& content, std::string const& name, std::span<float> to,
                 std::string const& where) {
  auto const found = std::ranges::find(content.tensors, name, &tensor_view::name);
  if (found == content.tensors.end() || found->bytes.size() != to.size_bytes())
    throw error(where + ": " + name + " has " +
                std::to_string(found == content.tensors.end() ? 0 : found->bytes.size() / sizeof(float)) +
                " values, the model has " + std::to_string(to.size()));
  std::memcpy(to.data(), found->bytes.data(), to.size_bytes());
}

// visit(name, values) for parameters that learn, for what optimizers remember, and for averages.
template <class Visit>
void for_each_tensor(learner_facts const& facts, learner& model, Visit const& visit) {
  for_each_parameter(facts, [&](int entry, int layer) {
    if (learns(facts.trains, facts.entries[static_cast<std::size_t>(entry)]))
      visit(parameter_name_of(facts, entry, layer), model.parameter(entry, layer));
  });
  for (optimizer_state const& state : model.states())
    visit(std::string(state.name) + "/" + parameter_name_of(facts, static_cast<int>(state.entry), state.layer),
          state.values);
  for_each_parameter(facts, [&](int entry, int layer) {
    if (auto const average = model.averaged(entry, layer); !average.empty())
      visit("average/" + parameter_name_of(facts, entry, layer), average);
  });
}

}  // namespace

void save_state(std::filesystem::path const& file, learner_facts const& facts, learner& model, run_position const& at) {
  std::vector<tensor_view> tensors;
  for_each_tensor(facts, model, [&](std::string name, std::span<float const> values) {
    tensors.push_back(view_of(std::move(name), values));
  });
  write_safetensors(file, std::move(tensors), {{metadata_key, json_of(at, model).dump()}});
}

void load_state(std::filesystem::path const& file, learner_facts const& facts, learner& model, run_position& at) {
  std::string const where = file.string();
  mapped_file const mapped(file);
  auto const content = read_safetensors(mapped.bytes(), where);
  for_each_tensor(facts, model,
                  [&](std::string const& name, std::span<float> values) { copy_tensor(content, name, values, where); });
  try {
    read_position(metadata_of(mapped.bytes()), model, at);
  } catch (json::exception const& wrong) {
    throw error(where + ": is no state of a training run: " + wrong.what());
  }
}

}  // namespace constformer::train
