#include "constformer/checkpoint/gguf.hpp"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/readers/gguf_model.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/core/dtype.hpp"
#include "gguf_bytes.hpp"
#include "support.hpp"

using namespace constformer;
using namespace formats_test;
using gguf_test::file;
using gguf_test::info;

namespace {

gguf_file read(std::string const& bytes) { return read_gguf(bytes_of(bytes), "F"); }

std::string message_of(std::string const& bytes) {
  try {
    gguf_file const f = read(bytes);
    static_cast<void>(read_gguf_model(f));
  } catch (error const& e) {
    return e.what();
  }
  return "";
}

std::string replaced(std::string text, std::size_t at, std::string_view with) {
  return text.replace(at, with.size(), with);
}

// A llama of one layer: d_model 2, one head, d_ff 2, three tokens.
std::vector<std::string> llama_keys() {
  using namespace gguf_test;
  return {str("general.architecture", "llama"),
          u32("llama.block_count", 1),
          u32("llama.context_length", 8),
          u32("llama.embedding_length", 2),
          u32("llama.feed_forward_length", 2),
          u32("llama.attention.head_count", 1),
          f32("llama.attention.layer_norm_rms_epsilon", 1e-5F)};
}

std::vector<std::string> const embedding{info("token_embd.weight", {2, 3}, 0, 0)};
std::string const data(32, '\0');

}  // namespace

TEST_CASE("gguf: keys of every type are read, and tensors with their extents outermost first") {
  using namespace gguf_test;
  std::string const bytes =
      gguf_test::file({u32("a", 7), f32("b", 0.5F), flag("c", true), str("d", "text"), texts("e", {"x", "", "yz"}),
                       numbers<std::int32_t>("f", 5, {1, -2}), numbers<float>("g", 6, {1.5F}),
                       entry("h", 10, number(std::uint64_t{1} << 40)), numbers<std::uint8_t>("i", 0, {1, 2})},
                      {info("t", {2, 3}, 0, 0), info("u", {32}, 8, 32)}, std::string(66, '\1'));
  gguf_file const f = read(bytes);
  CHECK(f.version == 3);
  CHECK(f.integer("a") == 7);
  CHECK(f.real("b") == 0.5F);
  CHECK(f.flag("c") == true);
  CHECK(f.text("d") == "text");
  CHECK(f.texts("e") == std::vector<std::string_view>{"x", "", "yz"});
  CHECK(f.integers("f") == std::vector<int>{1, -2});
  CHECK(f.reals("g") == std::vector<float>{1.5F});
  CHECK(f.bytes("i") == "\1\2");
  CHECK_FALSE(f.integer("z").has_value());
  CHECK_THROWS_WITH(f.integer("h"), "F: key h is u64, a whole number below 2147483648 is expected");
  CHECK_THROWS_WITH(f.text("a"), "F: key a is u32, a string is expected");
  CHECK_THROWS_WITH(f.integers("e"),
                    "F: key e is an array of 3 string, an array of whole numbers below 2147483648 is expected");
  REQUIRE(f.tensors.size() == 2);
  CHECK(f.tensors[0].shape == std::vector<std::int64_t>{3, 2});
  CHECK(f.tensors[0].bytes.size() == 24);
  CHECK(f.tensors[1].type == dtype::q8_0);
  CHECK(f.tensors[1].bytes.size() == 34);
}

TEST_CASE("gguf: blocks have the values that ggml gives them") {
  std::string q8 = std::string("\x00\x38", 2);  // f16 0.5
  std::string q4 = std::string("\x00\xC0", 2);  // f16 -2
  for (int i = 0; i < 32; ++i) q8 += static_cast<char>(i - 16);
  for (int i = 0; i < 16; ++i) q4 += static_cast<char>(i | (15 - i) << 4);
  std::array<float, 32> eight{}, four{};
  std::array<float, 3> middle{};
  read_rows_f32({"q8", dtype::q8_0, {1, 32}, bytes_of(q8)}, 0, 1, eight);
  read_rows_f32({"q4", dtype::q4_0, {1, 32}, bytes_of(q4)}, 0, 1, four);
  read_columns_f32({"q8", dtype::q8_0, {1, 32}, bytes_of(q8)}, 15, 3, middle);
  for (int i = 0; i < 32; ++i) {
    CHECK(eight[static_cast<std::size_t>(i)] == 0.5F * static_cast<float>(i - 16));
    CHECK(four[static_cast<std::size_t>(i)] == -2.0F * static_cast<float>((i < 16 ? i : 31 - i) - 8));
  }
  CHECK(middle == std::array<float, 3>{-0.5F, 0.0F, 0.5F});
}

