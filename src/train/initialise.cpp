#include "initialise.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "constformer/core/error.hpp"
#include "constformer/layers/parameter.hpp"

namespace constformer::train {

namespace {

constexpr float usual_deviation = 0.02F;

class initialiser {
 public:
  initialiser(learner_facts const& facts, std::string_view how, torch_generator& random, learner& to)
      : facts_(facts), how_(how), random_(random), to_(to) {}

  // Norms 1, biases 0.
  void fill_vectors() {
    for (std::size_t i = 0; i < facts_.entries.size(); ++i)
      for (int layer = 0; facts_.entries[i].cols == 0 && layer < facts_.entries[i].layers; ++layer)
        std::ranges::fill(values(i, layer), facts_.entries[i].role == parameter_role::scale ? 1.0F : 0.0F);
  }

  // One tensor of the original, whose rows are these parameters'; in files of other layouts they lie apart.
  void normal(std::initializer_list<std::string_view> names, int layer, float deviation) {
    draw(names, layer, [&](std::span<float> out) { random_.fill_normal(out, 0.0F, deviation); });
  }
  void uniform(std::initializer_list<std::string_view> names, int layer, float bound) {
    draw(names, layer, [&](std::span<float> out) { random_.fill_uniform(out, -bound, bound); });
  }
  // Nothing is further from 0 than two deviations, as TensorFlow's truncated_normal.
  void truncated(std::initializer_list<std::string_view> names, int layer, float deviation) {
    draw(names, layer, [&](std::span<float> out) {
      random_.fill_normal(out, 0.0F, deviation);
      for (float& value : out)
        while (std::abs(value) > 2.0F * deviation) random_.fill_normal(std::span(&value, 1), 0.0F, deviation);
    });
  }
  // What torch.nn.Linear draws when it is made; weights and, if there are any, biases.
  void linear_constructor(std::initializer_list<std::string_view> layers, std::string const& before) {
    for (std::string_view const kind : {std::string_view("weight"), std::string_view("bias")}) {
      std::size_t count = 0;
      for (std::string_view const name : layers)
        if (int const entry = find(before + std::string(name) + "." + std::string(kind)); entry >= 0)
          count += static_cast<std::size_t>(facts_.entries[static_cast<std::size_t>(entry)].size());
      throw_away(count);
    }
  }
  // Uniform numbers that nobody keeps.
  void throw_away(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) static_cast<void>(random_.next32());
  }
  // What torch.nn.Embedding draws when it is made.
  void embedding_constructor(std::string_view name) {
    buffer_.resize(static_cast<std::size_t>(entry_of(name).size()));
    random_.fill_normal(buffer_, 0.0F, 1.0F);
  }

  // Tables whose rows are rounded up to 64 there, if the model has them; what is drawn for the others is dropped.
  void normal_table(std::string_view name, float deviation) {
    draw_table(name, [&](std::span<float> out) { random_.fill_normal(out, 0.0F, deviation); });
  }
  void uniform_table(std::string_view name, float bound) {
    draw_table(name, [&](std::span<float> out) { random_.fill_uniform(out, -bound, bound); });
  }

  // In all layers, if the model has it: drawn, the same everywhere, or falling from layer to layer.
  void uniform_if_there(std::string_view name, float low, float high) {
    for_each_layer(name, [&](std::span<float> out) { random_.fill_uniform(out, low, high); });
  }
  void fill(std::string_view name, float value) {
    for_each_layer(name, [&](std::span<float> out) { std::ranges::fill(out, value); });
  }
  void fall(std::string_view name, float first, float by) {
    for_each_layer(name, [&](std::span<float> out) {
      auto const steps = static_cast<float>(std::max<std::size_t>(out.size(), 2) - 1);
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = first - by * static_cast<float>(i) / steps;
    });
  }

  [[nodiscard]] bool has(std::string_view name) const { return find(name) >= 0; }
  [[nodiscard]] parameter_entry const& entry_of(std::string_view name) const {
    return facts_.entries[static_cast<std::size_t>(need(name))];
  }
  [[nodiscard]] int layers() const { return facts_.model->layers; }
  [[nodiscard]] learner_facts const& facts() const { return facts_; }
  [[nodiscard]] std::span<float> values(std::size_t entry, int layer) {
    return to_.parameter(static_cast<int>(entry), layer);
  }

 private:
  [[nodiscard]] int find(std::string_view name) const {
    for (std::size_t i = 0; i < facts_.entries.size(); ++i)
      if (facts_.entries[i].name.view() == name) return static_cast<int>(i);
    return -1;
  }
  [[nodiscard]] int need(std::string_view name) const {
    int const entry = find(name);
    if (entry < 0)
      throw error("--init " + std::string(how_) + ": the model has no " + std::string(name) +
                  ", --init normal takes any");
    return entry;
  }

