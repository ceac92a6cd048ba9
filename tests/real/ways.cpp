// Beams, batches and conversations of a real model: stories260K.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "checkpoints.hpp"
#include "constformer/text/chat.hpp"
#include "constformer/text/load.hpp"
#include "programs.hpp"
#include "running.hpp"

namespace {

using namespace end_to_end;

struct hypothesis {
  double score;
  std::string ids;
};

void check_hypotheses(std::string const& printed, std::vector<hypothesis> const& expected) {
  std::istringstream lines(printed);
  for (auto const& e : expected) {
    std::string line;
    REQUIRE(std::getline(lines, line));
    CHECK(line.substr(line.find('\t') + 1) == e.ids);
    CHECK_THAT(std::stod(line), Catch::Matchers::WithinAbs(e.score, 1e-5));
  }
  CHECK(lines.peek() == std::char_traits<char>::eof());
}

}  // namespace

TEST_CASE("stories260K: beams are those of transformers' generate, one and two threads") {
  auto const model = stories_v0();
  std::string const common = "432 383 286 261 376 298 315 421 395 317 426 338 401 396 267 337 ";
  for (char const* threads : {"1", "2"}) {
    check_hypotheses(output_of({model, "--ids", "1,403,407,261,378", "--beam-size", "4", "--n-best", "2", "-n", "24",
                                "--print-ids", "--scores", "-t", threads}),
                     {{-0.19360411167144775, common + "410 408 419 292 411 322 265 282"},
                      {-0.2025976926088333, common + "410 408 419 292 411 322 265 262"}});
    check_hypotheses(output_of({model, "--ids", "1,403,407,261,378", "--beam-size", "3", "--n-best", "3", "-n", "20",
                                "--print-ids", "--scores", "--no-repeat-ngram-size", "2", "--length-penalty", "0.6",
                                "--early-stopping", "true", "-t", threads}),
                     {{-0.5093809962272644, common + "410 408 419 292"},
                      {-0.5976802706718445, common + "335 311 267 422"},
                      {-0.8614469170570374, common + "322 265 282 295"}});
  }
}

TEST_CASE("stories260K: each line of a batch gives what it gives alone") {
  auto const model = stories_v0();
  auto const folder = fresh_folder("batch");
  std::string expected;
  std::ofstream file(folder / "lines.txt");
  for (char const* line : {"Once upon a time", "Lily", "The dog and the cat went to the park. They saw a", "One day,",
                           "Tim", "She said", "It was a sunny day and the", "Mom", "A big bird", "They", "Ben", "Sue",
                           "In the", "The", "He", "She", "We", "You"}) {
    file << line << "\n";
    expected += output_of({model, "-p", line, "-n", "24", "-s", "11", "--temp", "0.9"});
  }
  file.close();
  CHECK(output_of({model, "-f", (folder / "lines.txt").string(), "--batch-lines", "-n", "24", "-s", "11", "--temp",
                   "0.9"}) == expected);
}

TEST_CASE("stories260K: a conversation's replies are those to its whole rendering") {
  using namespace constformer;
  auto const model = stories_v0();
  auto const blob = pack(load_tokenizer_source(shared_data("stories260K") / "tok512.bin"));
  auto const text = open_tokenizer(blob);
  std::vector<chat_message> talk{{"system", "You are kind."}};
  chat_template const format(find_built_in_chat_template("llama2")->jinja);
  chat_templates names;
  add_token_names(names, *text);
  std::string expected;
  std::string input;
  for (char const* message : {"Tell me of a dog.", "And then?", "Who was it?"}) {
    input += std::string(message) + "\n";
    talk.push_back({"user", message});
    auto const ids = encode_chat(format.render({.messages = chat_messages_json(talk), .tokens = names.tokens}), *text);
    auto const printed = output_of({model, "--ids", joined(ids, ','), "-n", "12", "--temp", "0", "--print-ids"});
    expected += printed;
    std::istringstream in(printed);
    std::vector<int> reply;
    for (int id = 0; in >> id;) reply.push_back(id);
    auto const stream = text->stream();
    std::string said;
    for (int const id : reply) said += stream->push(id);
    talk.push_back({"assistant", said + std::string(stream->flush())});
  }
  run_options options;
  options.input = input;
  CHECK(output_of({model, "chat", "--template", "llama2", "--system", "You are kind.", "-n", "12", "--temp", "0",
                   "--print-ids"},
                  options) == expected);
}
