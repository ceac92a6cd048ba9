#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "block_store.hpp"
#include "constformer/layers/batch_rows.hpp"
#include "choosing.hpp"
#include "engine.hpp"
#include "guess_length.hpp"
#include "guess_source.hpp"

namespace constformer::serve {

using serve_clock = std::chrono::steady_clock;

struct request_state;

/// One choice of a request: its tokens, which are those of the prompt and the chosen ones, how many of them are in the
/// cache, and in which blocks.
struct sequence_state : guessed_text {
  sequence_state(request_state& of, int number, int vocab, int capacity);

  request_state* request;
  int choice;
  std::vector<int> table;  ///< blocks, as many as positions need that are read or being read
  prefix_place prefix{};   ///< of models whose queries all see one
  int computed = 0;        ///< tokens whose keys and values are in the cache
  int chosen = 0;
  hash128 key{};         ///< of the last of the first `hashed` blocks, which are kept for others; or of the root
  int hashed = 0;        ///< blocks
  bool running = false;  ///< has blocks
  bool ended = false;
  /// Reads the same prompt, and is a while ahead: its first token is chosen from what that one has read.
  sequence_state* leader = nullptr;
  token_chooser chooser;
  likeliest top;
  int drawn = -1;  ///< the next token, if it was chosen and is not told yet; then `top` has read its row
  guess_length guesses;
  std::size_t right = 0;  ///< guesses that came true

  /// Tokens that are not in the cache yet; the last one's logits say how it goes on.
  [[nodiscard]] int missing() const { return static_cast<int>(ids.size()) - computed; }
};

/// A request and its choices.
struct request_state {
  request_state(std::uint64_t name, generation_request what, std::shared_ptr<generation_sink> to, int vocab,
                int capacity);

  std::uint64_t id;
  generation_request request;
  std::shared_ptr<generation_sink> sink;
  hash128 root{};  ///< of its texts
  std::vector<std::unique_ptr<sequence_state>> choices;
  likeliest of_prompt;
  usage used;
  std::string broken{};  ///< why it cannot go on; empty if it can
  int prompt_told = 0;   ///< positions of the prompt whose log-probabilities were told
  int ended = 0;         ///< choices
  serve_clock::time_point came = serve_clock::now();
  serve_clock::time_point began{};  ///< first scheduled
  serve_clock::time_point first{};  ///< token chosen
};

/// What goes first: lower priority, then earlier requests, then lower choices.
[[nodiscard]] inline bool goes_before(sequence_state const& a, sequence_state const& b) {
  auto const rank = [](sequence_state const& s) {
    return std::tuple(s.request->request.priority, s.request->id, s.choice);
  };
  return rank(a) < rank(b);
}

}  // namespace constformer::serve
