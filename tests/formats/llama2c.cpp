#include "constformer/checkpoint/llama2c.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
#include "support.hpp"

using namespace constformer;
using namespace formats_test;

namespace {

// dim, hidden, layers, heads, kv heads, vocab, positions
using sizes = std::array<std::int32_t, 7>;

constexpr sizes tiny{8, 12, 2, 4, 2, 5, 6};

std::string ints(sizes const& s) {
  std::string out;
  for (std::int32_t const v : s) out += raw(v);
  return out;
}

// Values count on, so that a tensor's first value tells where it lies: 0 is the first float after the header.
std::string v0(sizes s) {
  std::size_t const dim = 8, hidden = 12, vocab = 5, kv = 4, half = 1, positions = 6, layers = 2;
  std::size_t count =
      vocab * dim + layers * (2 * dim + 2 * dim * dim + 2 * kv * dim + 3 * hidden * dim) + dim + 2 * positions * half;
  if (s[5] < 0) count += vocab * dim;
  return ints(s) + counting(count);
}

std::string v1(char shared) {
  std::string head = raw(std::uint32_t{0x616B3432}) + raw(std::int32_t{1}) + ints(tiny) + std::string(1, shared);
  head.resize(256, '\0');
  std::size_t const count = 5 * 8 + 2 * (2 * 8 + 2 * 64 + 2 * 4 * 8 + 3 * 12 * 8) + 8 + (shared == 0 ? 5 * 8 : 0);
  return head + counting(count);
}

std::string refusal(std::string const& file) {
  return sentence_of([&] { static_cast<void>(read_llama2c(bytes_of(file), "F")); });
}

float first_value(llama2c_content const& content, std::string const& name) {
  auto const t = std::find_if(content.tensors.begin(), content.tensors.end(),
                              [&](tensor_view const& v) { return v.name == name; });
  REQUIRE(t != content.tensors.end());
  float value = 0;
  std::memcpy(&value, t->bytes.data(), 4);
  return value;
}

}  // namespace

TEST_CASE("the layout of llama2.c v0", "[llama2c]") {
  sizes untied = tiny;
  untied[5] = -5;
  std::string const file = v0(untied);
  auto const content = read_llama2c(bytes_of(file), "F");
  CHECK(content.format == checkpoint_format::llama2c_v0);
  CHECK(content.model.vocab == 5);
  CHECK_FALSE(content.model.tied);
  CHECK(content.model.rope.style == rope_style::interleaved);
  CHECK(content.model.norm_eps == 1e-5F);
  CHECK(content.tensors.size() == 2 * 9 + 3);
  // embeddings 40, attention norms 2·8, q 2·64, k and v 2·32 each, o 2·64, ffn norms 2·8, w1, w2, w3 2·96 each, norm 8,
  // tables 2·6
  CHECK(first_value(content, "model.embed_tokens.weight") == 0);
  CHECK(first_value(content, "model.layers.1.input_layernorm.weight") == 48);
  CHECK(first_value(content, "model.layers.0.self_attn.q_proj.weight") == 56);
  CHECK(first_value(content, "model.layers.1.self_attn.k_proj.weight") == 184 + 32);
  CHECK(first_value(content, "model.layers.0.self_attn.v_proj.weight") == 248);
  CHECK(first_value(content, "model.layers.0.self_attn.o_proj.weight") == 312);
  CHECK(first_value(content, "model.layers.0.post_attention_layernorm.weight") == 440);
  CHECK(first_value(content, "model.layers.0.mlp.gate_proj.weight") == 456);
  CHECK(first_value(content, "model.layers.0.mlp.down_proj.weight") == 648);
  CHECK(first_value(content, "model.layers.1.mlp.up_proj.weight") == 840 + 96);
  CHECK(first_value(content, "model.norm.weight") == 1032);
  CHECK(first_value(content, "lm_head.weight") == 1040 + 12);
}

TEST_CASE("the layout of llama2.c v1", "[llama2c]") {
  std::string const file = v1(0);
  auto const content = read_llama2c(bytes_of(file), "F");
  CHECK(content.format == checkpoint_format::llama2c_v1);
  CHECK_FALSE(content.model.tied);
  // norms 2·8 and 2·8, norm 8, embeddings 40, then as v0 without norms
  CHECK(first_value(content, "model.layers.1.input_layernorm.weight") == 8);
  CHECK(first_value(content, "model.layers.0.post_attention_layernorm.weight") == 16);
  CHECK(first_value(content, "model.norm.weight") == 32);
  CHECK(first_value(content, "model.embed_tokens.weight") == 40);
  CHECK(first_value(content, "model.layers.0.self_attn.q_proj.weight") == 80);
  CHECK(first_value(content, "lm_head.weight") == 1040);
  std::string const shared = v1(1);
  CHECK(read_llama2c(bytes_of(shared), "F").model.tied);
}

