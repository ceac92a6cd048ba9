#include "constformer/checkpoint/ctranslate2.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "constformer/checkpoint/open.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/error.hpp"

using namespace constformer;

namespace {

// The fuzz target's seeds: tiny whole models.
std::string seed(char const* name) {
  char const* const source = std::getenv("CONSTFORMER_SOURCE");
  if (source == nullptr) SKIP("needs CONSTFORMER_SOURCE, as CTest sets it");
  std::ifstream in(std::filesystem::path(source) / "tests/fuzz/corpus/ctranslate2" / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

ctranslate2_content read(std::string const& bytes) {
  return read_ctranslate2(std::as_bytes(std::span(bytes.data(), bytes.size())), "model.bin");
}

std::string refusal(std::string const& bytes) {
  try {
    static_cast<void>(ctranslate2_config(read(bytes), 0, "model.bin"));
  } catch (error const& problem) {
    return problem.what();
  }
  return "it was read";
}

std::string with_byte(std::string bytes, std::size_t at, char value) {
  bytes.at(at) = value;
  return bytes;
}

}  // namespace

TEST_CASE("a model.bin tells its config, in every version and type") {
  for (char const* const name : {"v2_f32", "v6_i8", "v4_i16"}) {
    CAPTURE(name);
    auto const content = read(seed(name));
    config const c = ctranslate2_config(content, 0, name);
    CHECK(c.family == family_kind::opennmt);
    CHECK(c.layers == 1);
    CHECK(c.d_model == 4);
    CHECK(c.heads == 2);
    CHECK(c.d_ff == 6);
    CHECK(c.vocab == 5);
    CHECK(c.encoder.vocab == 7);
    CHECK(c.position == position_kind::sinusoid_opennmt);
    CHECK(c.tied == (name != std::string("v2_f32")));
    CHECK(c.bias_head);
    for (auto const& tensor : content.tensors) CHECK(tensor.type == dtype::f32);
  }
}

TEST_CASE("a model.bin that ends early is refused wherever it ends") {
  for (char const* const name : {"v2_f32", "v6_i8"}) {
    std::string const whole = seed(name);
    for (std::size_t size = 0; size < whole.size(); size += size < 300 ? 1 : 97) {
      CAPTURE(name, size);
      CHECK(refusal(whole.substr(0, size)).starts_with("model.bin: "));
    }
    CHECK(refusal(whole + '\0')
              .starts_with("model.bin: has " + std::to_string(whole.size() + 1) + " bytes, its variables end"));
  }
}

TEST_CASE("what does not fit in a model.bin is named") {
  std::string const whole = seed("v2_f32");
  CHECK(refusal(with_byte(whole, 0, 1)) == "model.bin: is of binary version 1, versions 2 to 6 are read");
  CHECK(refusal(with_byte(whole, 0, 7)) == "model.bin: is of binary version 7, versions 2 to 6 are read");
  CHECK(refusal(with_byte(whole, 6, 'X')) ==
        "model.bin: is a XransformerSpec, supported are TransformerBase, TransformerBig, TransformerSpec and "
        "TransformerDecoderSpec");
  std::string twice = whole;
  auto const last = twice.rfind("decoder/layer_0/ffn/linear_1/bias");
  twice[last + std::strlen("decoder/layer_0/ffn/linear_")] = '0';
  CHECK(refusal(twice) == "model.bin: variable decoder.layer_0.ffn.linear_0.bias comes twice");
  std::string unscaled = seed("v6_i8");
  auto const scale = unscaled.find("decoder/layer_0/ffn/linear_1/weight_scale");
  unscaled[scale + std::strlen("decoder/layer_0/ffn/linear_1/weight_scal")] = 'x';
  CHECK(refusal(unscaled) == "model.bin: variable decoder/layer_0/ffn/linear_1/weight is quantised and has no scale");
}

namespace {

// A fixture of tests/parity.
std::filesystem::path converted(char const* name) {
  char const* const source = std::getenv("CONSTFORMER_SOURCE");
  if (source == nullptr) SKIP("needs CONSTFORMER_SOURCE, as CTest sets it");
  return std::filesystem::path(source) / "tests/parity/fixtures_ctranslate2" / name;
}

// As seen at the place of an attribute: its name ends with a zero, and rank 0 and the type of one value follow.
std::string with_attribute(std::string bytes, std::string const& name, std::string const& value) {
  auto const at = bytes.find(name + '\0');
  REQUIRE(at != std::string::npos);
  return bytes.replace(at + name.size() + 7, value.size(), value);
}

}  // namespace

TEST_CASE("folders of ctranslate2's converter open with the arithmetic and ids of their checkpoints") {
  auto const gpt2 = open_checkpoint(converted("ct2_gpt2"));
  CHECK(gpt2.model.family == family_kind::ctranslate2_decoder);
  CHECK(gpt2.model.position == position_kind::learned);
  CHECK(gpt2.model.positions == 31);
  CHECK(gpt2.model.norm == norm_kind::layer_norm);
  CHECK((gpt2.model.norm_bias && gpt2.model.bias_qkv && gpt2.model.bias_ffn && gpt2.model.tied && !gpt2.model.gated));
  CHECK(gpt2.model.activation == activation_kind::gelu_tanh);
  CHECK(gpt2.model.embedding_scale == 1.0F);
  CHECK(gpt2.ids.bos == 0);
  CHECK(gpt2.ids.eos == std::vector{1});
  CHECK_FALSE(gpt2.ids.decoder_start);
  auto const llama = open_checkpoint(converted("ct2_llama"));
  CHECK(llama.model.kv_heads == 3);
  CHECK(llama.model.head_dim == 2);
  CHECK(llama.model.rope.style == rope_style::half_split);
  CHECK(llama.model.rope.theta == 500.0F);
  CHECK(llama.model.norm == norm_kind::rms_norm);
  CHECK((llama.model.gated && !llama.model.tied && !llama.model.bias_qkv));
  REQUIRE(llama.assumed.size() == 1);
  CHECK(llama.assumed[0].field == "positions");
  auto const marian = open_checkpoint(converted("ct2_marian"));
  CHECK(marian.model.family == family_kind::opennmt);
  CHECK(marian.model.place == norm_place::post);
  CHECK((marian.model.zero_start && !encoder_of(marian.model).zero_start));
  CHECK(marian.model.encoder.vocab == 0);
  CHECK(marian.ids.decoder_start == 0);
}

TEST_CASE("what a decoder of CTranslate2 has and we have not is named") {
  auto const file = converted("ct2_llama") / "model.bin";
  std::ifstream in(file, std::ios::binary);
  std::string const whole{std::istreambuf_iterator<char>(in), {}};
  std::string const one(1, '\1');
  CHECK(refusal(with_attribute(whole, "decoder/alibi", one)) ==
        "model.bin: attribute decoder.alibi is 1.000000, only 0 is supported");
  CHECK(refusal(with_attribute(whole, "decoder/layer_1/self_attention/rotary_dim", one)) ==
        "model.bin: attribute self_attention.rotary_dim differs between layers 0 and 1");
}
