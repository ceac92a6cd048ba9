// How checkpoints are packed by those who bring them: names of files and tensors, types, and what is no checkpoint.
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "checkpoint/readers/tensor_names.hpp"
#include "checkpoint/readers/wider.hpp"
#include "constformer/checkpoint/hugging_face.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/safetensors.hpp"
#include "gguf_bytes.hpp"
#include "support.hpp"

using namespace constformer;
using namespace formats_test;

namespace {

std::string refusal_of(scratch_folder const& folder, char const* name = nullptr) {
  auto const path = name == nullptr ? folder.path() : folder / name;
  std::string text = sentence_of([&] { static_cast<void>(open_checkpoint(path)); });
  for (auto const& whole : {folder.path().string()})
    for (std::size_t at = text.find(whole); at != std::string::npos; at = text.find(whole))
      text.replace(at, whole.size(), "F");
  return text;
}

// The names of the tensors that a folder of weights is read as.
std::vector<std::string> names_of_weights(scratch_folder const& folder) {
  std::vector<mapped_file> files;
  made_bytes made;
  std::vector<std::string> out;
  for (auto const& tensor : read_weights_folder(folder.path(), files, made).tensors) out.push_back(tensor.name);
  return out;
}

std::string one_tensor(std::string const& name) { return safetensors({{name, "F32", "[1]", counting(1)}}); }

std::string refusal_of_config(std::string const& more) {
  return sentence_of(
      [&] { static_cast<void>(read_hugging_face_config("{\"model_type\":\"llama\"," + more + "}", "C")); });
}

}  // namespace

TEST_CASE("a folder that is no checkpoint says what it is and what to do", "[packaging]") {
  struct foreign {
    std::vector<std::string> files;
    char const* sentence;
  };
  std::vector<foreign> const cases{
      {{"adapter_model.safetensors"}, "F: holds weights but no config.json, which says what the weights are"},
      {{"tokenizer.json", "tokenizer_config.json"},
       "F: holds a tokenizer and no model; config.json and the weights are missing"},
      {{"model_index.json"}, "F: holds a diffusers pipeline, no language model"},
      {{".metadata", "__0_0.distcp"},
       "F: holds a checkpoint in parts of torch.distributed; join its parts with dcp_to_torch_save of "
       "torch.distributed.checkpoint.format_utils"},
      {{"zero_to_fp32.py", "latest"},
       "F: holds a checkpoint in parts of DeepSpeed; join them with its zero_to_fp32.py"},
      {{"weights.npz", "tokenizer.json"},
       "F: holds an MLX model (weights.npz); give the model that it was converted from"},
      {{"model.onnx", "tokenizer.json"},
       "F: holds an ONNX model; load it with transformers, which saves it as safetensors by save_pretrained"},
      {{"tf_model.h5", "tokenizer.json"},
       "F: holds a TensorFlow checkpoint (tf_model.h5); load it with transformers, which saves it as safetensors by "
       "save_pretrained"},
      {{"flax_model.msgpack"},
       "F: holds a Flax checkpoint (flax_model.msgpack); load it with transformers, which saves it as safetensors by "
       "save_pretrained"},
      {{"a-Q4_0.gguf"}, "F: holds GGUF files; give one of them, a-Q4_0.gguf for example"},
      {{"params.json", "consolidated.00.pth"},
       "F: holds a model in the layout of its authors (params.json, consolidated weights); load it with transformers, "
       "which saves it as safetensors by save_pretrained"},
      {{"consolidated.safetensors"},
       "F: holds a model in the layout of its authors (consolidated weights); load it with transformers, which saves "
       "it "
       "as safetensors by save_pretrained"},
      {{"checkpoint-500"}, "F: is the output of a training; give one of its checkpoints, checkpoint-500 for example"},
      {{"refs", "snapshots"}, "F: is a folder of the Hugging Face cache; give the one below its snapshots"},
      {{"ckpt.pt"}, "F: has no config.json; give the file itself if it holds a whole model, ckpt.pt for example"},
      {{}, "F/config.json: No such file or directory"},
  };
  for (auto const& c : cases) {
    scratch_folder const folder;
    for (auto const& file : c.files) folder.write(file, "x");
    CHECK(refusal_of(folder) == c.sentence);
  }
  scratch_folder const folder;
  folder.write("adapter_config.json", R"({"peft_type":"LORA","base_model_name_or_path":"org/base"})");
  folder.write("adapter_model.safetensors", one_tensor("x"));
  CHECK(refusal_of(folder) ==
        "F: holds a PEFT adapter (LORA) of org/base (adapter_config.json) and no model; merge it into its base (LoRA: "
        "merge_and_unload of peft, then save_pretrained) and give that folder");
}

