// Things that people bring and that are no checkpoints of whole, unquantised models: each gets one sentence.
#include "foreign.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <system_error>

#include <nlohmann/json.hpp>

#include "constformer/checkpoint/gguf.hpp"
#include "constformer/core/error.hpp"

namespace constformer {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view unquantised = "; give the unquantised model, and --dtype q8_0 or q4_0 quantises it here";
constexpr std::string_view save_with_transformers =
    "; load it with transformers, which saves it as safetensors by save_pretrained";

// The names of what lies in a folder, at most some thousands.
std::set<std::string, std::less<>> names_in(fs::path const& folder) {
  std::set<std::string, std::less<>> out;
  std::error_code failed;
  for (fs::directory_iterator i(folder, failed), end; !failed && i != end && out.size() < 4096; i.increment(failed))
    out.insert(i->path().filename().string());
  return out;
}

// Reads one text field of a JSON file that may be anything; empty if it is not there.
std::string field_of(fs::path const& path, char const* name) {
  try {
    json_document const document(path);
    return document.fields().text(name, "");
  } catch (error const&) {
    return {};
  }
}

std::string adapter_in(fs::path const& folder) {
  std::string const base = field_of(folder / "adapter_config.json", "base_model_name_or_path");
  std::string const type = field_of(folder / "adapter_config.json", "peft_type");
  return "holds a PEFT adapter" + (type.empty() ? "" : " (" + type + ")") +
         (base.empty() ? std::string() : " of " + base) +
         " (adapter_config.json) and no model; merge it into its base (LoRA: merge_and_unload of peft, then "
         "save_pretrained) and give that folder";
}

struct known_name {
  std::string_view name;  // a name, or the end of one after *
  std::string_view what;
  std::string_view advice = save_with_transformers;
};

constexpr std::string_view joined_by_torch =
    "; join its parts with dcp_to_torch_save of torch.distributed.checkpoint.format_utils";

constexpr std::array known_names{
    known_name{"model_index.json", "holds a diffusers pipeline, no language model", ""},
    known_name{"*.distcp", "holds a checkpoint in parts of torch.distributed", joined_by_torch},
    known_name{"pytorch_model_fsdp_0", "holds a checkpoint in parts of FSDP (pytorch_model_fsdp_0)", joined_by_torch},
    known_name{"zero_to_fp32.py", "holds a checkpoint in parts of DeepSpeed", "; join them with its zero_to_fp32.py"},
    known_name{"weights.npz", "holds an MLX model (weights.npz)", "; give the model that it was converted from"},
    known_name{"mlc-chat-config.json", "holds a model compiled for MLC"},
    known_name{"openvino_model.xml", "holds an OpenVINO model"},
    known_name{"*.onnx", "holds an ONNX model"},
    known_name{"onnx", "holds an ONNX model"},
    known_name{"tf_model.h5", "holds a TensorFlow checkpoint (tf_model.h5)"},
    known_name{"tf_model.h5.index.json", "holds a TensorFlow checkpoint (tf_model.h5)"},
    known_name{"saved_model.pb", "holds a TensorFlow SavedModel"},
    known_name{"*.ckpt.index", "holds a TensorFlow checkpoint (.ckpt.index)"},
    known_name{"flax_model.msgpack", "holds a Flax checkpoint (flax_model.msgpack)"},
    known_name{"flax_model.msgpack.index.json", "holds a Flax checkpoint (flax_model.msgpack)"},
    known_name{"rust_model.ot", "holds a checkpoint of rust-bert (rust_model.ot)"},
    known_name{"*.tflite", "holds a TensorFlow Lite model"},
    known_name{"*.mlpackage", "holds a Core ML model"},
    known_name{"*.nemo", "holds a NeMo archive"},
    known_name{"*.engine", "holds a TensorRT engine"},
};

bool matches_name(std::string_view pattern, std::string_view name) {
  return pattern.starts_with('*') ? name.ends_with(pattern.substr(1)) : name == pattern;
}

template <class Names>
std::string first_matching(Names const& names, std::string_view pattern) {
  for (std::string const& name : names)
    if (matches_name(pattern, name)) return name;
  return {};
}

bool has_tokenizer_only(std::set<std::string, std::less<>> const& names) {
  constexpr std::array files{"tokenizer.json", "tokenizer.model", "tokenizer_config.json",
                             "vocab.txt",      "vocab.json",      "spiece.model"};
  return std::ranges::any_of(files, [&](char const* name) { return names.contains(name); });
}

// Of the configs' values that may be any number, text or nothing.
bool is_above_one(json_fields const& fields, std::string_view name) {
  json const* const value = fields.find(name);
  return value != nullptr && value->is_number_integer() && value->get<long long>() > 1;
}

std::string text_or(json_fields const& fields, std::string_view name, std::string otherwise) {
  json const* const value = fields.find(name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : otherwise;
}

// "GPTQ, 4 bits"; of what nobody knows its own name.
std::string method_of(json_fields const& quantised) {
  struct method {
    std::string_view name, what;
  };
  constexpr std::array methods{method{"gptq", "GPTQ"},
                               method{"awq", "AWQ"},
                               method{"bitsandbytes", "bitsandbytes"},
                               method{"compressed-tensors", "compressed-tensors"},
                               method{"fp8", "FP8 with scales"},
                               method{"fbgemm_fp8", "FBGEMM FP8"},
                               method{"mxfp4", "MXFP4"},
                               method{"aqlm", "AQLM"},
                               method{"hqq", "HQQ"},
                               method{"eetq", "EETQ"},
                               method{"quanto", "Quanto"},
                               method{"torchao", "torchao"},
                               method{"bitnet", "BitNet"}};
  std::string const name = text_or(quantised, "quant_method", "");
  auto const known = std::ranges::find(methods, name, &method::name);
  std::string out = known != methods.end() ? std::string(known->what) : name.substr(0, 40);
  if (out.empty())
    out = quantised.has("load_in_4bit") || quantised.has("load_in_8bit") ? "bitsandbytes" : "a method it does not name";
  for (std::string_view const bits : {"bits", "w_bit"})
    if (json const* const value = quantised.find(bits); value != nullptr && value->is_number_integer())
      return out + ", " + value->dump() + " bits";
  return out;
}

}  // namespace

std::string what_folder_holds(fs::path const& folder) {
  auto const names = names_in(folder);
  if (names.contains("adapter_config.json")) return adapter_in(folder);
  for (known_name const& known : known_names)
    if (!first_matching(names, known.name).empty()) return std::string(known.what) + std::string(known.advice);
  if (auto const name = first_matching(names, "*.gguf"); !name.empty())
    return "holds GGUF files; give one of them, " + name + " for example";
  bool const params = names.contains("params.json");
  if (params || std::ranges::any_of(names, [](std::string const& name) { return name.starts_with("consolidated."); }))
    return "holds a model in the layout of its authors (" + std::string(params ? "params.json, " : "") +
           "consolidated weights)" + std::string(save_with_transformers);
  if (names.contains("snapshots") && names.contains("refs"))
    return "is a folder of the Hugging Face cache; give the one below its snapshots";
  for (std::string const& name : names)
    if (name.starts_with("checkpoint-"))
      return "is the output of a training; give one of its checkpoints, " + name + " for example";
  bool const config = names.contains("config.json");
  if (!config && has_tokenizer_only(names)) {
    bool const weights = names.contains("model.safetensors") || names.contains("pytorch_model.bin");
    return weights ? "holds weights and a tokenizer but no config.json, which says what the weights are"
                   : "holds a tokenizer and no model; config.json and the weights are missing";
  }
  if (!config && !first_matching(names, "*.safetensors").empty())
    return "holds weights but no config.json, which says what the weights are";
  if (!config)
    for (char const* const ending : {"*.pt", "*.pth", "*.ckpt", "*.bin"})
      if (auto const name = first_matching(names, ending); !name.empty())
        return "has no config.json; give the file itself if it holds a whole model, " + name + " for example";
  return {};
}

std::string what_file_is(std::span<std::byte const> file) {
  std::string_view const text(reinterpret_cast<char const*>(file.data()), std::min<std::size_t>(file.size(), 512));
  if (text.starts_with("\x89HDF"))
    return "is an HDF5 file, as Keras and TensorFlow save weights" + std::string(save_with_transformers);
  for (std::string_view const magic : {"lmgg", "fmgg", "tjgg", "algg"})
    if (text.starts_with(magic)) return "is a GGML file of before GGUF; convert it with llama.cpp";
  if (text.starts_with("\x93NUMPY")) return "is an array of NumPy, no checkpoint";
  if (text.starts_with("\x1f\x8b")) return "is compressed with gzip; unpack it";
  if (text.starts_with("\x28\xb5\x2f\xfd")) return "is compressed with zstd; unpack it";
  if (text.size() > 262 && text.substr(257, 5) == "ustar") return "is a tar archive; unpack it and give the folder";
  if (text.substr(0, 128).find("pytorch") != std::string_view::npos && text.size() > 1 && text[0] == '\x08')
    return "is an ONNX model" + std::string(save_with_transformers);
  if (text.size() > 8 && text[8] == '{' && text.substr(2, 6) == std::string_view("\0\0\0\0\0\0", 6))
    return "is a safetensors file; give the folder that holds it and its config.json";
  if (auto const first = text.find_first_not_of(" \t\r\n"); first != std::string_view::npos && text[first] == '{')
    return "is a JSON file; give the folder that holds it and the weights";
  return {};
}

std::string what_gguf_is(gguf_file const& file) {
  if (auto const parts = file.integer("split.count"); parts && *parts > 1)
    return "is one of " + std::to_string(*parts) +
           " parts of a GGUF file (split.count); join them with llama-gguf-split --merge";
  std::string const type = file.text("general.type").value_or("model");
  if (type == "adapter")
    return "holds a LoRA adapter (general.type adapter) and no model; merge it into its base with llama-export-lora";
  if (type == "imatrix") return "holds an importance matrix (general.type imatrix), from which models are quantised";
  if (type == "mmproj" || file.text("general.architecture") == "clip")
    return "holds what projects images or sounds into a model (mmproj) and no language model";
  return {};
}

void refuse_foreign_config(json_fields const& fields) {
  std::string const where = fields.where() + ": ";
  for (std::string_view const name : {"quantization_config", "compression_config"})
    if (json const* const value = fields.find(name); value != nullptr && value->is_object() && !value->empty())
      throw error(where + "field \"" + std::string(name) + "\": the weights are quantised (" +
                  method_of(fields.object(name)) + "), which is not read" + std::string(unquantised));
  if (json const* const value = fields.find("quantization"); value != nullptr && value->is_object())
    throw error(where + "field \"quantization\": this is an MLX model, quantised (" +
                method_of(fields.object("quantization")) + "), which is not read" + std::string(unquantised));
  if (fields.has("_class_name") && fields.has("_diffusers_version"))
    throw error(where + "this is a part of a diffusers pipeline (" + text_or(fields, "_class_name", "?") +
                "), no language model");
  std::string const type = text_or(fields, "model_type", "?");
  for (char const* const inner : {"text_config", "llm_config", "language_config"})
    if (json const* const value = fields.find(inner); value != nullptr && value->is_object())
      throw error(where + "this is a multimodal model (" + type + ", its text model " +
                  text_or(fields.object(inner), "model_type", "is not named") +
                  "), of which nothing is read; save its text model by itself, with a config.json of its own");
  for (char const* const experts : {"num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"})
    if (is_above_one(fields, experts))
      throw error(where + "field \"" + experts + "\" is " + fields.find(experts)->dump() +
                  ": this is a mixture of experts (" + type + "), which is not supported");
}

std::string what_tensor_is_of(std::string_view name) {
  struct part {
    std::string_view ending, what;
  };
  constexpr std::array parts{
      part{".qweight", "a matrix quantised by GPTQ or AWQ"},
      part{".qzeros", "a matrix quantised by GPTQ or AWQ"},
      part{".g_idx", "a matrix quantised by GPTQ"},
      part{".SCB", "a matrix quantised by bitsandbytes"},
      part{".absmax", "a matrix quantised by bitsandbytes"},
      part{".quant_map", "a matrix quantised by bitsandbytes"},
      part{".quant_state.bitsandbytes__nf4", "a matrix quantised by bitsandbytes"},
      part{".quant_state.bitsandbytes__fp4", "a matrix quantised by bitsandbytes"},
      part{".weight_packed", "a matrix quantised by compressed-tensors"},
      part{".weight_scale", "a quantised matrix"},
      part{".weight_scale_inv", "an FP8 matrix with scales"},
      part{".input_scale", "a quantised matrix"},
      part{".scales", "a quantised matrix"},
      part{".biases", "a matrix quantised by MLX"},
      part{".qweight_type", "a quantised matrix"},
  };
  for (part const& p : parts)
    if (name.ends_with(p.ending)) return std::string(p.what) + ", which is not read" + std::string(unquantised);
  if (name.ends_with("_flat_param") || name.find("_flat_param_") != std::string_view::npos)
    return "what FSDP flattens on one rank; save the model again with a full state_dict";
  if (name.find(".lora_A.") != std::string_view::npos || name.find(".lora_B.") != std::string_view::npos)
    return "a LoRA adapter; merge it into its base (merge_and_unload of peft) and save the model again";
  return {};
}

}  // namespace constformer