TEST_CASE("the layout of llama2.c v2", "[llama2c]") {
  // Groups of 4 values: norms are float32, then each matrix has its int8 values and a scale per group.
  auto const v2 = [](std::int32_t group, char shared) {
    std::string file =
        raw(std::uint32_t{0x616B3432}) + raw(std::int32_t{2}) + ints(tiny) + std::string(1, shared) + raw(group);
    file.resize(256, '\0');
    file += counting(2 * 8 + 2 * 8 + 8);
    std::vector<std::size_t> sizes{40, 64, 64, 32, 32, 32, 32, 64, 64, 96, 96, 96, 96, 96, 96};
    if (shared == 0) sizes.push_back(40);
    for (std::size_t const values : sizes) {
      for (std::size_t i = 0; i < values; ++i) file += static_cast<char>(static_cast<int>(i % 200) - 100);
      file += counting(values / 4, 0.5F);
    }
    return file;
  };
  std::string const file = v2(4, 1);
  auto const content = read_llama2c(bytes_of(file), "F");
  CHECK(content.format == checkpoint_format::llama2c_v2);
  CHECK(content.model.tied);
  CHECK(content.tensors.size() == 2 * 9 + 2);
  CHECK(first_value(content, "model.layers.1.input_layernorm.weight") == 8);
  auto const q = std::find_if(content.tensors.begin(), content.tensors.end(),
                              [](tensor_view const& t) { return t.name == "model.layers.1.self_attn.q_proj.weight"; });
  REQUIRE(q != content.tensors.end());
  std::vector<float> rows(16);
  read_rows_f32(*q, 1, 2, rows);  // values 8 to 23, under scales 2.5, 3.5, …
  for (int i = 8; i < 24; ++i)
    CHECK(rows[static_cast<std::size_t>(i - 8)] == static_cast<float>(i - 100) * (0.5F + static_cast<float>(i / 4)));
  std::vector<float> columns(16);
  read_columns_f32(*q, 2, 2, columns);
  CHECK(columns[1] == static_cast<float>(10 - 100) * 2.5F);
  std::string const untied = v2(4, 0);
  CHECK_FALSE(read_llama2c(bytes_of(untied), "F").model.tied);
  CHECK(refusal(v2(3, 1)) == "F: llama2.c header has dim=8, which is not a multiple of group_size=3");
  CHECK(refusal(v2(0, 1)) == "F: llama2.c header has group_size=0, it must be between 1 and 16777216");
  CHECK(refusal(v2(-4, 1)) == "F: llama2.c header has group_size=-4, it must be between 1 and 16777216");
  for (std::string const& wrong : {v2(8, 1), file + "x", file.substr(0, file.size() - 1)})
    CHECK(refusal(wrong).find("its llama2.c header asks for") != std::string::npos);
}

