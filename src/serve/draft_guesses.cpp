#include "draft_guesses.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

#include "block_store.hpp"

namespace constformer::serve {

executor_options draft_guesses::options_for(draft_limits limits, int capacity, int threads) {
  constexpr int prompt_rows = 128;
  return {.threads = threads,
          .capacity = capacity,
          .blocks = blocks_for(static_cast<std::size_t>(capacity)) * limits.sequences,
          .rows = prompt_rows + limits.sequences,
          .logit_rows = limits.sequences,
          .reading = {}};
}

draft_guesses::draft_guesses(std::unique_ptr<executor> model, draft_limits limits, guesses_ended ended)
    : model_(std::move(model)),
      limits_(limits),
      ended_(std::move(ended)),
      places_(static_cast<std::size_t>(limits.sequences)) {
  int block = 0;
  for (auto& p : places_) {
    p.ids.reserve(static_cast<std::size_t>(model_->capacity()));
    for (int i = blocks_for(static_cast<std::size_t>(model_->capacity())); i > 0; --i) p.blocks.push_back(block++);
  }
  running_.reserve(places_.size());
  choosing_.reserve(places_.size());
  batch_.reserve(places_.size());
}

// A draft that computes no numbers guesses nothing any more; texts go on without it.
void draft_guesses::guess(std::span<wanted_guess const> wanted, std::size_t rows) {
  if (broken_) return;
  try {
    begin(wanted, rows);
    read_texts();
    while (!choosing_.empty()) read_guesses();
  } catch (std::exception const& problem) {
    broken_ = true;
    if (ended_) ended_(problem.what());
  }
}

void draft_guesses::begin(std::span<wanted_guess const> wanted, std::size_t rows) {
  running_.clear();
  ++clock_;
  for (auto const& [text, most] : wanted) {
    auto const room = static_cast<std::size_t>(model_->capacity());
    std::size_t more = std::min({most, rows, static_cast<std::size_t>(limits_.tokens)});
    if (text->ids.size() > room) continue;
    more = std::min(more, room - text->ids.size() + 1);
    if (more == 0 || running_.size() == places_.size()) continue;
    running_.push_back({&place_of(*text), text, more});
    rows -= more;
  }
}

// Its own, or the one that nobody has used for longest.
draft_guesses::place& draft_guesses::place_of(guessed_text const& text) {
  auto found = std::ranges::find(places_, &text, &place::owner);
  if (found == places_.end()) found = std::ranges::min_element(places_, {}, &place::used);
  found->owner = &text;
  found->used = clock_;
  return *found;
}

// What has come since, at least the last token; of long prompts a part each time.
void draft_guesses::read_texts() {
  batch_.clear();
  choosing_.clear();
  int left = model_->rows();
  for (auto& r : running_) {
    auto const& ids = r.text->ids;
    auto& known = r.at->ids;
    auto const same = std::ranges::mismatch(known, ids).in1 - known.begin();
    known.resize(std::min(static_cast<std::size_t>(same), ids.size() - 1));
    auto const begin = known.size();
    auto const rows = std::min(ids.size() - begin, static_cast<std::size_t>(left));
    if (rows == 0) continue;
    bool const last = begin + rows == ids.size();
    batch_.push_back({.ids = std::span(ids).subspan(begin, rows),
                      .position = static_cast<int>(begin),
                      .blocks = r.at->blocks.data(),
                      .wanted = last ? wanted_logits::last : wanted_logits::none});
    std::copy_n(ids.begin() + static_cast<std::ptrdiff_t>(begin), rows, std::back_inserter(known));
    left -= static_cast<int>(rows);
    if (last) choosing_.push_back(&r);
  }
  if (batch_.empty()) return;
  model_->run(batch_);
  choose();
}

void draft_guesses::read_guesses() {
  batch_.clear();
  for (auto* r : choosing_) {
    auto& known = r->at->ids;
    int const& guess = known.emplace_back(r->text->reads.back());  // within what is reserved
    batch_.push_back(
        {.ids = {&guess, 1}, .position = static_cast<int>(known.size()) - 1, .blocks = r->at->blocks.data()});
  }
  model_->run(batch_);
  choose();
}

// The likeliest token of each; who wants no more is not read on.
void draft_guesses::choose() {
  int const all = static_cast<int>(choosing_.size());
  for (int first = 0, count = 0; first < all; first += count) {
    count = std::min(model_->logit_rows_at_once(), all - first);
    auto const rows = model_->logits(first, count);
    for (int i = 0; i < count; ++i) {
      auto const logits = rows[i];
      auto& r = *choosing_[static_cast<std::size_t>(first + i)];
      r.text->reads.push_back(static_cast<int>(std::ranges::max_element(logits) - logits.begin()));
      --r.more;
    }
  }
  std::erase_if(choosing_, [](running const* r) { return r->more == 0; });
}

}  // namespace constformer::serve
