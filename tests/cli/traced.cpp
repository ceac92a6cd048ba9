// Programs of models of one's own: a header and the folder of its parameters. adapter/ is what PyTorch made
// (make_adapter.py).
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "../checkpoint/readers/traced_checkpoint.hpp"
#include "adapter/adapter.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/core/error.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "npy_read.hpp"
#include "programs.hpp"
#include "refusal.hpp"
#include "spoiled.hpp"

namespace {

using namespace end_to_end;
namespace fs = std::filesystem;

std::string const folder = source("tests/cli/adapter").string();
std::string const header = source("tests/cli/adapter/adapter.hpp").string();

std::string adapter_program() { return program("adapter", folder, {"--model", header}); }

nlohmann::json golden() { return read_json(fs::path(folder) / "golden.json"); }

std::string prompt_ids() { return joined(golden()["ids"].get<std::vector<int>>(), ','); }

fs::path copy_of_adapter(std::string const& name) {
  fs::path const copy = fresh_folder(name);
  for (char const* file : {"model.safetensors", "config.json", "chars.json"})
    fs::copy_file(fs::path(folder) / file, copy / file);
  return copy;
}

void check_refused(fs::path const& checkpoint, std::string const& model, std::string const& sentence) {
  fs::path const output = fresh_folder("refused") / "program";
  check_refusal({"build", checkpoint.string(), "--model", model, "-o", output.string()}, sentence);
  CHECK_FALSE(fs::exists(output));
  check_refusal({"verify", checkpoint.string(), "--model", model}, sentence);
}

void write_header(fs::path const& file, std::string const& body) {
  write_text(file, "#include \"" + header + "\"\n" + body + "\n");
}

}  // namespace

TEST_CASE("a model of one's own generates what PyTorch does") {
  std::string const model = adapter_program();
  std::string const text = golden()["text"];
  CHECK(output_of({model, "-p", golden()["prompt"], "-n", "24", "--temp", "0"}) == text + "\n");
  CHECK(output_of({model, "--ids", prompt_ids(), "-n", "24", "--temp", "0"}) == text + "\n");
  CHECK(output_of({model, "-p", golden()["prompt"], "-n", "24", "--temp", "0", "--threads", "3"}) == text + "\n");
  CHECK(output_of({model, "-p", golden()["prompt"], "-n", "24", "--beam-size", "1"}) == text + "\n");
}

TEST_CASE("its logits are PyTorch's") {
  fs::path const file = fresh_folder("logits") / "logits.npy";
  output_of({adapter_program(), "score", "--ids", prompt_ids(), "-o", file.string()});
  npy_array const ours = read_npy(file);
  auto const theirs = golden()["logits"].get<std::vector<std::vector<float>>>();
  REQUIRE(ours.values.size() == theirs.size() * theirs.front().size());
  float gap = 0.0F;
  for (std::size_t row = 0; row < theirs.size(); ++row)
    for (std::size_t i = 0; i < theirs[row].size(); ++i) {
      float const apart = std::abs(ours.values[row * theirs[row].size() + i] - theirs[row][i]);
      gap = std::isnan(apart) ? INFINITY : std::max(gap, apart);
    }
  CHECK(gap < 1e-5F * 7.14F);
}

TEST_CASE("it does what programs do") {
  std::string const model = adapter_program();
  auto const info = nlohmann::json::parse(output_of({model, "info", "--json"}));
  CHECK(info["family"] == "constformer");
  CHECK(info["parameters"] == constformer::count_parameters<adapter>());
  CHECK(info["config"]["layers"] == 3);
  CHECK(info["config"]["capacity"] == 64);
  CHECK(info["tensors"].size() == 26);
  CHECK(output_of({model, "tokenize", "-p", "fox"}) == "5 14 23\n");
  CHECK(output_of({model, "bench", "-p", "8", "-n", "8", "-r", "1"}).find("f32") != std::string::npos);
  auto const embedded = output_of({model, "embed", "-p", "fox"});
  CHECK(embedded.size() > 16);
  check_program_refusal({model, "--ids", "27"}, "--ids: id 27 at place 0 is not in the vocabulary of 27");
  check_program_refusal({model, "translate", "-p", "fox"},
                        "adapter is a decoder (constformer); translate needs an encoder and a decoder, generating and "
                        "score work here");
  check_refusal({"export", model, "-o", (fresh_folder("exported") / "to").string()},
                model + ": was built from a folder of a model of one's own, and no config.json describes it");
}

