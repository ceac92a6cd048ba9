// Encoder-decoders that learn from pairs, and encoders that learn from masked text.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "programs.hpp"
#include "refusal.hpp"
#include "running.hpp"
#include "training.hpp"

namespace {

using namespace end_to_end;
namespace fs = std::filesystem;

// Words of small letters beside their capitals, last letter first.
fs::path reversed_words() {
  std::string text;
  unsigned state = 7;
  for (int i = 0; i < 1500; ++i) {
    std::string source, target;
    for (unsigned count = 2 + i % 4; count-- > 0;) {
      state = state * 1103515245U + 12345U;
      source += static_cast<char>('a' + (state >> 16) % 6);
    }
    for (std::size_t j = source.size(); j-- > 0;) target += static_cast<char>(source[j] - 'a' + 'A');
    text += source + "\t" + target + "\n";
  }
  return written("reversed.tsv", text);
}

std::vector<std::string> translating(fs::path const& folder, std::vector<std::string> const& more) {
  fs::path const model = written("translator.json", R"({"model_type": "marian", "encoder_layers": 1,
    "decoder_layers": 1, "d_model": 32, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "max_position_embeddings": 16, "activation_function": "relu",
    "scale_embedding": true})");
  std::vector<std::string> out{command(), "train",         model.string(), "--data",       reversed_words().string(),
                               "-o",      folder.string(), "--block-size", "12",           "--max-source-length",
                               "8",       "--batch-size",  "16",           "--eval-iters", "4"};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

std::vector<std::string> masking(fs::path const& folder, std::vector<std::string> const& more) {
  fs::path const model = written("masker.json", R"({"model_type": "bert", "architectures": ["BertForPreTraining"],
    "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64,
    "max_position_embeddings": 64})");
  std::vector<std::string> out{
      command(),      "train", model.string(), "--data", small_text().string(), "-o", folder.string(),
      "--batch-size", "8",     "--block-size", "64",     "--eval-iters",        "4"};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

// The loss of the batch that comes next, before anything is learnt, is that of transformers' class on the same weights.
void check_loss_of_transformers(fs::path const& folder, std::vector<std::string> words) {
  words.insert(words.end(), {"--steps", "0", "--init", "xavier"});
  output_of(words, training_options());
  double const theirs = std::stod(python_output("tests/train_command/check_pending.py", {folder.string()}));
  CHECK_THAT(log_of(folder).back().at("train").get<double>(), Catch::Matchers::WithinRel(theirs, 1e-5));
}

}  // namespace

TEST_CASE("an encoder-decoder has the loss of transformers' class on the same weights and pairs") {
  fs::path const folder = fresh_folder("translator_at_first");
  check_loss_of_transformers(folder, translating(folder, {}));
}

TEST_CASE("an encoder-decoder learns from pairs; what it writes at the end is right, and its program writes the same") {
  std::vector<std::string> const knobs{"--steps",         "1000", "--learning-rate", "1e-2",  "--warmup-iters", "100",
                                       "--eval-interval", "500",  "--init",          "xavier"};
  fs::path const folder = fresh_folder("translator");
  output_of(translating(folder, knobs), training_options());
  auto const last = log_of(folder).back();
  CHECK(last.at("validation").get<double>() < 0.05);
  std::string const sample = last.at("sample");
  for (std::size_t at = sample.find("target: "); at != std::string::npos; at = sample.find("target: ", at + 1)) {
    std::string const target = sample.substr(at + 8, sample.find('\n', at) - at - 8);
    CHECK(sample.substr(sample.find("output: ", at) + 8, target.size()) == target);
  }
  std::string const built = program("translator_program", folder, {"--ctx-size", "12"});
  CHECK(output_of({built, "translate", "-p", "fade"}).starts_with("EDAF"));
  fs::path const stopped = fresh_folder("translator_stopped");
  check_resume(folder, stopped, translating(stopped, knobs));
}

