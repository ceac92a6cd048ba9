#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace constformer::command {

/// What libsentencepiece trains with.
struct sentencepiece_training {
  bool unigram = false;  ///< Unigram (Kudo, arXiv:1804.10959), as T5's; else BPE, as Llama's and llama2.c's
  int vocab_size = 0;    ///< all ids
  std::vector<std::string> special{};  ///< tokens that stand for themselves
};

/// Learns of the lines of texts, which `each_text` hands to its argument one after another, and writes spiece.model
/// (Unigram) or tokenizer.model (BPE) and tokenizer_config.json to a folder, which is made. Throws `error` with what
/// libsentencepiece has to say.
void train_sentencepiece(sentencepiece_training const& how,
                         std::function<void(std::function<void(std::string_view)> const&)> const& each_text,
                         std::filesystem::path const& folder);

}  // namespace constformer::command
