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
        "model.bin: is a XransformerSpec, supported are TransformerBase, TransformerBig and TransformerSpec");
  std::string twice = whole;
  auto const last = twice.rfind("decoder/layer_0/ffn/linear_1/bias");
  twice[last + std::strlen("decoder/layer_0/ffn/linear_")] = '0';
  CHECK(refusal(twice) == "model.bin: variable decoder.layer_0.ffn.linear_0.bias comes twice");
  std::string unscaled = seed("v6_i8");
  auto const scale = unscaled.find("decoder/layer_0/ffn/linear_1/weight_scale");
  unscaled[scale + std::strlen("decoder/layer_0/ffn/linear_1/weight_scal")] = 'x';
  CHECK(refusal(unscaled) == "model.bin: variable decoder/layer_0/ffn/linear_1/weight is quantised and has no scale");
}
