#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "serve/engine.hpp"

/// Writes down what a request gives.
class recorder final : public constformer::serve::generation_sink {
 public:
  struct told {
    int id;
    std::uint32_t logprob;  // its bits
    std::vector<std::pair<int, std::uint32_t>> top;

    bool operator==(told const&) const = default;
  };

  void prompt_token(int position, float logprob, std::span<constformer::serve::scored_id const> top) override {
    in_order = in_order && position == static_cast<int>(prompt.size()) + 1;
    prompt.push_back({position, std::bit_cast<std::uint32_t>(logprob), bits_of(top)});
  }

  bool token(constformer::serve::token_event const& event) override {
    auto const choice = static_cast<std::size_t>(event.choice);
    if (choice >= choices.size()) choices.resize(choice + 1), ended.resize(choice + 1);
    in_order = in_order && !ended[choice] && ends == 0;
    choices[choice].push_back({event.id, std::bit_cast<std::uint32_t>(event.logprob), bits_of(event.top)});
    ended[choice] = event.last;
    if (ends_text >= 0 && event.id == ends_text) return ended[choice] = true, false;
    return true;
  }

  void finished(constformer::serve::usage const& u) override {
    ++ends;
    used = u;
  }
  void failed(std::string_view reason, constformer::serve::failure) override {
    ++ends;
    why = reason;
  }
  [[nodiscard]] bool has_room() const override { return room; }

  bool room = true;
  int ends_text = -1;  ///< the text ends with this token: a stop string
  bool in_order = true;
  int ends = 0;
  std::string why;
  constformer::serve::usage used{};
  std::vector<told> prompt;
  std::vector<std::vector<told>> choices;
  std::vector<bool> ended;

 private:
  static std::vector<std::pair<int, std::uint32_t>> bits_of(std::span<constformer::serve::scored_id const> top) {
    std::vector<std::pair<int, std::uint32_t>> out;
    for (auto const& entry : top) out.emplace_back(entry.id, std::bit_cast<std::uint32_t>(entry.logprob));
    return out;
  }
};
