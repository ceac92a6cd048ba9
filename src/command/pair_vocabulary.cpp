#include "pair_vocabulary.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "../data/file_list.hpp"
#include "../data/pair_text.hpp"
#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/core/error.hpp"
#include "constformer/data/tokenizer_training.hpp"
#include "constformer/data/training_data.hpp"

namespace constformer::command {

namespace {

namespace fs = std::filesystem;

// Tokens of one side, each once.
class collector {
 public:
  explicit collector(token_unit unit) : unit_(unit) {}

  void add(std::string_view text) {
    if (unit_ == token_unit::characters) return characters_.add(text);
    constexpr std::string_view blank = " \t\r\n\f\v";
    for (std::size_t at = text.find_first_not_of(blank); at != std::string_view::npos;) {
      std::size_t const end = std::min(text.find_first_of(blank, at), text.size());
      words_.emplace(text.substr(at, end - at));
      at = text.find_first_not_of(blank, end);
    }
  }

  [[nodiscard]] std::vector<std::string> tokens() const {
    std::vector<std::string> out{"<blank>", "<s>", "</s>", "<unk>"};
    std::set<std::string> const named(out.begin(), out.end());
    auto const found =
        unit_ == token_unit::words ? std::vector<std::string>(words_.begin(), words_.end()) : characters_.train();
    for (std::string const& token : found)
      if (!named.contains(token)) out.push_back(token);
    return out;
  }

 private:
  token_unit unit_;
  character_trainer characters_;
  std::set<std::string> words_;
};

void write_list(std::vector<std::string> const& tokens, fs::path const& file) {
  std::string text;
  for (std::string const& token : tokens) text += token + "\n";
  write_file(file, text);
}

}  // namespace

pair_vocabulary find_pair_vocabulary(std::vector<fs::path> const& files, token_unit source, token_unit target,
                                     bool together) {
  auto const lines = data::lines_of_pairs(data::list_files({.files = files, .kind = data_kind::pairs}).train);
  collector sources(source), targets(target);
  for (std::size_t i = 0; i < lines.sources.size; ++i) {
    try {
      data::text_pair const pair = data::read_pair(lines, i);
      sources.add(pair.source);
      (together ? sources : targets).add(pair.target);
    } catch (error const& problem) {
      throw error(lines.sources.lines->where(i) + ": " + problem.what());
    }
  }
  return {sources.tokens(), together ? std::vector<std::string>{} : targets.tokens()};
}

void write_pair_vocabulary(pair_vocabulary const& words, fs::path const& folder) {
  if (words.targets.empty()) return write_list(words.sources, folder / "shared_vocabulary.txt");
  write_list(words.sources, folder / "source_vocabulary.txt");
  write_list(words.targets, folder / "target_vocabulary.txt");
}

}  // namespace constformer::command
