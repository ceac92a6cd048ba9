#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "text/sources/onig_pattern.hpp"
#include "text/sources/vocabulary.hpp"

namespace constformer::text {

namespace {

// Parts that many patterns share. The case of a contraction is of ASCII letters in llama.cpp, of all in the originals,
// where 's has a long s, too.
#define CF_CONTRACTION "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define CF_WORD "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+"
#define CF_MARKS " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
#define CF_BLANKS "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define CF_UPPER "\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}"
#define CF_LOWER "\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}"
// Words are cut where lower case is followed by upper case; what stands behind a word is `end`.
#define CF_CASED(end)                                                                                           \
  "[^\\r\\n\\p{L}\\p{N}]?[" CF_UPPER "]*[" CF_LOWER "]+" end "|[^\\r\\n\\p{L}\\p{N}]?[" CF_UPPER "]+[" CF_LOWER \
  "]*" end "|"
#define CF_CASED_MARKS " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" CF_BLANKS
// One sign before Latin letters, then letters with their marks, then signs.
#define CF_SIGNED "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"

constexpr std::string_view gpt2_words =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
constexpr std::string_view three_digits = CF_CONTRACTION "|" CF_WORD "|\\p{N}{1,3}|" CF_MARKS "|" CF_BLANKS;
constexpr std::string_view one_digit = CF_CONTRACTION "|" CF_WORD "|\\p{N}|" CF_MARKS "|" CF_BLANKS;
constexpr std::string_view cased_words = CF_CASED(CF_CONTRACTION "?") "\\p{N}{1,3}|" CF_CASED_MARKS;
constexpr std::string_view signed_words = CF_SIGNED " ?[\\p{P}\\p{S}]+[\\r\\n]*|" CF_BLANKS;
constexpr std::string_view chinese_and_japanese = "[一-龥\\u3040-\\u309F\\u30A0-\\u30FF]+";
constexpr std::string_view up_to_stops = " ?[^(\\s|.,!?…。，、।۔،)]+";
constexpr std::string_view lines = "[^\\n]+|[\\n]+";

// DeepSeek LLM's letters are those that have case.
constexpr std::string_view deepseek_letters =
    "\\s?["
    "A-Za-z\\u00B5\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u01BA\\u01BC-\\u01BF\\u01C4-\\u0293\\u0295-\\u02AF\\u0370-"
    "\\u0373\\u0376\\u0377\\u037B-\\u037D\\u037F\\u0386\\u0388-\\u038A\\u038C\\u038E-\\u03A1\\u03A3-\\u03F5\\u03F7-"
    "\\u0481\\u048A-\\u052F\\u0531-\\u0556\\u10A0-\\u10C5\\u13A0-\\u13F5\\u13F8-\\u13FD\\u1C90-\\u1CBA\\u1CBD-\\u1CBF"
    "\\u1D00-\\u1D2B\\u1D6B-\\u1D77\\u1D79-\\u1D9A\\u1E00-\\u1F15\\u1F18-\\u1F1D\\u1F20-\\u1F45\\u1F48-\\u1F4D\\u1F50"
    "-\\u1F57\\u1F59\\u1F5B\\u1F5D\\u1F5F-\\u1F7D\\u1F80-\\u1FB4\\u1FB6-\\u1FBC\\u1FBE\\u1FC2-\\u1FC4\\u1FC6-\\u1FCC"
    "\\u1FD0-\\u1FD3\\u1FD6-\\u1FDB\\u1FE0-\\u1FEC\\u1FF2-\\u1FF4\\u1FF6-\\u1FFC\\u2102\\u2107\\u210A-\\u2113\\u2115"
    "\\u2119-\\u211D\\u2124\\u2126\\u2128\\u212A-\\u212D\\u212F-\\u2134\\u2139\\u213C-\\u213F\\u2145-\\u2149\\u214E"
    "\\u2183\\u2184\\u2C00-\\u2C7B\\u2C7E-\\u2CE4\\u2CEB-\\u2CEE\\u2CF2\\u2CF3\\uA640-\\uA66D\\uA680-\\uA69B\\uA722-"
    "\\uA76F\\uA771-\\uA787\\uA78B-\\uA78E\\uAB70-\\uABBF\\uFB00-\\uFB06\\uFB13-\\uFB17\\uFF21-\\uFF3A\\uFF41-\\uFF5A"
    "\\x{10400}-\\x{1044F}\\x{104B0}-\\x{104D3}\\x{104D8}-\\x{104FB}\\x{10C80}-\\x{10CB2}\\x{10CC0}-\\x{10CF2}"
    "\\x{118A0}-\\x{118DF}\\x{1E900}-\\x{1E943}"
    "]+";
constexpr std::string_view deepseek_signs = "\\s?[!-/:-~！-／：-～‘-‟\\u3000-。]+";
constexpr std::string_view deepseek_asian = "[一-龥ࠀ-一가-\\uD7FF]+";

// tiktoken's own, whose possessive repetitions take blanks that the others give back.
constexpr std::string_view cl100k =
    "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| "
    "?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++(?![\\s\\S])|\\s*[\\r\\n]|\\s+(?!\\S)|\\s";
constexpr std::string_view nanochat =
    "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,2}| "
    "?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+";
constexpr std::string_view ling =
    "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}| "
    "?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+";

// Kimi's classes leave out Chinese by an intersection, which PCRE2 does not have.
#define CF_NO_HAN(members) "(?:(?!\\p{sc:Han})[" members "])"
constexpr std::string_view kimi_k2 = "\\p{sc:Han}+|[^\\r\\n\\p{L}\\p{N}]?" CF_NO_HAN(CF_UPPER) "*" CF_NO_HAN(
    CF_LOWER) "+" CF_CONTRACTION
              "?|[^\\r\\n\\p{L}\\p{N}]?" CF_NO_HAN(CF_UPPER) "+" CF_NO_HAN(CF_LOWER) "*" CF_CONTRACTION
                                                                                     "?|\\p{N}{1,3}|" CF_MARKS
                                                                                     "|" CF_BLANKS;

enum : unsigned {
  whole_words = 1,  ///< a word that is a token needs no merges
  begins = 2,       ///< the token that begins a text stands first unless the file says otherwise
  marked = 4,       ///< not in bytes: blanks are U+2581, and what is in no piece becomes byte tokens
  plain = 8,        ///< not in bytes, white space only separates
};

struct known_splits {
  std::string_view names;                    ///< with blanks between them
  std::array<std::string_view, 6> patterns;  ///< one after the other; those behind the last are empty
  unsigned flags = 0;
};

// What llama.cpp (b11549) names. Each cuts as the original tokenizer does, where llama.cpp's own pattern only comes
// near it, as with tekken and gpt-4o, whose letters it knows by ASCII.
constexpr std::array known{
    known_splits{"default", {"[\\p{P}\\$\\+<=>\\^~\\|]+", gpt2_words, "\\p{N}+", "[0-9][0-9][0-9]"}},
    known_splits{"gpt-2 phi-2 olmo mpt jais trillion granite-docling gigachat a.x-4.0 mellum modern-bert exaone4 "
                 "jina-es jina-de jina-v2-es jina-v2-de jina-v1-en jina-v2-code roberta-bpe",
                 {gpt2_words}},
    known_splits{"starcoder refact command-r smollm codeshell exaone minerva-7b mellum2", {"\\p{N}", gpt2_words}},
    known_splits{"falcon", {"[\\p{P}\\$\\+<=>\\^~\\|`]+", gpt2_words, "[0-9][0-9][0-9]"}},
    known_splits{"llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
                 {three_digits},
                 whole_words | begins},
    known_splits{"dbrx smaug-bpe chatglm-bpe", {three_digits}},
    known_splits{"glm4 glm5", {three_digits}, whole_words},
    known_splits{"jais-2",
                 {CF_CONTRACTION "|" CF_WORD "|\\p{N}{1,3}|" CF_MARKS
                                 "|\\s*[\\r\\n]+|\\s{512}(?!\\S)|\\s{256}(?!\\S)|\\s{128}(?!\\S)|\\s{64}(?!\\S)|"
                                 "\\s{32}(?!\\S)|\\s{16}(?!\\S)|\\s{8}(?!\\S)|\\s{4}(?!\\S)|\\s{1,2}(?!\\S)|\\s{1}"}},
    known_splits{
        "minicpm5", {"\\p{N}{1,3}", CF_CONTRACTION "|" CF_WORD "|\\p{N}+|" CF_MARKS "|" CF_BLANKS}, whole_words},
    known_splits{"qwen2 deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open grok-2", {one_digit}},
    known_splits{"qwen35",
                 {CF_CONTRACTION
                  "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" CF_BLANKS}},
    known_splits{"ufakzeka", {CF_WORD "|\\p{N}|" CF_MARKS "|" CF_BLANKS}},
    known_splits{"laguna", {lines, one_digit}},
    known_splits{"seed-coder", {CF_CONTRACTION "|" CF_WORD "|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|" CF_BLANKS}},
    known_splits{"exaone-moe",
                 {CF_CONTRACTION "|[^\\r\\n\\p{L}\\p{N}]?(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}| "
                                 "?[^\\s\\p{L}\\p{N}]+[\\r\\n/]?|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+"}},
    known_splits{"bailingmoe bailingmoe2 llada-moe", {ling}},
    known_splits{"gpt-4o llama4 kanana2 talkie minimax-m2", {cased_words}},
    known_splits{"granite-embed-multi-97m", {cased_words}, whole_words},
    known_splits{"tekken", {CF_CASED("") "\\p{N}|" CF_CASED_MARKS}, whole_words | begins},
    known_splits{"tiny_aya cohere2moe", {"\\d{1,3}(?=(?:\\d{3})*\\b)", cased_words}},
    known_splits{"youtu",
                 {"[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，\\u3001-\\u303F\\uFE30-\\uFE4F]+|[ㄅ-ㄯ]+|[一-龥\\u3040-\\u309F\\u30A0-"
                  "\\u30FF]+",
                  CF_CASED(CF_CONTRACTION "?") "\\p{N}|" CF_CASED_MARKS},
                 whole_words},
    known_splits{"kimi-k2", {kimi_k2}},
    known_splits{"deepseek-llm", {"[\\r\\n]", deepseek_letters, deepseek_signs, "\\s+$", deepseek_asian, "\\p{N}"}},
    known_splits{"deepseek-coder", {"[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", deepseek_asian, "\\p{N}"}},
    known_splits{"deepseek-v3 hunyuan-dense joyai-llm hy_v4", {"\\p{N}{1,3}", chinese_and_japanese, signed_words}},
    known_splits{
        "spark2_5",
        {"\\p{N}{1,3}", chinese_and_japanese, CF_SIGNED " ?[\\p{P}\\p{S}]+|[\\r\\n]|\\s+(?!\\S)|\\s+", "\\p{N}"}},
    // Digits in threes, counted from the right.
    known_splits{"afmoe",
                 {"\\p{N}{1,3}(?=(?:\\p{N}{3})*(?!\\p{N}))",
                  "[一-鿿㐀-䶿\\uF900-\\uFAFF\\u3040-\\u309F\\u30A0-\\u30FF\\uFF65-\\uFF9F\\u2F00-\\u2FDFเ-\\u0E7F"
                  "\\u0E80-\\u0EFFក-\\u17FFက-႟ꩠ-ꩿꧠ-\\uA9FF가-\\uD7AF\\u1100-\\u11FF]+",
                  signed_words}},
    known_splits{"superbpe", {"\\p{N}+", "(?=(?:\\d{3})+(?!\\d))"}},
    known_splits{"bloom poro-chat gpt3-finnish", {up_to_stops}},
    known_splits{"viking", {up_to_stops, "\\p{N}"}},
    known_splits{"chameleon",
                 {"<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", "([\\t\\n]|    |  )", "\\p{N}",
                  "[\\p{P}!-/:-@\\[-`{-~]", gpt2_words},
                 begins},
    known_splits{"gemma4 granite-embed-multi-311m", {}, marked | begins},
    known_splits{"sarvam-moe", {}, marked},
    known_splits{"whitespace", {"\\s"}, plain},
    known_splits{"tiktoken-cl100k", {cl100k}},
    known_splits{"nanochat", {nanochat}},
};

#undef CF_CONTRACTION
#undef CF_WORD
#undef CF_MARKS
#undef CF_BLANKS
#undef CF_UPPER
#undef CF_LOWER
#undef CF_CASED
#undef CF_CASED_MARKS
#undef CF_SIGNED
#undef CF_NO_HAN

bool holds_name(std::string_view names, std::string_view name) {
  while (!names.empty()) {
    std::string_view const first = names.substr(0, names.find(' '));
    if (first == name) return true;
    names.remove_prefix(std::min(first.size() + 1, names.size()));
  }
  return false;
}

named_splits made(known_splits const& k, std::string_view name) {
  named_splits out;
  out.whole_word_first = (k.flags & whole_words) != 0;
  out.begins = (k.flags & begins) != 0;
  out.marked = (k.flags & marked) != 0;
  out.in_bytes = (k.flags & (marked | plain)) == 0;
  split_behavior const behavior = (k.flags & plain) != 0 ? split_behavior::removed : split_behavior::isolated;
  for (std::string_view const pattern : k.patterns)
    if (!pattern.empty()) out.steps.push_back({split_kind::match, pcre_of_onig(pattern, name), behavior, false});
  return out;
}

}  // namespace

std::optional<named_splits> splits_of_gguf(std::string_view name) {
  for (known_splits const& k : known)
    if (holds_name(k.names, name)) return made(k, name);
  return std::nullopt;
}

std::vector<std::string_view> names_of_splits() {
  std::vector<std::string_view> out;
  for (known_splits const& k : known)
    for (std::string_view rest = k.names; !rest.empty();) {
      out.push_back(rest.substr(0, rest.find(' ')));
      rest.remove_prefix(std::min(out.back().size() + 1, rest.size()));
    }
  return out;
}

}  // namespace constformer::text
