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

}  // namespace

void initialise(learner_facts const& facts, std::string_view how, torch_generator& random, learner& to) {
  initialiser in(facts, how, random, to);
  in.fill_vectors();
  if (how == "normal") return normal(in);
  if (facts.model == nullptr)
    throw error("--init " + std::string(how) + " is for models of a config, --init normal takes any");
  if (how == "nanogpt") return nanogpt(in);
  if (how == "llama2c") return llama2c(in);
  throw error("--init " + std::string(how) + ": there is nanogpt, llama2c and normal");
}

}  // namespace constformer::train
