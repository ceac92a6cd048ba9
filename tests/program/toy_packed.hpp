#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "constformer/checkpoint/packed_file.hpp"

namespace toy {

/// What differs between the toys' packed files.
struct packed_choice {
  bool tokenizer = true;
  std::vector<int> stop_ids{1, 2};
  int max_sequence = 0;
  std::vector<std::string> chat{};
  constformer::embedding_recipe embedding{};
  std::vector<float> modules{};
};

/// A llama2.c vocabulary: 0 unknown, 1 <s>, 2 </s>, 3 to 258 the bytes, 259 a blank, 260 to 285 the letters a to z.
std::vector<std::byte> tokenizer_blob();

void write_packed(std::filesystem::path const& path, packed_choice const& choice);

}  // namespace toy