TEST_CASE("damaged llama2.c files are refused with one sentence", "[llama2c]") {
  auto const changed = [](std::size_t field, std::int32_t value) {
    sizes s = tiny;
    s[field] = value;
    return ints(s) + counting(64);
  };
  std::string const good = v0(tiny);
  REQUIRE(refusal(good) == "no error");
  std::string other_version = v1(1);
  other_version[4] = 3;
  struct {
    std::string file;
    std::string sentence;
  } const cases[]{
      {"short", "F: has 5 bytes, the header of a llama2.c checkpoint has 28"},
      {raw(std::uint32_t{0x616B3432}) + std::string(60, '\0'),
       "F: has 64 bytes, the header of a llama2.c v1 checkpoint has 256"},
      {other_version, "F: is a llama2.c checkpoint of version 3, versions 0, 1 and 2 are read"},
      {v1(7), "F: llama2.c header has shared_classifier=7, it must be 0 or 1"},
      {"PK\x03\x04" + std::string(60, '\0'),
       "F: is a zip (PyTorch) file, constformer reads Hugging Face folders and llama2.c .bin files"},
      {safetensors("{\"__metadata__\":{}}", "") + "pad",
       "F: is a safetensors file, name the folder that holds it and its config.json"},
      {changed(0, 0), "F: llama2.c header has dim=0, it must be between 1 and 16777216"},
      {changed(1, -3), "F: llama2.c header has hidden_dim=-3, it must be between 1 and 16777216"},
      {changed(2, 1 << 25), "F: llama2.c header has n_layers=33554432, it must be between 1 and 16777216"},
      {changed(3, 0), "F: llama2.c header has n_heads=0, it must be between 1 and 16777216"},
      {changed(4, 0), "F: llama2.c header has n_kv_heads=0, it must be between 1 and 16777216"},
      {changed(5, 0), "F: llama2.c header has vocab_size=0, it must be between 1 and 16777216"},
      {changed(5, INT32_MIN), "F: llama2.c header has vocab_size=-2147483648, it must be between 1 and 16777216"},
      {changed(6, 0), "F: llama2.c header has max_seq_len=0, it must be between 1 and 16777216"},
      {changed(3, 3), "F: llama2.c header has dim=8, which is not a multiple of n_heads=3"},
      {changed(3, 8), "F: rope: rotary_dims=1 is not a multiple of 2"},
      {changed(4, 3), "F: attention: heads=4 is not a multiple of kv_heads=3"},
      {good.substr(0, good.size() - 1), "F: has 4235 bytes, its llama2.c header asks for 4236"},
      {good + "x", "F: has 4237 bytes, its llama2.c header asks for 4236"},
      {ints({1 << 24, 1 << 24, 1 << 24, 1 << 14, 1, 1 << 24, 1 << 24}),
       "F: has 28 bytes, its llama2.c header asks for 94449638878170625081372"},
  };
  for (auto const& c : cases) CHECK(refusal(c.file) == c.sentence);
  for (std::size_t size = 0; size < good.size(); size += 97) CHECK(refusal(good.substr(0, size)) != "no error");
}

// The same trained model in three files: v0, v1, and safetensors with Hugging Face's order of rotary pairs.
TEST_CASE("stories260K is the same model in v0, v1 and safetensors", "[llama2c][shared]") {
  CF_NEED_SHARED();
  auto const folder = shared_data() / "stories260K";
  auto const first = open_checkpoint(folder / "stories260K.bin");
  auto const second = open_checkpoint(folder / "stories260K_v1.bin");
  auto const third = open_checkpoint(folder / "derived");
  CHECK(first.model == second.model);
  CHECK(with(first.model, [](config& c) { c.rope.style = rope_style::half_split; }) == third.model);
  REQUIRE(first.tensors.size() == 47);
  REQUIRE(second.tensors.size() == 47);
  REQUIRE(third.tensors.size() == 47);
  for (std::size_t i = 0; i < first.tensors.size(); ++i) {
    auto const &a = first.tensors[i], &b = second.tensors[i], &c = third.tensors[i];
    INFO(a.name);
    CHECK((a.name == b.name && a.name == c.name));
    CHECK((a.shape == b.shape && a.shape == c.shape));
    CHECK(std::ranges::equal(a.bytes, b.bytes));
    bool const rotary = a.name.ends_with("q_proj.weight") || a.name.ends_with("k_proj.weight");
    if (!rotary) {
      CHECK(std::ranges::equal(a.bytes, c.bytes));
      continue;
    }
    // Row 2j + p of a head in Meta's order is row p·d/2 + j in Hugging Face's.
    int const head = 8, columns = 64;
    std::vector<float> meta(static_cast<std::size_t>(count_of(a.shape))), other(meta.size());
    read_rows_f32(a, 0, a.shape[0], meta);
    read_rows_f32(c, 0, c.shape[0], other);
    int wrong = 0;
    for (int row = 0; row < static_cast<int>(a.shape[0]); ++row) {
      int const within = row % head, moved = row - within + within % 2 * (head / 2) + within / 2;
      for (int column = 0; column < columns; ++column)
        wrong += meta[static_cast<std::size_t>(row * columns + column)] ==
                         other[static_cast<std::size_t>(moved * columns + column)]
                     ? 0
                     : 1;
    }
    CHECK(wrong == 0);
  }
  CHECK(first.ids.eos == std::vector<int>{1});
  CHECK(third.ids.eos == std::vector<int>{2});
}
