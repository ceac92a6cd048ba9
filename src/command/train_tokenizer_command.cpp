#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Error.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include "../data/text_documents.hpp"
#include "commands.hpp"
#include "constformer/core/error.hpp"
#include "constformer/data/tokenizer_training.hpp"
#include "constformer/text/load.hpp"
#include "constformer/text/tokenizer.hpp"
#include "progress.hpp"
#include "standard_output.hpp"
#include "train_sentencepiece.hpp"

namespace constformer::command {

namespace {

struct options {
  std::vector<std::string> texts, special;
  std::string type = "bpe", pattern = "gpt2", order = "huggingface", folder;
  int vocab_size = 0;
};

void for_each_text(options const& o, std::function<void(std::string_view)> const& found) {
  data::for_each_text({o.texts.begin(), o.texts.end()}, found);
}

void train_bpe(options const& o) {
  bpe_options const how{.vocab_size = o.vocab_size,
                        .pattern = o.pattern,
                        .special = o.special,
                        .order = o.order == "rustbpe" ? id_order::rustbpe : id_order::hugging_face};
  bpe_trainer trainer(how);
  for_each_text(o, [&](std::string_view text) { trainer.add(text); });
  write_bpe(trainer.train(), how, o.folder);
}

void train_characters(options const& o) {
  character_trainer trainer;
  for_each_text(o, [&](std::string_view text) { trainer.add(text); });
  auto const characters = trainer.train();
  std::size_t const all = characters.size() + o.special.size();
  if (o.vocab_size > 0 && all > static_cast<std::size_t>(o.vocab_size))
    throw error("a vocabulary of " + std::to_string(o.vocab_size) + " is too small: the text has " +
                std::to_string(characters.size()) + " different characters, and there are " +
                std::to_string(o.special.size()) + " special tokens");
  write_characters(characters, o.special, o.folder);
}

void train_pieces(options const& o) {
  train_sentencepiece(
      {.unigram = o.type == "unigram", .vocab_size = o.vocab_size, .special = o.special},
      [&](auto const& found) { for_each_text(o, found); }, o.folder);
}

void run(options const& o) {
  if (o.vocab_size <= 0 && o.type != "char")
    throw error("--vocab-size is " + std::to_string(o.vocab_size) + ", " + o.type + " needs at least 1");
  progress told;
  told.step("training a tokenizer");
  if (o.type == "bpe")
    train_bpe(o);
  else if (o.type == "char")
    train_characters(o);
  else
    train_pieces(o);
  told.done();
  auto const blob = pack(load_tokenizer_source(o.folder));
  int const size = open_tokenizer(blob)->vocab_size();
  print(o.folder + ": " + std::to_string(size) + " tokens" +
        (size < o.vocab_size ? ", the text has no more to merge for " + std::to_string(o.vocab_size) : "") + "\n");
}

}  // namespace

void add_train_tokenizer(CLI::App& app) {
  auto const o = std::make_shared<options>();
  CLI::App* const command = app.add_subcommand("train-tokenizer", "Trains a tokenizer on text");
  command->add_option("text", o->texts, "text files, folders of them, or JSON lines with \"text\" (.jsonl)")
      ->required()
      ->type_name("TEXT");
  command->add_option("-o,--output", o->folder, "folder for its files")->required()->type_name("DIR");
  command->add_option("--type", o->type, "bpe (of bytes), sentencepiece-bpe, unigram or char; default bpe")
      ->check(CLI::IsMember({"bpe", "sentencepiece-bpe", "unigram", "char"}));
  command->add_option("--vocab-size", o->vocab_size, "ids, special tokens among them; char: at most")->type_name("N");
  command->add_option("--special", o->special, "a token that stands for itself, such as <|endoftext|>; may be repeated")
      ->type_name("TOKEN")
      ->allow_extra_args(false);
  command
      ->add_option(
          "--pattern", o->pattern,
          "bpe: gpt2, gpt4, nanochat, llama3, qwen2, o200k or a regular expression that cuts words; default gpt2")
      ->type_name("PATTERN");
  command
      ->add_option("--order", o->order,
                   "bpe: how ids are given out, huggingface (special tokens first) or rustbpe (last)")
      ->check(CLI::IsMember({"huggingface", "rustbpe"}));
  command->callback([o] { run(*o); });
}

}  // namespace constformer::command
