#include "constformer/generate/beam_search.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "constformer/core/error.hpp"
#include "coverage.hpp"
#include "rule.hpp"
#include "scores.hpp"
#include "trellis.hpp"
#include "../repeats.hpp"

namespace constformer {

namespace {

beam_options const& checked(beam_options const& options) {
  if (auto const misfit = first_misfit(options); !misfit.empty())
    throw error("beam search: " + std::string(misfit.view()));
  return options;
}

std::unique_ptr<detail::search_rule> make_rule(beam_options const& options, std::span<int const> stop_ids, int vocab,
                                               int capacity) {
  switch (options.rule) {
    case beam_rule::lecture: return detail::make_lecture_rule(options, stop_ids, vocab);
    case beam_rule::ctranslate2: return detail::make_ctranslate2_rule(options, stop_ids, vocab, capacity);
    case beam_rule::hugging_face: break;
  }
  return detail::make_hugging_face_rule(options, stop_ids, vocab);
}

}  // namespace

/// The beams of one search at a time, and what a rule makes of them.
class beam_search::search {
 public:
  search(beam_options const& options, std::span<int const> stop_ids, int vocab, int capacity)
      : options_(checked(options)),
        capacity_(static_cast<std::size_t>(capacity)),
        stop_ids_(stop_ids.begin(), stop_ids.end()),
        rule_(make_rule(options, stop_ids, vocab, capacity)),
        scores_(options.beams, vocab),
        tokens_(rule_->nodes_per_step() * (capacity_ + 1)),
        beams_(static_cast<std::size_t>(options.beams)),
        ids_(beams_.size()),
        parents_(beams_.size()),
        history_(capacity_ + 1),
        renormalised_(rule_->renormalises()  ? detail::renormalise::before
                      : options.renormalised ? detail::renormalise::after
                                             : detail::renormalise::no),
        coverage_(options.beams, options.coverage_penalty != 0 ? capacity_ : 0),
        results_(static_cast<std::size_t>(options.best)),
        result_ids_(results_.size() * (capacity_ + 1)) {}

  std::span<beam_hypothesis const> run(session& model, beam_request const& request) {
    rules_ = request.rules;
    source_ = request.source;
    endless_ = std::max(request.min_tokens - static_cast<int>(request.prefix.size()), 0);
    int const room = begin(model, request);
    if (room == 0) return report(request.prefix, {});
    auto const first = append_all(model, request);
    for (std::size_t beam = 0; beam < beams_.size(); ++beam) take(beam, first);
    weigh_coverage();
    for (int left = room; rule_->advance(scores_, beams_, tokens_, left == 1); --left) step(model, left == room);
    return report(request.prefix, rule_->finish());
  }

 private:
  // How many tokens may be chosen: the last one need not be in the context.
  int begin(session& model, beam_request const& request) {
    auto const given = request.prompt.size() + request.prefix.size();
    if (given == 0) throw error("beam search: there are no tokens to go on from");
    auto const held = static_cast<std::size_t>(model.position());
    if (held + given > static_cast<std::size_t>(model.capacity()))
      throw error("beam search: prompt and prefix have " + std::to_string(given) +
                  " tokens, the context has room for " +
                  std::to_string(static_cast<std::size_t>(model.capacity()) - held));
    if (model.sequences() < options_.beams)
      throw error("beam search: " + std::to_string(options_.beams) + " beams are wanted, the session holds " +
                  std::to_string(model.sequences()) + " sequences");
    int const room = model.capacity() - static_cast<int>(held + given) + 1;
    int const most = request.max_tokens < 0 ? room : std::min(request.max_tokens, room);
    tokens_.clear();
    rule_->begin(beams_, static_cast<int>(request.prefix.size()), most);
    note_past(request);
    return most;
  }

  // What rules look at before the tokens that are chosen. CTranslate2 looks for n-grams in the prefix only.
  void note_past(beam_request const& request) {
    past_ = 0;
    for (auto const part : {request.prompt, request.prefix}) {
      std::ranges::copy(part, history_.begin() + static_cast<std::ptrdiff_t>(past_));
      past_ += part.size();
    }
    ngrams_from_ = options_.rule == beam_rule::ctranslate2 ? request.prompt.size() : 0;
  }

  std::span<float const> append_all(session& model, beam_request const& request) {
    if (covers()) return append_covering(model, request);
    if (request.prompt.empty()) return model.append(request.prefix);
    auto const logits = model.append(request.prompt);
    return request.prefix.empty() ? logits : model.append(request.prefix);
  }

  [[nodiscard]] bool covers() const { return options_.coverage_penalty != 0; }

