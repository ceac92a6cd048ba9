#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config_fields.hpp"
#include "config_keys.hpp"
#include "constformer/checkpoint/hugging_face.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/error.hpp"
#include "constformer/core/text.hpp"
#include "encoder_decoder_configs.hpp"
#include "encoder_heads.hpp"
#include "family_readers.hpp"
#include "foreign.hpp"
#include "generation_config.hpp"
#include "json.hpp"
#include "traced_checkpoint.hpp"

namespace constformer {

namespace {

config read_gpt2(json_fields const& fields) {
  shape s{.layers = extent_of(fields, "n_layer", "num_hidden_layers"),
          .d_model = extent_of(fields, "n_embd", "hidden_size"),
          .heads = extent_of(fields, "n_head", "num_attention_heads"),
          .vocab = fields.extent("vocab_size"),
          .positions = extent_of(fields, "n_positions", "max_position_embeddings")};
  s.head_dim = quotient(fields, "n_embd", s.d_model, "n_head", s.heads);
  if (fields.has("n_inner")) s.d_ff = fields.extent("n_inner");
  config c = gpt2(s);
  c.activation = activation_of(fields, "activation_function", "gelu_new");
  c.norm_eps = fields.real("layer_norm_epsilon", 1e-5F, 0.0F);
  c.scale_scores = fields.flag("scale_attn_weights", true);
  c.scale_scores_by_layer = fields.flag("scale_attn_by_inverse_layer_idx", false);
  // Scores in float32, scaled before the sum: in float32 throughout only the rounding of the scale moves.
  static_cast<void>(fields.flag("reorder_and_upcast_attn", false));
  c.tied = fields.flag("tie_word_embeddings", true);
  return c;
}

config read_bert(json_fields const& fields) {
  shape s{.layers = fields.extent("num_hidden_layers"),
          .d_model = fields.extent("hidden_size"),
          .heads = fields.extent("num_attention_heads"),
          .d_ff = fields.extent("intermediate_size"),
          .vocab = fields.extent("vocab_size"),
          .positions = fields.extent("max_position_embeddings")};
  s.head_dim = quotient(fields, "hidden_size", s.d_model, "num_attention_heads", s.heads);
  if (fields.text("position_embedding_type", "absolute") != "absolute")
    fields.misfit("position_embedding_type", "only \"absolute\" is supported");
  refuse_flag(fields, "is_decoder");
  config c = bert(s);
  c.activation = activation_of(fields, "hidden_act", "gelu");
  c.norm_eps = fields.real("layer_norm_eps", 1e-12F, 0.0F);
  c.segments = fields.extent("type_vocab_size", 2);
  return c;
}

// Rows of the position table up to that of the padding token are no token's.
config read_roberta(json_fields const& fields) {
  config c = read_bert(fields);
  c.family = family_kind::roberta;
  c.norm_eps = fields.real("layer_norm_eps", 1e-12F, 0.0F);
  c.first_position = static_cast<int>(std::min<std::size_t>(fields.count("pad_token_id", 1), 1U << 24)) + 1;
  if (c.positions <= c.first_position)
    throw error(fields.where() + ": field \"max_position_embeddings\" is " + std::to_string(c.positions) +
                ", the first " + std::to_string(c.first_position) + " of which no token has");
  c.capacity = c.positions -= c.first_position;
  return c;
}

config read_distilbert(json_fields const& fields) {
  shape s{.layers = extent_of(fields, "n_layers", "num_hidden_layers", 6),
          .d_model = extent_of(fields, "dim", "hidden_size", 768),
          .heads = extent_of(fields, "n_heads", "num_attention_heads", 12),
          .d_ff = fields.extent("hidden_dim", 3072),
          .vocab = fields.extent("vocab_size"),
          .positions = fields.extent("max_position_embeddings", 512)};
  s.head_dim = quotient(fields, "dim", s.d_model, "n_heads", s.heads);
  config c = distilbert(s);
  c.activation = activation_of(fields, "activation", "gelu");
  return c;
}

// id2label names outputs; transformers writes LABEL_0, LABEL_1, … where the author gave none.
label_names read_labels(json_fields const& fields) {
  constexpr std::size_t most = 1U << 16;
  label_names out;
  out.several = fields.text("problem_type", "") == "multi_label_classification";
  if (!fields.has("id2label")) return out;
  json_fields const names = fields.object("id2label");
  std::size_t const count = std::min(names.all().size(), most);
  for (std::size_t i = 0; i < count && names.has(std::to_string(i)); ++i)
    out.names.push_back(names.text(std::to_string(i)));
  return out;
}

// What the reader of a family with windows has not looked at concerns one without: its layers are all alike.
void require_full_attention(json_fields const& fields, config const& model) {
  bool const windowed =
      model.family == family_kind::qwen2 || model.family == family_kind::qwen3 || model.family == family_kind::gemma2;
  if (windowed || !fields.has("layer_types")) return;
  for (std::string const& type : fields.texts("layer_types"))
    if (type != "full_attention" && !(type == "sliding_attention" && model.window > 0))
      fields.misfit("layer_types", "only full_attention is supported");
}

std::string architecture_of(json_fields const& fields) {
  if (!fields.has("architectures")) return {};
  auto const names = fields.texts("architectures");
  return names.empty() ? std::string() : names.front();
}

// Up to three ids; −1: no more.
struct default_ids {
  constexpr default_ids(int first = -1, int second = -1, int third = -1) : ids{first, second, third} {}
  std::array<int, 3> ids;
};

struct family_reader {
  std::string_view model_type;
  config (*read)(json_fields const&);
  std::optional<int> bos;  // where config.json does not name them
  default_ids eos;
  std::optional<int> pad;
  bool encoder_decoder = false;
};

constexpr std::array families{
    family_reader{"llama", read_llama, 1, 2, {}},
    family_reader{"mistral", read_mistral, 1, 2, {}},
    family_reader{"qwen2", read_qwen2, {}, {}, {}},
    family_reader{"qwen3", read_qwen3, {}, {}, {}},
    family_reader{"gemma", read_gemma, 2, 1, 0},
    family_reader{"gemma2", read_gemma2, 2, 1, 0},
    family_reader{"phi3", read_phi3, 1, 32000, 32000},
    family_reader{"gpt_neox", read_gpt_neox, 0, 2, {}},
    family_reader{"glm", read_glm, {}, {151329, 151336, 151338}, 151329},
    family_reader{"glm4", read_glm4, {}, {151329, 151336, 151338}, 151329},
    family_reader{"chatglm", read_chatglm, {}, 2, 0},
    family_reader{"nanochat", read_nanochat, 0, 1, 1},
    family_reader{"gpt2", read_gpt2, 50256, 50256, {}},
    family_reader{"gpt_neo", read_gpt_neo, 50256, 50256, {}},
    family_reader{"bert", read_bert, {}, {}, 0},
    family_reader{"roberta", read_roberta, 0, 2, 1},
    family_reader{"xlm-roberta", read_roberta, 0, 2, 1},
    family_reader{"camembert", read_roberta, 0, 2, 1},
    family_reader{"distilbert", read_distilbert, {}, {}, 0},
    family_reader{"t5", read_t5, {}, 1, 0, true},
    family_reader{"mt5", read_mt5, {}, 1, 0, true},
    family_reader{"marian", read_marian, {}, 0, 58100, true},
    family_reader{"transformer", read_transformer, {}, {}, {}, true},
};

// Families that look like one of ours and are not.
struct near_family {
  std::string_view model_type;
  std::string_view differs;
};

constexpr std::array near_families{
    near_family{"umt5", "each of its layers has relative positions of its own, those of an mT5 are in the first alone"},
    near_family{"xlm-roberta-xl", "its norms stand before each half of a block, those of an XLM-RoBERTa behind it"},
};

family_reader const& family_of(json_fields const& fields) {
  std::string const type = fields.text("model_type");
  if (type == traced_model_type)
    throw error(fields.where() + ": model_type \"" + type +
                "\" is a model of one's own, whose shapes its header says: build and verify take it with --model "
                "FILE.hpp[:TYPE]");
  for (family_reader const& family : families)
    if (family.model_type == type) return family;
  for (near_family const& near : near_families)
    if (near.model_type == type)
      throw error(fields.where() + ": model_type \"" + type + "\" is not supported: " + std::string(near.differs));
  std::string known;
  for (family_reader const& family : families) known += (known.empty() ? "" : ", ") + std::string(family.model_type);
  throw error(fields.where() + ": model_type \"" + type + "\" is not supported (" + known + ")");
}

std::vector<int> within(std::vector<long long> const& ids, int vocab) {
  std::vector<int> out;
  for (long long const id : ids)
    if (id >= 0 && id < vocab && std::find(out.begin(), out.end(), static_cast<int>(id)) == out.end())
      out.push_back(static_cast<int>(id));
  return out;
}

void read_ids(json_fields const& fields, std::string_view field, int vocab, std::vector<int>& into) {
  if (fields.has(field)) into = within(fields.ids(field), vocab);
}

void read_id(json_fields const& fields, std::string_view field, int vocab, std::optional<int>& into) {
  std::vector<int> ids;
  if (!fields.has(field)) return;
  read_ids(fields, field, vocab, ids);
  into = ids.empty() ? std::optional<int>{} : ids.front();
}

void read_special_ids(json_fields const& fields, int vocab, special_ids& ids) {
  read_id(fields, "bos_token_id", vocab, ids.bos);
  read_ids(fields, "eos_token_id", vocab, ids.eos);
  read_id(fields, "pad_token_id", vocab, ids.pad);
  read_id(fields, "decoder_start_token_id", vocab, ids.decoder_start);
}

std::optional<int> default_id(json_fields const& fields, std::string_view field, std::optional<int> id, int vocab) {
  return fields.names(field) || !id || *id >= vocab ? std::optional<int>{} : id;
}

special_ids special_ids_of(json_fields const& fields, family_reader const& family, int vocab) {
  special_ids ids;
  ids.bos = default_id(fields, "bos_token_id", family.bos, vocab);
  for (int const id : family.eos.ids)
    if (id >= 0 && default_id(fields, "eos_token_id", id, vocab)) ids.eos.push_back(id);
  ids.pad = default_id(fields, "pad_token_id", family.pad, vocab);
  read_special_ids(fields, vocab, ids);
  // As generate() of transformers has it; the releases of T5 and Marian, which have no bos, say pad.
  if (family.encoder_decoder && !ids.decoder_start) ids.decoder_start = ids.bos ? ids.bos : ids.pad;
  return ids;
}

// What a config.json of before generation_config.json says. MarianConfig writes its forced end into every file, so that
// alone it is no wish of the author's, and the longest target ends as its last token is.
generation_defaults older_generation(json_fields const& fields, family_kind family, int vocab) {
  auto out = read_generation_defaults(fields, "config.json", vocab);
  if (family != family_kind::marian) return out;
  generation_defaults written_always;
  written_always.from = out.from;
  written_always.forced_eos_token_id = out.forced_eos_token_id;
  return out == written_always ? generation_defaults{} : out;
}

}  // namespace

hugging_face_config read_hugging_face_config(std::string_view text, std::string_view where) {
  json_document const document(text, where);
  key_log log;
  json_fields const fields = document.fields(&log);
  refuse_foreign_config(fields);
  family_reader const& family = family_of(fields);
  refuse_other_values(fields, family.model_type);
  if (!family.encoder_decoder) refuse_flag(fields, "is_encoder_decoder");
  config const model = family.read(fields);
  if (message const misfit = first_misfit(model); !misfit.empty())
    throw error(std::string(where) + ": " + std::string(misfit.view()));
  hugging_face_config out{
      model, special_ids_of(fields, family, model.vocab), architecture_of(fields), read_labels(fields), {}, true, {}};
  if (model.head == head_kind::language_model) out.generation = older_generation(fields, model.family, model.vocab);
  if (is_encoder_family(model.family)) out.ties_head = fields.flag("tie_word_embeddings", true);
  require_full_attention(fields, model);
  out.unread = unread_keys(fields, family.model_type);
  return out;
}

void overrule_generation(special_ids& ids, generation_defaults& generation, std::string_view text,
                         std::string_view where, config const& model) {
  json_document const document(text, where);
  read_special_ids(document.fields(), model.vocab, ids);
  if (model.head == head_kind::language_model)
    generation = read_generation_defaults(document.fields(), "generation_config.json", model.vocab);
}

}  // namespace constformer
