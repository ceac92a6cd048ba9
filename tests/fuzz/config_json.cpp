#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "command/config_header.hpp"
#include "constformer/checkpoint/hugging_face.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text(reinterpret_cast<char const*>(data), size);
  try {
    auto const read = constformer::read_hugging_face_config(text, "input");
    if (!constformer::first_misfit(read.model).empty()) std::abort();
    if (constformer::command::config_header(read.model, "name", text).empty()) std::abort();
    auto ids = read.ids;
    auto generation = read.generation;
    constformer::overrule_generation(ids, generation, text, "input", read.model);
  } catch (constformer::error const&) {  // the one way to say no
  }
  return 0;
}
