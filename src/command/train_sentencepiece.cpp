#include "train_sentencepiece.hpp"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <sentencepiece_trainer.h>

#include "../data/special_roles.hpp"
#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/core/error.hpp"

namespace constformer::command {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_line = 4192;  // bytes; libsentencepiece leaves longer ones out

// A line, or the first part of one that is too long, up to a blank if there is one.
std::string_view next_sentence(std::string_view text) {
  std::string_view const line = text.substr(0, text.find('\n'));
  if (line.size() <= longest_line) return line;
  auto const blank = line.rfind(' ', longest_line);
  std::size_t end = blank == std::string_view::npos || blank == 0 ? longest_line : blank;
  while ((static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U) --end;  // no character is cut
  return line.substr(0, end);
}

// All sentences. libsentencepiece keeps a copy of them, too.
class sentences final : public sentencepiece::SentenceIterator {
 public:
  void add(std::string_view text) {
    while (!text.empty()) {
      std::string_view const sentence = next_sentence(text);
      if (!sentence.empty()) all_.emplace_back(sentence);
      text.remove_prefix(std::min(text.size(), std::max<std::size_t>(sentence.size(), 1)));
    }
  }
  [[nodiscard]] bool empty() const { return all_.empty(); }

  [[nodiscard]] bool done() const override { return at_ == all_.size(); }
  void Next() override { ++at_; }
  [[nodiscard]] std::string const& value() const override { return all_[at_]; }
  [[nodiscard]] sentencepiece::util::Status status() const override { return {}; }

 private:
  std::vector<std::string> all_;
  std::size_t at_ = 0;
};

using arguments = std::unordered_map<std::string, std::string>;

// Names with commas are quoted as in CSV.
std::string listed(std::vector<std::string> const& names) {
  std::string out;
  for (std::string const& name : names) {
    if (name.find_first_of(",\"") != std::string::npos)
      throw error("special token " + name + ": SentencePiece takes none with , or \"");
    out += (out.empty() ? "" : ",") + name;
  }
  return out;
}

arguments arguments_of(sentencepiece_training const& how) {
  arguments out{{"vocab_size", std::to_string(how.vocab_size)},
                {"character_coverage", "1.0"},
                {"max_sentence_length", std::to_string(longest_line)},
                {"minloglevel", "2"}};
  // What has an id of its own is no special token besides.
  std::vector<std::string> further;
  for (std::string const& token : how.special)
    if (token != "<unk>" && token != "<s>" && token != "</s>" && token != "<pad>") further.push_back(token);
  if (!further.empty()) out["control_symbols"] = listed(further);
  if (how.unigram) {  // T5's ids
    out.merge(
        arguments{{"model_type", "unigram"}, {"pad_id", "0"}, {"eos_id", "1"}, {"unk_id", "2"}, {"bos_id", "-1"}});
    return out;
  }
  // llama2.c's tinystories.py, but for blanks, which Llama keeps.
  out.merge(arguments{{"model_type", "bpe"},
                      {"byte_fallback", "true"},
                      {"split_digits", "true"},
                      {"allow_whitespace_only_pieces", "true"},
                      {"remove_extra_whitespaces", "false"},
                      {"normalization_rule_name", "identity"},
                      {"unk_surface", " \xE2\x81\x87 "}});
  return out;
}

// "src/file.cc(12) [(a) <= (b)] What is wrong." becomes "What is wrong".
std::string sentence_of(std::string message) {
  if (auto const at = message.rfind("] "); at != std::string::npos) message.erase(0, at + 2);
  std::ranges::replace(message, '\n', ' ');
  while (message.ends_with('.') || message.ends_with(' ')) message.pop_back();
  return message;
}

// The number behind the last `before` in a message, or "".
std::string number_behind(std::string const& message, std::string_view before) {
  auto const at = message.rfind(before);
  if (at == std::string::npos) return {};
  std::string_view const rest = std::string_view(message).substr(at + before.size());
  return std::string(rest.substr(0, rest.find_first_not_of("0123456789")));
}

[[noreturn]] void fail(int vocab_size, std::string const& message) {
  std::string const size = "a vocabulary of " + std::to_string(vocab_size);
  if (auto const most = number_behind(message, "to a value <= "); !most.empty())
    throw error(size + " is too large: the text gives at most " + most + " pieces");
  if (auto const least = number_behind(message, " vs "); !least.empty())
    throw error(size + " is too small: the characters of the text and the tokens that are not learnt need " + least);
  throw error(size + " cannot be trained, libsentencepiece says: " + sentence_of(message));
}

std::string trained(sentencepiece_training const& how, sentences& text) {
  std::string model;
  auto const status = sentencepiece::SentencePieceTrainer::Train(arguments_of(how), &text, &model);
  if (!status.ok()) fail(how.vocab_size, status.ToString());
  return model;
}

nlohmann::ordered_json settings_of(sentencepiece_training const& how) {
  nlohmann::ordered_json out{{"tokenizer_class", how.unigram ? "T5Tokenizer" : "LlamaTokenizer"}};
  if (how.unigram)
    out.update({{"eos_token", "</s>"}, {"pad_token", "<pad>"}, {"unk_token", "<unk>"}, {"extra_ids", 0}});
  else
    out.update({{"bos_token", "<s>"},
                {"eos_token", "</s>"},
                {"unk_token", "<unk>"},
                {"add_bos_token", true},
                {"add_eos_token", false},
                {"legacy", false}});
  out["clean_up_tokenization_spaces"] = false;
  if (!how.special.empty()) out["additional_special_tokens"] = how.special;
  return out;
}

}  // namespace

void train_sentencepiece(sentencepiece_training const& how,
                         std::function<void(std::function<void(std::string_view)> const&)> const& each_text,
                         fs::path const& folder) {
  sentences all;
  each_text([&](std::string_view text) { all.add(text); });
  if (all.empty()) throw error("there is no text to train a tokenizer on");
  std::string const model = trained(how, all);
  std::error_code reason;
  fs::create_directories(folder, reason);
  if (reason) throw error(folder.string() + ": cannot be made: " + reason.message());
  write_file(folder / (how.unigram ? "spiece.model" : "tokenizer.model"), model);
  write_file(folder / "tokenizer_config.json", settings_of(how).dump(2) + "\n");
}

}  // namespace constformer::command