TEST_CASE("gguf: damage is a sentence") {
  using namespace gguf_test;
  std::string const good = gguf_test::file(llama_keys(), embedding, data);
  CHECK(message_of(good).empty());
  CHECK(message_of("GGU") == "F: is no GGUF file, its first four bytes are other ones");
  CHECK(message_of(replaced(good, 4, number(std::uint32_t{1}))) ==
        "F: is a GGUF file of version 1, versions 2 and 3 are read");
  CHECK(message_of(replaced(good, 4, number(std::uint32_t{0x03000000}))) ==
        "F: is a big-endian GGUF file, little-endian ones are read");
  CHECK(message_of(replaced(good, 8, number(~std::uint64_t{0}))).starts_with("F: "));
  CHECK(message_of(replaced(good, 16, number(~std::uint64_t{0}))).starts_with("F: "));
  for (std::size_t size = 4; size + 9 < good.size(); ++size) {
    CAPTURE(size);
    CHECK(message_of(good.substr(0, size)).starts_with("F: "));
  }
  auto const keys = [](std::string const& extra) {
    auto all = llama_keys();
    all.push_back(extra);
    return message_of(gguf_test::file(all, embedding, data));
  };
  CHECK(keys(u32("llama.block_count", 1)) == "F: key llama.block_count comes twice");
  CHECK(keys(entry("odd", 13, "")) == "F: key odd is of type 13, 0 to 12 are known");
  CHECK(keys(list("odd", 9, 1, "")) == "F: key odd is an array of arrays, which no reader knows");
  CHECK(keys(list("odd", 6, ~std::uint64_t{0}, "")).find("says it has 18446744073709551615 values") !=
        std::string::npos);
  CHECK(keys(u32("general.alignment", 24)) ==
        "F: key general.alignment is 24, a power of two up to 1048576 is expected");
}

TEST_CASE("gguf: Gemma's norms are stored whole, and what its files leave open is known") {
  auto const folder = fixtures().parent_path() / "fixtures_gguf";
  config const one = open_checkpoint(folder / "gemma_f32" / "model.gguf").model;
  CHECK(one.family == family_kind::gemma);
  CHECK_FALSE(one.norm_adds_one);
  CHECK(one.tied);
  config const two = open_checkpoint(folder / "gemma2_f16" / "model.gguf").model;
  CHECK(two.family == family_kind::gemma2);
  CHECK(two.score_gain == 1.0F);
  CHECK(two.window == 5);
  CHECK(two.score_softcap == 2.0F);
  CHECK(two.logit_softcap == 20.0F);
}

TEST_CASE("gguf: Gemma 2 of 46 layers divides scores by another root, which its file does not say") {
  using namespace gguf_test;
  auto const gain = [](std::uint32_t layers) {
    std::string const bytes = gguf_test::file(
        {str("general.architecture", "gemma2"), u32("gemma2.block_count", layers), u32("gemma2.context_length", 8),
         u32("gemma2.embedding_length", 6), u32("gemma2.feed_forward_length", 2), u32("gemma2.attention.head_count", 3),
         u32("gemma2.attention.key_length", 8), u32("gemma2.attention.value_length", 8),
         f32("gemma2.attention.layer_norm_rms_epsilon", 1e-5F)},
        {info("token_embd.weight", {6, 3}, 0, 0)}, std::string(96, '\0'));
    gguf_file const f = read(bytes);
    return read_gguf_model(f).model.score_gain;
  };
  CHECK(gain(26) == 1.0F);
  CHECK(gain(46) == 2.0F);
}

