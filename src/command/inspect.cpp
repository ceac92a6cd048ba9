#include "inspect.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Error.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include "../checkpoint/packed_generation.hpp"
#include "../checkpoint/readers/sentence_modules.hpp"
#include "../program/embedding_description.hpp"
#include "../program/hyperparameters.hpp"
#include "chat_source.hpp"
#include "checkpoint_options.hpp"
#include "commands.hpp"
#include "constformer/analysis/flops.hpp"
#include "constformer/analysis/kv_cache.hpp"
#include "constformer/analysis/parameters.hpp"
#include "constformer/analysis/pass.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/core/error.hpp"
#include "constformer/text/chat.hpp"
#include "file_type.hpp"
#include "inspect_traced.hpp"
#include "listing.hpp"
#include "pack_weights.hpp"
#include "standard_output.hpp"
#include "weight_choice.hpp"

namespace constformer::command {

namespace {

using nlohmann::ordered_json;

// What one token costs when its context is full, and its source if there is one: the most that the model can be asked
// for.
ordered_json describe_costs(config const& c) {
  flop_count const flops = flops_of(c, with_source(decode_pass(c.positions), has_encoder(c) ? c.positions : 0, 0));
  return {{"flops_per_token",
           {{"context", c.positions},
            {"total", flops.dense()},
            {"projections", flops.projections},
            {"attention", flops.attention_dense}}},
          {"kv_bytes_per_token",
           {{"f32", kv_bytes_per_token(c, {dtype::f32})},
            {"bf16", kv_bytes_per_token(c, {dtype::bf16})},
            {"i8", kv_bytes_per_token(c, kv_format_of(c, dtype::i8))}}}};
}

ordered_json describe_ids(special_ids const& ids) {
  ordered_json out = {{"bos", nullptr}, {"eos", ids.eos}, {"pad", nullptr}};
  if (ids.bos) out["bos"] = *ids.bos;
  if (ids.pad) out["pad"] = *ids.pad;
  if (ids.decoder_start) out["decoder_start"] = *ids.decoder_start;
  return out;
}

ordered_json describe_assumed(checkpoint const& opened) {
  ordered_json out = ordered_json::array();
  for (assumption const& a : opened.assumed) out.push_back({{"field", a.field}, {"value", a.value}, {"why", a.why}});
  return out;
}

// What `build` packs quantised tensors in, by name, where that is another type than the file's.
std::map<std::string, dtype> repacked_types(checkpoint const& opened) {
  std::map<std::string, dtype> out;
  if (std::ranges::none_of(opened.tensors, [](auto const& t) { return quantisation_group(t.type) > 0; })) return out;
  config model = opened.model;
  try {
    set_stored_types(opened, model);
    visit_matrices(opened, model, [&](pack_step const& step, int layer, tensor_view const& t) {
      if (step.type_in(layer) != t.type) out[t.name] = step.type_in(layer);
    });
  } catch (error const&) {
    return {};  // what lacks a tensor is not packed
  }
  return out;
}

// Why a key is not read; one without a reason is not known.
ordered_json describe_unread_keys(checkpoint const& opened) {
  ordered_json out = ordered_json::array();
  for (unread_key const& k : opened.unread_keys) {
    out.push_back({{"key", k.key}, {"value", k.value}, {"why", nullptr}});
    if (!k.why.empty()) out.back()["why"] = k.why;
  }
  return out;
}

ordered_json describe_tensors(checkpoint const& opened) {
  ordered_json out = ordered_json::array();
  auto const repacked = repacked_types(opened);
  for (tensor_view const& t : opened.tensors) {
    out.push_back({{"name", t.name}, {"type", file_type(t.type)}, {"shape", t.shape}, {"bytes", t.bytes.size()}});
    if (auto const at = repacked.find(t.name); at != repacked.end()) out.back()["packed"] = name_of(at->second);
  }
  return out;
}

// Of the tensors that are matrices.
double bits_per_weight(checkpoint const& opened) {
  std::int64_t values = 0, bytes = 0;
  for (tensor_view const& t : opened.tensors) {
    if (t.shape.size() < 2) continue;
    values += count_of(t.shape);
    bytes += static_cast<std::int64_t>(t.bytes.size());
  }
  return values == 0 ? 0 : std::round(800.0 * static_cast<double>(bytes) / static_cast<double>(values)) / 100.0;
}

ordered_json describe_unread(checkpoint const& opened) {
  ordered_json out = ordered_json::array();
  for (unread_tensor const& t : opened.unread)
    out.push_back({{"name", t.name}, {"type", t.type}, {"shape", t.shape}, {"bytes", t.bytes}});
  return out;
}

// What `chat` has to render with; a template that is not understood says why.
ordered_json describe_chat(checkpoint const& opened) {
  ordered_json out = ordered_json::array();
  for (auto const& [name, jinja] : templates_of(opened, opened.model).all) {
    out.push_back({{"name", name}, {"bytes", jinja.size()}, {"refused", nullptr}});
    try {
      static_cast<void>(chat_template(jinja));
    } catch (error const& problem) {
      out.back()["refused"] = problem.what();
    }
  }
  return out;
}

void put_fields(std::string& out, std::string const& prefix, ordered_json const& object) {
  for (auto const& [name, value] : object.items()) {
    if (value.is_object())
      put_fields(out, prefix + name + ".", value);
    else
      put_line(out, prefix + name, plain(value));
  }
}

void put_tensors(std::string& out, std::string_view title, ordered_json const& tensors) {
  if (tensors.empty()) return;
  out += '\n';
  out += title;
  out += " (" + std::to_string(tensors.size()) + ")\n";
  std::size_t widest = 0;
  for (auto const& t : tensors) widest = std::max(widest, t["name"].get_ref<std::string const&>().size());
  for (auto const& t : tensors) {
    std::string name = t["name"].get<std::string>();
    name.resize(widest + 2, ' ');
    std::string type = t["type"].get<std::string>();
    type.resize(std::max<std::size_t>(type.size(), 4) + 1, ' ');
    out += "  " + name + type + shape_text(t["shape"].get<std::vector<std::int64_t>>());
    if (t.contains("packed")) out += ", packed as " + t["packed"].get<std::string>();
    out += '\n';
  }
}

// default; tool_use, refused: …
std::string listed_templates(ordered_json const& templates) {
  std::string out;
  for (auto const& t : templates) {
    out += (out.empty() ? "" : "; ") + plain(t["name"]);
    if (!t["refused"].is_null()) out += ", refused: " + plain(t["refused"]);
  }
  return out;
}

void put_unread_keys(std::string& out, ordered_json const& keys) {
  if (keys.empty()) return;
  out += "\nsettings, not read (" + std::to_string(keys.size()) + ")\n";
  for (auto const& k : keys)
    put_line(out, "  " + plain(k["key"]),
             plain(k["value"]) + ": " + (k["why"].is_null() ? "not known" : plain(k["why"])));
}

}  // namespace

ordered_json describe_checkpoint(checkpoint const& opened) {
  std::int64_t values = 0, bytes = 0;
  for (tensor_view const& t : opened.tensors) {
    values += count_of(t.shape);
    bytes += static_cast<std::int64_t>(t.bytes.size());
  }
  ordered_json out = {{"path", opened.path.string()},
                      {"format", name_of(opened.format)},
                      {"family", name_of(opened.model.family)},
                      {"parameters", parameter_count(opened.model)},
                      {"values_in_file", values},
                      {"bytes_in_file", bytes},
                      {"bits_per_weight", bits_per_weight(opened)}};
  out.update(describe_costs(opened.model));
  out["special_ids"] = describe_ids(opened.ids);
  std::string const tokenizer = opened.tokenizer.summary();
  out["tokenizer"] = tokenizer.empty() ? ordered_json(nullptr) : ordered_json(tokenizer);
  sentence_modules const modules = modules_of(opened, opened.model);
  out["embedding"] = program::describe_embedding(modules.recipe, modules.max_sequence);
  out["chat_templates"] = describe_chat(opened);
  out["generation"] = packed::generation_json(opened.generation);
  out["assumed"] = describe_assumed(opened);
  out["config"] = program::hyperparameters(opened.model);
  out["tensors"] = describe_tensors(opened);
  out["unread"] = describe_unread(opened);
  out["unread_keys"] = describe_unread_keys(opened);
  return out;
}

std::string describe_as_text(ordered_json const& d) {
  std::string out;
  for (char const* name : {"path", "format", "family"}) put_line(out, name, plain(d[name]));
  put_line(out, "tokenizer", plain(d["tokenizer"]));
  std::string steps;
  for (auto const& step : d["embedding"]["steps"]) steps += (steps.empty() ? "" : "; ") + plain(step);
  if (!steps.empty()) put_line(out, "embedding", steps);
  if (!d["chat_templates"].empty()) put_line(out, "chat templates", listed_templates(d["chat_templates"]));
  put_line(out, "special ids",
           "bos " + plain(d["special_ids"]["bos"]) + ", eos " + plain(d["special_ids"]["eos"]) + ", pad " +
               plain(d["special_ids"]["pad"]));
  put_line(out, "parameters", grouped(d["parameters"].get<std::int64_t>()));
  put_line(out, "in the file",
           grouped(d["values_in_file"].get<std::int64_t>()) + " values, " +
               grouped(d["bytes_in_file"].get<std::int64_t>()) + " bytes, " + d["bits_per_weight"].dump() +
               " bits per weight of matrices");
  auto const& flops = d["flops_per_token"];
  put_line(out, "FLOPs per token",
           grouped(flops["total"].get<std::int64_t>()) + " at context " +
               grouped(flops["context"].get<std::int64_t>()) + ", " +
               grouped(flops["projections"].get<std::int64_t>()) + " of them in projections");
  auto const& cache = d["kv_bytes_per_token"];
  put_line(out, "KV bytes per token",
           grouped(cache["f32"].get<std::int64_t>()) + " f32, " + grouped(cache["bf16"].get<std::int64_t>()) +
               " bf16, " + grouped(cache["i8"].get<std::int64_t>()) + " i8 with its scales");
  if (!d["assumed"].empty()) out += "\nassumed, for the file does not say\n";
  for (auto const& a : d["assumed"])
    put_line(out, "  " + plain(a["field"]), plain(a["value"]) + ": " + plain(a["why"]));
  if (!d["generation"]["from"].get_ref<std::string const&>().empty()) {
    out += "\ngeneration, where no option says otherwise\n";
    put_fields(out, "  ", d["generation"]);
  }
  out += "\nconfig\n";
  put_fields(out, "  ", d["config"]);
  put_tensors(out, "tensors", d["tensors"]);
  put_tensors(out, "in the file, not read", d["unread"]);
  put_unread_keys(out, d["unread_keys"]);
  return out;
}

namespace {

struct inspect_options {
  std::string path;
  std::string model;     // FILE.hpp[:TYPE] of one of one's own
  std::string compiler;  // that it is compiled with
  std::string tokenizer;
  open_options open;
  bool json = false;
};

void run_inspect(inspect_options const& options) {
  open_options open = options.open;
  open.tokenizer = options.tokenizer;
  if (!options.model.empty())
    return print(inspect_traced({options.model, options.path, options.compiler, open, options.json}));
  ordered_json const description = describe_checkpoint(open_checkpoint(options.path, open));
  print(options.json ? description.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n"
                     : describe_as_text(description));
}

}  // namespace

void add_inspect(CLI::App& app) {
  auto const options = std::make_shared<inspect_options>();
  CLI::App* const command =
      app.add_subcommand("inspect", "Shows what a checkpoint holds: hyperparameters, size, costs, tensors");
  add_checkpoint_options(*command, options->path, options->open);
  command
      ->add_option("--tokenizer", options->tokenizer, "tokenizer file or folder (default: the one beside the weights)")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "as JSON");
  command
      ->add_option("--model", options->model,
                   "a model of your own, as for build; PATH, if given, is then the folder of its parameters")
      ->type_name("FILE.hpp[:TYPE]");
  command->add_option("--compiler", options->compiler, "C++ compiler of --model")->type_name("CXX");
  command->get_option("path")->required(false);
  command->callback([options] {
    if (options->path.empty() && options->model.empty()) throw CLI::RequiredError("path");
    run_inspect(*options);
  });
}

}  // namespace constformer::command
