#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "commands.hpp"
#include "../checkpoint/packed_generation.hpp"
#include "constformer/version.hpp"
#include "embedding_description.hpp"
#include "hyperparameters.hpp"

namespace constformer::program {

namespace {

using nlohmann::ordered_json;

ordered_json describe_tokenizer(program_context const& context) {
  if (!context.text) return nullptr;
  ordered_json special = ordered_json::object();
  auto const& roles = context.text->special();
  auto const add = [&](char const* name, std::optional<int> id) {
    if (id) special[name] = *id;
  };
  add("bos", roles.bos);
  add("eos", roles.eos);
  add("pad", roles.pad);
  add("unk", roles.unk);
  add("cls", roles.cls);
  add("sep", roles.sep);
  add("mask", roles.mask);
  return {{"vocab", context.text->vocab_size()}, {"special", special}};
}

ordered_json describe_tensors(program_context const& context) {
  ordered_json list = ordered_json::array();
  for (auto const& t : context.packed.tensors())
    list.push_back({{"name", t.name}, {"type", t.type}, {"shape", t.shape}, {"offset", t.offset}});
  return list;
}

ordered_json as_json(std::optional<int> id) { return id ? ordered_json(*id) : ordered_json(nullptr); }

ordered_json describe(program_context const& context) {
  auto const& unit = context.unit;
  return {{"name", context.metadata.name.empty() ? std::string(unit.name) : context.metadata.name},
          {"config_name", unit.name},
          {"family", context.family()},
          {"source", context.metadata.source},
          {"constformer", version},
          {"target", unit.target},
          {"parameters", unit.parameters},
          {"weight_bytes", unit.weight_bytes},
          {"cache_bytes", unit.cache_bytes},
          {"workspace_bytes", unit.workspace_bytes},
          {"stop_ids", context.metadata.stop_ids},
          {"decoder_start", as_json(context.metadata.decoder_start)},
          {"generation", packed::generation_json(context.metadata.generation)},
          {"max_sequence", context.metadata.max_sequence},
          {"embedding", describe_embedding(context.metadata.embedding, context.metadata.max_sequence)},
          {"config", unit.traced ? traced_hyperparameters(context.model()) : hyperparameters(context.model())},
          {"tokenizer", describe_tokenizer(context)},
          {"tensors", describe_tensors(context)}};
}

std::string as_text(ordered_json const& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

void print_fields(ordered_json const& object, std::string const& prefix, output& out) {
  for (auto const& [key, value] : object.items()) {
    if (key == "tensors") continue;
    if (value.is_object()) {
      print_fields(value, key == "config" ? "" : prefix + key + ".", out);
      continue;
    }
    char label[40];
    std::snprintf(label, sizeof label, "%-24s ", (prefix + key).c_str());
    out.put(label);
    out.put(as_text(value));
    out.put("\n");
  }
}

void print_tensors(ordered_json const& tensors, output& out) {
  if (tensors.empty()) return;
  out.put("\ntensors: offset, type, shape, name\n");
  for (auto const& t : tensors) {
    char line[80];
    std::snprintf(line, sizeof line, "%12lld  %-5s ", t["offset"].get<long long>(),
                  t["type"].get<std::string>().c_str());
    out.put(line);
    out.put(t["shape"].dump());
    out.put("  ");
    out.put(t["name"].get<std::string>());
    out.put("\n");
  }
}

}  // namespace

void run_command(program_context const& context, info_options const& options, output& out) {
  auto const everything = describe(context);
  if (options.json) {
    out.put(everything.dump(2, ' ', false, ordered_json::error_handler_t::replace));
    out.put("\n");
  } else {
    print_fields(everything, "", out);
    print_tensors(everything["tensors"], out);
  }
  out.flush();
}

}  // namespace constformer::program
