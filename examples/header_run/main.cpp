// A model run from C++ through the header library: this unit instantiates the engine for the config, and maps the
// weights.
//
//     header_run model.weights TEXT TOKENS
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>
#include <vector>

#include "constformer/checkpoint/fingerprint.hpp"
#include "constformer/checkpoint/packed_file.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/config/config.hpp"
#include "constformer/core/error.hpp"
#include "constformer/generate/engine-inl.hpp"
#include "constformer/text/tokenizer.hpp"
#include "model_config.hpp"

namespace {

// The name that `constformer build` took from the folder.
constexpr constformer::config const& model = constformer::configs::sort;

using engine = constformer::HWY_NAMESPACE::engine<model>;

int likeliest(std::span<float const> logits) {
  return static_cast<int>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

std::string continued(char const* weights_file, char const* prompt, int tokens) {
  using namespace constformer;
  packed_file const file = packed_file::map(weights_file);
  file.require(fingerprint_of(model), packed_layout_of(model).bytes);
  auto const text = open_tokenizer(file.section(packed_section::tokenizer));

  // Takes all the memory that it will ever need.
  engine conversation(file.section(packed_section::weights).data(), {.threads = 1});
  std::vector<int> chosen;
  std::span<float const> logits = conversation.append(text->encode(prompt));
  while (true) {
    chosen.push_back(likeliest(logits));
    if (static_cast<int>(chosen.size()) == tokens) return text->decode(chosen);
    logits = conversation.append({&chosen.back(), 1});
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    int const tokens = argc == 4 ? std::atoi(argv[3]) : 0;
    if (tokens <= 0) throw constformer::error("usage: header_run model.weights TEXT TOKENS");
    std::printf("%s -> %s\n", argv[2], continued(argv[1], argv[2], tokens).c_str());
    return 0;
  } catch (std::exception const& problem) {
    std::fprintf(stderr, "header_run: %s\n", problem.what());
    return 1;
  }
}
