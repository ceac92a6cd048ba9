#include "command/config_header.hpp"

#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include "constformer/checkpoint/open.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/config/layer_set.hpp"
#include "constformer/core/dtype.hpp"
#include "support.hpp"

using namespace constformer;
using namespace formats_test;
namespace fs = std::filesystem;

namespace {

template <class Field>
std::string exact(Field const& field) {
  if constexpr (std::is_same_v<Field, float>)
    return "std::bit_cast<float>(" + std::to_string(std::bit_cast<std::uint32_t>(field)) + "U)";
  else if constexpr (std::is_enum_v<Field>)
    return "any{" + std::to_string(static_cast<int>(field)) + "}";
  else
    return std::to_string(static_cast<int>(field));
}

// Written field by field through structured bindings: a field more or less in config.hpp stops this from compiling.
template <class... Fields>
std::string aggregate(Fields const&... fields) {
  std::string out;
  ((out += (out.empty() ? "" : ", ") + fields), ...);
  return "{" + out + "}";
}

std::string exact(factor_table const& table) {
  std::string out;
  for (float const value : table.values) out += exact(value) + ", ";
  return "{{" + out + "}}";
}

std::string exact(rope_config const& r) {
  auto const& [style, theta, dims, planes, f16, scaling, factor, original, low, high, fast, slow, truncate, shorts,
               longs, backwards, attention] = r;
  return aggregate(exact(style), exact(theta), exact(dims), exact(planes), exact(f16) + " != 0", exact(scaling),
                   exact(factor), exact(original), exact(low), exact(high), exact(fast), exact(slow),
                   exact(truncate) + " != 0", exact(shorts), exact(longs), exact(backwards) + " != 0",
                   exact(attention));
}

std::string exact(prefix_config const& p) { return aggregate(exact(p.end), exact(p.blank), exact(p.other_blank)); }

std::string exact(relative_config const& r) { return aggregate(exact(r.buckets), exact(r.max_distance)); }

std::string exact(encoder_config const& e) {
  return aggregate(exact(e.layers), exact(e.heads), exact(e.head_dim), exact(e.d_ff), exact(e.vocab));
}

std::string exact(layer_set const& set) {
  std::string out;
  for (std::uint64_t const word : set.words) out += std::to_string(word) + "U, ";
  return "{{" + out + "}}";
}

std::string exact(config const& c) {
  auto const& [family, layers, d_model, heads, kv_heads, head_dim, d_ff, vocab, positions, first_position, segments,
               capacity, norm, place, eps, norm_bias, embedding_norm, residual_scale, norm_weight, adds_one, parallel,
               smear_inputs, residual_gains, backout, activation, gated, position, rope, relative, embedding_scale,
               zero_start, mask, prefix, window, unwindowed, scale, by_layer, gain, score_cap, qk_norm, qk_norm_last,
               value_layers, value_gate_inputs, value_gate_limit, bias_qkv, bias_output, bias_ffn, bias_head, head,
               tied, logit_scale, logit_cap, pooler, pooler_activation, classifier, labels, encoder, shared_tokens,
               weights, group, inputs, kv_dtype] = c;
  auto const flag = [](bool value) { return std::string(value ? "true" : "false"); };
  return aggregate(
      exact(family), exact(layers), exact(d_model), exact(heads), exact(kv_heads), exact(head_dim), exact(d_ff),
      exact(vocab), exact(positions), exact(first_position), exact(segments), exact(capacity), exact(norm),
      exact(place), exact(eps), flag(norm_bias), flag(embedding_norm), exact(residual_scale), flag(norm_weight),
      flag(adds_one), flag(parallel), exact(smear_inputs), flag(residual_gains), flag(backout), exact(activation),
      flag(gated), exact(position), exact(rope), exact(relative), exact(embedding_scale), flag(zero_start), exact(mask),
      exact(prefix), exact(window), exact(unwindowed), flag(scale), flag(by_layer), exact(gain), exact(score_cap),
      flag(qk_norm), flag(qk_norm_last), exact(value_layers), exact(value_gate_inputs), exact(value_gate_limit),
      flag(bias_qkv), flag(bias_output), flag(bias_ffn), flag(bias_head), exact(head), flag(tied), exact(logit_scale),
      exact(logit_cap), flag(pooler), exact(pooler_activation), exact(classifier), exact(labels), exact(encoder),
      flag(shared_tokens), exact(weights), exact(group), exact(inputs), exact(kv_dtype));
}

// The number of an enumerator, of whatever kind.
constexpr char const* any_kind =
    "struct any {\n  int number;\n  template <class Kind>\n  constexpr operator Kind() const { return "
    "static_cast<Kind>(number); }\n};\n";

// A unit that includes all headers and compares each config with the value it was written from.
class header_proof {
 public:
  void add(config const& c, std::string const& name) {
    folder_.write(name + ".hpp", command::config_header(c, name, name));
    includes_ += "#include \"" + name + ".hpp\"\n";
    asserts_ += "static_assert(constformer::configs::" + name + " == constformer::config" + exact(c) + ");\n";
  }

  bool compiles() const {
    folder_.write("proof.cpp", "#include <bit>\n#include <cstdint>\n" + includes_ + any_kind + asserts_);
    fs::path const source(std::getenv("CONSTFORMER_SOURCE"));
    std::string const line = std::string(CF_TEST_COMPILER) +
                             " -std=c++20 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -fsyntax-only -I'" +
                             (source / "include").string() + "' '" + (folder_ / "proof.cpp").string() + "'";
    return std::system(line.c_str()) == 0;
  }