  template <class Fill>
  void for_each_layer(std::string_view name, Fill const& fill) {
    int const entry = find(name);
    for (int i = 0; entry >= 0 && i < facts_.entries[static_cast<std::size_t>(entry)].layers; ++i)
      fill(values(static_cast<std::size_t>(entry), i));
  }

  template <class Fill>
  void draw_table(std::string_view name, Fill const& fill) {
    constexpr std::size_t padding = 64;
    for_each_layer(name, [&](std::span<float> out) {
      std::size_t const columns = static_cast<std::size_t>(entry_of(name).cols), rows = out.size() / columns;
      buffer_.resize((rows + padding - 1) / padding * padding * columns);
      fill(buffer_);
      std::ranges::copy(std::span(buffer_).first(out.size()), out.begin());
    });
  }

  template <class Fill>
  void draw(std::initializer_list<std::string_view> names, int layer, Fill const& fill) {
    std::size_t count = 0;
    for (std::string_view const name : names) count += static_cast<std::size_t>(entry_of(name).size());
    buffer_.resize(count);
    fill(buffer_);
    std::size_t at = 0;
    for (std::string_view const name : names) {
      auto const out = values(static_cast<std::size_t>(need(name)), layer);
      std::ranges::copy(std::span(buffer_).subspan(at, out.size()), out.begin());
      at += out.size();
    }
  }

