#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "constformer/generate/sampling_options.hpp"

/// What the command line asks for: one aggregate per subcommand, plain values without a trace of the parser.
namespace constformer::program {

/// Where the input comes from: at most one of the three is given.
struct input_options {
  std::vector<std::string> texts;   // -p; encoders take two as a pair
  std::optional<std::string> file;  // -f; "-" is standard input
  std::optional<std::string> ids;   // --ids, as written

  [[nodiscard]] bool given() const { return !texts.empty() || file || ids; }
};

struct session_choice {
  int threads = 0;  // 0: one per hardware thread this process may use
  int context = 0;  // 0: the compiled capacity
};

/// Sampling values as far as they were given; the others depend on the sampler.
struct sampling_choice {
  std::optional<std::string> sampler;
  std::optional<float> temperature, top_p, min_p, repeat_penalty, presence_penalty, frequency_penalty;
  std::optional<int> top_k, repeat_last_n;
  std::optional<std::string> seed;

  [[nodiscard]] bool given() const {
    return sampler || temperature || top_p || min_p || repeat_penalty || presence_penalty || frequency_penalty ||
           top_k || repeat_last_n || seed;
  }

  /// Whether anything says how to draw that a search without drawing cannot follow: a temperature of 0 can.
  [[nodiscard]] bool draws() const {
    return sampler || temperature.value_or(0) != 0 || top_p || min_p || presence_penalty || frequency_penalty ||
           top_k || repeat_last_n || seed;
  }
};

/// Values of a beam search as far as they were given; it is one if any was.
struct beam_choice {
  std::optional<int> size, best, no_repeat_ngram;
  std::optional<float> length_penalty, coverage_penalty;
  std::optional<std::string> stopping, rule;
  bool scores = false;

  [[nodiscard]] bool given() const {
    return size || best || no_repeat_ngram || length_penalty || coverage_penalty || stopping || rule || scores;
  }
};

struct generate_options {
  input_options input;
  session_choice session;
  sampling_choice sampling;
  beam_choice beams;
  std::optional<int> predict;
  bool ignore_eos = false;
  bool print_ids = false;
  bool batch_lines = false;
  std::optional<int> logprobs;
  std::vector<std::string> stop;
  std::string prefix;
  std::string draft = "none";
};

struct chat_options {
  session_choice session;
  sampling_choice sampling;
  std::string system;
  std::optional<std::string> name;            // --template
  std::vector<std::string> template_options;  // KEY=JSON
  std::optional<int> predict;
  bool print_ids = false;
};

/// What an encoder-decoder model reads: exactly one of the three is given.
struct source_options {
  std::vector<std::string> texts;   // -p
  std::optional<std::string> file;  // -f; "-" is standard input
  std::optional<std::string> ids;   // --source-ids, as written
};

struct translate_options {
  source_options source;
  session_choice session;
  sampling_choice sampling;
  beam_choice beams;
  std::string prefix;  // of the target
  std::optional<int> predict;
  bool print_ids = false;
};

struct score_options {
  input_options input;
  std::optional<std::string> source_ids;  // encoder-decoder models: what `input` was made from
  session_choice session;
  std::string output;  // empty: no logits are written
};

struct embed_options {
  input_options input;
  session_choice session;
  std::optional<std::string> segments;
  std::string pool;                        // a list; empty: what the model's files ask for, or mean
  std::optional<std::string> prompt_name;  // of the files' prompts; not given: their default
  std::optional<std::string> prefix;       // instead of a prompt of the files
  std::optional<bool> normalize;           // not given: what the model's files ask for, or not
  std::string output;
};

struct classify_options {
  input_options input;
  session_choice session;
  std::optional<std::string> segments;
  std::string output;
};

struct fill_options {
  input_options input;
  session_choice session;
  std::optional<std::string> segments;
  int top = 5;
  std::string output;
};

struct tokenize_options {
  input_options input;
  bool no_special = false;
};

struct detokenize_options {
  input_options input;
};

struct info_options {
  bool json = false;
};

struct bench_options {
  std::optional<int> prompt;              // default 128, or what fits
  std::optional<int> predict;             // default 64, or what fits
  std::optional<std::string> source_ids;  // encoder-decoder models: whole translations of this source
  beam_choice beams;                      // of these
  int repetitions = 5;
  std::string threads;  // a list; empty: hardware threads
  std::string format = "md";
};

struct serve_options {
  session_choice session;
  std::string host = "127.0.0.1";
  int port = 8080;
  int parallel = 8;
  int queue = 64;
  std::int64_t queue_tokens = 0;  // of their prompts; 0: as the engine sees fit
  std::int64_t kv_blocks = 0;     // 0: as the engine sees fit
  std::string kv_memory;          // empty: the same
  std::vector<std::string> api_keys;
  std::optional<std::string> api_key_file;
  int timeout = 30;
  int drain = 30;
  int connections = 1000;
  std::string cors;
  std::string metrics_names = "ours";
  std::string log = "json";
  std::string draft = "none";
};

/// --help and --version: a text for standard output, and that is all.
struct print_text {
  std::string text;
};

using command = std::variant<generate_options, chat_options, translate_options, score_options, embed_options,
                             classify_options, fill_options, tokenize_options, detokenize_options, info_options,
                             bench_options, serve_options, print_text>;

}  // namespace constformer::program
