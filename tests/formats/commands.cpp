#include <sys/wait.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

#include "support.hpp"

using namespace formats_test;
namespace fs = std::filesystem;

namespace {

struct outcome {
  int status;
  std::string out;
  std::string err;
};

// Runs the command as a user does; arguments are a shell's.
outcome run(std::string const& arguments) {
  char const* const command = std::getenv("CONSTFORMER_COMMAND");
  if (command == nullptr) SKIP("needs CONSTFORMER_COMMAND, as CTest sets it");
  scratch_folder const folder;
  std::string line = "'";
  line += command;
  line += "' " + arguments + " >'" + (folder / "out").string() + "' 2>'" + (folder / "err").string() + "'";
  int const status = std::system(line.c_str());
  return {WEXITSTATUS(status), read_all(folder / "out"), read_all(folder / "err")};
}

std::string quoted(fs::path const& path) { return " '" + path.string() + "'"; }

void check_refused(outcome const& o, int status, std::string const& sentence) {
  CHECK(o.status == status);
  CHECK(o.out.empty());
  CHECK(o.err == "constformer: error: " + sentence + "\n");
}

}  // namespace

TEST_CASE("inspect tells what a checkpoint is", "[commands]") {
  auto const shown = run("inspect --json" + quoted(fixtures() / "bert_saved_positions"));
  REQUIRE(shown.status == 0);
  CHECK(shown.err.empty());
  auto const d = nlohmann::json::parse(shown.out);
  CHECK(d["family"] == "bert");
  CHECK(d["format"] == "Hugging Face folder");
  CHECK(d["parameters"] == d["values_in_file"]);
  CHECK(d["bytes_in_file"].get<long>() == 4 * d["parameters"].get<long>());
  CHECK(d["kv_bytes_per_token"]["f32"] == 0);
  CHECK(d["config"]["layers"] == 2);
  CHECK(d["config"]["norm_eps"] == 1e-12);
  CHECK(d["unread"].size() == 1);
  CHECK(d["unread"][0]["type"] == "I64");
  CHECK(d["tensors"].size() == 39);
  CHECK(d["special_ids"]["pad"] == 0);
  CHECK(d["tokenizer"].is_null());
  auto const text = run("inspect" + quoted(fixtures() / "bert_saved_positions")).out;
  CHECK(text.find("family                  bert\n") != std::string::npos);
  CHECK(text.find("tensors (39)\n") != std::string::npos);
  CHECK(text.find("in the file, not read (1)\n") != std::string::npos);
}

TEST_CASE("inspect counts what a token costs", "[commands]") {
  auto const d = nlohmann::json::parse(run("inspect --json" + quoted(fixtures() / "llama_gqa_3_kv_heads")).out);
  auto const& c = d["config"];
  long const layers = c["layers"], heads = c["heads"], kv = c["kv_heads"], head = c["head_dim"], wide = c["d_model"];
  long const weights = layers * (2 * heads * head * wide + 2 * kv * head * wide + 3 * c["d_ff"].get<long>() * wide) +
                       c["vocab"].get<long>() * wide;
  CHECK(d["flops_per_token"]["projections"] == 2 * weights);
  CHECK(d["flops_per_token"]["attention"] == 4 * layers * heads * head * c["positions"].get<long>());
  CHECK(d["kv_bytes_per_token"]["f32"] == 2 * layers * kv * head * 4);
}

TEST_CASE("config writes the header to standard output or a file", "[commands]") {
  scratch_folder const folder;
  auto const shown = run("config" + quoted(fixtures() / "gpt2_plain"));
  REQUIRE(shown.status == 0);
  CHECK(shown.out.find("inline constexpr config gpt2_plain =\n") != std::string::npos);
  auto const written = run("config" + quoted(fixtures() / "gpt2_plain") + " -o" + quoted(folder / "c.hpp"));
  CHECK(written.out.empty());
  CHECK(read_all(folder / "c.hpp") == shown.out);
  auto const named = run("config --name mine" + quoted(fixtures() / "gpt2_plain"));
  CHECK(named.out.find("inline constexpr config mine =\n") != std::string::npos);
}

