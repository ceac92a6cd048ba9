// `chat`: messages from standard input, the template of the packed file or of the command line.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>

#include "toy_program.hpp"

using Catch::Matchers::ContainsSubstring;

namespace {

outcome chat(toy_program const& toy, std::string const& input, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"chat", "--temp", "0"});
  process_options options;
  options.input = input;
  options.environment.push_back("CF_TOY_SCRIPT=262");
  return toy.run(arguments, options);
}

}  // namespace

TEST_CASE("a message is rendered by the stored template and answered on a line of its own") {
  toy_program const toy(toy_program::kind::decoder, {.chat = {"llama2"}});
  auto const run = chat(toy, "ab", {"-n", "3"});
  CHECK(run.status == 0);
  CHECK(run.out == "ccc\n");
  CHECK_THAT(run.err, ContainsSubstring("chat: template llama2;"));
  CHECK(chat(toy, "\nab\n\n", {"-n", "2", "--print-ids"}).out == "262 262\n");  // empty lines are no messages
  CHECK(chat(toy, "", {}).out.empty());
  auto const system = chat(toy, "ab", {"-n", "1", "--system", "abcdefghijklmnop"});
  CHECK(system.status == 1);
  CHECK_THAT(system.err, ContainsSubstring("tokens, the context holds 24"));
}

TEST_CASE("a conversation that outgrows the context ends with both numbers, after the replies that were given") {
  toy_program const toy(toy_program::kind::decoder, {.chat = {"llama2"}});
  auto const run = chat(toy, "ab\nab\n", {"-n", "2"});
  CHECK(run.status == 1);
  CHECK(run.out == "cc\n");
  CHECK_THAT(run.err, ContainsSubstring("the conversation has "));
  CHECK_THAT(run.err, ContainsSubstring(" tokens, the context holds 24"));
}

TEST_CASE("a model whose tokens all see the prompt reads it anew with each message") {
  toy_program const toy(toy_program::kind::prefix, {.chat = {"llama2"}});
  auto const run = chat(toy, "ab\nab\n", {"-n", "2"});
  CHECK(run.status == 0);
  CHECK(run.out == "cc\ncc\n");
}

TEST_CASE("no template, one that is not supported, and names of none") {
  toy_program const none;
  auto const refused = chat(none, "ab", {});
  CHECK(refused.status == 1);
  CHECK_THAT(refused.err,
             ContainsSubstring("toy was built from a checkpoint without a chat template; --template names one"));
  CHECK(chat(none, "ab", {"--template", "llama2", "-n", "1"}).out == "c\n");
  auto const wrong = chat(none, "ab", {"--template", "alpaca"});
  CHECK(wrong.status == 2);
  CHECK_THAT(
      wrong.err,
      ContainsSubstring("--template: 'alpaca' is none of llama2, llama3, chatml, nanochat, glm, deepseek, chatglm"));
  auto const lacking = chat(none, "ab", {"--template", "chatml"});
  CHECK(lacking.status == 1);
  CHECK_THAT(lacking.err, ContainsSubstring("the vocabulary has no token <|im_start|>"));
  auto const foreign = chat(none, "a\xFF", {"--template", "llama2"});
  CHECK_THAT(foreign.err, ContainsSubstring("standard input, line 1: byte 0xFF at offset 1"));

  toy_program const unknown(toy_program::kind::decoder, {.chat = {"unknown", "reason=it sings"}});
  auto const sings = chat(unknown, "ab", {});
  CHECK(sings.status == 1);
  CHECK_THAT(sings.err, ContainsSubstring("the template of toy is not supported: it sings"));
}