TEST_CASE("a config.json of a kind that is not read says which", "[packaging]") {
  std::string const instead = "; give the unquantised model, and --dtype q8_0 or q4_0 quantises it here";
  auto const quantised = [&](std::string const& method, std::string const& is) {
    CHECK(refusal_of_config("\"quantization_config\":" + method) ==
          "C: field \"quantization_config\": the weights are quantised (" + is + "), which is not read" + instead);
  };
  quantised(R"({"quant_method":"gptq","bits":4})", "GPTQ, 4 bits");
  quantised(R"({"quant_method":"awq","bits":4})", "AWQ, 4 bits");
  quantised(R"({"quant_method":"bitsandbytes","load_in_4bit":true})", "bitsandbytes");
  quantised(R"({"load_in_8bit":true})", "bitsandbytes");
  quantised(R"({"quant_method":"compressed-tensors"})", "compressed-tensors");
  quantised(R"({"quant_method":"fp8"})", "FP8 with scales");
  quantised(R"({"quant_method":"newest"})", "newest");
  CHECK(refusal_of_config(R"("quantization":{"group_size":64,"bits":4})") ==
        "C: field \"quantization\": this is an MLX model, quantised (a method it does not name, 4 bits), which is not "
        "read" +
            instead);
  CHECK(refusal_of_config(R"("num_local_experts":8)") ==
        "C: field \"num_local_experts\" is 8: this is a mixture of experts (llama), which is not supported");
  CHECK(refusal_of_config(R"("text_config":{"model_type":"llama"})") ==
        "C: this is a multimodal model (llama, its text model llama), of which nothing is read; save its text model by "
        "itself, with a config.json of its own");
}