TEST_CASE("an encoder-decoder from a header's config leaves the folder that its JSON leaves") {
  std::vector<std::string> const knobs{"--steps", "4", "--init", "xavier"};
  fs::path const by_json = fresh_folder("by_json"), by_header = fresh_folder("by_header");
  output_of(translating(by_json, knobs), training_options());
  auto const header_of = [](fs::path const& folder) {
    return output_of({command(), "config", folder.string(), "--name", "two_sided"});
  };
  std::string const header = header_of(by_json);
  auto words = translating(by_header, knobs);
  words[2] = written("two_sided.hpp", header).string();
  output_of(words, training_options());
  auto const first_lines_apart = [](std::string const& text) { return text.substr(text.find("inline")); };
  CHECK(first_lines_apart(header_of(by_header)) == first_lines_apart(header));
  CHECK(read_text(by_header / "model.safetensors") == read_text(by_json / "model.safetensors"));
  auto const ours = read_json(by_header / "config.json"), theirs = read_json(by_json / "config.json");
  for (char const* const key :
       {"architectures", "bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id"})
    CHECK(ours.at(key) == theirs.at(key));
}

TEST_CASE(
    "an encoder-decoder of one's own is trained from its header, and its program translates, greedily and by beams") {
  std::string const header = source("tests/train_command/own_translator.hpp").string();
  fs::path const folder = fresh_folder("own_translator");
  output_of({command(),
             "train",
             header,
             "--data",
             reversed_words().string(),
             "-o",
             folder.string(),
             "--block-size",
             "12",
             "--max-source-length",
             "8",
             "--batch-size",
             "16",
             "--eval-iters",
             "4",
             "--steps",
             "1500",
             "--learning-rate",
             "5e-3",
             "--warmup-iters",
             "100",
             "--eval-interval",
             "500",
             "--init",
             "xavier"},
            training_options());
  auto const last = log_of(folder).back();
  CHECK(last.at("validation").get<double>() < 0.1);
  auto const config = read_json(folder / "config.json");
  CHECK(config.at("model_type") == "constformer");
  CHECK(config.at("decoder_start_token_id") == config.at("bos_token_id"));
  std::string const built = program("own_translator_program", folder, {"--model", header, "--ctx-size", "12"});
  for (char const* const beams : {"1", "3"})
    CHECK(output_of({built, "translate", "-p", "fade", "--beam-size", beams}) == "EDAF\n");
  CHECK(output_of({built, "translate", "-p", "fade", "--print-ids"}).size() > 8);
  std::string const sample = last.at("sample");  // what the trainer made of a pair it did not learn from
  std::size_t const at = sample.find("output: ");
  std::string const pair = sample.substr(sample.find("source: ") + 8, 8);
  CHECK(output_of({built, "translate", "-p", pair.substr(0, pair.find('\n'))}) ==
        sample.substr(at + 8, sample.find('\n', at) - at - 7));
}

TEST_CASE("BERT with masked tokens and next sentences has the loss of transformers' class on the same weights") {
  fs::path const folder = fresh_folder("masker_at_first");
  check_loss_of_transformers(folder, masking(folder, {}));
}

TEST_CASE("BERT learns to fill masks better than by the commonest character, and goes on bit for bit") {
  std::vector<std::string> const knobs{"--steps",        "600", "--learning-rate", "5e-3",
                                       "--warmup-iters", "30",  "--eval-interval", "150"};
  fs::path const folder = fresh_folder("masker");
  output_of(masking(folder, knobs), training_options());
  auto const log = log_of(folder);
  CHECK(log.front().at("accuracy").get<double>() < 0.1);
  CHECK(log.back().at("accuracy").get<double>() > 0.19);  // a blank is 0.17 of the text
  CHECK(log.back().at("validation").get<double>() < log.front().at("validation").get<double>() - 1.0);
  fs::path const stopped = fresh_folder("masker_stopped");
  check_resume(folder, stopped, masking(stopped, knobs));
}

TEST_CASE("train refuses data of which a model does not learn") {
  fs::path const folder = fresh_folder("refused") / "out";
  auto words = translating(folder, {"--data-kind", "text"});
  words.erase(words.begin());
  CHECK(refusal(words, 1, training_options())
            .ends_with("holds text, the model is an encoder-decoder, which learns from pairs"));
  words = training(folder);
  words.erase(words.begin());
  *std::ranges::find(words, small_text().string()) = reversed_words().string();
  CHECK(refusal(words, 1, training_options())
            .ends_with("holds pairs, the model is a decoder, which learns from tokens, text or conversations"));
  CHECK_FALSE(fs::exists(folder));
}
