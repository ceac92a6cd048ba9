#include "inspect_traced.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "../checkpoint/readers/traced_checkpoint.hpp"
#include "compile.hpp"
#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/checkpoint/traced_costs.hpp"
#include "constformer/core/error.hpp"
#include "constformer/layers/parameter.hpp"
#include "listing.hpp"
#include "pack_traced.hpp"
#include "process.hpp"
#include "toolchain.hpp"
#include "traced_model.hpp"
#include "work_folder.hpp"

namespace constformer::command {

namespace {

using nlohmann::ordered_json;

constexpr std::string_view unit_file = "check.cpp", object_file = "check.o", header_file = "model_config.hpp";

struct inspected {
  traced_description description;
  traced_costs costs;
};

// A section of the unit's object file.
std::vector<std::byte> section(toolchain const& tools, work_folder const& folder, std::string_view name) {
  constexpr std::string_view file = "section";
  process step(section_line(tools, object_file, name, file), folder.path());
  if (step.wait().exit_code != 0) throw error("the compiler left no description of the model");
  mapped_file const bytes(folder.path() / file);
  return {bytes.bytes().begin(), bytes.bytes().end()};
}

traced_costs costs_in(std::span<std::byte const> bytes) {
  traced_costs out;
  if (bytes.size() < sizeof out || std::memcmp(bytes.data(), traced_costs::mark, sizeof out.magic) != 0)
    throw error("the compiler left no costs of the model");
  std::memcpy(&out, bytes.data(), sizeof out);
  return out;
}

// The unit says what the model is; whether a checkpoint's tensors fit only if there is one.
std::string unit_text(std::optional<checkpoint> const& source, std::string_view name) {
  std::string const model = "constformer::configs::" + std::string(name);
  return (source ? traced_check_unit(*source, name, header_file) : traced_facts_unit(name, header_file)) +
         "#include \"constformer/checkpoint/traced_costs.hpp\"\n"
         "[[gnu::section(\".constformer_costs\"), gnu::used]] static constinit auto const costs =\n"
         "    constformer::costs_of<" +
         model + ">();\n";
}

inspected compiled(traced_inspection const& options, traced_choice const& choice) {
  constexpr std::string_view name = "inspected";
  std::optional<checkpoint> source;
  if (!options.folder.empty()) source = open_traced_checkpoint(options.folder, options.open);
  toolchain const tools = load_toolchain();
  work_folder const folder;
  write_file(folder.path() / header_file, traced_header(choice, name));
  write_file(folder.path() / unit_file, unit_text(source, name));
  compile_options const compile{.compiler = options.compiler, .target = {}, .more = {}};
  process step(check_object_line(tools, compile, unit_file, object_file), folder.path());
  if (auto const result = step.wait(); result.exit_code != 0) {
    std::string const first = first_error(result.output);
    if (traced_error(first, choice) != first) throw error(traced_error(first, choice));
    std::string const where = options.folder.empty() ? choice.header.string() : options.folder;
    throw error(where + ": " +
                (first.empty() ? "the compiler ended with status " + std::to_string(result.exit_code) : first));
  }
  return {read_traced_facts(section(tools, folder, ".constformer_facts")),
          costs_in(section(tools, folder, ".constformer_costs"))};
}

ordered_json described(traced_choice const& choice, inspected const& found) {
  traced_costs const& c = found.costs;
  ordered_json parameters = ordered_json::array();
  std::int64_t values = 0;
  for (traced_parameter const& p : found.description.parameters) {
    ordered_json shape{p.rows};
    if (p.cols != 0) shape.push_back(p.cols);
    values += std::int64_t{p.rows} * (p.cols == 0 ? 1 : p.cols) * p.layers;
    parameters.push_back({{"name", p.name}, {"shape", std::move(shape)}, {"layers", p.layers}});
  }
  ordered_json out{{"model", choice.type.substr(2)},
                   {"header", choice.header.string()},
                   {"parameters", values},
                   {"layers", c.layers},
                   {"outputs", c.columns},
                   {"positions", c.positions > 0 ? ordered_json(c.positions) : ordered_json(nullptr)},
                   {"flops", {{"tokens", c.tokens}, {"forward", c.flops}}}};
  out["session"] = c.refusal[0] == '\0' ? ordered_json{{"kept_bytes_per_token", c.cache_floats * 4}}
                                        : ordered_json{{"refusal", c.refusal}};
  out["tensors"] = std::move(parameters);
  return out;
}

std::string as_text(ordered_json const& d) {
  std::string out;
  put_line(out, "model", plain(d["model"]) + " of " + plain(d["header"]));
  put_line(out, "parameters", grouped(d["parameters"].get<std::int64_t>()));
  put_line(out, "layers", plain(d["layers"]));
  put_line(out, "outputs", plain(d["outputs"]));
  put_line(out, "positions", d["positions"].is_null() ? "any" : plain(d["positions"]));
  put_line(out, "FLOPs",
           grouped(d["flops"]["forward"].get<std::int64_t>()) + " of a pass over " + plain(d["flops"]["tokens"]) +
               " tokens");
  if (d["session"].contains("refusal"))
    put_line(out, "session", plain(d["session"]["refusal"]));
  else
    put_line(out, "kept per token",
             grouped(d["session"]["kept_bytes_per_token"].get<std::int64_t>()) + " bytes of f32");
  out += "\ntensors (" + std::to_string(d["tensors"].size()) + ")\n";
  for (auto const& t : d["tensors"]) {
    std::int64_t const layers = t["layers"].get<std::int64_t>();
    put_line(out, "  " + plain(t["name"]),
             t["shape"].dump() + (layers > 1 ? " in each of " + std::to_string(layers) + " layers" : ""));
  }
  return out;
}

}  // namespace

std::string inspect_traced(traced_inspection const& options) {
  traced_choice const choice = traced_choice_of(options.model);
  ordered_json const told = described(choice, compiled(options, choice));
  return options.json ? told.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n" : as_text(told);
}

}  // namespace constformer::command
