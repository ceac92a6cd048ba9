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
#include "nanochat_names.hpp"
#include "nanochat_sizes.hpp"
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

constexpr std::string_view model_begin = "model_";

fs::path meta_beside(fs::path const& model) {
  std::string const name = model.filename().string();
  return model.parent_path() / (name.starts_with(model_begin)
                                    ? "meta_" + model.stem().string().substr(model_begin.size()) + ".json"
                                    : std::string("meta.json"));
}

fs::path meta_of(fs::path const& model) {
  fs::path const meta = meta_beside(model);
  std::error_code unreadable;
  if (!fs::is_regular_file(meta, unreadable))
    throw error(model.string() + ": is a nanochat model, whose sizes are in " + meta.filename().string() +
                ", which is missing");
  return meta;
}

// What `constformer train` writes beside what nanochat does: its files leave the cap and the ends of a text open.
void settle_softcap(torch_model& out, json_fields const& meta, open_options const& options) {
  if (options.softcap) {
    out.model.logit_softcap = *options.softcap;
    return;
  }
  if (meta.has("logit_softcap")) {
    out.model.logit_softcap = meta.real("logit_softcap", 15.0F, 0.0F);
    return;
  }
  out.assumed.push_back(
      {"logit_softcap", "15",
       "15 but from 2026-03-02 to 2026-03-08, when it was 20, which no file tells; --softcap 20 for that"});
}

special_ids ids_in(json_fields const& meta, int vocab) {
  auto const within = [&](std::string_view field) {
    std::vector<int> out;
    if (!meta.has(field)) return out;
    for (long long const id : meta.ids(field))
      if (id >= 0 && id < vocab) out.push_back(static_cast<int>(id));
    return out;
  };
  auto const bos = within("bos_token_id");
  return {.bos = bos.empty() ? std::nullopt : std::optional(bos.front()), .eos = within("eos_token_id"), .pad = {}};
}

// The nine special tokens are the last ids: bos first, assistant_end fifth. Both end a text, as in nanochat's engine.
// The meta file of a model whose tokenizer is another's names them.
void set_ends(torch_model& out, json_fields const& meta) {
  if (meta.names("eos_token_id")) {
    out.ids = ids_in(meta, out.model.vocab);
    return;
  }
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

fs::path nanochat_model_in(fs::path const& folder) {
  std::error_code failed;
  fs::path last;
  long long last_step = -1;
  if (!fs::is_directory(folder, failed) || fs::exists(folder / "config.json", failed)) return last;
  for (auto const& entry : fs::directory_iterator(folder, failed)) {
    std::string const name = entry.path().stem().string();
    if (entry.path().extension() != ".pt" || !name.starts_with(model_begin)) continue;
    long long step = -1;
    char const* const end = name.data() + name.size();
    auto const read = std::from_chars(name.data() + model_begin.size(), end, step);
    if (read.ec != std::errc() || read.ptr != end || step <= last_step) continue;
    if (!fs::is_regular_file(meta_beside(entry.path()), failed)) continue;
    last_step = step;
    last = entry.path();
  }
  return last;
}

torch_model read_nanochat_file(torch_file const& file, fs::path const& path, open_options const& options,
                               made_bytes& made) {
  if (options.heads != 0 || options.activation)
    throw error(path.string() + ": --heads and --activation are for GPTs, a nanochat model says its own");
  json_document const meta(meta_of(path));
  key_log log;
  json_fields const all = meta.fields(), fields = meta.fields(&log).object("model_config");
  torch_model out;
  out.format = checkpoint_format::nanochat;
  nanochat_sizes const said = read_nanochat_sizes(fields);
  shape const& s = said.sizes;
  out.content = file.tensors_of(file.root(), made);
  for (tensor_view& t : out.content.tensors) t.name = name_from_nanochat(t.name, s.layers);
  std::sort(out.content.tensors.begin(), out.content.tensors.end(),
            [](tensor_view const& a, tensor_view const& b) { return a.name < b.name; });
  crop_vocabulary(out.content, s.vocab);
  era_sign const era = era_of(out.content, path.string());
  out.model = nanochat_of(s, era.era, said.window_pattern);
  out.assumed.push_back({"era", std::string(era.name), std::string(era.why)});
  settle_softcap(out, all, options);
  if (message const misfit = first_misfit(out.model); !misfit.empty())
    throw error(path.string() + ": " + std::string(misfit.view()));
  for (json_fields::entry& unread : fields.unread())
    out.unread.push_back({std::move(unread.path), std::move(unread.value), {}});
  set_ends(out, all);
  out.tokenizer = tokenizer_beside(path, "tokenizer.pkl");
  return out;
}

}  // namespace constformer