  // What a token attends to is known after the call that appended it, so that those of a prefix come one by one.
  std::span<float const> append_covering(session& model, beam_request const& request) {
    auto const given = request.prompt.empty() ? request.prefix.first(1) : request.prompt;
    auto logits = model.append(given);
    auto attention = model.source_attention(0);
    coverage_.begin(attention.size());
    coverage_.add(0, attention);
    for (int const& id : request.prompt.empty() ? request.prefix.subspan(1) : request.prefix) {
      logits = model.append(std::span(&id, 1));
      coverage_.add(0, model.source_attention(0));
    }
    std::ranges::fill(parents_, 0);
    coverage_.fork(parents_);
    return logits;
  }

  void weigh_coverage() {
    if (!covers()) return;
    for (std::size_t i = 0; i < beams_.size(); ++i)
      beams_[i].coverage = options_.coverage_penalty * coverage_.log_sum(i);
  }

  // Beams go on from their parents; at first all of them from sequence 0.
  void step(session& model, bool first) {
    for (std::size_t i = 0; i < beams_.size(); ++i) {
      parents_[i] = first ? 0 : beams_[i].parent;
      ids_[i] = tokens_.id(beams_[i].node);
    }
    model.fork(parents_);
    auto const logits = model.step(ids_);
    for (std::size_t i = 0; i < beams_.size(); ++i) take(i, logits[static_cast<int>(i)]);
    if (!covers()) return;
    coverage_.fork(parents_);
    for (std::size_t i = 0; i < beams_.size(); ++i) coverage_.add(i, model.source_attention(static_cast<int>(i)));
    weigh_coverage();
  }

  void take(std::size_t beam, std::span<float const> logits) {
    int const node = beams_[beam].node;
    scores_.set(static_cast<int>(beam), logits, beams_[beam].score, renormalised_,
                [this, node](std::span<float> row) { forbid(node, row); });
  }

  // What may not follow a node.
  void forbid(int node, std::span<float> row) {
    auto const chosen = static_cast<std::size_t>(tokens_.length(node));
    if (options_.no_repeat_ngram > 0 || rules_ != nullptr) {
      tokens_.write_path(node, std::span(history_).subspan(past_, chosen));
      auto const context = std::span<int const>(history_).first(past_ + chosen);
      if (rules_ != nullptr)
        apply_rules(*rules_, {context, static_cast<int>(past_), source_.empty() ? context.first(past_) : source_}, row);
      auto const ngrams = context.subspan(ngrams_from_);
      detail::forbid_repeats(ngrams, ngrams, options_.no_repeat_ngram, row);
    }
    if (tokens_.length(node) < endless_)
      for (int const id : stop_ids_) row[static_cast<std::size_t>(id)] = -std::numeric_limits<float>::infinity();
  }

  std::span<beam_hypothesis const> report(std::span<int const> prefix, std::span<detail::ended_beam const> found) {
    std::size_t const count = std::min(found.size(), results_.size());
    for (std::size_t i = 0; i < count; ++i) {
      auto const chosen = static_cast<std::size_t>(tokens_.length(found[i].node));
      auto const ids = std::span(result_ids_).subspan(i * (capacity_ + 1), prefix.size() + chosen);
      std::ranges::copy(prefix, ids.begin());
      tokens_.write_path(found[i].node, ids.subspan(prefix.size()));
      results_[i] = {found[i].score, ids};
    }
    return std::span(results_).first(count);
  }

  beam_options const options_;
  std::size_t const capacity_;
  std::vector<int> const stop_ids_;
  std::unique_ptr<detail::search_rule> rule_;
  detail::beam_scores scores_;
  detail::trellis tokens_;
  std::vector<detail::growing_beam> beams_;
  std::vector<int> ids_;
  std::vector<int> parents_;
  std::vector<int> history_;  // of the beam at hand
  std::size_t past_ = 0;      // tokens of it that all beams share
  std::size_t ngrams_from_ = 0;
  detail::renormalise renormalised_;
  logit_rules const* rules_ = nullptr;
  std::span<int const> source_;
  int endless_ = 0;                   // tokens that are chosen before one may be an end
  detail::source_coverage coverage_;  // empty without a penalty
  std::vector<beam_hypothesis> results_;
  std::vector<int> result_ids_;
};

beam_search::beam_search(beam_options const& options, std::span<int const> stop_ids, int vocab, int capacity)
    : search_(std::make_unique<search>(options, stop_ids, vocab, capacity)) {}

beam_search::~beam_search() = default;

std::span<beam_hypothesis const> beam_search::run(session& model, beam_request const& request) {
  return search_->run(model, request);
}

}  // namespace constformer
