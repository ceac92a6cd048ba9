// Packed weights taken apart again: every fixture comes back bit for bit.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/readers/describe.hpp"
#include "checkpoint/readers/hugging_face_write.hpp"
#include "checkpoint/readers/safetensors_write.hpp"
#include "command/half.hpp"
#include "command/pack.hpp"
#include "command/pack_weights.hpp"
#include "command/quantise.hpp"
#include "command/unpack_weights.hpp"
#include "constformer/checkpoint/hugging_face.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/packed_blocks.hpp"
#include "constformer/checkpoint/packed_file.hpp"
#include "constformer/checkpoint/safetensors.hpp"
#include "constformer/config/families.hpp"
#include "constformer/core/dtype.hpp"
#include "support.hpp"

using namespace constformer;
using namespace formats_test;

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> folders(fs::path const& of) {
  std::vector<fs::path> out;
  for (auto const& entry : fs::directory_iterator(of))
    if (entry.is_directory()) out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

command::unpacked packed_and_back(checkpoint const& source, dtype weights) {
  scratch_folder const scratch;
  config model = source.model;
  model.weights = weights;
  command::pack_checkpoint(source, model, scratch / "w");
  return command::unpack(packed_file::map(scratch / "w"), "w");
}

void check_same(std::vector<tensor_view> const& ours, std::vector<tensor_view> const& theirs) {
  REQUIRE(ours.size() == theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    CAPTURE(theirs[i].name);
    CHECK(ours[i].name == theirs[i].name);
    CHECK(ours[i].type == theirs[i].type);
    CHECK(ours[i].shape == theirs[i].shape);
    CHECK(std::ranges::equal(ours[i].bytes, theirs[i].bytes));
  }
}

// What is given back has the names and shapes of the file.
void check_stored(std::vector<tensor_view> const& ours, std::vector<tensor_view> const& theirs) {
  for (tensor_view const& t : ours) {
    CAPTURE(t.name);
    auto const same = std::ranges::find(theirs, t.name, &tensor_view::name);
    REQUIRE(same != theirs.end());
    CHECK(same->shape == t.shape);
    CHECK(std::ranges::equal(same->bytes, t.bytes));
  }
}

std::vector<float> values_of(tensor_view const& t) {
  std::vector<float> out(static_cast<std::size_t>(count_of(t.shape)));
  read_rows_f32(t, 0, matrix_of(t).rows, out);
  return out;
}

// What each group of a matrix's rows is rounded to.
std::vector<float> rounded(tensor_view const& t, dtype type) {
  std::vector<float> out = values_of(t);
  auto const columns = static_cast<std::size_t>(t.shape[1]);
  for (std::size_t row = 0; row < out.size(); row += columns) {
    for (std::size_t k = 0; k < columns; k += block_columns) {
      std::span const group = std::span(out).subspan(row + k, std::min<std::size_t>(block_columns, columns - k));
      auto const made = command::quantise(type, group);
      for (std::size_t i = 0; i < group.size(); ++i)
        group[i] = command::from_f16(made.scale) * static_cast<float>(made.values[i]);
    }
  }
  return out;
}

bool all_bf16(checkpoint const& source) {
  return std::ranges::all_of(source.tensors,
                             [](tensor_view const& t) { return t.shape.size() < 2 || t.type == dtype::bf16; });
}

}  // namespace

TEST_CASE("export: what was packed from a folder comes back bit for bit") {
  int checked = 0;
  for (char const* const kind : {"fixtures", "fixtures_translators"}) {
    for (fs::path const& folder : folders(fixtures().parent_path() / kind)) {
      if (!fs::exists(folder / "config.json") || fs::exists(folder / "model.bin")) continue;
      CAPTURE(folder.filename().string());
      checkpoint const source = open_checkpoint(folder);
      check_same(packed_and_back(source, dtype::f32).source.tensors, source.tensors);
      check_stored(packed_and_back(source, dtype::f32).source.stored, source.stored);
      if (all_bf16(source)) check_same(packed_and_back(source, dtype::bf16).source.tensors, source.tensors);
      ++checked;
    }
  }
  CHECK(checked > 70);
}

TEST_CASE("export: matrices that were rounded to bf16 come back as bf16") {
  checkpoint const source = open_checkpoint(fixtures() / "llama_gqa");
  auto const back = packed_and_back(source, dtype::bf16);
  auto const* const matrix = back.source.find("model.layers.0.self_attn.q_proj.weight");
  auto const* const norm = back.source.find("model.norm.weight");
  REQUIRE(matrix != nullptr);
  REQUIRE(norm != nullptr);
  CHECK(matrix->type == dtype::bf16);
  CHECK(norm->type == dtype::f32);
}

