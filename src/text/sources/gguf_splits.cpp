#include <array>
#include <string>
#include <string_view>

#include "text/sources/onig_pattern.hpp"
#include "text/sources/vocabulary.hpp"

namespace constformer::text {

namespace {

// Contractions, then letters with one other character before them, then numbers of so many digits: cl100k's kind.
constexpr std::string_view gpt2_words =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
constexpr std::string_view three_digits =
    "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| "
    "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
constexpr std::string_view one_digit =
    "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| "
    "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
constexpr std::string_view cased_words =
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|"
    "'d)?|"
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|"
    "'d)?|"
    "\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

// tiktoken's own, whose possessive repetitions take blanks that the others give back.
constexpr std::string_view cl100k =
    "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| "
    "?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++(?![\\s\\S])|\\s*[\\r\\n]|\\s+(?!\\S)|\\s";
constexpr std::string_view nanochat =
    "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,2}| "
    "?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+";

struct known_splits {
  std::string_view name;
  std::array<std::string_view, 4> patterns;  // those behind the last are empty
};

// What llama.cpp does for each name; several have one vocabulary behind them.
constexpr std::array known{
    known_splits{"default", {"[\\p{P}\\$\\+<=>\\^~\\|]+", gpt2_words, "\\p{N}+", "[0-9][0-9][0-9]"}},
    known_splits{"gpt-2", {gpt2_words}},
    known_splits{"phi-2", {gpt2_words}},
    known_splits{"olmo", {gpt2_words}},
    known_splits{"mpt", {gpt2_words}},
    known_splits{"jina-es", {gpt2_words}},
    known_splits{"jina-de", {gpt2_words}},
    known_splits{"roberta-bpe", {gpt2_words}},
    known_splits{"starcoder", {"\\p{N}", gpt2_words}},
    known_splits{"refact", {"\\p{N}", gpt2_words}},
    known_splits{"command-r", {"\\p{N}", gpt2_words}},
    known_splits{"smollm", {"\\p{N}", gpt2_words}},
    known_splits{"codeshell", {"\\p{N}", gpt2_words}},
    known_splits{"falcon", {"[\\p{P}\\$\\+<=>\\^~\\|`]+", gpt2_words, "[0-9][0-9][0-9]"}},
    known_splits{"llama3", {three_digits}},
    known_splits{"llama-v3", {three_digits}},
    known_splits{"llama-bpe", {three_digits}},
    known_splits{"dbrx", {three_digits}},
    known_splits{"smaug-bpe", {three_digits}},
    known_splits{"chatglm-bpe", {three_digits}},
    known_splits{"glm4", {three_digits}},
    known_splits{"qwen2", {one_digit}},
    known_splits{"deepseek-r1-qwen", {one_digit}},
    known_splits{"stablelm2", {one_digit}},
    known_splits{"gpt-4o", {cased_words}},
    known_splits{"tiktoken-cl100k", {cl100k}},
    known_splits{"nanochat", {nanochat}},
};

}  // namespace

std::optional<std::vector<split_step>> splits_of_gguf(std::string_view pre) {
  for (known_splits const& k : known) {
    if (k.name != pre) continue;
    std::vector<split_step> steps;
    for (std::string_view const pattern : k.patterns) {
      if (!pattern.empty())
        steps.push_back({split_kind::match, pcre_of_onig(pattern, k.name), split_behavior::isolated, false});
    }
    return steps;
  }
  return std::nullopt;
}

}  // namespace constformer::text
