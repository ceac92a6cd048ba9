// `chat`: messages from standard input, the template of the packed file or of the command line.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>

#include "toy_program.hpp"

using Catch::Matchers::ContainsSubstring;

namespace {

// Words of a stored template, as `words_of` writes them.
std::vector<std::string> const instructed{
    "template:default={% for m in messages %}{% if m.role == 'assistant' %}{{ m.content + eos_token }}{% else %}"
    "{{ bos_token + '[INST] ' + m.content + ' [/INST]' }}{% endif %}{% endfor %}"};

outcome chat(toy_program const& toy, std::string const& input, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"chat", "--temp", "0"});
  process_options options;
  options.input = input;
  options.environment.push_back("CF_TOY_SCRIPT=262");
  return toy.run(arguments, options);
}

}  // namespace

TEST_CASE("a message is rendered by the stored template and answered on a line of its own") {
  toy_program const toy(toy_program::kind::decoder, {.chat = instructed});
  auto const run = chat(toy, "ab", {"-n", "3"});
  CHECK(run.status == 0);
  CHECK(run.out == "ccc\n");
  CHECK_THAT(run.err, ContainsSubstring("chat: template default;"));
  CHECK(chat(toy, "\nab\n\n", {"-n", "2", "--print-ids"}).out == "262 262\n");  // empty lines are no messages
  CHECK(chat(toy, "", {}).out.empty());
  auto const system = chat(toy, "ab", {"-n", "1", "--system", "abcdefghijklmnop"});
  CHECK(system.status == 1);
  CHECK_THAT(system.err, ContainsSubstring("tokens, the context holds 24"));
}

TEST_CASE("a conversation that outgrows the context ends with both numbers, after the replies that were given") {
  toy_program const toy(toy_program::kind::decoder, {.chat = instructed});
  auto const run = chat(toy, "ab\nab\n", {"-n", "2"});
  CHECK(run.status == 1);
  CHECK(run.out == "cc\n");
  CHECK_THAT(run.err, ContainsSubstring("the conversation has "));
  CHECK_THAT(run.err, ContainsSubstring(" tokens, the context holds 24"));
}

TEST_CASE("a model whose tokens all see the prompt reads it anew with each message") {
  toy_program const toy(toy_program::kind::prefix, {.chat = instructed});
  auto const run = chat(toy, "ab\nab\n", {"-n", "2"});
  CHECK(run.status == 0);
  CHECK(run.out == "cc\ncc\n");
}

TEST_CASE("no template, and names of none") {
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
}

TEST_CASE("a template is given names, chosen by its own, and tells where it refuses") {
  toy_program const toy(
      toy_program::kind::decoder,
      {.chat = {"template:default={{ raise_exception('no ' ~ mood) if mood else messages[0].content }}",
                "template:loud={{ messages[0].content | upper }}{{ 1 / 0 }}"}});
  CHECK(chat(toy, "ab", {"-n", "2"}).out == "cc\n");
  auto const moody = chat(toy, "ab", {"--template-option", "mood=\"song\""});
  CHECK(moody.status == 1);
  CHECK_THAT(moody.err, ContainsSubstring("the chat template refuses the conversation: no song"));
  CHECK_THAT(chat(toy, "ab", {"--template-option", "mood=song"}).err,
             ContainsSubstring("the value of mood is not JSON"));
  CHECK_THAT(chat(toy, "ab", {"--template-option", "mood"}).err,
             ContainsSubstring("--template-option: 'mood' is not KEY=JSON"));
  CHECK_THAT(chat(toy, "ab", {"--template", "loud"}).err, ContainsSubstring("chat template, line 1: division by zero"));
}

TEST_CASE("a rendering that is nothing, and a packed file whose template no reader knows") {
  toy_program const nothing(toy_program::kind::decoder, {.chat = {"template:default={# quiet #}"}});
  CHECK_THAT(chat(nothing, "ab", {}).err, ContainsSubstring("the template renders the conversation as nothing"));
  toy_program const old(toy_program::kind::decoder, {.chat = {"llama2"}});
  CHECK_THAT(chat(old, "ab", {}).err, ContainsSubstring("'llama2' is no word of a stored template"));
  toy_program const foreign(toy_program::kind::decoder, {.chat = {"template:default={{ x | sing }}"}});
  CHECK_THAT(chat(foreign, "ab", {}).err,
             ContainsSubstring("chat template, line 1: the filter 'sing' is not supported"));
}
