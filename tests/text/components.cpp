// The components of tokenizer.json: each family's published files are made of known ones, and of each of them a type
// that is not known is refused by its name.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/text/load.hpp"
#include "support.hpp"

using namespace constformer;
using namespace text_test;
using nlohmann::json;

namespace {

// The five components of a family's tokenizer.json, with what its published files say in them; empty: null.
struct family_components {
  char const* family;
  char const* normalizer;
  char const* pre_tokenizer;
  char const* model;
  char const* post_processor;
  char const* decoder;
};

constexpr char const* bytes_bpe =
    R"({"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
    "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false, "vocab": {"a": 0, "b": 1, "ab": 2, "<s>": 3, "</s>": 4},
    "merges": ["a b"]})";
constexpr char const* pieces_bpe = R"({"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true,
    "vocab": {"<unk>": 0, "▁": 1, "a": 2, "▁a": 3, "<s>": 4, "</s>": 5}, "merges": [["▁", "a"]]})";
constexpr char const* wordpiece = R"({"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
    "max_input_chars_per_word": 100, "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, "##b": 4}})";
constexpr char const* unigram =
    R"({"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["▁a", -1.0], ["b", -2.0], ["</s>", 0.0]]})";

constexpr char const* byte_level =
    R"({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true})";
constexpr char const* split_then_bytes = R"({"type": "Sequence", "pretokenizers": [
    {"type": "Split", "pattern": {"Regex": "\\p{N}{1,3}|\\s+(?!\\S)|\\s+"}, "behavior": "Isolated", "invert": false},
    {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]})";
constexpr char const* begins = R"({"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {"<s>": {"id": "<s>", "ids": [3], "tokens": ["<s>"]}}})";
constexpr char const* bytes_then_begins =
    R"({"type": "Sequence", "processors": [{"type": "ByteLevel"}, {"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], "pair": [],
    "special_tokens": {"<s>": {"id": "<s>", "ids": [3], "tokens": ["<s>"]}}}]})";
constexpr char const* llama_decoder =
    R"({"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
    {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]})";
constexpr char const* gemma_decoder =
    R"({"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
    {"type": "ByteFallback"}, {"type": "Fuse"}]})";
constexpr char const* prepend_replace = R"({"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
    {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]})";
constexpr char const* metaspace =
    R"({"type": "Metaspace", "replacement": "▁", "add_prefix_space": true, "prepend_scheme": "first", "split": false})";
constexpr char const* nfc = R"({"type": "NFC"})";

constexpr family_components families[]{
    {"llama 2, TinyLlama, phi3", prepend_replace, "", pieces_bpe, begins, llama_decoder},
    {"mistral", "", metaspace, pieces_bpe, begins, llama_decoder},
    {"llama 3", "", split_then_bytes, bytes_bpe, bytes_then_begins, byte_level},
    {"qwen2, qwen3", nfc, split_then_bytes, bytes_bpe, byte_level, byte_level},
    {"glm, glm4", "", split_then_bytes, bytes_bpe, byte_level, byte_level},
    {"gemma, gemma2", R"({"type": "Replace", "pattern": {"String": " "}, "content": "▁"})",
     R"({"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": false})", pieces_bpe,
     begins, gemma_decoder},
    {"SmolLM", "", R"({"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true},
        {"type": "ByteLevel", "add_prefix_space": false}]})",
     bytes_bpe, "", byte_level},
    {"gpt2", "", byte_level, bytes_bpe, byte_level, byte_level},
    {"gpt_neox", nfc, byte_level, bytes_bpe, begins, byte_level},
    {"roberta", "", byte_level, bytes_bpe,
     R"({"type": "RobertaProcessing", "sep": ["</s>", 4], "cls": ["<s>", 3], "trim_offsets": true, "add_prefix_space": false})",
     byte_level},
    {"bert, distilbert, MiniLM",
     R"({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true})",
     R"({"type": "BertPreTokenizer"})", wordpiece,
     R"({"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]})",
     R"({"type": "WordPiece", "prefix": "##", "cleanup": true})"},
    {"t5",
     R"({"type": "Sequence", "normalizers": [{"type": "Precompiled", "precompiled_charsmap": ""}, {"type": "Strip", "strip_left": false, "strip_right": true},
        {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}]})",
     R"({"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "▁"}]})",
     unigram,
     R"({"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
        "pair": [], "special_tokens": {"</s>": {"id": "</s>", "ids": [3], "tokens": ["</s>"]}}})",
     R"({"type": "Metaspace", "replacement": "▁", "add_prefix_space": true})"},
    {"falcon", "", R"({"type": "Sequence", "pretokenizers": [{"type": "Punctuation", "behavior": "Contiguous"},
        {"type": "ByteLevel", "add_prefix_space": false}, {"type": "Digits", "individual_digits": false},
        {"type": "Split", "pattern": {"Regex": "[0-9][0-9][0-9]"}, "behavior": "Isolated", "invert": false}]})",
     bytes_bpe, "", byte_level},
};

json parsed(char const* text) { return *text == '\0' ? json(nullptr) : json::parse(text); }

json file_of(family_components const& f) {
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", json::array()},
          {"normalizer", parsed(f.normalizer)},
          {"pre_tokenizer", parsed(f.pre_tokenizer)},
          {"post_processor", parsed(f.post_processor)},
          {"decoder", parsed(f.decoder)},
          {"model", parsed(f.model)}};
}

std::string refusal_of(json const& file) {
  return message_of([&] { static_cast<void>(open(read_tokenizer_json(file.dump(), "t.json"))); });
}

// The places of all components, those within Sequences too.
std::vector<json::json_pointer> components_of(json const& file) {
  std::vector<json::json_pointer> out;
  json const flat = file.flatten();
  for (auto const& [place, value] : flat.items())
    if (place.ends_with("/type")) out.emplace_back(place);
  return out;
}

}  // namespace

TEST_CASE("components: those of every supported family are read") {
  for (auto const& f : families) {
    CAPTURE(f.family);
    CHECK(refusal_of(file_of(f)).empty());
  }
}

TEST_CASE("components: one of a type that is not known is refused by its name, wherever it stands") {
  int checked = 0;
  for (auto const& f : families) {
    json const file = file_of(f);
    for (auto const& place : components_of(file)) {
      CAPTURE(f.family, place.to_string());
      json odd = file;
      odd[place] = "Unheard";
      CHECK(refusal_of(odd).find("Unheard") != std::string::npos);
      ++checked;
    }
  }
  CHECK(checked > 70);
}

// What the tokenizers library has besides, so that a file which asks for it is not half read.
TEST_CASE("components: the library's other types are refused by name") {
  auto const [place, component] = GENERATE(table<std::string, std::string>({
      {"normalizer", R"({"type": "NFKC"})"},
      {"normalizer", R"({"type": "NFKD"})"},
      {"normalizer", R"({"type": "Nmt"})"},
      {"normalizer", R"({"type": "ByteLevel"})"},
      {"pre_tokenizer", R"({"type": "UnicodeScripts"})"},
      {"pre_tokenizer", R"({"type": "CharDelimiterSplit", "delimiter": "-"})"},
      {"pre_tokenizer", R"({"type": "FixedLength", "length": 5})"},
      {"model", R"({"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"})"},
      {"decoder", R"({"type": "BPEDecoder", "suffix": "</w>"})"},
      {"decoder", R"({"type": "CTC", "pad_token": "<pad>"})"},
  }));
  json file = file_of(families[2]);
  file[place] = json::parse(component);
  CAPTURE(place, component);
  CHECK(refusal_of(file).find(file[place]["type"].get<std::string>()) != std::string::npos);
}
