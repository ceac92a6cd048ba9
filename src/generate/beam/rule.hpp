#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "constformer/generate/beam_options.hpp"
#include "scores.hpp"
#include "trellis.hpp"

namespace constformer::detail {

/// A hypothesis that grows.
struct growing_beam {
  float score;         ///< Σ log p
  int node;            ///< its last token
  int parent;          ///< the beam it went on from
  int end = 0;         ///< lecture: tokens up to the first end token; 0: there is none
  float coverage = 0;  ///< ctranslate2: what is added to the score if it ends now
};

/// A hypothesis that was found.
struct ended_beam {
  float score;  ///< as the rule has it
  int node;     ///< its last token
};

/// What one convention does with the candidates of a step. Takes all memory when it is made.
class search_rule {
 public:
  virtual ~search_rule() = default;

  /// Begins a search for `max_tokens` at most after `prefix` forced ones; gives the beams their scores.
  virtual void begin(std::span<growing_beam> beams, int prefix, int max_tokens) = 0;

  /// Nodes of the trellis that a step adds at most.
  [[nodiscard]] virtual std::size_t nodes_per_step() const = 0;

  /// Goes on from `beams` to the next ones; false: the search has ended. `last`: no more tokens are allowed after
  /// these.
  virtual bool advance(beam_scores const& scores, std::span<growing_beam> beams, trellis& tokens, bool last) = 0;

  /// What was found, best first; after `advance` said false.
  virtual std::span<ended_beam const> finish() = 0;

  /// Whether forbidden tokens give their probability to the others.
  [[nodiscard]] virtual bool renormalises() const { return false; }

 protected:
  search_rule(beam_options const& options, std::span<int const> stop_ids)
      : options_(options), stop_ids_(stop_ids.begin(), stop_ids.end()) {}

  [[nodiscard]] bool stops(int id) const { return std::ranges::find(stop_ids_, id) != stop_ids_.end(); }
  [[nodiscard]] std::size_t width() const { return static_cast<std::size_t>(options_.beams); }

  beam_options const options_;
  std::vector<int> const stop_ids_;
};

std::unique_ptr<search_rule> make_hugging_face_rule(beam_options const& options, std::span<int const> stop_ids,
                                                    int vocab);
std::unique_ptr<search_rule> make_lecture_rule(beam_options const& options, std::span<int const> stop_ids, int vocab);
std::unique_ptr<search_rule> make_ctranslate2_rule(beam_options const& options, std::span<int const> stop_ids,
                                                   int vocab, int capacity);

}  // namespace constformer::detail
