#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include "checkpoint/readers/torch.hpp"
#include "checkpoint/readers/torch_model.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/error.hpp"

namespace {

// Where nanochat's meta file lies: of three layers, with windows.
std::filesystem::path model_beside_meta() {
  char folder[] = "/tmp/constformer_fuzz_XXXXXX";
  if (::mkdtemp(folder) == nullptr) std::abort();
  std::ofstream(std::filesystem::path(folder) / "meta_1.json")
      << R"({"model_config":{"sequence_len":64,"vocab_size":5,"n_layer":3,"n_head":2,"n_kv_head":1,"n_embd":32,)"
         R"("window_pattern":"SL"}})";
  return std::filesystem::path(folder) / "model_1.pt";
}

}  // namespace

// Whose model a torch file is, and what it tells of it.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  static std::filesystem::path const path = model_beside_meta();
  try {
    constformer::made_bytes made;
    constformer::torch_file const file(std::as_bytes(std::span(data, size)), "input");
    auto const read = constformer::read_torch_model(file, path, {}, made);
    if (!constformer::first_misfit(read.model).empty()) std::abort();
  } catch (constformer::error const&) {  // the one way to say no
  }
  return 0;
}
