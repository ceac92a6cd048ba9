// Checkpoints that cannot be read: every subcommand says the same one sentence, and `build` leaves nothing.
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "programs.hpp"
#include "refusal.hpp"
#include "spoiled.hpp"

namespace {

using namespace end_to_end;
using nlohmann::json;
using nlohmann::ordered_json;
namespace fs = std::filesystem;

void check_all_refuse(fs::path const& checkpoint, std::string const& sentence) {
  auto const output = fresh_folder("refused");
  check_refusal({"inspect", checkpoint.string()}, sentence);
  check_refusal({"inspect", checkpoint.string(), "--json"}, sentence);
  check_refusal({"config", checkpoint.string(), "-o", (output / "config.hpp").string()}, sentence);
  check_refusal({"verify", checkpoint.string()}, sentence);
  check_refusal({"build", checkpoint.string(), "-o", (output / "model").string()}, sentence);
  CHECK(names_in(output).empty());
}

// Of a copy whose config.json was changed; the sentence begins with the file's name.
void check_config(std::function<void(json&)> const& change, std::string const& sentence) {
  auto const checkpoint = copy_of_sort("config");
  change_config(checkpoint, change);
  check_refusal({"build", checkpoint.string(), "-o", (workshop() / "refused_model").string()},
                (checkpoint / "config.json").string() + ": " + sentence);
  CHECK_FALSE(fs::exists(workshop() / "refused_model"));
}

void check_header(std::function<void(ordered_json&)> const& change, std::string const& sentence) {
  auto const checkpoint = copy_of_sort("header");
  change_header(checkpoint, change);
  check_refusal({"build", checkpoint.string(), "-o", (workshop() / "refused_model").string()},
                (checkpoint / "model.safetensors").string() + ": " + sentence);
  CHECK_FALSE(fs::exists(workshop() / "refused_model"));
}

std::string const wte = "transformer.wte.weight";

}  // namespace

TEST_CASE("a checkpoint that is not there") {
  auto const nothing = workshop() / "nothing";
  check_all_refuse(nothing, nothing.string() + ": No such file or directory");
}

TEST_CASE("a file that is empty, cut off, or something else") {
  auto const folder = fresh_folder("files");
  write_text(folder / "empty.bin", "");
  check_all_refuse(folder / "empty.bin", (folder / "empty.bin").string() + ": the file is empty");
  write_text(folder / "short.bin", "12345");
  CHECK(refusal({"inspect", (folder / "short.bin").string()}).starts_with((folder / "short.bin").string() + ": "));
  write_text(folder / "text.bin", std::string(5000, 'a'));
  CHECK(refusal({"inspect", (folder / "text.bin").string()}).starts_with((folder / "text.bin").string() + ": "));
}

TEST_CASE("a llama2.c file that is cut off names both sizes") {
  auto const original = shared_data("stories260K") / "stories260K.bin";
  auto const file = fresh_folder("files") / "cut.bin";
  fs::copy_file(original, file);
  auto const whole = fs::file_size(file);
  truncate_file(file, whole - 4);
  std::string const sentence = refusal({"build", file.string(), "-o", (workshop() / "refused_model").string()});
  CAPTURE(sentence);
  CHECK(sentence.starts_with(file.string() + ": "));
  CHECK(sentence.find(std::to_string(whole - 4)) != std::string::npos);
  CHECK(sentence.find(std::to_string(whole)) != std::string::npos);
}

TEST_CASE("a folder that lacks a file") {
  auto checkpoint = copy_of_sort("lacking");
  fs::remove(checkpoint / "config.json");
  check_all_refuse(checkpoint,
                   checkpoint.string() + ": holds weights but no config.json, which says what the weights are");
  checkpoint = copy_of_sort("lacking");
  fs::remove(checkpoint / "model.safetensors");
  check_all_refuse(
      checkpoint,
      checkpoint.string() + ": has neither model.safetensors nor pytorch_model.bin, whole or as shards with an index");
}

