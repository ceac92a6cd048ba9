#include "train_model.hpp"

#include <string_view>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "../checkpoint/readers/hugging_face_write.hpp"
#include "../checkpoint/readers/json.hpp"
#include "config_header.hpp"
#include "constformer/checkpoint/hugging_face.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/error.hpp"

namespace constformer::command {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string read_text(fs::path const& path) {
  mapped_file const file(path);
  return {reinterpret_cast<char const*>(file.bytes().data()), file.bytes().size()};
}

int extent(json const& args, char const* key, std::string const& where) {
  auto const at = args.find(key);
  if (at == args.end()) throw error(where + ": " + key + " is missing");
  if (!at->is_number_integer() || at->get<std::int64_t>() < 1 || at->get<std::int64_t>() > detail::largest_extent)
    throw error(where + ": " + key + " is " + quoted(*at) + ", it must be between 1 and " +
                std::to_string(detail::largest_extent));
  return at->get<int>();
}

// nanoGPT's model_args: GPT-2 in all but the erf GELU and, if there are none, biases.
config read_model_args(json const& args, std::string const& where) {
  config c = gpt2({.layers = extent(args, "n_layer", where),
                   .d_model = extent(args, "n_embd", where),
                   .heads = extent(args, "n_head", where),
                   .vocab = extent(args, "vocab_size", where),
                   .positions = extent(args, "block_size", where)});
  c = with_biases(c, args.value("bias", true));
  c.activation = activation_kind::gelu;
  return c;
}

// A JSON may leave to the tokenizer how many tokens there are, and nanoGPT's to --block-size how many positions.
void fill(json& settings, train_options const& options, int vocab) {
  if (!settings.contains("vocab_size") && vocab > 0) settings["vocab_size"] = vocab;
  if (!settings.contains("block_size") && options.block_size > 0) settings["block_size"] = options.block_size;
}

void require_valid(config const& c, std::string const& where) {
  if (message const misfit = first_misfit(c); !misfit.empty()) throw error(where + ": " + std::string(misfit.view()));
}

// The config.json of a model that has none of its own.
std::string written_config_json(config const& c, std::string const& where) {
  checkpoint source;
  source.path = where;
  source.model = c;
  written_config const written = write_hugging_face_config(source);
  if (written.text.empty()) throw error(where + ": " + written.refusal);
  return written.text;
}

void read_json(train_model& out, train_options const& options, int vocab) {
  std::string const where = options.model;
  json settings = parse_json_object(read_text(options.model), where);
  bool const nanogpt = !settings.contains("model_type") && settings.contains("n_layer");
  if (nanogpt) {
    fill(settings, options, vocab);
    out.described = read_model_args(settings, where);
    out.config_json = written_config_json(*out.described, where);
  } else {
    if (!settings.contains("vocab_size") && vocab > 0) settings["vocab_size"] = vocab;
    out.config_json = settings.dump(2) + "\n";
    out.described = read_hugging_face_config(out.config_json, where).model;
  }
  require_valid(*out.described, where);
}

void read_checkpoint(train_model& out, train_options const& options) {
  out.source = open_checkpoint(options.model, options.open);
  out.described = out.source->model;
  if (out.source->format == checkpoint_format::hugging_face) return;  // its own is copied
  out.config_json = written_config_json(*out.described, options.model);
}

}  // namespace

bool is_header(fs::path const& path) {
  return path.extension() == ".hpp" || path.extension() == ".h" || path.extension() == ".hh";
}

train_model find_train_model(train_options const& options, int vocab) {
  train_model out;
  fs::path const path = options.model;
  out.name =
      !options.name.empty()
          ? options.name
          : identifier_from(path.extension() == ".json" || is_header(path) ? path.parent_path() / path.stem() : path);
  if (is_header(path)) {
    std::error_code missing;
    if (!fs::is_regular_file(path, missing)) throw error(options.model + ": is no file");
    out.include = fs::absolute(path);
    return out;
  }
  if (path.extension() == ".json")
    read_json(out, options, vocab);
  else
    read_checkpoint(out, options);
  out.described->capacity = out.described->positions;
  out.header = config_header(*out.described, out.name, path.filename().string());
  return out;
}

}  // namespace constformer::command