TEST_CASE("gguf: T5 has two stacks, and a gate tells 1.1") {
  auto const folder = fixtures().parent_path() / "fixtures_gguf";
  checkpoint const plain = open_checkpoint(folder / "t5_f32" / "model.gguf");
  CHECK(plain.model.family == family_kind::t5);
  CHECK(plain.model.layers == 2);
  CHECK(plain.model.encoder.layers == 1);
  CHECK(plain.model.relative.buckets == 12);
  CHECK(plain.model.tied);
  CHECK(plain.ids.decoder_start == 1);
  CHECK(plain.ids.eos == std::vector<int>{2});
  checkpoint const gated = open_checkpoint(folder / "t5_f16_gated" / "model.gguf");
  CHECK(gated.model.family == family_kind::t5_v1_1);
  CHECK_FALSE(gated.model.tied);
  CHECK(gated.model.logit_scale == 1.0F);
  using namespace gguf_test;
  std::vector<std::string> keys{str("general.architecture", "t5"),
                                u32("t5.block_count", 1),
                                u32("t5.context_length", 8),
                                u32("t5.embedding_length", 2),
                                u32("t5.feed_forward_length", 2),
                                u32("t5.attention.head_count", 1),
                                f32("t5.attention.layer_norm_rms_epsilon", 1e-5F)};
  CHECK(message_of(gguf_test::file(keys, embedding, data)) == "F: key t5.attention.relative_buckets_count is missing");
  keys.push_back(u32("t5.attention.relative_buckets_count", 0));
  CHECK(message_of(gguf_test::file(keys, embedding, data)).find("relative_buckets_count is 0") != std::string::npos);
}

