// Beam search as the lecture's code does it (SamLynnEvans/Transformer, Beam.py): it ends when every beam has an end
// token, and until then ended beams keep growing and scoring.
#include <cmath>
#include <limits>
#include <range/v3/algorithm/all_of.hpp>
#include <range/v3/algorithm/copy.hpp>
#include <range/v3/algorithm/partial_sort.hpp>
#include <range/v3/algorithm/sort.hpp>
#include <range/v3/algorithm/transform.hpp>

#include "rule.hpp"

namespace constformer::detail {

namespace {

constexpr auto better = [](auto const& a, auto const& b) { return a.score > b.score; };

class lecture_rule final : public search_rule {
 public:
  lecture_rule(beam_options const& options, std::span<int const> stop_ids, int vocab)
      : search_rule(options, stop_ids),
        each_(std::min(width(), static_cast<std::size_t>(vocab))),
        candidates_(width() * each_),
        before_(width()),
        ended_(width()) {}

  void begin(std::span<growing_beam> beams, int prefix, int) override {
    // All beams are the same at first: only the first one's candidates may win.
    std::ranges::fill(beams, growing_beam{-std::numeric_limits<float>::infinity(), trellis::root, 0, 0});
    beams.front().score = 0;
    prefix_ = prefix;
    first_ = true;
  }

  [[nodiscard]] std::size_t nodes_per_step() const override { return width(); }

  bool advance(beam_scores const& scores, std::span<growing_beam> beams, trellis& tokens, bool last) override {
    ranges::copy(beams, before_.begin());
    for (std::size_t beam = 0; beam < width(); ++beam)
      scores.best_of(static_cast<int>(beam), std::span(candidates_).subspan(beam * each_, each_));
    auto const in_order = [](beam_candidate const& a, beam_candidate const& b) {
      return a.score > b.score || (a.score == b.score && (a.beam < b.beam || (a.beam == b.beam && a.id < b.id)));
    };
    ranges::partial_sort(candidates_, candidates_.begin() + options_.beams, in_order);
    for (std::size_t i = 0; i < width(); ++i) beams[i] = grown(candidates_[i], tokens);
    // The original looks for end tokens from its second step on.
    bool const all_ended = !first_ && ranges::all_of(beams, [](growing_beam const& b) { return b.end > 0; });
    first_ = false;
    if (all_ended || last) conclude(beams, tokens, all_ended);
    return !all_ended && !last;
  }

  std::span<ended_beam const> finish() override { return ended_; }

 private:
  [[nodiscard]] growing_beam grown(beam_candidate const& c, trellis& tokens) const {
    auto const& from = before_[static_cast<std::size_t>(c.beam)];
    int const node = tokens.add(from.node, c.id);
    int const end = from.end > 0 ? from.end : stops(c.id) ? tokens.length(node) : 0;
    return {c.score, node, c.beam, end};
  }

  // All ended: by score. Else the beams stay as they are, as the original then takes the first.
  void conclude(std::span<growing_beam const> beams, trellis const& tokens, bool all_ended) {
    ranges::transform(beams, ended_.begin(), [&](growing_beam const& b) {
      int node = b.node;
      if (b.end > 0)
        for (int extra = tokens.length(node) - b.end; extra > 0; --extra) node = tokens.parent(node);
      auto const length = static_cast<float>(prefix_ + tokens.length(node));
      return ended_beam{b.score * (1.0F / std::pow(length, options_.length_penalty)), node};
    });
    if (all_ended) ranges::sort(ended_, better);
  }

  std::size_t each_;
  std::vector<beam_candidate> candidates_;
  std::vector<growing_beam> before_;
  std::vector<ended_beam> ended_;
  int prefix_ = 0;
  bool first_ = true;
};

}  // namespace

std::unique_ptr<search_rule> make_lecture_rule(beam_options const& options, std::span<int const> stop_ids, int vocab) {
  return std::make_unique<lecture_rule>(options, stop_ids, vocab);
}

}  // namespace constformer::detail