TEST_CASE("the config.json of an encoder-decoder says what it was read from") {
  int checked = 0;
  for (fs::path const& folder : folders(fixtures().parent_path() / "fixtures_translators")) {
    if (folder.filename() == "mt5_gated") continue;                 // written as T5's, whose head is tied otherwise
    if (folder.filename() == "lecture_stored_positions") continue;  // which tensors tell
    CAPTURE(folder.filename().string());
    checkpoint const source = open_checkpoint(folder);
    written_config const written = write_hugging_face_config(source);
    REQUIRE(written.refusal.empty());
    hugging_face_config const again = read_hugging_face_config(written.text, "config.json");
    CHECK(again.model == source.model);
    CHECK(again.ids.pad == source.ids.pad);
    CHECK(again.ids.eos == source.ids.eos);
    CHECK(again.ids.decoder_start == source.ids.decoder_start);
    ++checked;
  }
  CHECK(checked == 6);
}

TEST_CASE("export: GGUF files come back in the order of transformers") {
  for (fs::path const& folder : folders(fixtures().parent_path() / "fixtures_gguf")) {
    CAPTURE(folder.filename().string());
    checkpoint const source = open_checkpoint(folder / "model.gguf");
    hugging_face_form const form = in_hugging_face_form(source);
    auto const back = packed_and_back(source, dtype::f32);
    check_same(in_hugging_face_form(back.source).tensors, form.tensors);
  }
}

TEST_CASE("export: 1 is taken off the norms of GGUF's gemma, and put on again by its config.json") {
  for (char const* const name : {"gemma_f32", "gemma2_f16"}) {
    CAPTURE(name);
    checkpoint const source = open_checkpoint(fixtures().parent_path() / "fixtures_gguf" / name / "model.gguf");
    hugging_face_form const form = in_hugging_face_form(source);
    checkpoint const written = describe_checkpoint(form.config_json, "w", form.tensors);
    CHECK(written.model == as_transformers(source.model));
    CHECK(written.model.norm_adds_one);
    for (tensor_view const& t : source.tensors) {
      CAPTURE(t.name);
      tensor_view const* const now = written.find(t.name);
      REQUIRE(now != nullptr);
      std::vector<float> const before = values_of(t), after = values_of(*now);
      float const one = t.name.ends_with("norm.weight") ? 1.0F : 0.0F;
      for (std::size_t i = 0; i < before.size(); ++i) CHECK(after[i] + one == before[i]);
    }
  }
}

TEST_CASE("export: a norm that no weight plus 1 gives is refused") {
  checkpoint source = open_checkpoint(fixtures().parent_path() / "fixtures_gguf" / "gemma_f32" / "model.gguf");
  auto const norm = std::ranges::find(source.tensors, "model.norm.weight", &tensor_view::name);
  REQUIRE(norm != source.tensors.end());
  std::vector<float> values = values_of(*norm);
  values.back() = 0.1F;
  norm->bytes = std::as_bytes(std::span(values));
  CHECK_THROWS_WITH(
      in_hugging_face_form(source),
      source.path.string() +
          ": tensor model.norm.weight holds 0.100000, which no float32 plus 1 gives, as norms of gemma need");
}

TEST_CASE("export: a file that lacks a tensor, or has one that is cut through a head, is refused") {
  checkpoint source = open_checkpoint(fixtures().parent_path() / "fixtures_gguf" / "llama_q8_0" / "model.gguf");
  CHECK_NOTHROW(command::require_tensors(source));
  auto const query = std::ranges::find(source.tensors, "model.layers.1.self_attn.q_proj.weight", &tensor_view::name);
  REQUIRE(query != source.tensors.end());
  tensor_view const whole = *query;
  query->shape[0] -= 1;
  query->bytes = query->bytes.first(query->bytes.size() / 32 * 31);
  CHECK_THROWS_WITH(in_hugging_face_form(source), source.path.string() + ": tensor " + whole.name +
                                                      " is [31,32], rows of whole heads of 8 are needed");
  source.tensors.erase(query);
  CHECK_THROWS_WITH(command::require_tensors(source), source.path.string() + ": tensor " + whole.name + " is missing");
}

