// What programs say to input and weights that are not for them.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <iterator>
#include <ranges>
#include <sstream>
#include <string>

#include "programs.hpp"
#include "refusal.hpp"
#include "spoiled.hpp"

namespace {

using namespace end_to_end;
namespace fs = std::filesystem;

std::string sorter() { return program("sort", source("models/sort")); }

// A copy of a program with its weights beside it.
struct beside {
  fs::path folder = fresh_folder("beside");
  std::string built = program("sort_beside", source("models/sort"), {"--weights", "beside"});
  fs::path model = folder / fs::path(built).filename();
  fs::path weights = folder / (fs::path(built).filename().string() + ".weights");

  beside() {
    fs::copy_file(built, model);
    fs::copy_file(built + ".weights", weights);
  }

  [[nodiscard]] std::vector<std::string> call() const {
    return {model.string(), "-p", "CBABBC", "-n", "6", "--temp", "0"};
  }
  void check_refused(std::string const& sentence) const {
    check_program_refusal(call(), weights.string() + ": " + sentence);
  }
};

// For sentences with checksums in them.
void check_refused_with(std::vector<std::string> const& call, std::string const& part) {
  auto const result = run(call);
  CAPTURE(result.err);
  CHECK(result.status == 1);
  CHECK(result.out.empty());
  CHECK(result.err.find(part) != std::string::npos);
  CHECK(result.err.find('\n') == result.err.size() - 1);
}

}  // namespace

TEST_CASE("a program finds the weights beside it wherever both are") {
  beside const b;
  CHECK(output_of(b.call()) == "CBABBCABBBCC\n");
  CHECK(output_of({"./" + b.model.filename().string(), "-p", "CBA", "-n", "0", "--temp", "0"}, {.folder = b.folder}) ==
        "CBA\n");
}

TEST_CASE("weights beside a program that are missing, cut off, damaged or another model's are refused") {
  beside const b;
  std::string const whole = read_text(b.weights);
  auto const size = std::to_string(whole.size());

  write_text(b.weights, whole.substr(0, whole.size() - 1));
  b.check_refused("is truncated or has something appended: it says it has " + size + " bytes, it has " +
                  std::to_string(whole.size() - 1));
  write_text(b.weights, whole + "x");
  b.check_refused("is truncated or has something appended: it says it has " + size + " bytes, it has " +
                  std::to_string(whole.size() + 1));
  write_text(b.weights, whole.substr(0, 100));
  CHECK(run(b.call()).status == 1);
  write_text(b.weights, "");
  b.check_refused("the file is empty");
  write_text(b.weights, std::string(whole.size(), 'x'));
  b.check_refused("is no packed file: it does not begin with the mark of one");

  for (std::size_t const byte :
       {std::size_t{44}, std::size_t{100}, whole.size() / 4, whole.size() / 2, whole.size() / 4 * 3}) {
    write_text(b.weights, whole);
    flip_bit(b.weights, byte);
    CAPTURE(byte);
    check_refused_with(b.call(), "is damaged");
  }
  write_text(b.weights, whole);
  flip_bit(b.weights, whole.size() - 100);  // the table of tensors, which only info reads
  check_refused_with({b.model.string(), "info"}, "is damaged: the checksum of section tensors is ");

  program("shakespeare", source("models/shakespeare"));
  write_text(b.weights, read_text(kept("shakespeare") / "model.weights"));
  check_refused_with(b.call(), b.weights.string() + ": was packed for another model: its fingerprint is ");

  fs::remove(b.weights);
  b.check_refused("No such file or directory");
  fs::create_directory(b.weights);
  b.check_refused("Is a directory");
}

TEST_CASE("a program whose own weights are damaged refuses to run") {
  auto const damaged = fresh_folder("damaged") / "model";
  fs::copy_file(sorter(), damaged);
  std::string const weights = read_text(kept("sort") / "model.weights");
  auto const begin = read_text(damaged).find(weights);
  REQUIRE(begin != std::string::npos);
  flip_bit(damaged, begin + weights.size() / 2);
  check_refused_with({damaged.string(), "-p", "CBABBC"},
                     "model: packed data in the program: is damaged: the checksum of section weights is ");
}

TEST_CASE("ids that are no ids of the model") {
  auto const model = sorter();
  check_program_refusal({model, "--ids", "3"}, "--ids: id 3 at place 0 is not in the vocabulary of 3");
  check_program_refusal({model, "--ids", "0,-1"}, "--ids: id -1 at place 1 is not in the vocabulary of 3");
  check_program_refusal({model, "--ids", "0,x"}, "--ids: entry 1, 'x', is not a token id");
  check_program_refusal({model, "--ids", "99999999999"}, "--ids: entry 0, '99999999999', is not a token id");
  check_program_refusal({model, "--ids", ""}, "--ids: the list is empty");
  check_program_refusal({model, "score", "--ids", "7"}, "--ids: id 7 at place 0 is not in the vocabulary of 3");
  check_program_refusal({model, "detokenize", "--ids", "7"}, "--ids: id 7 at place 0 is not in the vocabulary of 3");
}

TEST_CASE("contexts above the capacity") {
  auto const model = sorter();
  check_program_refusal({model, "--ids", "0", "-c", "12"}, "--ctx-size 12 is above the compiled capacity of 11 tokens");
  check_program_refusal({model, "-p", "ABCABCABCABC"}, "the prompt has 12 tokens, the context holds 11");
  check_program_refusal({model, "-p", "ABC", "-c", "2"}, "the prompt has 3 tokens, the context holds 2");
}

TEST_CASE("text that is none, or that the model does not know") {
  auto const model = sorter();
  check_program_refusal({model, "-p", "AB\xff"}, "--prompt: byte 0xFF at offset 2 of 3 is not UTF-8");
  check_program_refusal({model, "-p", ""},
                        "the prompt is empty and the tokenizer of sort has no token that begins a text");
  CHECK(run({model, "-p", "XYZ"}).status == 1);
  check_program_refusal({model, "-f", "/nowhere"}, "/nowhere: cannot be read: No such file or directory");
}

TEST_CASE("a decoder embeds with its hidden states, and is no classifier") {
  auto const vector = output_of({sorter(), "embed", "-p", "ABC"});
  std::istringstream in(vector);
  CHECK(std::ranges::distance(std::ranges::istream_view<float>(in)) == 48);
  CHECK(run({sorter(), "classify", "-p", "ABC"}).status == 1);
}

TEST_CASE("logits that cannot be written leave nothing") {
  auto const model = sorter();
  auto const folder = fresh_folder("logits_refused");
  auto const where = (folder / "no" / "logits.npy").string();
  check_program_refusal({model, "score", "-p", "ABC", "-o", where},
                        where + ": cannot be written: No such file or directory");
  CHECK(names_in(folder).empty());
}

TEST_CASE("options of a program that make no sense are status 2") {
  auto const model = sorter();
  CHECK(run({model, "--frobnicate"}).status == 2);
  CHECK(run({model, "-p", "A", "-t", "-1"}).status == 2);
  CHECK(run({model, "-p", "A", "--temp", "-1"}).status == 2);
  CHECK(run({model, "-p", "A", "--ids", "0"}).status == 2);
  CHECK(run({model, "-p", "A", "--sampler", "dice"}).status == 2);
}
