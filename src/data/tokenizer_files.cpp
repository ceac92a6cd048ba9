#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "checkpoint/pickle_write.hpp"
#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/core/error.hpp"
#include "constformer/data/tokenizer_training.hpp"
#include "data/special_roles.hpp"
#include "text/byte_alphabet.hpp"

namespace constformer {

namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

json added_tokens(std::vector<std::string> const& special, int first) {
  json out = json::array();
  for (std::size_t i = 0; i < special.size(); ++i)
    out.push_back({{"id", first + static_cast<int>(i)},
                   {"content", special[i]},
                   {"single_word", false},
                   {"lstrip", false},
                   {"rstrip", false},
                   {"normalized", false},
                   {"special", true}});
  return out;
}

// A tokenizer.json as tokenizers writes it.
json document(json added, json pre_tokenizer, json post_processor, json decoder, json vocab, json merges) {
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", std::move(added)},
          {"normalizer", nullptr},
          {"pre_tokenizer", std::move(pre_tokenizer)},
          {"post_processor", std::move(post_processor)},
          {"decoder", std::move(decoder)},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"ignore_merges", false},
            {"vocab", std::move(vocab)},
            {"merges", std::move(merges)}}}};
}

void write(json const& tokenizer, std::vector<std::string> const& special, fs::path const& folder) {
  std::error_code reason;
  fs::create_directories(folder, reason);
  if (reason) throw error(folder.string() + ": cannot be made: " + reason.message());
  json config{{"tokenizer_class", "PreTrainedTokenizerFast"}, {"clean_up_tokenization_spaces", false}};
  config.update(data::roles_of(special));
  write_file(folder / "tokenizer.json", tokenizer.dump(1) + "\n");
  write_file(folder / "tokenizer_config.json", config.dump(2) + "\n");
}

json byte_level(bool use_regex) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", use_regex}};
}

// GPT-2's pattern is ByteLevel's own.
json splitting(std::string const& pattern) {
  std::string const regex = split_pattern(pattern);
  if (regex == split_pattern("gpt2")) return byte_level(true);
  json const split{{"type", "Split"}, {"pattern", {{"Regex", regex}}}, {"behavior", "Isolated"}, {"invert", false}};
  return {{"type", "Sequence"}, {"pretokenizers", {split, byte_level(false)}}};
}

// What BERT puts around texts, if there are tokens for it.
json surrounding(std::vector<std::string> const& special, int first) {
  auto const piece = [](char const* kind, char const* id, int segment) {
    return json{{kind, {{"id", id}, {"type_id", segment}}}};
  };
  json tokens = json::object();
  for (char const* name : {"[CLS]", "[SEP]"}) {
    auto const at = std::ranges::find(special, name);
    if (at == special.end()) return nullptr;
    tokens[name] = {{"id", name}, {"ids", {first + (at - special.begin())}}, {"tokens", {name}}};
  }
  json const begin = piece("SpecialToken", "[CLS]", 0), text = piece("Sequence", "A", 0),
             end = piece("SpecialToken", "[SEP]", 0);
  return {{"type", "TemplateProcessing"},
          {"single", {begin, text, end}},
          {"pair", {begin, text, end, piece("Sequence", "B", 1), piece("SpecialToken", "[SEP]", 1)}},
          {"special_tokens", tokens}};
}

// nanochat's tokenizer.pkl: an Encoding of tiktoken. Its pattern is for Rust's engine, which takes ours.
std::string pickled_encoding(trained_bpe const& bpe, bpe_options const& options) {
  auto const first = static_cast<std::size_t>(bpe.first_special);
  pickle_writer out;
  out.global("tiktoken.core", "Encoding");
  out.begin_tuple();
  out.end_tuple();
  out.make();
  out.begin_dict();
  out.text("name");
  out.text("rustbpe");
  out.text("pat_str");
  out.text(split_pattern(options.pattern));
  out.text("mergeable_ranks");
  out.begin_dict();
  for (std::size_t id = 0; id < first; ++id) {
    out.bytes(bpe.tokens[id]);
    out.integer(static_cast<std::int64_t>(id));
  }
  out.end_dict();
  out.text("special_tokens");
  out.begin_dict();
  for (std::size_t i = 0; i < options.special.size(); ++i) {
    out.text(options.special[i]);
    out.integer(static_cast<std::int64_t>(first + i));
  }
  out.end_dict();
  out.end_dict();
  out.set_state();
  return out.finish();
}

std::string in_alphabet(std::string_view bytes) {
  std::string out;
  text::append_alphabet(out, bytes);
  return out;
}

}  // namespace

nlohmann::ordered_json data::roles_of(std::vector<std::string> const& special) {
  using namespace std::string_view_literals;
  struct role {
    char const* field;
    std::vector<std::string_view> spellings;  // the first of them that is there
  };
  role const roles[] = {
      {"bos_token", {"<s>"sv, "<|bos|>"sv, "<bos>"sv, "<|begin_of_text|>"sv, "<|startoftext|>"sv, "<|endoftext|>"sv}},
      {"eos_token", {"</s>"sv, "<|eos|>"sv, "<eos>"sv, "<|end_of_text|>"sv, "<|im_end|>"sv, "<|endoftext|>"sv}},
      {"pad_token", {"<pad>"sv, "[PAD]"sv, "<|pad|>"sv}},
      {"unk_token", {"<unk>"sv, "[UNK]"sv}},
      {"cls_token", {"[CLS]"sv}},
      {"sep_token", {"[SEP]"sv}},
      {"mask_token", {"[MASK]"sv, "<mask>"sv}}};
  json out = json::object();
  for (auto const& [field, spellings] : roles)
    for (std::string_view const spelling : spellings) {
      if (std::ranges::find(special, spelling) == special.end()) continue;
      out[field] = spelling;
      break;
    }
  return out;
}

void write_bpe(trained_bpe const& bpe, bpe_options const& options, fs::path const& folder) {
  std::vector<std::string> spelled;
  int const after_special = bpe.first_special + static_cast<int>(options.special.size());
  json vocab = json::object();
  for (int id = 0; id < static_cast<int>(bpe.tokens.size()); ++id) {
    std::string const& token = bpe.tokens[static_cast<std::size_t>(id)];
    bool const special = id >= bpe.first_special && id < after_special;
    spelled.push_back(special ? token : in_alphabet(token));
    // tokenizers' trainer has special tokens in its model as well; tiktoken's are beside it.
    if (!special || options.order == id_order::hugging_face) vocab[spelled.back()] = id;
  }
  json merges = json::array();
  for (auto const& [left, right] : bpe.merges)
    merges.push_back({spelled[static_cast<std::size_t>(left)], spelled[static_cast<std::size_t>(right)]});
  json decoder = byte_level(true);
  decoder["add_prefix_space"] = true;
  write(document(added_tokens(options.special, bpe.first_special), splitting(options.pattern), nullptr,
                 std::move(decoder), std::move(vocab), std::move(merges)),
        options.special, folder);
  if (options.order == id_order::rustbpe) write_file(folder / "tokenizer.pkl", pickled_encoding(bpe, options));
}

void write_characters(std::vector<std::string> const& characters, std::vector<std::string> const& special,
                      fs::path const& folder) {
  json vocab = json::object();
  for (std::size_t i = 0; i < characters.size(); ++i) vocab[characters[i]] = i;
  int const first = static_cast<int>(characters.size());
  write(document(added_tokens(special, first), nullptr, surrounding(special, first), {{"type", "Fuse"}},
                 std::move(vocab), json::array()),
        special, folder);
}

}  // namespace constformer