TEST_CASE("gguf: Phi-3 has windows and LongRoPE, which first files leave out") {
  checkpoint const whole = open_checkpoint(fixtures().parent_path() / "fixtures_gguf" / "phi3_bf16" / "model.gguf");
  CHECK(whole.model.family == family_kind::phi3);
  CHECK(whole.model.window == 7);
  CHECK(whole.model.kv_heads == 1);
  CHECK(whole.model.rope.scaling == rope_scaling_kind::longrope);
  CHECK(whole.model.rope.original_positions == 16);
  CHECK(whole.model.rope.long_factors.values[3] == 8.0F);
  CHECK(whole.model.rope.short_factors.values[1] == 1.3F);
  CHECK_THAT(whole.model.rope.attention_factor, Catch::Matchers::WithinAbs(1.3228756, 1e-6));
  CHECK(whole.find("rope_factors_long.weight") == nullptr);
  using namespace gguf_test;
  auto const keys = [](std::uint32_t layers, std::uint32_t positions, std::vector<std::string> const& more) {
    std::vector<std::string> all{str("general.architecture", "phi3"),
                                 u32("phi3.block_count", layers),
                                 u32("phi3.context_length", positions),
                                 u32("phi3.embedding_length", 2),
                                 u32("phi3.feed_forward_length", 2),
                                 u32("phi3.attention.head_count", 1),
                                 f32("phi3.attention.layer_norm_rms_epsilon", 1e-5F)};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  auto const window = [&](std::uint32_t layers, std::uint32_t positions, std::vector<std::string> const& more = {}) {
    std::string const bytes = gguf_test::file(keys(layers, positions, more), embedding, data);
    return read_gguf_model(read(bytes)).model.window;
  };
  CHECK(window(32, 4096) == 2047);
  CHECK(window(40, 4096) == 2047);
  CHECK(window(32, 131072) == 0);
  CHECK(window(32, 4096, {u32("phi3.attention.sliding_window", 0)}) == 0);
  CHECK(window(1, 8, {u32("phi3.attention.sliding_window", 3)}) == 3);
  std::string const factor = number(1.5F) + std::string(28, '\0');
  auto const factors = [&](std::vector<std::string> const& tensors, std::vector<std::string> const& more = {}) {
    std::vector<std::string> all{embedding[0]};
    all.insert(all.end(), tensors.begin(), tensors.end());
    return message_of(gguf_test::file(keys(1, 8, more), all, data + factor + factor));
  };
  std::string const longer = info("rope_factors_long.weight", {1}, 0, 32);
  CHECK(factors({longer, info("rope_factors_short.weight", {1}, 0, 64)}).empty());
  CHECK(factors({longer}) == "F: tensors rope_factors_long.weight and rope_factors_short.weight come together");
  CHECK(factors({longer, info("rope_factors_short.weight", {2}, 0, 64)}) ==
        "F: tensor rope_factors_short.weight is [2], 1 pairs rotate and 64 is the limit");
  CHECK(factors({}, {str("phi3.rope.scaling.type", "longrope")}) ==
        "F: tensors rope_factors_long.weight and rope_factors_short.weight come together");
}

TEST_CASE("gguf: Qwen3 norms queries and keys of heads that its keys tell the width of") {
  checkpoint const c = open_checkpoint(fixtures().parent_path() / "fixtures_gguf" / "qwen3_f16" / "model.gguf");
  CHECK(c.model.family == family_kind::qwen3);
  CHECK(c.model.head_dim == 10);
  CHECK((c.model.qk_norm && c.model.tied));
  CHECK(c.find("model.layers.1.self_attn.k_norm.weight") != nullptr);
}

TEST_CASE("gguf: pooling_type says how hidden states become an embedding") {
  using namespace gguf_test;
  auto const bytes = [](std::optional<std::uint32_t> type) {
    auto all = llama_keys();
    if (type) all.push_back(u32("llama.pooling_type", *type));
    return gguf_test::file(all, embedding, data);
  };
  auto const pooling = [&](std::optional<std::uint32_t> type) {
    std::string const file = bytes(type);
    gguf_file const f = read(file);
    return read_gguf_model(f).pooling;
  };
  CHECK(pooling(std::nullopt) == std::nullopt);
  CHECK(pooling(0) == pooling_kind::none);
  CHECK(pooling(1) == pooling_kind::mean);
  CHECK(pooling(2) == pooling_kind::cls);
  CHECK(pooling(3) == pooling_kind::last);
  CHECK(pooling(4) == pooling_kind::cls);
  CHECK(message_of(bytes(5)) ==
        "F: key llama.pooling_type is 5, supported are 0 (none), 1 (mean), 2 (cls), 3 (last) and 4 (rank)");
}

TEST_CASE("gguf: tensors that do not lie in the file are named") {
  auto const tensors = [](std::vector<std::string> const& infos, std::string const& bytes = data) {
    return message_of(gguf_test::file(llama_keys(), infos, bytes));
  };
  CHECK(tensors({info("t", {2, 3}, 0, 32)}) == "F: t: needs 24 bytes from byte 32 of the data on, which has 32");
  CHECK(tensors({info("t", {2, 3}, 0, 8)}) == "F: t: lies at byte 8 of the data, which is no multiple of 32");
  CHECK(tensors({info("t", {2, 3}, 0, 0), info("u", {2}, 0, 0)}) ==
        "F: u: lies at byte 0 of the data, the tensor before it ends at 24");
  CHECK(tensors({info("t", {2}, 0, 0), info("t", {2}, 0, 32)}, data + data) == "F: tensor t comes twice");
  CHECK(tensors({info("t", {1ULL << 40, 1ULL << 40}, 0, 0)}) == "F: t: has more values than 64 bits can count");
  CHECK(tensors({info("t", {0}, 0, 0)}) == "F: t: dimension 0 is 0");
  CHECK(tensors({info("t", {1, 1, 1, 1, 1}, 0, 0)}) == "F: t: has 5 dimensions, 1 to 4 are allowed");
  CHECK(tensors({info("t", {33}, 8, 0)}) == "F: t: rows of 33 values are no whole groups of 32");
  CHECK(tensors({info("t", {128}, 12, 0)}) == "F: t: rows of 128 values are no whole groups of 256");
  CHECK(tensors({info("t", {256}, 9, 0)}) ==
        "F: t is Q8_1, read are F32, F16, BF16 and the types that weights are quantised to");
  CHECK(tensors({info("t", {256}, 999, 0)}) == "F: t is of type 999, types below 42 are known");
}

TEST_CASE("gguf: what a model cannot be made of is refused by name") {
  using namespace gguf_test;
  auto const with = [](std::size_t place, std::string const& key) {
    auto all = llama_keys();
    all[place] = key;
    return message_of(gguf_test::file(all, embedding, data));
  };
  CHECK(
      with(0, str("general.architecture", "mamba")) ==
      "F: general.architecture \"mamba\" is not supported (llama, qwen2, qwen3, phi3, gpt2, bert, gemma, gemma2, t5)");
  CHECK(with(0, str("general.name", "x")) == "F: key general.architecture is missing");
  CHECK(with(1, u32("llama.block_count", 0)) == "F: key llama.block_count is 0, it must be between 1 and 16777216");
  CHECK(with(1, u32("other", 0)) == "F: key llama.block_count is missing");
  CHECK(with(5, u32("llama.attention.head_count", 3)) ==
        "F: key llama.embedding_length is 2, which is not a multiple of attention.head_count 3");
  CHECK(with(6, str("llama.attention.layer_norm_rms_epsilon", "x")) ==
        "F: key llama.attention.layer_norm_rms_epsilon is string, a number is expected");
  auto const and_also = [](std::string const& key) {
    auto all = llama_keys();
    all.push_back(key);
    return message_of(gguf_test::file(all, embedding, data));
  };
  CHECK(and_also(str("llama.rope.scaling.type", "yarn")) ==
        "F: key llama.rope.scaling.type is \"yarn\", supported are none, linear and longrope");
  CHECK(and_also(u32("llama.expert_count", 8)) ==
        "F: key llama.expert_count asks for a mixture of experts, which is not supported");
  // No experts, or one, are no mixture, and an id outside the vocabulary is none: what is wrong lies elsewhere.
  for (std::string const& harmless :
       {u32("llama.expert_count", 0), u32("llama.expert_count", 1), u32("tokenizer.ggml.padding_token_id", 0xFFFFFFFFu),
        u32("tokenizer.ggml.bos_token_id", 99999)})
    CHECK(and_also(harmless) == message_of(gguf_test::file(llama_keys(), embedding, data)));
  CHECK(message_of(gguf_test::file(llama_keys())) == "F: holds no tensors, only a vocabulary");
  CHECK(message_of(gguf_test::file(llama_keys(), {info("output.weight", {2, 3}, 0, 0)}, data)) ==
        "F: tensor token_embd.weight is missing");
  CHECK(message_of(gguf_test::file(llama_keys(), {embedding[0], info("rope_freqs.weight", {1}, 0, 32)},
                                   data + std::string("\0\0\x40\x40", 4)))
            .find("other frequency factors than those of Llama 3") != std::string::npos);
}

TEST_CASE("gguf: the fixtures are what their folders were") {
  auto const gguf = [](char const* name) {
    return open_checkpoint(fixtures().parent_path() / "fixtures_gguf" / name / "model.gguf");
  };
  checkpoint const llama = gguf("llama_q8_0");
  CHECK(llama.format == checkpoint_format::gguf);
  CHECK(llama.model.rope.style == rope_style::interleaved);
  CHECK(llama.model.rope.scaling == rope_scaling_kind::llama3);
  CHECK(llama.model.rope.factor == 8.0F);
  CHECK_FALSE(llama.model.tied);
  REQUIRE(llama.find("model.layers.1.mlp.down_proj.weight") != nullptr);
  CHECK(llama.find("model.layers.1.mlp.down_proj.weight")->type == dtype::q8_0);
  checkpoint const qwen2 = gguf("qwen2_bf16");
  CHECK(qwen2.model.tied);
  CHECK(qwen2.model.bias_qkv);
  CHECK(qwen2.model.rope.style == rope_style::half_split);
  CHECK_FALSE(gguf("gpt2_f16").linear_in_out);
  CHECK_FALSE(gguf("bert_q4_0").model.pooler);
}