 private:
  scratch_folder folder_;
  std::string includes_, asserts_;
};

config strange() {
  config c = bert({.layers = 3, .d_model = 7, .heads = 7, .d_ff = 1, .vocab = 2, .positions = 9});
  c.norm_eps = 0.1F + 0.2F;
  c.segments = 0;
  c.capacity = 4;
  c.pooler = false;
  c.bias_ffn = false;
  c.scale_scores = false;
  c.scale_scores_by_layer = true;
  c.activation = activation_kind::quick_gelu;
  c.weights = dtype::bf16;
  return c;
}

config stranger() {
  config c = qwen2(
      {.layers = 1, .d_model = 3, .heads = 2, .kv_heads = 1, .head_dim = 6, .d_ff = 12, .vocab = 2, .positions = 9});
  c.rope = {rope_style::interleaved,
            1e10F,
            4,
            2,
            true,
            rope_scaling_kind::yarn,
            1.0F / 3,
            77,
            std::numeric_limits<float>::denorm_min(),
            1e-38F,
            3e38F,
            16777216.0F,
            false,
            {{1.0F, 0.0F, 1.0F / 3}},
            {},
            true,
            0.1F};
  c.window = 5;
  c.gated = false;
  c.norm = norm_kind::layer_norm;
  c.norm_bias = true;
  c.place = norm_place::sandwich;
  c.residual_scale = 1.0F / 9;
  c.prefix = {3, 2, 1};
  c.norm_adds_one = c.parallel = c.qk_norm = true;
  c.embedding_scale = 1.0F / 7;
  c.zero_start = true;
  c.unwindowed.add(0);
  c.unwindowed.add(200);
  c.score_gain = 0.7F;
  c.score_softcap = 1e-9F;
  c.logit_softcap = 3.3F;
  return c;
}

}  // namespace

TEST_CASE("config headers compile to the config they were written from", "[config_header]") {
  header_proof proof;
  for (auto const& entry : fs::directory_iterator(fixtures()))
    if (fs::exists(entry.path() / "config.json"))
      proof.add(open_checkpoint(entry.path()).model, command::identifier_from(entry.path()));
  proof.add(strange(), "strange");
  proof.add(stranger(), "stranger");
  proof.add(mistral({.layers = 32,
                     .d_model = 4096,
                     .heads = 32,
                     .kv_heads = 8,
                     .d_ff = 14336,
                     .vocab = 32000,
                     .positions = 32768},
                    4096),
            "m");
  proof.add(llama({.layers = 2, .d_model = 12, .heads = 3, .vocab = 9, .positions = 30}), "llama");
  proof.add(gemma2({.layers = 7, .d_model = 12, .heads = 3, .vocab = 9, .positions = 30}, 5), "alternating");
  proof.add(chatglm_6b({.layers = 3, .d_model = 12, .heads = 3, .vocab = 9, .positions = 30}, {8, 7, 6}), "prefixed");
  proof.add(
      nanochat_of({.layers = 3, .d_model = 30, .heads = 3, .vocab = 9, .positions = 30}, nanochat_era::smeared, "SL"),
      "mixed");
  CHECK(proof.compiles());
}

TEST_CASE("a config header says only what differs from its family", "[config_header]") {
  config const c = llama({.layers = 1, .d_model = 8, .heads = 2, .vocab = 3, .positions = 4});
  CHECK(command::config_header(c, "plain", "a\nfile") ==
        "// Written by `constformer config` from a?file.\n"
        "#pragma once\n\n"
        "#include \"constformer/config/config.hpp\"\n"
        "#include \"constformer/config/families.hpp\"\n"
        "#include \"constformer/config/kinds.hpp\"\n"
        "#include \"constformer/config/layer_set.hpp\"\n\n"
        "namespace constformer::configs {\n\n"
        "inline constexpr config plain =\n"
        "    llama({.layers = 1, .d_model = 8, .heads = 2, .vocab = 3, .positions = 4});\n\n"
        "}  // namespace constformer::configs\n");
  std::string const changed = command::config_header(with(c, [](config& x) { x.tied = true; }), "n", "f");
  CHECK(changed.find("    with(llama({.layers = 1, .d_model = 8, .heads = 2, .vocab = 3, .positions = 4}),\n         "
                     "[](config& c) {\n"
                     "           c.tied = true;\n         });\n") != std::string::npos);
}

TEST_CASE("names of configs", "[config_header]") {
  struct {
    char const* path;
    char const* name;
  } const cases[]{
      {"models/stories-15M.bin", "stories_15M"},
      {"/a/Llama-3.1--8B/", "Llama_3_1_8B"},
      {"7b", "model_7b"},
      {"float", "float_model"},
      {"__x__", "x"},
      {"...", "model"},
      {"a b\xC3\xA9", "a_b"},
      {"config", "config_model"},
  };
  for (auto const& c : cases) {
    CHECK(command::identifier_from(c.path) == c.name);
    CHECK(command::is_identifier(c.name));
  }
  for (std::string_view const bad : {"", "7b", "a-b", "int", "a__b", "_a", "a b", "linux"})
    CHECK_FALSE(command::is_identifier(bad));
}
