// Tensors that do not fit the config: the compiler finds them, the command says the first and how many there are.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "programs.hpp"
#include "refusal.hpp"
#include "spoiled.hpp"

namespace {

using namespace end_to_end;
using nlohmann::json;
namespace fs = std::filesystem;

// Once through `verify`, once through `build`, which leaves nothing.
void check_misfit(fs::path const& checkpoint, std::string const& sentence) {
  auto const output = fresh_folder("misfit");
  check_refusal({"verify", checkpoint.string()}, checkpoint.string() + ": " + sentence);
  check_refusal({"build", checkpoint.string(), "-o", (output / "model").string()},
                checkpoint.string() + ": " + sentence);
  CHECK(names_in(output).empty());
}

// A config header written by hand, for the sorting model.
fs::path hand_written(std::string const& fields) {
  auto const file = fresh_folder("hand_written") / "mine.hpp";
  write_text(file,
             "#include \"constformer/config/families.hpp\"\n\nnamespace mine {\ninline constexpr constformer::config "
             "sorter = constformer::gpt2({" +
                 fields + "});\n}\n");
  return file;
}

std::string const sort_model = source("models/sort").string();

}  // namespace

TEST_CASE("a tensor of another shape is named with both shapes and the count") {
  auto const checkpoint = copy_of_sort("wider");
  change_config(checkpoint, [](json& c) { c["n_inner"] = 200; });
  check_misfit(checkpoint,
               "transformer.h.0.mlp.c_fc.bias: checkpoint has [192], model has [200] (9 of 40 tensors do not fit)");
}

TEST_CASE("a missing tensor is named") {
  auto const checkpoint = copy_of_sort("missing");
  remove_tensor(checkpoint, "transformer.h.1.ln_2.weight");
  check_misfit(checkpoint,
               "transformer.h.1.ln_2.weight: checkpoint does not have it, model has [48] (1 of 40 tensors do not fit)");
}

TEST_CASE("a tensor too many is named") {
  auto const checkpoint = copy_of_sort("extra");
  add_tensor(checkpoint, "transformer.h.0.extra.weight", 7);
  check_misfit(
      checkpoint,
      "transformer.h.0.extra.weight: checkpoint has [7], the model has no such tensor (1 of 40 tensors do not fit)");
}

TEST_CASE("a cache of another type is refused to models that have none, or no kernels for it") {
  auto const refused = [](char const* fixture, char const* type, std::string const& sentence) {
    auto const output = fresh_folder("cache");
    auto const checkpoint = source(std::string("tests/parity/") + fixture).string();
    check_refusal({"build", checkpoint, "-o", (output / "model").string(), "--kv-dtype", type},
                  checkpoint + ": " + sentence);
    CHECK(names_in(output).empty());
  };
  refused("fixtures/bert_plain", "bf16", "cache: kv_dtype=bf16 needs a decoder, an encoder keeps no keys and values");
  refused("fixtures_translators/t5_relu", "i8",
          "cache: kv_dtype=i8 is not for decoders beside an encoder, they have f32 and bf16");
}

TEST_CASE("verify holds a checkpoint against a config written by hand") {
  auto const verify = [](fs::path const& header, std::string const& name) {
    return std::vector<std::string>{"verify", sort_model, "--config", header.string(), "--name", name};
  };
  auto const right = hand_written(".layers = 3, .d_model = 48, .heads = 3, .vocab = 3, .positions = 11");
  auto const fits = run({command(), "verify", sort_model, "--config", right.string(), "--name", "mine::sorter"});
  CHECK(fits.status == 0);
  CHECK(fits.err.empty());
  CHECK(fits.out == sort_model + ": 40 tensors fit mine::sorter\n");

  check_refusal(
      verify(hand_written(".layers = 3, .d_model = 48, .heads = 3, .d_ff = 64, .vocab = 3, .positions = 11"),
             "mine::sorter"),
      sort_model +
          ": transformer.h.0.mlp.c_fc.bias: checkpoint has [192], model has [64] (9 of 40 tensors do not fit)");
  check_refusal(
      verify(hand_written(".layers = 3, .d_model = 48, .heads = 5, .vocab = 3, .positions = 11"), "mine::sorter"),
      sort_model + ": attention: d_model=48 is not heads=5 times head_dim=9");
  CHECK(refusal(verify(right, "mine::nobody")).find("nobody") != std::string::npos);
  check_refusal({"verify", sort_model, "--config", right.string()},
                right.string() + ": --name must say which config of it is meant");
  auto const nothing = workshop() / "nothing.hpp";
  check_refusal(verify(nothing, "mine::sorter"), nothing.string() + ": is not a file");
}

TEST_CASE("the header that config writes is the one that verify wants") {
  auto const folder = fresh_folder("written_config");
  auto const header = folder / "sorter.hpp";
  auto const written = run({command(), "config", sort_model, "-o", header.string(), "--name", "sorter"});
  CHECK(written.status == 0);
  CHECK(written.out.empty());
  CHECK(written.err.empty());
  CHECK(read_text(header) == output_of({command(), "config", sort_model, "--name", "sorter"}));
  CHECK(output_of({command(), "verify", sort_model, "--config", header.string(), "--name", "sorter"}) ==
        sort_model + ": 40 tensors fit constformer::configs::sorter\n");
  check_refusal({"config", sort_model, "--name", "3rd"}, "--name 3rd: is not a name that C++ allows");
  check_refusal({"config", sort_model, "-o", folder.string()}, folder.string() + ": cannot be written: Is a directory");
}
