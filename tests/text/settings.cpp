// What stands beside a vocabulary and wins over it, against transformers' AutoTokenizer (make_settings.py).
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "constformer/text/load.hpp"
#include "support.hpp"

using namespace constformer;
using namespace text_test;
using nlohmann::json;

namespace {

/// A folder that is gone with the test.
struct scratch {
  std::filesystem::path path = std::filesystem::temp_directory_path() / "constformer-text-settings";
  scratch() {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  ~scratch() { std::filesystem::remove_all(path); }
  scratch(scratch const&) = delete;
  scratch& operator=(scratch const&) = delete;
};

std::string bytes_of(json const& file) {
  if (!file.contains("from")) return file.dump();
  std::string bytes = read_all(fixtures() / file["from"].get<std::string>());
  if (!file.contains("patch")) return bytes;
  json document = json::parse(bytes);
  document.merge_patch(file["patch"]);
  return document.dump();
}

opened open_case(json const& files) {
  scratch const folder;
  for (auto const& [name, file] : files.items()) std::ofstream(folder.path / name, std::ios::binary) << bytes_of(file);
  return open(folder.path);
}

std::string refusal(json const& files) {
  return message_of([&] { static_cast<void>(open_case(files)); });
}

json with_config(json config) {
  return {{"vocab.txt", {{"from", "bert_lines/vocab.txt"}}}, {"tokenizer_config.json", std::move(config)}};
}

}  // namespace

// 4.57 is followed where the two differ, and 5 where 4.57 refuses; docs/tokenizers.md says why.
TEST_CASE("settings: ids are AutoTokenizer's, class by class") {
  json const file = read_json(fixtures().parent_path() / "settings.json");
  REQUIRE(file["cases"].size() > 190);
  for (json const& c : file["cases"]) {
    CAPTURE(c["name"].get<std::string>());
    opened const tokens = open_case(c["files"]);
    json const& expected = c["ids"].is_array() ? c["ids"] : c["ids5"];
    for (std::size_t i = 0; i < expected.size(); ++i)
      CHECK(tokens->encode(file["texts"][i].get<std::string>()) == ids_of(expected[i]));
  }
}

TEST_CASE("settings: what is not supported is refused by name") {
  CHECK(refusal(with_config({{"do_lower_case", false}})).empty());
  for (char const* const words : {"mecab", "sudachi", "jumanpp"}) {
    std::string const message =
        refusal(with_config({{"tokenizer_class", "BertJapaneseTokenizer"}, {"word_tokenizer_type", words}}));
    CHECK(message.ends_with("word_tokenizer_type is \"" + std::string(words) +
                            "\", which is not supported; words of \"basic\" are"));
    CHECK_FALSE(refusal(with_config({{"word_tokenizer_type", words}})).empty());
  }
  CHECK(refusal(with_config({{"tokenizer_class", "BertJapaneseTokenizer"}, {"word_tokenizer_type", "basic"}})).empty());
  CHECK(refusal(with_config({{"tokenizer_class", "BertJapaneseTokenizer"}, {"subword_tokenizer_type", "character"}}))
            .ends_with("subword_tokenizer_type is \"character\", which is not supported; \"wordpiece\" is"));
  for (char const* const field : {"split_special_tokens", "from_slow", "fix_mistral_regex"})
    CHECK(refusal(with_config({{field, true}})).ends_with(std::string(field) + " is true, which is not supported"));
  CHECK(refusal(with_config({{"tokenizer_class", "PhobertTokenizer"}}))
            .ends_with(
                "the class PhobertTokenizer does not read vocab.txt as BERT does; a tokenizer.json would say how"));
  json const bpe = {{"vocab.json", {{"from", "gpt2/vocab.json"}}},
                    {"merges.txt", {{"from", "gpt2/merges.txt"}}},
                    {"tokenizer_config.json", {{"tokenizer_class", "CLIPTokenizer"}}}};
  CHECK(refusal(bpe).find("the class CLIPTokenizer does not read vocab.json and merges.txt") != std::string::npos);
  json const spm = {{"spiece.model", {{"from", "spm_unigram/spiece.model"}}},
                    {"tokenizer_config.json", {{"tokenizer_class", "PegasusTokenizer"}}}};
  CHECK(refusal(spm).find("the class PegasusTokenizer reads SentencePiece's model in a way of its own") !=
        std::string::npos);
}

namespace {

/// What becomes of a key of tokenizer_config.json.
struct treatment {
  char const* keys;  ///< with blanks between them
  char const* what;  ///< "read", "refused" where it is not at its default, or why it cannot matter
};

constexpr treatment treatments[]{
    {"bos_token eos_token unk_token sep_token pad_token cls_token mask_token additional_special_tokens "
     "extra_special_tokens model_specific_special_tokens added_tokens_decoder add_bos_token add_eos_token "
     "add_prefix_space backend legacy do_lower_case strip_accents tokenize_chinese_chars extra_ids separate_vocabs",
     "read"},
    {"split_special_tokens fix_mistral_regex from_slow word_tokenizer_type subword_tokenizer_type do_word_tokenize "
     "do_subword_tokenize",
     "refused"},
    {"chat_template response_schema response_template chat_control_tokens use_default_system_prompt tool_use_template "
     "grounded_generation_template",
     "of conversations, which src/text/chat.cpp reads or no program has"},
    {"mecab_kwargs sudachi_kwargs jumanpp_kwargs", "of words that are refused"},
    {"do_basic_tokenize never_split", "the fast class sets its normaliser without them"},
    {"clean_up_tokenization_spaces clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output "
     "spaces_between_special_tokens errors",
     "of decoded text; decode is the library's"},
    {"model_max_length max_len max_length padding_side truncation_side truncation_strategy stride pad_to_multiple_of "
     "pad_token_type_id tokenizer_padding tokenizer_truncation _json_padding _json_truncation",
     "of batches and of cutting, which AutoTokenizer does only when it is told to"},
    {"return_token_type_ids token_type_ids_include_special_tokens token_type_ids_pattern model_input_names",
     "of what is returned beside the ids"},
    {"vocab_file merges_file tokenizer_file gguf_file spm_file source_spm target_spm target_vocab_file name_or_path "
     "files_loaded tokenizer_object tokenizer __slow_tokenizer vocab merges unk_id post_processor "
     "_spm_precompiled_charsmap processor_class verbose",
     "names files or hands objects from one constructor to the next"},
    {"sp_model_kwargs", "of libsentencepiece's sampling, which the fast classes do not use"},
    {"trim_offsets", "moves offsets, not ids"},
    {"source_lang target_lang", "Marian's, for names only"},
    {"prefix_token middle_token suffix_token eot_token fill_token suffix_first",
     "Code Llama's, for texts with a hole, which no program takes"},
    {"special_tokens_pattern", "of the classes written in Python, which the fast ones replace"},
};

}  // namespace

// known_settings.json is what the installed versions know (make_known_settings.py --check); a key that is new in it
// needs a line above.
TEST_CASE("settings: every key that transformers knows is read, refused or of no account") {
  json const known = read_json(fixtures().parent_path() / "known_settings.json");
  std::set<std::string> treated, keys;
  for (treatment const& t : treatments) {
    std::istringstream list(t.keys);
    for (std::string key; list >> key;) CHECK(treated.insert(key).second);
  }
  for (auto const& [version, what] : known.items())
    for (json const& key : what["settings"]) keys.insert(key.get<std::string>());
  CHECK(keys.size() > 80);
  CHECK(treated == keys);
}

// The same of tokenizer.json: of a type that is read, each field is known; a field that is not is refused.
TEST_CASE("settings: every field of tokenizer.json is known") {
  json const known = read_json(fixtures().parent_path() / "known_settings.json");
  auto const message = [](json const& part) {
    json const file = {{"decoder", nullptr}, {"pre_tokenizer", part}, {"model", nullptr}};
    return message_of([&] { static_cast<void>(read_tokenizer_json(file.dump(), "t.json")); });
  };
  int checked = 0;
  for (auto const& [version, what] : known.items())
    for (auto const& [name, fields] : what["components"].items()) {
      if (name.find(' ') == std::string::npos || name == "added token") continue;
      json part = {{"type", name.substr(name.find(' ') + 1)}};
      for (json const& field : fields)
        if (field != "type") part[field.get<std::string>()] = "x";
      CAPTURE(name);
      CHECK(message(part).find("is not known") == std::string::npos);
      ++checked;
    }
  CHECK(checked > 80);
  CHECK(message({{"type", "Digits"}, {"odd", 1}}) == "t.json: field odd of Digits is not known");
  CHECK(message({{"type", "Sequence"}, {"pretokenizers", {{{"type", "Split"}, {"odd", 1}}}}}) ==
        "t.json: field odd of Split is not known");
  CHECK(message_of([] { static_cast<void>(read_tokenizer_json(R"({"model": null, "odd": 1})", "t.json")); }) ==
        "t.json: field odd is not known");
}

TEST_CASE("settings: files that are damaged") {
  CHECK(refusal(with_config({{"mask_token", 5}})).ends_with("field mask_token is number, a token is expected"));
  CHECK(refusal(with_config({{"additional_special_tokens", 5}}))
            .ends_with("field additional_special_tokens is number, a list of tokens is expected"));
  CHECK(refusal(with_config({{"added_tokens_decoder", json::array({1})}}))
            .ends_with("field added_tokens_decoder is array, an object is expected"));
  CHECK(refusal(with_config({{"added_tokens_decoder", {{"9000000", {{"content", "<x>"}}}}}}))
            .find("the id of added token \"<x>\" is 9000000") != std::string::npos);
}
