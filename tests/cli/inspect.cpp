// What `inspect` tells, held against what is known of two models.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "programs.hpp"
#include "refusal.hpp"
#include "running.hpp"
#include "spoiled.hpp"

namespace {

using namespace end_to_end;
using nlohmann::json;

json inspected(std::filesystem::path const& checkpoint) {
  auto const result = run({command(), "inspect", checkpoint.string(), "--json"});
  REQUIRE(result.status == 0);
  CHECK(result.err.empty());
  return json::parse(result.out);
}

}  // namespace

TEST_CASE("inspect of the sorting model") {
  auto const d = inspected(source("models/sort"));
  CHECK(d.at("family") == "gpt2");
  CHECK(d.at("parameters") == 85584);  // its README counts them
  CHECK(d.at("bytes_in_file") == 4 * 85584);
  CHECK(d.at("config").at("layers") == 3);
  CHECK(d.at("config").at("tied") == true);
  CHECK(d.at("tensors").size() == 40);
  CHECK(d.at("tokenizer") == "chars.json");
  CHECK(d.at("kv_bytes_per_token").at("f32") == 2 * 3 * 48 * 4);  // keys and values, layers, channels, bytes
  auto const text = output_of({command(), "inspect", source("models/sort").string()});
  CHECK(text.find("85,584") != std::string::npos);
  CHECK(text.find("transformer.wpe.weight              F32  [11,48]") != std::string::npos);
}

TEST_CASE("inspect of stories260K, which is the same model in all three files") {
  auto const folder = shared_data("stories260K");
  for (auto const& [file, format] : {std::pair{"stories260K.bin", "llama2.c v0"},
                                     {"stories260K_v1.bin", "llama2.c v1"},
                                     {"derived", "Hugging Face folder"}}) {
    auto const d = inspected(folder / file);
    CHECK(d.at("format") == format);
    CHECK(d.at("family") == "llama");
    CHECK(d.at("parameters") == 260032);
    CHECK(d.at("config").at("kv_heads") == 4);
    CHECK(d.at("config").at("d_ff") == 172);
    CHECK(d.at("kv_bytes_per_token").at("bf16") == 2 * 5 * 4 * 8 * 2);
  }
}

TEST_CASE("inspect names the chat templates, which of them is refused, and what is asked of generation") {
  auto const folder = copy_of_sort("inspect_chat");
  write_text(folder / "tokenizer_config.json",
             R"({"chat_template": [{"name": "default", "template": "{{ messages[0].content }}"},
                                   {"name": "rag", "template": "{{ documents | pprint }}"}]})");
  write_text(folder / "generation_config.json",
             R"({"do_sample": true, "temperature": 0.6, "repetition_penalty": 1.1})");
  auto const d = inspected(folder);
  std::string const why = "chat template, line 1: the filter 'pprint' is not supported";
  CHECK(d.at("chat_templates") == json::parse(R"([{"name": "default", "bytes": 25, "refused": null},
                                                   {"name": "rag", "bytes": 24, "refused": ")" +
                                              why + R"("}])"));
  CHECK(d.at("generation") == json::parse(R"({"from": "generation_config.json", "do_sample": true, "temperature": 0.6,
                                              "repetition_penalty": 1.1})"));
  auto const text = output_of({command(), "inspect", folder.string()});
  CHECK(text.find("chat templates          default; rag, refused: " + why + "\n") != std::string::npos);
  CHECK(text.find("  temperature           0.6\n") != std::string::npos);
  CHECK(inspected(source("models/sort")).at("chat_templates").empty());
}

TEST_CASE("a command line that is not understood is one line and status 2") {
  check_refusal({}, "A subcommand is required", 2);
  check_refusal({"inspect"}, "path is required", 2);
  check_refusal(
      {"frobnicate"},
      "\"frobnicate\" is none of the subcommands inspect, config, verify, build, export, train, tokenize, detokenize, "
      "train-tokenizer, chat-render, serve",
      2);
  CHECK(refusal({"inspect", "a", "--frobnicate"}, 2).find("--frobnicate") != std::string::npos);
  std::string const model = source("models/sort").string();
  check_refusal({"build", model}, "--output is required", 2);
  CHECK(refusal({"build", model, "-o", "never", "--dtype", "f64"}, 2).find("f64") != std::string::npos);
  CHECK(refusal({"build", model, "-o", "never", "--weights", "inside"}, 2).find("inside") != std::string::npos);
  for (char const* context : {"0", "-1", "many"}) {
    std::string const sentence = refusal({"build", model, "-o", "never", "-c", context}, 2);
    CAPTURE(sentence);
    CHECK(sentence.find("--ctx-size") != std::string::npos);
    CHECK(sentence.size() < 100);
  }
}

TEST_CASE("help and version are no errors") {
  CHECK(output_of({command(), "--help"}).find("build") != std::string::npos);
  CHECK(output_of({command(), "build", "--help"}).find("--ctx-size") != std::string::npos);
  CHECK(output_of({command(), "--version"}).starts_with("constformer "));
}

TEST_CASE("standard output that is full is an error") {
  auto const result =
      run({"/bin/sh", "-c", "exec \"$0\" inspect \"$1\" >/dev/full", command(), source("models/sort").string()});
  CHECK(result.status == 1);
  CHECK(result.err == "constformer: error: standard output cannot be written: No space left on device\n");
}