TEST_CASE("what goes wrong is one line and a status", "[commands]") {
  scratch_folder const folder;
  check_refused(run("inspect /nowhere/at/all"), 1, "/nowhere/at/all: No such file or directory");
  check_refused(run("config" + quoted(fixtures() / "gpt2_plain") + " --name 7b"), 1,
                "--name 7b: is not a name that C++ allows");
  check_refused(run("config" + quoted(fixtures() / "gpt2_plain") + " -o" + quoted(folder.path())), 1,
                folder.path().string() + ": cannot be written: Is a directory");
  check_refused(run("config /nowhere -o" + quoted(folder / "c.hpp")), 1, "/nowhere: No such file or directory");
  CHECK(fs::is_empty(folder.path()));
  auto const unknown = run("inspect --whatever x");
  CHECK(unknown.status == 2);
  CHECK(std::count(unknown.err.begin(), unknown.err.end(), '\n') == 1);
  CHECK(run("").status == 2);
  CHECK(run("--version").out.starts_with("constformer "));
  CHECK(run("--help").status == 0);
}

TEST_CASE("chat-render prints what a template makes of a conversation", "[commands]") {
  scratch_folder const folder;
  auto const write = [&](char const* name, std::string const& text) {
    std::ofstream(folder / name) << text;
    return quoted(folder / name);
  };
  auto const messages = write("m.json", R"([{"role":"user","content":"Hi"}])");
  auto const tools = write("t.json", R"([{"name":"f"}])");
  auto const jinja =
      write("a.jinja", "{{ bos_token }}{{ messages[0].content }}{{ tools }}{{ mood }}{{ add_generation_prompt }}\n\n");
  auto const shown = run("chat-render" + jinja + " --messages" + messages + " --tools" + tools +
                         R"( --template-option 'bos_token="<s>"' --template-option mood=1.5 --no-generation-prompt)");
  CHECK(shown.status == 0);
  CHECK(shown.out == "<s>Hi[{'name': 'f'}]1.5False\n");
  CHECK(run("chat-render" + jinja + " --messages - <" + messages).out == "HiNoneTrue\n");
  check_refused(run("chat-render" + jinja + " --ids --messages" + messages), 1,
                (folder / "a.jinja").string() + ": has no tokenizer, --ids needs one");
  check_refused(run("chat-render" + write("b.jinja", "\n{{ 1 | sing }}") + " --messages" + messages), 1,
                "chat template, line 2: the filter 'sing' is not supported");
  check_refused(run("chat-render" + jinja + " --template alpaca --messages" + messages), 1,
                "chat-render: 'alpaca' is neither a template of the checkpoint nor one that is built in");
  CHECK(run("chat-render" + jinja + " --template chatml --messages" + messages).out ==
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
}

TEST_CASE("chat-render reads a folder, and build refuses by name what a template needs", "[commands]") {
  scratch_folder const folder;
  fs::copy(fixtures() / "llama_gqa_3_kv_heads", folder / "model");
  std::ofstream(folder / "m.json") << R"([{"role":"user","content":"Hi"}])";
  auto const model = quoted(folder / "model");
  auto const messages = " --messages" + quoted(folder / "m.json");
  check_refused(run("chat-render" + model + messages), 1,
                (folder / "model").string() + ": holds no chat template; --template names one that is built in");
  std::ofstream(folder / "model/tokenizer_config.json")
      << R"({"bos_token":"<b>","chat_template":"{{ bos_token }}{{ messages[0].content }}"})";
  CHECK(run("chat-render" + model + messages).out == "<b>Hi");
  std::ofstream(folder / "model/chat_template.jinja") << "a\n{% if messages | pprint %}{% endif %}";
  check_refused(run("build" + model + " -o" + quoted(folder / "program")), 1,
                "chat template, line 2: the filter 'pprint' is not supported (template 'default'; --chat-template FILE "
                "takes another one, --chat-template none builds a program that does not chat)");
  check_refused(
      run("build" + model + " --chat-template" + quoted(folder / "none") + " -o" + quoted(folder / "program")), 1,
      (folder / "none").string() + ": cannot be read: No such file or directory");
}
