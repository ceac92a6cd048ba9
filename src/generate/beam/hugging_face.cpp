// Beam search as Hugging Face's generate(num_beams=K) does it since 4.50. The original masks with a sum of −10⁹ in
// float32 and takes the greatest; done the same way here, so that also what it does with masked values is the same.
#include <cmath>
#include <range/v3/algorithm/all_of.hpp>
#include <range/v3/algorithm/any_of.hpp>
#include <range/v3/algorithm/min.hpp>
#include <range/v3/algorithm/partial_sort.hpp>
#include <range/v3/view/transform.hpp>

#include "rule.hpp"

namespace constformer::detail {

namespace {

constexpr float masked = -1e9F;

// Of equal ones the older: a total order, so that nothing depends on how an algorithm visits them.
constexpr auto better = [](auto const& a, auto const& b) {
  return a.score > b.score || (a.score == b.score && a.node < b.node);
};

class hugging_face_rule final : public search_rule {
 public:
  hugging_face_rule(beam_options const& options, std::span<int const> stop_ids, int vocab)
      : search_rule(options, stop_ids),
        candidates_(std::min(std::max(std::size_t{2}, stop_ids.size() + 1) * width(),
                             width() * static_cast<std::size_t>(vocab))),
        continuations_(candidates_.size()),
        found_(width()),
        merged_(width() + candidates_.size()),
        ended_(width()) {
    next_.reserve(candidates_.size());
  }

  void begin(std::span<growing_beam> beams, int, int max_tokens) override {
    std::ranges::fill(beams, growing_beam{masked, trellis::root, 0, 0});
    beams.front().score = 0;
    std::ranges::fill(found_, found_beam{masked, trellis::root, false});
    length_ = 0;
    longest_ = max_tokens;
    may_improve_ = true;
  }

  [[nodiscard]] std::size_t nodes_per_step() const override { return candidates_.size(); }

  bool advance(beam_scores const& scores, std::span<growing_beam> beams, trellis& tokens, bool last) override {
    scores.best(candidates_);
    ++length_;
    note_continuations(beams, tokens, last);
    bool const may_go_on = ranges::any_of(continuations_, [](continuation const& c) { return !c.ends; });
    choose_growing(beams);
    choose_found();
    may_improve_ = may_improve_ && improves(beams.front().score);
    bool const open = options_.stopping != early_stopping::yes || !all_found();
    return may_improve_ && open && may_go_on;
  }

  std::span<ended_beam const> finish() override {
    for (std::size_t i = 0; i < found_.size(); ++i) ended_[i] = {found_[i].score, found_[i].node};
    return ended_;
  }

 private:
  struct continuation {
    float score;
    int node;
    int parent;
    bool ends;
  };
  struct found_beam {
    float score;
    int node;
    bool ended;
  };

  void note_continuations(std::span<growing_beam const> beams, trellis& tokens, bool last) {
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      auto const& c = candidates_[i];
      continuations_[i] = {c.score, tokens.add(beams[static_cast<std::size_t>(c.beam)].node, c.id), c.beam,
                           last || stops(c.id)};
    }
  }

  // The best that did not end.
  void choose_growing(std::span<growing_beam> beams) {
    auto const score = [](continuation const& c) { return c.score + (c.ends ? masked : 0.0F); };
    next_.clear();
    for (auto const& c : continuations_) next_.push_back({score(c), c.node, c.parent, 0});
    ranges::partial_sort(next_, next_.begin() + options_.beams, better);
    std::copy_n(next_.begin(), width(), beams.begin());
  }

  // Those of the first K that ended take part in the contest for the K that are kept.
  void choose_found() {
    float const divisor = static_cast<float>(std::pow(static_cast<double>(length_), double{options_.length_penalty}));
    bool const full = all_found() && options_.stopping == early_stopping::yes;
    std::ranges::copy(found_, merged_.begin());
    for (std::size_t i = 0; i < continuations_.size(); ++i) {
      auto const& c = continuations_[i];
      bool const ended = c.ends && i < width();
      float score = c.score / divisor;
      if (full) score += masked;
      if (!may_improve_) score += masked;
      if (!ended) score += masked;
      merged_[width() + i] = {score, c.node, ended};
    }
    ranges::partial_sort(merged_, merged_.begin() + options_.beams, better);
    std::copy_n(merged_.begin(), width(), found_.begin());
  }

  [[nodiscard]] bool all_found() const { return ranges::all_of(found_, &found_beam::ended); }

  // Whether the best beam that grows could still beat one that is kept.
  [[nodiscard]] bool improves(float best) const {
    bool const at_longest = options_.stopping == early_stopping::never && options_.length_penalty > 0;
    double const length = at_longest ? longest_ : length_;
    float const possible = best / static_cast<float>(std::pow(length, double{options_.length_penalty}));
    float const worst = ranges::min(found_ | ranges::views::transform(&found_beam::score));
    return ranges::any_of(found_, [&](found_beam const& f) { return possible > (f.ended ? worst : masked); });
  }

  std::vector<beam_candidate> candidates_;
  std::vector<continuation> continuations_;
  std::vector<growing_beam> next_;
  std::vector<found_beam> found_;
  std::vector<found_beam> merged_;
  std::vector<ended_beam> ended_;
  int length_ = 0;
  int longest_ = 0;
  bool may_improve_ = true;
};

}  // namespace

std::unique_ptr<search_rule> make_hugging_face_rule(beam_options const& options, std::span<int const> stop_ids,
                                                    int vocab) {
  return std::make_unique<hugging_face_rule>(options, stop_ids, vocab);
}

}  // namespace constformer::detail
