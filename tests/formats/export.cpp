// Packed weights taken apart again: every fixture comes back bit for bit.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "checkpoint/readers/hugging_face_write.hpp"
#include "checkpoint/readers/safetensors_write.hpp"
#include "command/pack.hpp"
#include "command/unpack_weights.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/packed_file.hpp"
#include "constformer/checkpoint/safetensors.hpp"
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

TEST_CASE("export: GGUF files come back in the order of transformers") {
  for (fs::path const& folder : folders(fixtures().parent_path() / "fixtures_gguf")) {
    CAPTURE(folder.filename().string());
    checkpoint const source = open_checkpoint(folder / "model.gguf");
    bool const written =
        !folder.filename().string().starts_with("gemma") && !folder.filename().string().starts_with("t5");
    if (!written) {
      CHECK_THROWS_AS(in_hugging_face_form(source), error);
      CHECK_THROWS_WITH(packed_and_back(source, dtype::f32),
                        "w: was built from a GGUF, and its model has no config.json that says the same");
      continue;
    }
    hugging_face_form const form = in_hugging_face_form(source);
    auto const back = packed_and_back(source, dtype::f32);
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
  content.tensors[0].type = "q8_0";
  CHECK(message() == "x: its matrices are rounded to q8_0, which is not given back");
  content.tensors = good.tensors();
  content.metadata.config_json = "{";
  CHECK_FALSE(message().empty());
  content.metadata.config_json.clear();
  CHECK(message() == "x: was built from a Hugging Face folder, and its model has no config.json that says the same");
}