TEST_CASE("export: a GPT without biases gets zeros") {
  checkpoint const source = open_checkpoint(fixtures() / "nanogpt_no_bias" / "ckpt.pt");
  hugging_face_form const form = in_hugging_face_form(source);
  checkpoint const written = describe_checkpoint(form.config_json, "w", form.tensors);
  CHECK(written.model == with_biases(source.model, true));
  std::int64_t const d = source.model.d_model;
  std::size_t biases = 0;
  for (tensor_view const& t : form.tensors) {
    if (!t.name.ends_with(".bias")) continue;
    CAPTURE(t.name);
    ++biases;
    CHECK(t.type == dtype::f32);
    CHECK(std::ranges::all_of(t.bytes, [](std::byte b) { return b == std::byte{0}; }));
  }
  CHECK(biases == 6 * static_cast<std::size_t>(source.model.layers) + 1);
  CHECK(written.find("transformer.h.0.attn.c_attn.bias")->shape == std::vector<std::int64_t>{3 * d});
  CHECK(written.find("transformer.h.0.mlp.c_fc.bias")->shape == std::vector<std::int64_t>{4 * d});
  CHECK(written.find("transformer.wte.bias") == nullptr);
  auto const back = packed_and_back(source, dtype::f32);
  check_same(in_hugging_face_form(back.source).tensors, form.tensors);
}

TEST_CASE("export: nanochat's first era is that of transformers, the others are told what has no place") {
  struct {
    char const* name;
    char const* without;
  } const eras[] = {
      {"nanochat_lambdas", "resid_lambdas and x0_lambdas, short windows"},
      {"nanochat_values", "resid_lambdas and x0_lambdas, value embeddings, short windows"},
      {"nanochat_gated", "resid_lambdas and x0_lambdas, value embeddings, a gain of queries and keys, short windows"},
      {"nanochat_smeared",
       "resid_lambdas and x0_lambdas, value embeddings, the smear gate, backout_lambda, a gain of queries and keys, "
       "short windows"},
  };
  for (auto const& era : eras) {
    checkpoint const source = open_checkpoint(fixtures() / era.name / "model_000007.pt");
    std::string const reason = std::string("transformers' nanochat has no place for ") + era.without;
    CHECK_THROWS_WITH(in_hugging_face_form(source), source.path.string() + ": " + reason);
    CHECK_THROWS_WITH(packed_and_back(source, dtype::f32), "w: was built from a nanochat checkpoint, and " + reason);
  }
  checkpoint const source = open_checkpoint(fixtures() / "nanochat_plain" / "model_000007.pt");
  hugging_face_form const form = in_hugging_face_form(source);
  check_same(form.tensors, source.tensors);
  checkpoint const written = describe_checkpoint(form.config_json, "w", form.tensors);
  CHECK(written.model == source.model);
  CHECK(written.ids.eos == source.ids.eos);
  check_same(packed_and_back(source, dtype::f32).source.tensors, source.tensors);
}

TEST_CASE("export: what CTranslate2's folders have beyond marian is named") {
  scratch_folder const scratch;
  scratch.write("model.bin", read_all(fixtures().parent_path().parent_path() / "fuzz/corpus/ctranslate2/v2_f32"));
  scratch.write("source_vocabulary.txt", "<unk>\n<s>\n</s>\na\nb\nc\nd\n");
  scratch.write("target_vocabulary.txt", "<unk>\n<s>\n</s>\na\nb\n");
  checkpoint const source = open_checkpoint(scratch.path());
  std::string const reason =
      "transformers' marian, the nearest family, has no place for norms before each half of a block, OpenNMT's "
      "sinusoids";
  CHECK_THROWS_WITH(in_hugging_face_form(source), source.path.string() + ": " + reason);
  CHECK_THROWS_WITH(packed_and_back(source, dtype::f32), "w: was built from a CTranslate2 folder, and " + reason);
}

TEST_CASE("export: matrices that were rounded to blocks come back as integer times scale") {
  checkpoint const source = open_checkpoint(fixtures() / "llama_gqa_3_kv_heads");
  for (dtype const type : {dtype::q8_0, dtype::q4_0, dtype::iq4_nl}) {
    auto const back = packed_and_back(source, type);
    CHECK(back.rounded_to == type);
    REQUIRE(back.source.tensors.size() == source.tensors.size());
    for (std::size_t i = 0; i < source.tensors.size(); ++i) {
      tensor_view const &before = source.tensors[i], &after = back.source.tensors[i];
      CAPTURE(name_of(type), before.name);
      CHECK(after.type == dtype::f32);
      CHECK(values_of(after) == (before.shape.size() > 1 ? rounded(before, type) : values_of(before)));
    }
  }
}

