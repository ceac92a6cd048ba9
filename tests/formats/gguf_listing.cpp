// What `inspect` tells of the GGUF fixtures, against what the Python package `gguf` reads in the same files.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "checkpoint/readers/gguf_names.hpp"
#include "command/inspect.hpp"
#include "constformer/checkpoint/gguf.hpp"
#include "constformer/checkpoint/open.hpp"
#include "support.hpp"

using namespace constformer;
using namespace formats_test;
using nlohmann::json;

namespace {

std::filesystem::path fixture(std::string const& name) {
  char const* const source = std::getenv("CONSTFORMER_SOURCE");
  if (source == nullptr) SKIP("needs CONSTFORMER_SOURCE, as CTest sets it");
  return std::filesystem::path(source) / "tests" / "parity" / "fixtures_gguf" / name;
}

std::span<gguf_name const> names_of(std::string const& architecture) {
  if (architecture == "gpt2") return gguf_gpt2_names;
  if (architecture == "gemma2") return gguf_gemma2_names;
  return architecture == "bert" ? gguf_bert_names : gguf_llama_names;
}

// {name, type, shape}, outermost extent first, sorted.
json listed(json tensors, std::span<gguf_name const> names) {
  std::vector<json> out;
  for (json& t : tensors) {
    std::string const name = t[0].get<std::string>();
    if (name == "rope_freqs.weight") continue;  // becomes config.rope, as another test shows
    std::reverse(t[2].begin(), t[2].end());
    out.push_back({hugging_face_name(names, name), t[1], t[2]});
  }
  std::sort(out.begin(), out.end());
  return out;
}

json inspected(checkpoint const& opened) {
  std::vector<json> out;
  auto const description = command::describe_checkpoint(opened);
  for (auto const& t : description["tensors"]) out.push_back({t["name"], t["type"], t["shape"]});
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

TEST_CASE("gguf: keys and tensors are those that the gguf package lists", "[gguf]") {
  auto const name =
      GENERATE(as<std::string>{}, "llama_q8_0", "qwen2_bf16", "gpt2_f16", "bert_q4_0", "gemma_f32", "gemma2_f16");
  CAPTURE(name);
  auto const folder = fixture(name);
  json const listing = json::parse(read_all(folder / "listing.json"));
  std::string const bytes = read_all(folder / "model.gguf");
  gguf_file const file = read_gguf(bytes_of(bytes), "F");
  CHECK(file.metadata.size() == listing["keys"].size());
  for (auto const& [key, value] : listing["keys"].items()) {
    CAPTURE(key);
    if (value.is_boolean())
      CHECK(file.flag(key) == value.get<bool>());
    else if (value.is_string())
      CHECK(file.text(key) == value.get<std::string>());
    else if (value.is_number_float())
      CHECK(file.real(key) == value.get<float>());
    else
      CHECK(file.integer(key) == value.get<int>());
  }
  std::string const architecture = listing["keys"]["general.architecture"].get<std::string>();
  CHECK(inspected(open_checkpoint(folder / "model.gguf")) == listed(listing["tensors"], names_of(architecture)));
}
