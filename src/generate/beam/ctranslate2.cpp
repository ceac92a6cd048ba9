// Beam search as CTranslate2's BeamSearch does it (patience 1, prefixes kept in the result).
#include <cmath>
#include <limits>
#include <range/v3/algorithm/copy.hpp>
#include <range/v3/algorithm/sort.hpp>

#include "rule.hpp"

namespace constformer::detail {

namespace {

class ctranslate2_rule final : public search_rule {
 public:
  ctranslate2_rule(beam_options const& options, std::span<int const> stop_ids, int vocab, int capacity)
      : search_rule(options, stop_ids),
        candidates_(std::min(2 * width(), width() * static_cast<std::size_t>(vocab))),
        before_(width()) {
    // K − 1 may have been found when another K end at once; without a length penalty more are gathered until the first
    // beam ends.
    found_.reserve(width() * (static_cast<std::size_t>(capacity) + 2));
  }

  void begin(std::span<growing_beam> beams, int prefix, int) override {
    std::ranges::fill(beams, growing_beam{std::numeric_limits<float>::lowest(), trellis::root, 0, 0});
    beams.front().score = 0;
    prefix_ = prefix;
    first_ = true;
    top_ended_ = false;
    found_.clear();
  }

  [[nodiscard]] bool renormalises() const override { return true; }
  [[nodiscard]] std::size_t nodes_per_step() const override { return 2 * width(); }

  bool advance(beam_scores const& scores, std::span<growing_beam> beams, trellis& tokens, bool last) override {
    ranges::copy(beams, before_.begin());
    scores.best(candidates_);
    if (first_ && prefix_ > 0) penalise_ends();
    first_ = false;
    std::size_t spare = width();
    for (std::size_t k = 0; k < width(); ++k) {
      std::size_t next = k;
      if (stops(candidates_[k].id) || last) {
        top_ended_ = top_ended_ || k == 0;
        note_found(candidates_[k], tokens);
        for (std::size_t j = spare; j < candidates_.size(); ++j)
          if (!stops(candidates_[j].id)) {
            next = j;
            spare = j + 1;
            break;
          }
      }
      auto const& c = candidates_[next];
      beams[k] = {c.score, tokens.add(node_of(c), c.id), c.beam, 0};
    }
    return !last && !complete();
  }

  std::span<ended_beam const> finish() override {
    ranges::sort(found_, [](ended_beam const& a, ended_beam const& b) {
      return a.score > b.score || (a.score == b.score && a.node < b.node);
    });
    return found_;
  }

 private:
  [[nodiscard]] int node_of(beam_candidate const& c) const { return before_[static_cast<std::size_t>(c.beam)].node; }

  // After a forced prefix there is one beam; an end among its lesser candidates would win by its shortness (their issue
  // #277).
  void penalise_ends() {
    for (std::size_t k = 1; k < candidates_.size(); ++k)
      if (stops(candidates_[k].id)) candidates_[k] = {-1e10F, 0, 0};
  }

  void note_found(beam_candidate const& c, trellis& tokens) {
    int const node = tokens.add(node_of(c), c.id);
    int const counted = prefix_ + tokens.length(node);
    float const score = c.score / std::pow(static_cast<float>(counted), options_.length_penalty);
    found_.push_back({score + before_[static_cast<std::size_t>(c.beam)].coverage, node});
  }

  [[nodiscard]] bool complete() const {
    if (options_.length_penalty == 0 && options_.coverage_penalty == 0)
      return top_ended_ && found_.size() >= static_cast<std::size_t>(options_.best);
    return found_.size() >= width();
  }

  std::vector<beam_candidate> candidates_;
  std::vector<growing_beam> before_;
  std::vector<ended_beam> found_;
  int prefix_ = 0;
  bool first_ = true;
  bool top_ended_ = false;
};

}  // namespace

std::unique_ptr<search_rule> make_ctranslate2_rule(beam_options const& options, std::span<int const> stop_ids,
                                                   int vocab, int capacity) {
  return std::make_unique<ctranslate2_rule>(options, stop_ids, vocab, capacity);
}

}  // namespace constformer::detail
