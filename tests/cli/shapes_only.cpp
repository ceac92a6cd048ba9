// Checks of a checkpoint of which only the headers were fetched: verify --shapes-only.
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>

#include "constformer/checkpoint/gguf.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "programs.hpp"
#include "refusal.hpp"
#include "spoiled.hpp"

namespace {

using namespace end_to_end;
using nlohmann::json;
namespace fs = std::filesystem;

// Cuts a safetensors file behind its header.
void cut_behind_header(fs::path const& file) {
  std::string const begin = read_text(file).substr(0, 8);
  std::uint64_t length = 0;
  std::memcpy(&length, begin.data(), begin.size());
  truncate_file(file, 8 + length);
}

std::string verified(fs::path const& path, std::vector<std::string> const& more = {}) {
  std::vector<std::string> call{command(), "verify", path.string(), "--shapes-only"};
  call.insert(call.end(), more.begin(), more.end());
  return output_of(call);
}

}  // namespace

TEST_CASE("the header of a folder's weights is enough to check its shapes") {
  auto const checkpoint = copy_of_sort("header_only");
  cut_behind_header(checkpoint / "model.safetensors");
  CHECK(verified(checkpoint) ==
        checkpoint.string() + ": 40 tensors of 342336 bytes fit constformer::configs::header_only\n");
  CHECK(verified(checkpoint / "model.safetensors").ends_with("fit constformer::configs::header_only\n"));
  check_refusal({"verify", checkpoint.string()},
                (checkpoint / "model.safetensors").string() +
                    ": transformer.h.0.attn.c_attn.bias: field \"data_offsets\" is [0,576], the data has 0 bytes");

  change_config(checkpoint, [](json& c) { c["n_inner"] = 200; });
  check_refusal({"verify", checkpoint.string(), "--shapes-only"},
                checkpoint.string() +
                    ": transformer.h.0.mlp.c_fc.bias: checkpoint has [192], model has [200] (9 of 40 tensors do not "
                    "fit)");
}

TEST_CASE("a header alone is held against a config that one names") {
  auto const folder = fresh_folder("header_alone");
  fs::path const header = folder / "fetched";
  fs::copy_file(source("models/sort/model.safetensors"), header);
  cut_behind_header(header);
  auto const config = folder / "mine.hpp";
  write_text(config,
             "#include \"constformer/config/families.hpp\"\n\ninline constexpr constformer::config narrow = "
             "constformer::gpt2({.layers = 3, .d_model = 36, .heads = 3, .vocab = 3, .positions = 11});\n");
  check_refusal({"verify", header.string(), "--shapes-only", "--config", config.string(), "--name", "::narrow"},
                header.string() +
                    ": transformer.h.0.attn.c_attn.bias: checkpoint has [144], model has [108] (40 of 40 tensors do "
                    "not fit)");
  check_refusal({"verify", header.string(), "--shapes-only"},
                header.string() + ": has no config.json beside it, so --config must say what it is to fit");
  auto const bytes = fs::file_size(header);
  truncate_file(header, bytes - 1);
  check_refusal({"verify", header.string(), "--shapes-only", "--config", config.string(), "--name", "::narrow"},
                header.string() + ": says its safetensors header has " + std::to_string(bytes - 8) + " bytes, only " +
                    std::to_string(bytes - 9) + " follow");
}

TEST_CASE("so are the headers of shards, by their index") {
  auto const folder = fresh_folder("shards_without_data");
  fs::copy(source("tests/parity/fixtures/llama_sharded"), folder,
           fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  for (auto const& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".safetensors") cut_behind_header(entry.path());
  CHECK(verified(folder / "model.safetensors.index.json").find(" fit constformer::configs::") != std::string::npos);
}

TEST_CASE("what stands before the data of a GGUF file is enough, and all of it is needed") {
  auto const folder = fresh_folder("gguf_without_data");
  fs::path const file = folder / "model.gguf";
  fs::copy_file(source("tests/parity/fixtures_gguf/llama_q8_0/model.gguf"), file);
  std::size_t begin = 0;
  {
    constformer::mapped_file const mapped(file);
    auto const read = constformer::read_gguf(mapped.bytes(), "model.gguf");
    begin = static_cast<std::size_t>(read.tensors.front().bytes.data() - mapped.bytes().data());
  }
  truncate_file(file, begin);
  CHECK(verified(file) == file.string() + ": 20 tensors of 21482 bytes fit constformer::configs::model_gguf\n");
  truncate_file(file, begin - 1);
  check_refusal({"verify", file.string(), "--shapes-only"}, file.string() + ": ends at byte " +
                                                                std::to_string(begin - 1) +
                                                                ", its data begins at byte " + std::to_string(begin));
}