TEST_CASE("a shard that is missing, or not the one that the index means") {
  auto const checkpoint = copy_of_sort("shards");
  fs::rename(checkpoint / "model.safetensors", checkpoint / "one.safetensors");
  json index{{"weight_map", json::object()}};
  fs::rename(checkpoint / "one.safetensors", checkpoint / "model.safetensors");
  auto const header = header_of(checkpoint);
  for (auto const& [name, entry] : header.items())
    if (name != "__metadata__") index["weight_map"][name] = "one.safetensors";
  fs::rename(checkpoint / "model.safetensors", checkpoint / "one.safetensors");
  auto const index_file = checkpoint / "model.safetensors.index.json";

  write_text(index_file, index.dump());
  CHECK(run({command(), "inspect", checkpoint.string()}).status == 0);

  index["weight_map"][wte] = "two.safetensors";
  write_text(index_file, index.dump());
  check_all_refuse(checkpoint, (checkpoint / "two.safetensors").string() +
                                   ": this shard is missing, model.safetensors.index.json names it");

  index["weight_map"][wte] = "../one.safetensors";
  write_text(index_file, index.dump());
  CHECK(refusal({"inspect", checkpoint.string()}).starts_with(index_file.string() + ": "));

  index["weight_map"].erase(wte);
  write_text(index_file, index.dump());
  check_refusal({"inspect", checkpoint.string()}, (checkpoint / "one.safetensors").string() + ": holds " + wte +
                                                      ", which model.safetensors.index.json does not name");
}

TEST_CASE("a config.json that makes no sense") {
  auto const checkpoint = copy_of_sort("json");
  std::string const file = (checkpoint / "config.json").string();
  write_text(file, "[1]");
  check_all_refuse(checkpoint, file + ": [1] is not a JSON object");
  write_text(file, "{\"model_type\": \"gpt2\",");
  CHECK(refusal({"build", checkpoint.string(), "-o", "never"}).starts_with(file + ": not JSON at line 1, column "));

  auto const unknown = copy_of_sort("json");
  change_config(unknown, [](json& c) { c["model_type"] = "mamba"; });
  CHECK(refusal({"build", unknown.string(), "-o", "never"})
            .starts_with(file + ": model_type \"mamba\" is not supported (llama, "));

  check_config([](json& c) { c.erase("n_layer"); }, "field \"n_layer\" is missing");
  check_config([](json& c) { c["n_layer"] = 0; }, "field \"n_layer\" is 0, it must be between 1 and 16777216");
  check_config([](json& c) { c["n_embd"] = -48; }, "field \"n_embd\" is -48, it must be between 1 and 16777216");
  check_config([](json& c) { c["vocab_size"] = 1ULL << 40; },
               "field \"vocab_size\" is 1099511627776, it must be between 1 and 16777216");
  check_config([](json& c) { c["n_head"] = "3"; }, "field \"n_head\" is \"3\", it must be a whole number");
  check_config([](json& c) { c["n_head"] = 3.5; }, "field \"n_head\" is 3.5, it must be a whole number");
  check_config([](json& c) { c["n_head"] = 5; }, "field \"n_embd\" is 48, which is not a multiple of \"n_head\" 5");
  check_config([](json& c) { c["layer_norm_epsilon"] = 0; },
               "field \"layer_norm_epsilon\" is 0, it must be more than 0.0");
  check_config([](json& c) { c["activation_function"] = "prelu"; },
               "field \"activation_function\" is \"prelu\", supported are gelu, gelu_new, gelu_fast, gelu_accurate, "
               "gelu_pytorch_tanh, "
               "quick_gelu, relu, relu2, silu, swish, tanh, sigmoid and linear");
}