TEST_CASE("a file that stands in for another one is told", "[packaging]") {
  scratch_folder const folder;
  folder.write("config.json", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
  CHECK(refusal_of(folder) == "F/config.json: is a Git LFS pointer, not the file itself; git lfs pull fetches it");
  folder.write("config.json", "<!DOCTYPE html><html></html>");
  CHECK(refusal_of(folder) == "F/config.json: is a web page, not the file itself; its download went wrong");
  folder.write("model.safetensors", one_tensor("x"));
  CHECK(refusal_of(folder, "model.safetensors") ==
        "F/model.safetensors: is a safetensors file; give the folder that holds it and its config.json");
  folder.write("weights.h5", "\x89HDF\r\n\x1a\n");
  CHECK(refusal_of(folder, "weights.h5").find("is an HDF5 file") != std::string::npos);
}

TEST_CASE("a GGUF file that is no whole model says what it is", "[packaging]") {
  using gguf_test::str;
  using gguf_test::u32;
  scratch_folder const folder;
  auto const sentence = [&](std::string const& entry, char const* architecture = "llama") {
    folder.write("m.gguf", gguf_test::file({str("general.architecture", architecture), entry},
                                           {gguf_test::info("x", {1}, 0, 0)}, std::string(4, '\0')));
    return refusal_of(folder, "m.gguf");
  };
  CHECK(sentence(u32("split.count", 3)) ==
        "F/m.gguf: is one of 3 parts of a GGUF file (split.count); join them with llama-gguf-split --merge");
  CHECK(sentence(str("general.type", "adapter")) ==
        "F/m.gguf: holds a LoRA adapter (general.type adapter) and no model; merge it into its base with "
        "llama-export-lora");
  CHECK(sentence(str("general.type", "imatrix")) ==
        "F/m.gguf: holds an importance matrix (general.type imatrix), from which models are quantised");
  for (auto const& entry : {str("general.type", "mmproj"), str("general.name", "x")})
    CHECK(sentence(entry, "clip") ==
          "F/m.gguf: holds what projects images or sounds into a model (mmproj) and no language model");
}

TEST_CASE("weights under odd names are found, and what lies beside them is not taken", "[packaging]") {
  scratch_folder const folder;
  folder.write("weights.safetensors", one_tensor("a"));
  folder.write("adapter_model.safetensors", one_tensor("b"));
  folder.write("consolidated.safetensors", one_tensor("c"));
  CHECK(names_of_weights(folder) == std::vector<std::string>{"a"});
  folder.write("other.safetensors", one_tensor("d"));
  CHECK(sentence_of([&] { names_of_weights(folder); }, folder.path())
            .find("holds other.safetensors and weights.safetensors, either of which may be the model") !=
        std::string::npos);
  folder.write("model.safetensors", one_tensor("e"));
  CHECK(names_of_weights(folder) == std::vector<std::string>{"e"});

  scratch_folder const shards;
  shards.write("model-00001-of-00002.safetensors", one_tensor("b"));
  CHECK(sentence_of([&] { names_of_weights(shards); }, shards.path()) ==
        "model-00002-of-00002.safetensors: this shard is missing, the others are there");
  shards.write("model-00002-of-00002.safetensors", one_tensor("a"));
  CHECK(names_of_weights(shards) == std::vector<std::string>{"a", "b"});
}

TEST_CASE("wrappers of modules are taken off the names of tensors", "[packaging]") {
  CHECK(without_wrappers("module._orig_mod.model.x") == "model.x");
  CHECK(without_wrappers("_fsdp_wrapped_module.model.layers.0._fsdp_wrapped_module._checkpoint_wrapped_module.q") ==
        "model.layers.0.q");
  CHECK(without_wrappers("model.submodule.x") == "model.submodule.x");

  auto const settled = [](std::vector<std::string> const& names) {
    safetensors_content content;
    for (auto const& name : names) content.tensors.push_back({.name = name, .shape = {}, .bytes = {}});
    settle_names(content, "model.", "embed_tokens.weight");
    std::vector<std::string> out;
    for (auto const& tensor : content.tensors) out.push_back(tensor.name);
    return out;
  };
  CHECK(settled({"model.model.embed_tokens.weight", "model.lm_head.weight"}) ==
        std::vector<std::string>{"lm_head.weight", "model.embed_tokens.weight"});
  CHECK(settled({"net.embed_tokens.weight", "net.norm.weight", "loss.weight"}) ==
        std::vector<std::string>{"embed_tokens.weight", "loss.weight", "norm.weight"});
  CHECK(settled({"lm_head.weight", "model.embed_tokens.weight"}) ==
        std::vector<std::string>{"lm_head.weight", "model.embed_tokens.weight"});
  // Of two tensors one would be lost.
  CHECK(settled({"_orig_mod.x", "x"}) == std::vector<std::string>{"_orig_mod.x", "x"});
}

TEST_CASE("eight-bit floats are widened to the halves that torch makes of them", "[packaging]") {
  std::ifstream in(fixtures().parent_path().parent_path() / "formats" / "float8.json");
  auto const golden = nlohmann::json::parse(in);
  std::vector<std::byte> all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<std::byte>(i));
  for (char const* const type : {"F8_E4M3", "F8_E5M2"}) {
    auto const halves = widened(type, all);
    auto const want = golden[type].get<std::vector<int>>();
    REQUIRE(halves.size() == 512);
    for (std::size_t i = 0; i < 256; ++i) {
      std::uint16_t half = 0;
      std::memcpy(&half, halves.data() + 2 * i, 2);
      bool const nan = (want[i] & 0x7C00) == 0x7C00 && (want[i] & 0x3FF) != 0;
      CAPTURE(type, i);
      if (nan)
        CHECK(((half & 0x7C00) == 0x7C00 && (half & 0x3FF) != 0));
      else
        CHECK(half == want[i]);
    }
  }
  double const third = 1.0 / 3;
  auto const narrow = widened("F64", std::as_bytes(std::span(&third, 1)));
  float value = 0;
  std::memcpy(&value, narrow.data(), 4);
  CHECK(value == static_cast<float>(third));
}

TEST_CASE("tensors of adapters, of quantised matrices and of flattened parameters are told by their names",
          "[packaging]") {
  std::string const instead =
      ", which is not read; give the unquantised model, and --dtype q8_0 or q4_0 quantises it here";
  auto const refused = [](char const* tensor, std::string_view type) {
    scratch_folder const folder;
    folder.write("config.json", read_all(fixtures() / "llama_mha" / "config.json"));
    std::size_t const width = type == "F32" ? 1 : 4;
    folder.write("model.safetensors",
                 safetensors({{"model.embed_tokens.weight", "F32", "[1]", counting(1)},
                              {tensor, std::string(type), "[" + std::to_string(width) + "]", counting(1)}}));
    return refusal_of(folder);
  };
  CHECK(
      refused("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", "F32")
          .ends_with("is part of a LoRA adapter; merge it into its base (merge_and_unload of peft) and save the model "
                     "again"));
  CHECK(refused("model.layers.0._fsdp_wrapped_module._flat_param", "F32")
            .ends_with("is part of what FSDP flattens on one rank; save the model again with a full state_dict"));
  CHECK(refused("model.layers.0.mlp.down_proj.qweight", "U8")
            .ends_with("is part of a matrix quantised by GPTQ or AWQ" + instead));
  CHECK(refused("model.layers.0.mlp.down_proj.weight.absmax", "U8")
            .ends_with("is part of a matrix quantised by bitsandbytes" + instead));
  CHECK(refused("model.layers.0.mlp.down_proj.weight_scale_inv", "U8")
            .ends_with("is part of an FP8 matrix with scales" + instead));
}
