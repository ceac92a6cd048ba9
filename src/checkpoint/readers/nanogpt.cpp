#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoint/pickle.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/error.hpp"
#include "torch.hpp"
#include "torch_model.hpp"

// nanoGPT (github.com/karpathy/nanoGPT): GPT-2 with linear layers stored (out, in), biases by choice, and erf GELU,
// also where GPT-2's own weights are loaded, which were trained with the tanh form. minGPT and makemore of the same
// author compute the tanh form and save the state_dict alone.

namespace constformer {

namespace {

constexpr int gpt2_end_of_text = 50256;
constexpr int usual_head_dim = 64;  // of every published GPT-2 and nanoGPT size

int extent_of(pickle_value const& args, std::string_view field) {
  auto const value = args.find(field);
  std::string const what = "model_args: " + std::string(field);
  if (!value) args.fail(what + " is missing");
  std::int64_t const extent = value->integer(what);
  if (extent < 1 || extent > detail::largest_extent)
    args.fail(what + " is " + std::to_string(extent) + ", it must be between 1 and " +
              std::to_string(detail::largest_extent));
  return static_cast<int>(extent);
}

tensor_view const* find(safetensors_content const& content, std::string_view name) {
  auto const place = std::find_if(content.tensors.begin(), content.tensors.end(),
                                  [&](tensor_view const& t) { return t.name == name; });
  return place == content.tensors.end() ? nullptr : &*place;
}

constexpr std::array<std::string_view, 6> read_args{"n_layer", "n_head", "n_embd", "vocab_size", "block_size", "bias"};

// What model_args says beside the sizes: nanoGPT itself has dropout alone, its forks have more.
std::vector<unread_key> unread_args(pickle_value const& args) {
  std::vector<unread_key> out;
  for (std::size_t i = 0; i < args.size(); ++i) {
    std::string const name(args.key(i).text("a key of model_args"));
    if (std::ranges::find(read_args, name) != read_args.end()) continue;
    out.push_back({"model_args." + name, "given", name == "dropout" ? "only training has it" : ""});
  }
  return out;
}

activation_kind settle_activation(torch_model& out, open_options const& options, activation_kind usual,
                                  std::string const& who) {
  if (options.activation && *options.activation != activation_kind::gelu &&
      *options.activation != activation_kind::gelu_tanh)
    throw error("--activation " + std::string(name_of(*options.activation)) + ": a GPT has gelu or gelu_tanh");
  if (options.softcap) throw error("--softcap is for nanochat's own files, a GPT caps nothing");
  if (options.activation) return *options.activation;
  std::string const other(name_of(usual == activation_kind::gelu ? activation_kind::gelu_tanh : activation_kind::gelu));
  out.assumed.push_back(
      {"activation", std::string(name_of(usual)), who + "; --activation " + other + " for the other form"});
  return usual;
}

void require_valid(config const& c, std::string const& where) {
  if (message const misfit = first_misfit(c); !misfit.empty()) throw error(where + ": " + std::string(misfit.view()));
}

void set_ends(torch_model& out) {
  bool const gpt2_vocabulary =
      out.model.vocab == 50257 || out.model.vocab == 50304;  // the second is padded to a multiple of 64
  if (gpt2_vocabulary) out.ids = {.bos = gpt2_end_of_text, .eos = {gpt2_end_of_text}, .pad = {}};
}

// Extents of a matrix that the state_dict must have.
matrix_extents extents_in(safetensors_content const& content, std::string const& name, std::string const& where) {
  tensor_view const* const tensor = find(content, name);
  if (tensor == nullptr) throw error(where + ": tensor " + name + " is missing");
  bool const matrix = tensor->shape.size() == 2 && std::ranges::all_of(tensor->shape, [](std::int64_t e) {
                        return e >= 1 && e <= detail::largest_extent;
                      });
  if (!matrix) throw error(where + ": " + name + " is " + shape_text(tensor->shape) + ", a matrix is expected");
  return {tensor->shape[0], tensor->shape[1]};
}

// Layers that are there without a gap from 0 on; a gap is found by the checkpoint check.
int layers_in(safetensors_content const& content) {
  int layers = 0;
  while (find(content, "transformer.h." + std::to_string(layers) + ".ln_1.weight") != nullptr) ++layers;
  return layers;
}

// What the tensors tell; only the number of heads leaves no trace in them.
shape shape_in(safetensors_content const& content, std::string const& where) {
  auto const tokens = extents_in(content, "transformer.wte.weight", where);
  auto const positions = extents_in(content, "transformer.wpe.weight", where);
  auto const up = extents_in(content, "transformer.h.0.mlp.c_fc.weight", where);
  return {.layers = layers_in(content),
          .d_model = static_cast<int>(tokens.columns),
          .d_ff = static_cast<int>(up.rows),
          .vocab = static_cast<int>(tokens.rows),
          .positions = static_cast<int>(positions.rows)};
}

int settle_heads(torch_model& out, open_options const& options, int d_model, std::string const& where) {
  if (options.heads != 0) return options.heads;
  if (d_model % usual_head_dim != 0)
    throw error(where + ": a state_dict does not say how many heads there are, --heads must (d_model is " +
                std::to_string(d_model) + ")");
  int const heads = d_model / usual_head_dim;
  out.assumed.push_back({"heads", std::to_string(heads),
                         "a state_dict does not say; head_dim 64 as every GPT-2; --heads for another number"});
  return heads;
}

}  // namespace

torch_model read_nanogpt(torch_file const& file, std::filesystem::path const& path, open_options const& options,
                         made_bytes& made) {
  std::string const where = path.string();
  pickle_value const args = *file.root().find("model_args");
  torch_model out;
  out.format = checkpoint_format::nanogpt;
  if (options.heads != 0) throw error(where + ": --heads is for a bare state_dict, model_args says its own");
  out.content = file.tensors_of(*file.root().find("model"), made);
  config c = gpt2({.layers = extent_of(args, "n_layer"),
                   .d_model = extent_of(args, "n_embd"),
                   .heads = extent_of(args, "n_head"),
                   .vocab = extent_of(args, "vocab_size"),
                   .positions = extent_of(args, "block_size")});
  auto const bias = args.find("bias");
  c = with_biases(c, !bias || bias->flag("model_args: bias"));  // the first versions had no such field, and biases
  c.activation = settle_activation(out, options, activation_kind::gelu,
                                   "model_args does not say; nanoGPT computes erf GELU whatever it was begun from");
  require_valid(c, where);
  out.model = c;
  out.unread = unread_args(args);
  set_ends(out);
  out.tokenizer = tokenizer_beside(path, "meta.pkl");
  return out;
}

torch_model read_gpt_state(torch_file const& file, std::filesystem::path const& path, open_options const& options,
                           made_bytes& made) {
  std::string const where = path.string();
  torch_model out;
  out.format = checkpoint_format::gpt_state;
  out.content = file.tensors_of(file.root(), made);
  shape s = shape_in(out.content, where);
  s.heads = settle_heads(out, options, s.d_model, where);
  config c = with_biases(gpt2(s), find(out.content, "transformer.ln_f.bias") != nullptr);
  c.activation = settle_activation(
      out, options, activation_kind::gelu_tanh,
      "a state_dict does not say; minGPT and makemore, which save it alone, compute GPT-2's tanh form");
  require_valid(c, where);
  out.model = c;
  set_ends(out);
  out.tokenizer = tokenizer_beside(path, "meta.pkl");
  return out;
}

}  // namespace constformer