TEST_CASE("weights that are cut off or whose header leads out of the file") {
  auto checkpoint = copy_of_sort("weights");
  std::string const file = (checkpoint / "model.safetensors").string();
  auto const bytes = fs::file_size(file);

  truncate_file(file, 0);
  check_all_refuse(checkpoint, file + ": the file is empty");
  write_text(file, "1234567");
  check_refusal({"inspect", checkpoint.string()}, file + ": has 7 bytes, a safetensors file has at least 8");
  write_text(file, std::string("\x10\0\0\0\0\0\0\0{}", 10));
  check_refusal({"inspect", checkpoint.string()}, file + ": says its safetensors header has 16 bytes, only 2 follow");
  write_text(file, std::string(7, '\xff') + "\x7f{}");
  check_refusal({"inspect", checkpoint.string()},
                file + ": says its safetensors header has 9223372036854775807 bytes, at most 100000000 are allowed");

  checkpoint = copy_of_sort("weights");
  truncate_file(file, bytes - 100);
  std::string const sentence = refusal({"build", checkpoint.string(), "-o", "never"});
  CHECK(sentence.starts_with(file + ": "));
  CHECK(sentence.find("data_offsets") != std::string::npos);
}

TEST_CASE("a safetensors header that contradicts itself") {
  std::string const data_bytes = "342336";
  check_header([](ordered_json& h) { h[wte]["data_offsets"] = {0, 1}; },
               wte + ": F32[3,48] takes 576 bytes, data_offsets give it 1");
  check_header([](ordered_json& h) { h[wte]["data_offsets"] = {576, 0}; },
               wte + ": field \"data_offsets\" is [576,0], the end lies before the beginning");
  check_header([](ordered_json& h) { h[wte]["data_offsets"] = {1000000, 1000576}; },
               wte + ": field \"data_offsets\" is [1000000,1000576], the data has " + data_bytes + " bytes");
  check_header([](ordered_json& h) { h[wte]["dtype"] = "F99"; },
               wte + ": field \"dtype\" is \"F99\", safetensors has no such type");
  check_header([](ordered_json& h) { h[wte]["shape"] = {1ULL << 40, 1ULL << 40}; },
               wte + ": field \"shape\" is [1099511627776,1099511627776], its product does not fit in 64 bits");
  check_header([](ordered_json& h) { h[wte]["shape"] = {-3, 48}; },
               wte + ": field \"shape\" is [-3,48], each extent must be a whole number below 2^63");

  check_header(
      [](ordered_json& h) {
        for (auto& offset : h["transformer.ln_f.weight"]["data_offsets"]) offset = offset.get<int>() - 4;
      },
      "transformer.ln_f.weight: begins at byte 339452 of the data, the tensor before overlaps it and ends at byte "
      "339456");

  auto const checkpoint = copy_of_sort("header");
  std::string text = header_of(checkpoint).dump();
  text.insert(1, "\"" + wte + "\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},");
  replace_header(checkpoint, text);
  CHECK(refusal({"inspect", checkpoint.string()}).find("the name \"" + wte + "\" is given twice") != std::string::npos);

  copy_of_sort("header");
  auto header = header_of(checkpoint);
  header[wte]["dtype"] = "I32";
  replace_header(checkpoint, header.dump());
  CHECK(refusal({"build", checkpoint.string(), "-o", "never"}).find(wte + " is I32, only F32, F16 and BF16 are read") !=
        std::string::npos);
}

TEST_CASE("a tokenizer that is missing or damaged") {
  auto const checkpoint = source("models/sort").string();
  auto const folder = fresh_folder("tokenizers");
  std::string const output = (folder / "model").string();
  check_refusal({"build", checkpoint, "-o", output, "--tokenizer", (folder / "none").string()},
                (folder / "none").string() + ": no such tokenizer");
  write_text(folder / "merges.txt", "#version: 0.2\n");  // beside vocab.json
  for (char const* name : {"tokenizer.json", "tokenizer.model", "tokenizer.bin", "vocab.json"}) {
    write_text(folder / name, std::string(100, '\xfe'));
    CAPTURE(name);
    CHECK(refusal({"build", checkpoint, "-o", output, "--tokenizer", (folder / name).string()})
              .starts_with((folder / name).string()));
    fs::remove(folder / name);
  }
  CHECK(names_in(folder) == std::vector<std::string>{"merges.txt"});
}
