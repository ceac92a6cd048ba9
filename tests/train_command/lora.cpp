// Adapters: those that PEFT trains and merges, the same bits after a stop, and what is refused.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/checkpoint/safetensors.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "programs.hpp"
#include "refusal.hpp"
#include "running.hpp"
#include "training.hpp"

namespace {

using namespace end_to_end;
namespace fs = std::filesystem;

struct adapted_fixture {
  std::string name, base, targets;
  int vocab;
};

adapted_fixture const llama{"llama", "llama_gqa", "q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj", 61};
adapted_fixture const gpt2{"gpt2", "gpt2_plain", "c_attn,c_proj,c_fc", 37};

fs::path base_of(adapted_fixture const& model) { return source("tests/parity/fixtures") / model.base; }

// text.txt as tokens of nanoGPT's, as make_lora.py has them.
fs::path tokens_of(adapted_fixture const& model) {
  fs::path const file = workshop() / (model.name + "_tokens.bin");
  std::ofstream out(file, std::ios::binary);
  for (char const c : read_text(small_text())) {
    auto const id = static_cast<std::uint16_t>(static_cast<unsigned char>(c) % model.vocab);
    out.put(static_cast<char>(id & 0xFF)).put(static_cast<char>(id >> 8));
  }
  return file;
}

std::vector<std::string> adapting(adapted_fixture const& model, fs::path const& folder,
                                  std::vector<std::string> const& more = {}) {
  std::vector<std::string> out{command(), "train", base_of(model).string(), "--data", tokens_of(model).string()};
  for (auto const& [name, value] :
       {std::pair("-o", folder.string()), std::pair("--lora", std::string("3")),
        std::pair("--lora-alpha", std::string("6")), std::pair("--lora-targets", model.targets),
        std::pair("--batch-size", std::string("4")), std::pair("--block-size", std::string("16")),
        std::pair("--lr", std::string("1e-2")), std::pair("--schedule", std::string("constant")),
        std::pair("--weight-decay", std::string("0.01")), std::pair("--beta2", std::string("0.999")),
        std::pair("--grad-clip", std::string("0")), std::pair("--eval-interval", std::string("0")),
        std::pair("--sample-tokens", std::string("0"))})
    out.insert(out.end(), {name, value});
  if (std::ranges::find(more, "--steps") == more.end()) out.insert(out.end(), {"--steps", "20"});
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

// Names must be the same, values within `tolerance`.
void check_near(fs::path const& one, fs::path const& other, double tolerance) {
  constformer::mapped_file const first(one), second(other);
  auto const ours = constformer::read_safetensors(first.bytes(), one.string()).tensors;
  auto const theirs = constformer::read_safetensors(second.bytes(), other.string()).tensors;
  REQUIRE(ours.size() == theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    INFO(ours[i].name);
    REQUIRE(ours[i].name == theirs[i].name);
    REQUIRE(ours[i].shape == theirs[i].shape);
    double gap = 0.0;
    for (std::size_t at = 0; at < ours[i].bytes.size(); at += sizeof(float)) {
      float a = 0.0F, b = 0.0F;
      std::memcpy(&a, ours[i].bytes.data() + at, sizeof a);
      std::memcpy(&b, theirs[i].bytes.data() + at, sizeof b);
      double const apart = std::abs(static_cast<double>(a) - static_cast<double>(b));
      gap = std::isnan(apart) ? INFINITY : std::max(gap, apart);
    }
    CHECK(gap <= tolerance);
  }
}

fs::path of_peft(std::string const& local) { return source("tests/train_command/lora") / local; }

// The run of 20 steps, once for all cases.
fs::path adapted(adapted_fixture const& model) {
  fs::path const folder = workshop() / ("adapted_" + model.name);
  if (!fs::exists(folder / "adapter_model.safetensors")) output_of(adapting(model, folder), training_options());
  return folder;
}

}  // namespace

TEST_CASE("adapters after 20 steps are PEFT's, from the same seed") {
  fs::remove_all(workshop() / "adapted_llama");
  fs::remove_all(workshop() / "adapted_gpt2");
  for (adapted_fixture const& model : {llama, gpt2}) {  // the second has one for query, key and value
    INFO(model.name);
    fs::path const folder = adapted(model);
    CHECK(names_in(folder) ==
          std::vector<std::string>{"adapter_config.json", "adapter_model.safetensors", "log.jsonl", "run"});
    check_near(folder / "adapter_model.safetensors", of_peft(model.name) / "adapter_model.safetensors", 1e-4);
  }
}

TEST_CASE("a run of adapters that was stopped goes on with the same bits") {
  fs::path const folder = fresh_folder("stopped_adapters");
  output_of(adapting(llama, folder, {"--steps", "9"}), training_options());
  output_of(adapting(llama, folder, {"-t", "2"}), training_options());
  for (char const* file : {"adapter_model.safetensors", "run/state.safetensors"})
    CHECK(read_text(folder / file) == read_text(adapted(llama) / file));
  CHECK(read_text(folder / "run/state.safetensors").find("tokens.weight") == std::string::npos);  // frozen
}

TEST_CASE("export --merge gives what PEFT's merge_and_unload gives") {
  for (adapted_fixture const& model : {llama, gpt2}) {
    INFO(model.name);
    fs::path const folder = fresh_folder("merged_" + model.name);
    output_of(
        {command(), "export", base_of(model).string(), "--merge", of_peft(model.name).string(), "-o", folder.string()});
    check_near(folder / "model.safetensors", of_peft(model.name + "_merged.safetensors"), 5e-7);
    CHECK(read_text(folder / "config.json") == read_text(base_of(model) / "config.json"));
  }
}

TEST_CASE("PEFT loads adapters of ours") {
  for (adapted_fixture const& model : {llama, gpt2}) {
    INFO(model.name);
    fs::path const merged = fresh_folder("ours_merged_" + model.name);
    output_of(
        {command(), "export", base_of(model).string(), "--merge", adapted(model).string(), "-o", merged.string()});
    std::string const gap = python_output("tests/train_command/check_peft.py",
                                          {base_of(model).string(), adapted(model).string(), merged.string()});
    CHECK_THAT(std::stod(gap), Catch::Matchers::WithinAbs(0.0, 5e-7));
  }
}

TEST_CASE("what can have no adapter is refused") {
  fs::path const folder = fresh_folder("no_adapters") / "out";
  auto const refused = [&](std::vector<std::string> call) {
    call.erase(call.begin());
    return refusal(call, 1, training_options());
  };
  adapted_fixture other = llama;
  other.targets = "q_proj,c_attn";
  CHECK(refused(adapting(other, folder)) ==
        "--lora-targets: the model has no layer c_attn, there is q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, "
        "down_proj");
  other.targets = "q_proj,embed_tokens";
  CHECK(refused(adapting(other, folder)) == "--lora-targets: embed_tokens takes no adapter");
  CHECK(refused(training(folder, {"--lora", "4"})) == "--lora is for a checkpoint, small is untrained");
  CHECK_FALSE(fs::exists(folder));
}

TEST_CASE("export --merge refuses adapters that are not LoRA of linear layers, or of another model") {
  fs::path const folder = fresh_folder("bad_adapter"), out = folder / "out";
  auto const merging = [&](adapted_fixture const& base) {
    return refusal({"export", base_of(base).string(), "--merge", folder.string(), "-o", out.string()});
  };
  auto settings = read_json(of_peft("llama/adapter_config.json"));
  fs::copy_file(of_peft("llama/adapter_model.safetensors"), folder / "adapter_model.safetensors");
  std::string const file = (folder / "adapter_config.json").string();
  auto const write = [&] { std::ofstream(file) << settings; };
  write();
  CHECK(merging(gpt2).ends_with("q_proj.weight") == false);
  CHECK(merging(gpt2).find("the model has no model.layers.0.") != std::string::npos);
  settings["use_dora"] = true;
  write();
  CHECK(merging(llama) == file + ": use_dora is true, only adapters without it can be merged");
  settings["peft_type"] = "IA3";
  write();
  CHECK(merging(llama) == file + ": peft_type is \"IA3\", only LORA can be merged");
  CHECK_FALSE(fs::exists(out));
}
