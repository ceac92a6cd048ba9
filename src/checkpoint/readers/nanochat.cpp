#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "checkpoint/pickle.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/error.hpp"
#include "family_readers.hpp"
#include "json.hpp"
#include "torch.hpp"
#include "torch_model.hpp"

// nanochat (github.com/karpathy/nanochat): in Hugging Face's layout, which has the arithmetic of its first era, and its
// own model_NNNNNN.pt beside meta_NNNNNN.json. That says sizes and window pattern; which of nanochat's arithmetics the
// weights were trained with only the tensors tell, and not all of it.

namespace constformer {

namespace {

namespace fs = std::filesystem;

struct era_sign {
  nanochat_era era;
  std::string_view name;
  std::string_view why;
};

// By what the tensors have, the last sign that fits counts.
constexpr std::array eras{
    era_sign{nanochat_era::plain, "plain", "no resid_lambdas, as before 2026-01-11"},
    era_sign{nanochat_era::lambdas, "lambdas",
             "resid_lambdas and no value embeddings, as from 2026-01-11 on: short windows of T/2"},
    era_sign{nanochat_era::values, "values",
             "gates of 32 channels, as from 2026-01-16 on: gates up to 2, rotary base 10000, short windows of T/2"},
    era_sign{nanochat_era::gated, "gated",
             "gates of 12 channels, as from 2026-03-09 on: gates up to 3, rotary base 100000, queries and keys times "
             "1.15, short windows of T/3"},
    era_sign{nanochat_era::smeared, "smeared",
             "smear_gate, as from 2026-03-14 on: gates up to 3, rotary base 100000, queries and keys times 1.2, short "
             "windows of T/4"},
};

struct layer_name {
  std::string_view theirs, ours;
};

constexpr std::array layer_names{
    layer_name{"attn.c_q.weight", "self_attn.q_proj.weight"},
    layer_name{"attn.c_k.weight", "self_attn.k_proj.weight"},
    layer_name{"attn.c_v.weight", "self_attn.v_proj.weight"},
    layer_name{"attn.c_proj.weight", "self_attn.o_proj.weight"},
    layer_name{"mlp.c_fc.weight", "mlp.fc1.weight"},
    layer_name{"mlp.c_proj.weight", "mlp.fc2.weight"},
};

struct indexed_name {
  int index;
  std::string_view rest;
};

// "transformer.h.12.attn.c_q.weight" after "transformer.h." as 12 and "attn.c_q.weight".
std::optional<indexed_name> split_index(std::string_view name, std::string_view before) {
  if (!name.starts_with(before)) return std::nullopt;
  name.remove_prefix(before.size());
  int index = 0;
  auto const [end, problem] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (problem != std::errc() || end == name.data() + name.size() || *end != '.' || index < 0) return std::nullopt;
  return indexed_name{index, name.substr(static_cast<std::size_t>(end - name.data()) + 1)};
}

// The number of a layer among those with value embeddings, which are every other one, the last included.
std::string value_number(int layer) { return std::to_string(layer / 2); }

// nanochat's name as models/nanochat.hpp has it; one that it does not know stays.
std::string our_name(std::string const& name, int layers) {
  auto const has_values = [&](int layer) { return layer % 2 == (layers - 1) % 2; };
  if (name == "transformer.wte.weight") return "model.embed_tokens.weight";
  for (char const* const scalar :
       {"resid_lambdas", "x0_lambdas", "smear_gate.weight", "smear_lambda", "backout_lambda"})
    if (name == scalar) return "model." + name;
  if (auto const value = split_index(name, "value_embeds.");
      value && value->rest == "weight" && has_values(value->index))
    return "model.value_embeds." + value_number(value->index) + ".weight";
  auto const block = split_index(name, "transformer.h.");
  if (!block) return name;
  if (block->rest == "attn.ve_gate.weight" && has_values(block->index))
    return "model.ve_gates." + value_number(block->index) + ".weight";
  for (layer_name const& part : layer_names)
    if (block->rest == part.theirs)
      return "model.layers." + std::to_string(block->index) + "." + std::string(part.ours);
  return name;
}

tensor_view const* find(safetensors_content const& content, std::string_view name) {
  auto const place = std::find_if(content.tensors.begin(), content.tensors.end(),
                                  [&](tensor_view const& t) { return t.name == name; });
  return place == content.tensors.end() ? nullptr : &*place;
}

era_sign const& era_of(safetensors_content const& content, std::string const& where) {
  auto const sign = [](nanochat_era era) -> era_sign const& { return eras[static_cast<std::size_t>(era)]; };
  if (find(content, "model.smear_gate.weight") != nullptr) return sign(nanochat_era::smeared);
  tensor_view const* const gate = find(content, "model.ve_gates.0.weight");
  if (gate == nullptr)
    return sign(find(content, "model.resid_lambdas") != nullptr ? nanochat_era::lambdas : nanochat_era::plain);
  std::int64_t const channels = gate->shape.empty() ? 0 : gate->shape.back();
  if (channels == 12) return sign(nanochat_era::gated);
  if (channels == 32) return sign(nanochat_era::values);
  throw error(where + ": its value gates are " + shape_text(gate->shape) + ", those of nanochat see 12 or 32 channels");
}

// Rows beyond the vocabulary pad it to a multiple of 64 and are never used.
void crop_vocabulary(safetensors_content& content, int vocab) {
  std::int64_t const padded_rows = round_up(vocab, 64);
  for (tensor_view& t : content.tensors) {
    bool const table = t.name == "model.embed_tokens.weight" || t.name == "lm_head.weight" ||
                       t.name.starts_with("model.value_embeds.");
    if (!table || t.shape.size() != 2 || t.shape[0] != padded_rows || padded_rows == vocab) continue;
    t.bytes = t.bytes.first(t.bytes.size() / static_cast<std::size_t>(padded_rows) * static_cast<std::size_t>(vocab));
    t.shape[0] = vocab;
  }
}

fs::path meta_of(fs::path const& model) {
  std::string const name = model.filename().string();
  constexpr std::string_view begin = "model_";
  fs::path const meta =
      model.parent_path() / (name.starts_with(begin) ? "meta_" + model.stem().string().substr(begin.size()) + ".json"
                                                     : std::string("meta.json"));
  std::error_code unreadable;
  if (!fs::is_regular_file(meta, unreadable))
    throw error(model.string() + ": is a nanochat model, whose sizes are in " + meta.filename().string() +
                ", which is missing");
  return meta;
}

std::string pattern_of(json_fields const& fields) {
  std::string const pattern = fields.text("window_pattern", "L");
  bool const known = !pattern.empty() && pattern.find_first_not_of("SLsl") == std::string::npos;
  if (!known) fields.misfit("window_pattern", "it must be of the letters S and L");
  return pattern;
}

void settle_softcap(torch_model& out, open_options const& options) {
  if (options.softcap) {
    out.model.logit_softcap = *options.softcap;
    return;
  }
  out.assumed.push_back(
      {"logit_softcap", "15",
       "15 but from 2026-03-02 to 2026-03-08, when it was 20, which no file tells; --softcap 20 for that"});
}

// The nine special tokens are the last ids: bos first, assistant_end fifth. Both end a text, as in nanochat's engine.
void set_ends(torch_model& out) {
  constexpr int specials = 9, bytes = 256;
  int const first = out.model.vocab - specials;
  if (first >= bytes) out.ids = {.bos = first, .eos = {first + 4, first}, .pad = {}};
}

}  // namespace

config read_nanochat(json_fields const& fields) {
  config c = read_llama_like(fields, nanochat, {.positions = 2048, .activation = "relu2"});
  c.rope.backwards = true;
  c.bias_qkv = c.bias_attention_output = fields.flag("attention_bias", false);
  constexpr std::string_view cap = "final_logit_softcapping";
  c.logit_softcap = fields.names(cap) && !fields.has(cap) ? 0.0F : fields.real(cap, 15.0F, 0.0F);
  return c;
}

torch_model read_nanochat_file(torch_file const& file, fs::path const& path, open_options const& options,
                               made_bytes& made) {
  if (options.heads != 0 || options.activation)
    throw error(path.string() + ": --heads and --activation are for GPTs, a nanochat model says its own");
  json_document const meta(meta_of(path));
  key_log log;
  json_fields const fields = meta.fields(&log).object("model_config");
  torch_model out;
  out.format = checkpoint_format::nanochat;
  shape const s{.layers = fields.extent("n_layer"),
                .d_model = fields.extent("n_embd"),
                .heads = fields.extent("n_head"),
                .kv_heads = fields.extent("n_kv_head"),
                .vocab = fields.extent("vocab_size"),
                .positions = fields.extent("sequence_len")};
  out.content = file.tensors_of(file.root(), made);
  for (tensor_view& t : out.content.tensors) t.name = our_name(t.name, s.layers);
  std::sort(out.content.tensors.begin(), out.content.tensors.end(),
            [](tensor_view const& a, tensor_view const& b) { return a.name < b.name; });
  crop_vocabulary(out.content, s.vocab);
  era_sign const era = era_of(out.content, path.string());
  out.model = nanochat_of(s, era.era, pattern_of(fields));
  out.assumed.push_back({"era", std::string(era.name), std::string(era.why)});
  settle_softcap(out, options);
  if (message const misfit = first_misfit(out.model); !misfit.empty())
    throw error(path.string() + ": " + std::string(misfit.view()));
  for (json_fields::entry& unread : fields.unread())
    out.unread.push_back({std::move(unread.path), std::move(unread.value), {}});
  set_ends(out);
  out.tokenizer = tokenizer_beside(path, "tokenizer.pkl");
  return out;
}

}  // namespace constformer