TEST_CASE("generation_config.json and a chat template count for it, too") {
  fs::path const copy = copy_of_adapter("adapter that chats");
  std::string const text = golden()["text"];
  int const stop = 's' - 'a';
  write_text(copy / "generation_config.json",
             nlohmann::json{{"do_sample", false}, {"max_new_tokens", 24}, {"eos_token_id", stop}}.dump());
  write_text(copy / "tokenizer_config.json",
             nlohmann::json{{"chat_template", "{% for m in messages %}{{ m['content'] }}{% endfor %}"}}.dump());
  std::string const model = program("adapter_chats", copy, {"--model", header});
  std::string const prompt = golden()["prompt"];
  std::size_t const end = text.find('s', prompt.size());
  CHECK(output_of({model, "-p", prompt}) == text.substr(0, end) + "\n");
  auto const chatted = run({model, "chat"}, {.input = prompt + "\n"});
  INFO(chatted.err);
  CHECK(chatted.status == 0);
  CHECK(chatted.out.find(text.substr(prompt.size(), end - prompt.size())) != std::string::npos);
}

TEST_CASE("a model of one's own is compiled for other processors") {
  for (char const* target : {"x86-64-v2", "scalar", "portable"}) {
    INFO(target);
    std::string const model =
        program(std::string("adapter_") + target, folder, {"--model", header, "--target", target});
    CHECK(output_of({model, "-p", golden()["prompt"], "-n", "24", "--temp", "0"}) ==
          golden()["text"].get<std::string>() + "\n");
  }
}

TEST_CASE("weights beside a program are those of its model") {
  auto const place = fresh_folder("beside");
  auto const build = [&](char const* name, std::string const& model) {
    auto const result =
        run({command(), "build", folder, "--model", model, "-o", (place / name).string(), "--weights", "beside"});
    INFO(result.err);
    REQUIRE(result.status == 0);
  };
  write_header(place / "narrow.hpp",
               "struct narrow : my::model<3> {\n"
               "  constexpr constformer::value operator()(constformer::value ids) const {\n"
               "    return scale(my::model<3>::operator()(ids), 2.0F);\n  }\n};");
  build("one", header);
  build("two", (place / "narrow.hpp").string());
  CHECK(output_of({(place / "one").string(), "-p", golden()["prompt"], "-n", "24", "--temp", "0"}) ==
        golden()["text"].get<std::string>() + "\n");
  fs::copy_file(place / "two.weights", place / "one.weights", fs::copy_options::overwrite_existing);
  auto const result = run({(place / "one").string(), "-p", "fox"});
  CHECK(result.status == 1);
  CHECK(result.err.find("one.weights") != std::string::npos);
}

TEST_CASE("tensors that do not fit the model are named with both shapes") {
  fs::path const missing = copy_of_adapter("adapter without one");
  remove_tensor(missing, "blocks.1.up.weight");
  check_refused(missing, header,
                missing.string() +
                    ": blocks.1.up.weight: checkpoint does not have it, model has [16,4] (1 of 26 tensors do not fit)");
  fs::path const other = copy_of_adapter("adapter of another width");
  change_header(other, [](nlohmann::ordered_json& json) { json["blocks.2.down.weight"]["shape"] = {16, 4}; });
  check_refused(other, header,
                other.string() +
                    ": blocks.2.down.weight: checkpoint has [16,4], model has [4,16] (1 of 26 tensors do "
                    "not fit)");
  check_refused(folder, header + ":my::model<2>",
                folder +
                    ": blocks.2.down.bias: checkpoint has [4], the model has no such tensor (8 of 18 tensors do not "
                    "fit)");
}

TEST_CASE("headers without such a model are refused in one sentence") {
  check_refused(folder, header + ":my::modell<3>", header + ": has no type my::modell<3>");
  check_refused(folder, "no.hpp", "no.hpp: is no file, --model takes FILE.hpp[:TYPE]");
  auto const place = fresh_folder("headers");
  write_header(place / "silent.hpp", "struct silent { BOOST_HANA_DEFINE_STRUCT(silent, (my::model<3>, inner)); };");
  check_refused(folder, (place / "silent.hpp").string(),
                folder + ": model: silent has no call operator that takes ids");
  write_header(place / "wrong.hpp",
               "struct wrong : my::model<3> {\n"
               "  constexpr constformer::value operator()(constformer::value ids) const { return blocks(norm(ids)); }\n"
               "};");
  check_refused(folder, (place / "wrong.hpp").string(),
                folder + ": rms_norm: width is 16, input is (tokens) (wrong.hpp:3)");
}