TEST_CASE("export: the blocks of a GGUF that were kept come back as the values they stand for") {
  for (auto const& [name, type] : {std::pair("llama_q8_0", dtype::q8_0), std::pair("bert_q4_0", dtype::q4_0)}) {
    CAPTURE(name);
    checkpoint const source = open_checkpoint(fixtures().parent_path() / "fixtures_gguf" / name / "model.gguf");
    hugging_face_form const form = in_hugging_face_form(source);
    auto const back = packed_and_back(source, type);
    check_same(in_hugging_face_form(back.source).tensors, form.tensors);
  }
}

TEST_CASE("export: llama2.c files become the folder that is made of them") {
  if (shared_data().empty()) SKIP("needs the shared data");
  fs::path const stories = shared_data() / "stories260K";
  std::vector<mapped_file> files;
  std::vector<std::vector<std::byte>> made;
  safetensors_content const folder = read_weights_folder(stories / "derived", files, made);
  for (char const* const name : {"stories260K.bin", "stories260K_v1.bin", "derived/stories260K.gguf"}) {
    CAPTURE(name);
    checkpoint const source = open_checkpoint(stories / name);
    hugging_face_form const form = in_hugging_face_form(source);
    for (tensor_view const& t : form.tensors) {
      auto const same = std::ranges::find(folder.tensors, t.name, &tensor_view::name);
      CAPTURE(t.name);
      REQUIRE(same != folder.tensors.end());
      CHECK(std::ranges::equal(same->bytes, t.bytes));
    }
    check_same(packed_and_back(source, dtype::f32).source.tensors, form.tensors);
  }
}

TEST_CASE("export: a safetensors file that is written is read as it was") {
  scratch_folder const scratch;
  std::string const four = counting(4), half = counting(1);
  write_safetensors(scratch / "model.safetensors", {{"b", dtype::bf16, {2}, bytes_of(half)},
                                                    {"a", dtype::f32, {2, 2}, bytes_of(four)},
                                                    {"c", dtype::f16, {2, 1}, bytes_of(half)}});
  std::string const bytes = read_all(scratch / "model.safetensors");
  CHECK(
      bytes.find(
          "{\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}") ==
      8);
  auto const back = read_safetensors(bytes_of(bytes), "F");
  REQUIRE(back.tensors.size() == 3);
  CHECK(back.tensors[0].name == "a");
  CHECK(std::ranges::equal(back.tensors[0].bytes, bytes_of(four)));
  CHECK(back.tensors[2].type == dtype::f16);
}

TEST_CASE("export: packed weights that do not say what they were are refused") {
  scratch_folder const scratch;
  checkpoint const source = open_checkpoint(fixtures() / "llama_gqa");
  command::pack_checkpoint(source, source.model, scratch / "w");
  packed_file const good = packed_file::map(scratch / "w");
  packed_content content{.fingerprint = good.fingerprint(),
                         .weights = good.section(packed_section::weights),
                         .tokenizer = {},
                         .metadata = good.metadata(),
                         .tensors = good.tensors()};
  auto const message = [&] {
    write_packed_file(scratch / "x", content);
    try {
      static_cast<void>(command::unpack(packed_file::map(scratch / "x"), "x"));
    } catch (error const& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(message().empty());
  content.tensors[0].shape = {1 << 20, 1 << 20};
  CHECK(message().find("does not fit in") != std::string::npos);
  content.tensors = good.tensors();
  content.tensors[0].stored_type = "odd";
  CHECK(message() == "x: section tensors: type \"odd\" is not known");
  content.tensors = good.tensors();
  content.tensors.pop_back();
  CHECK(message().find("is missing") != std::string::npos);
  content.tensors = good.tensors();
  content.fingerprint += 1;
  CHECK(message() == "x: its config.json is of another model than its weights");
  content.fingerprint -= 1;
  content.tensors[0].stored_bytes = "0g";
  CHECK(message().starts_with("x: section tensors: stored_bytes are not the hexadecimal digits of "));
  content.tensors = good.tensors();
  content.metadata.config_json = "{";
  CHECK_FALSE(message().empty());
  content.metadata.config_json.clear();
  CHECK(message() == "x: was built from a Hugging Face folder, and its model has no config.json that says the same");
  content.metadata.config_refusal = "transformers is too old";
  CHECK(message() == "x: was built from a Hugging Face folder, and transformers is too old");
}