  learner_facts const& facts_;
  std::string_view how_;
  torch_generator& random_;
  learner& to_;
  std::vector<float> buffer_;
};

float scaled_deviation(initialiser const& in) { return static_cast<float>(0.02 / std::sqrt(2.0 * in.layers())); }

// model.py of nanoGPT: its modules' own constructors draw first, then `apply`, which meets the tied matrix twice, then
// the loop over c_proj.weight.
void nanogpt(initialiser& in) {
  std::string const block = "blocks.*.";
  in.embedding_constructor("tokens.weight");
  in.embedding_constructor("positions.weight");
  for (int i = 0; i < in.layers(); ++i) {
    in.linear_constructor({"attention.query", "attention.key", "attention.value"}, block);
    in.linear_constructor({"attention.output"}, block);
    in.linear_constructor({"ffn.up"}, block);
    in.linear_constructor({"ffn.down"}, block);
  }
  in.throw_away(static_cast<std::size_t>(in.entry_of("tokens.weight").size()));  // lm_head
  in.normal({"tokens.weight"}, 0, usual_deviation);
  in.normal({"positions.weight"}, 0, usual_deviation);
  for (int i = 0; i < in.layers(); ++i) {
    in.normal({"blocks.*.attention.query.weight", "blocks.*.attention.key.weight", "blocks.*.attention.value.weight"},
              i, usual_deviation);
    in.normal({"blocks.*.attention.output.weight"}, i, usual_deviation);
    in.normal({"blocks.*.ffn.up.weight"}, i, usual_deviation);
    in.normal({"blocks.*.ffn.down.weight"}, i, usual_deviation);
  }
  in.normal({in.has("head.weight") ? "head.weight" : "tokens.weight"}, 0, usual_deviation);
  for (int i = 0; i < in.layers(); ++i) {
    in.normal({"blocks.*.attention.output.weight"}, i, scaled_deviation(in));
    in.normal({"blocks.*.ffn.down.weight"}, i, scaled_deviation(in));
  }
}

// model.py of llama2.c: alike; wo and w3, which is not what ends the feed-forward layer, are drawn anew.
void llama2c(initialiser& in) {
  std::string const block = "blocks.*.";
  constexpr std::array<std::string_view, 7> linears{
      "attention.query", "attention.key", "attention.value", "attention.output", "ffn.gate", "ffn.down", "ffn.up"};
  in.embedding_constructor("tokens.weight");
  for (int i = 0; i < in.layers(); ++i)
    for (std::string_view const name : linears) in.linear_constructor({name}, block);
  in.throw_away(static_cast<std::size_t>(in.entry_of("tokens.weight").size()));  // output
  in.normal({"tokens.weight"}, 0, usual_deviation);
  for (int i = 0; i < in.layers(); ++i)
    for (std::string_view const name : linears) in.normal({block + std::string(name) + ".weight"}, i, usual_deviation);
  in.normal({in.has("head.weight") ? "head.weight" : "tokens.weight"}, 0, usual_deviation);
  for (int i = 0; i < in.layers(); ++i) {
    in.normal({"blocks.*.attention.output.weight"}, i, scaled_deviation(in));
    in.normal({"blocks.*.ffn.up.weight"}, i, scaled_deviation(in));
  }
}

bool ends_half(std::string_view name) {
  return name.ends_with("attention.output.weight") || name.ends_with("ffn.down.weight") ||
         name.ends_with("c_proj.weight");
}

void normal(initialiser& in) {
  auto const& entries = in.facts().entries;
  for (parameter_entry const& p : entries)
    for (int layer = 0; p.cols != 0 && layer < p.layers; ++layer)
      in.normal({p.name.view()}, layer,
                ends_half(p.name.view()) ? static_cast<float>(0.02 / std::sqrt(2.0 * p.layers)) : usual_deviation);
}

// gpt.py of nanochat: on a device without memory constructors draw nothing, so this is all that is drawn.
void nanochat(initialiser& in) {
  auto const n = static_cast<float>(in.facts().model->d_model);
  float const bound = std::sqrt(3.0F) / std::sqrt(n);
  std::string const attention = "blocks.*.attention.";
  in.normal_table("tokens.weight", 0.8F);
  in.normal_table("head.weight", 0.001F);
  for (int i = 0; i < in.layers(); ++i) {
    for (char const* const name : {"query.weight", "key.weight", "value.weight"})
      in.uniform({attention + name}, i, bound);
    in.uniform({"blocks.*.ffn.up.weight"}, i, 0.4F * bound);
  }
  in.fill(attention + "output.weight", 0.0F);
  in.fill("blocks.*.ffn.down.weight", 0.0F);
  in.fall("residual_gains", 1.15F, 0.10F);
  in.fall("embedding_gains", 0.20F, 0.15F);
  in.fill("smear_gain", 0.0F);
  in.fill("backout_gain", 0.2F);
  in.uniform_if_there("smear_gate.weight", 0.0F, 0.02F);
  in.uniform_table("value_layers.*.embedding.weight", bound);
  in.uniform_if_there("value_layers.*.gate.weight", 0.0F, 0.02F);
}

// begin(parameter, name, layer) for every matrix and embedding, in the order of their table.
template <class Begin>
void for_each_matrix(initialiser const& in, Begin const& begin) {
  for (parameter_entry const& p : in.facts().entries)
    for (int layer = 0; p.cols != 0 && layer < p.layers; ++layer) begin(p, p.name.view(), layer);
}

// The lecture's train.py: nn.init.xavier_uniform_ of all that has two axes, embeddings too.
void xavier(initialiser& in) {
  for_each_matrix(in, [&](parameter_entry const& p, std::string_view name, int layer) {
    in.uniform({name}, layer, static_cast<float>(std::sqrt(6.0 / (static_cast<double>(p.rows) + p.cols))));
  });
}

// BERT's modeling.py: create_initializer(0.02).
void bert(initialiser& in) {
  for_each_matrix(in, [&](parameter_entry const&, std::string_view name, int layer) {
    in.truncated({name}, layer, usual_deviation);
  });
}

// T5's, as transformers has it with a factor of 1: what goes into a sum is divided by the root of its terms, queries by
// that of their scores' too.
void t5(initialiser& in) {
  config const& c = *in.facts().model;
  for_each_matrix(in, [&](parameter_entry const& p, std::string_view name, int layer) {
    double terms = p.cols;
    if (name.ends_with("attention.query.weight")) terms *= c.head_dim;
    if (p.role == parameter_role::embedding) terms = name.ends_with("relative.weight") ? c.d_model : 1;
    if (name.ends_with("head.weight")) terms = 1;
    in.normal({name}, layer, static_cast<float>(1.0 / std::sqrt(terms)));
  });
}

// What a family's original begins with, as far as it is one of ours.
std::string_view usual_start(learner_facts const& facts) {
  if (facts.model == nullptr) return "normal";
  switch (facts.model->family) {
    case family_kind::lecture: return "xavier";
    case family_kind::bert: return "bert";
    case family_kind::nanochat: return "nanochat";
    case family_kind::t5:
    case family_kind::t5_v1_1: return "t5";
    default: return "normal";
  }
}

}  // namespace

void initialise(learner_facts const& facts, std::string_view how, torch_generator& random, learner& to) {
  if (how.empty()) how = usual_start(facts);
  initialiser in(facts, how, random, to);
  in.fill_vectors();
  if (how == "normal") return normal(in);
  if (how == "xavier") return xavier(in);
  if (how == "bert") return bert(in);
  if (facts.model == nullptr)
    throw error("--init " + std::string(how) + " is for models of a config, --init normal takes any");
  if (how == "nanogpt") return nanogpt(in);
  if (how == "llama2c") return llama2c(in);
  if (how == "t5") return t5(in);
  if (how == "nanochat") return nanochat(in);
  throw error("--init " + std::string(how) + ": there is nanogpt, llama2c, nanochat, bert, t5, xavier and normal");
}

}  // namespace constformer::train