TEST_CASE("what a model of one's own cannot be asked is refused") {
  auto const refuse = [](std::vector<std::string> const& more, std::string const& sentence) {
    std::vector<std::string> call{"build", folder, "-o", (fresh_folder("asked") / "program").string()};
    call.insert(call.end(), more.begin(), more.end());
    check_refusal(call, sentence);
  };
  refuse({},
         folder +
             "/config.json: model_type \"constformer\" is a model of one's own, whose shapes its header says: build "
             "and verify take it with --model FILE.hpp[:TYPE]");
  refuse({"--model", header, "--dtype", "q8_0"},
         "--dtype, --inputs and --kv-dtype are for models that a checkpoint describes, those of --model are f32");
  refuse({"--model", header, "-c", "65"}, folder + ": context: capacity=65 is more than positions=64");
  std::string const sort = source("models/sort").string();
  check_refusal({"build", sort, "--model", header, "-o", (fresh_folder("asked") / "program").string()},
                sort +
                    "/config.json: model_type \"gpt2\" is none of one's own (\"constformer\"); build it without "
                    "--model");
}

TEST_CASE("a trainer's parameters are written as build reads them") {
  auto const& table = constformer::parameter_table<adapter>;
  fs::path const written = fresh_folder("written");
  auto const read = constformer::open_traced_checkpoint(folder, {});
  std::vector<std::vector<float>> kept;
  constformer::write_traced_checkpoint(
      written, table,
      [&](std::size_t entry, int layer) {
        auto const* const tensor = read.find(constformer::traced_tensor_name(table[entry].name.view(), layer));
        REQUIRE(tensor != nullptr);
        auto& values = kept.emplace_back(static_cast<std::size_t>(table[entry].size()));
        constformer::read_rows_f32(*tensor, 0, constformer::matrix_of(*tensor).rows, values);
        return std::span<float const>(values);
      },
      {.model = "my::model<3>", .vocab = 27, .positions = 64, .bos = {}, .eos = {18}});
  CHECK(read_text(written / "model.safetensors") == read_text(fs::path(folder) / "model.safetensors"));
  auto const again = constformer::open_traced_checkpoint(written, {});
  CHECK(again.model.vocab == 27);
  CHECK(again.model.positions == 64);
  CHECK(again.ids.eos == std::vector<int>{18});
  CHECK_THROWS_AS(constformer::write_traced_checkpoint(written, table,
                                                       [](std::size_t, int) { return std::span<float const>(); }, {}),
                  constformer::error);
}

TEST_CASE("inspect tells what a model of one's own is and costs, with parameters or without") {
  auto const told = [&](std::vector<std::string> const& more) {
    std::vector<std::string> words{command(), "inspect", "--model", header};
    words.insert(words.end(), more.begin(), more.end());
    return output_of(words);
  };
  auto const d = nlohmann::json::parse(told({"--json"}));
  CHECK(d.at("model") == "adapter");
  CHECK(d.at("parameters") == constformer::count_parameters<adapter>());
  CHECK(d.at("layers") == 3);
  CHECK(d.at("outputs") == 27);
  CHECK(d.at("positions").is_null());
  // Multiply-adds of a token by matrices, and of up to five keys by two heads, scores and values.
  std::int64_t const matrices = 27 * 16 + 3 * (16 * 16 * 2 + 8 * 16 * 2 + 2 * 4 * 16), pairs = 5 * 1024 - 10;
  CHECK(d.at("flops").at("forward") == 2 * (1024 * matrices + 3 * pairs * 2 * (8 + 8)));
  CHECK(d.at("tensors").at(1) == nlohmann::json{{"name", "blocks.*.norm.weight"}, {"shape", {16}}, {"layers", 3}});
  CHECK(nlohmann::json::parse(told({"--json", folder})) == d);
  CHECK(told({}).find("\nparameters              3,196\n") != std::string::npos);
  check_refusal({"inspect", folder, "--model", header + ":my::model<2>"},
                folder +
                    ": blocks.2.down.bias: checkpoint has [4], the model has no such tensor (8 of 18 tensors do not "
                    "fit)");
  check_refusal({"inspect"}, "path is required", 2);
}
