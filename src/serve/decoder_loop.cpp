#include "decoder_loop.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "constformer/generate/prefix_table.hpp"

namespace constformer::serve {

namespace {

double seconds_since(serve_clock::time_point start) {
  return std::chrono::duration<double>(serve_clock::now() - start).count();
}

bool tells_prompt(sequence_state const& s) {
  auto const& r = *s.request;
  return r.request.prompt_logprobs && s.choice == 0 && r.prompt_told < static_cast<int>(r.request.prompt.size());
}

prefix_place prefix_in(prefix_config const& c, std::span<int const> prompt) {
  try {
    return prefix_of(c, prompt);
  } catch (error const& none) {
    throw bad_prompt(none.what());
  }
}

}  // namespace

decoder_loop::decoder_loop(executor& model, loop_options const& options, int vocab)
    : model_(model),
      options_(options),
      vocab_(vocab),
      blocks_(model.blocks(), options.secret),
      scheduler_(blocks_, {options.sequences, options.reserve, options.whole, options.each},
                 [&model](int from, int to, int positions) { model.copy_block(from, to, positions); }) {
  batch_.reserve(static_cast<std::size_t>(options.sequences));
  wanted_.reserve(static_cast<std::size_t>(model.rows()));
  drawable_.reserve(static_cast<std::size_t>(model.logit_rows_at_once()));
}

std::unique_ptr<request_state> decoder_loop::make(std::uint64_t name, generation_request request,
                                                  std::shared_ptr<generation_sink> sink) const {
  prefix_place prefix{};
  if (options_.prefix != nullptr) prefix = prefix_in(*options_.prefix, request.prompt);
  if (options_.reserve) request.cache_prompt = false;
  auto made = std::make_unique<request_state>(name, std::move(request), std::move(sink), vocab_, model_.capacity());
  for (auto const& choice : made->choices) choice->prefix = prefix;
  return made;
}

void decoder_loop::add(std::unique_ptr<request_state> request) {
  scheduler_.add(*request);
  requests_.push_back(std::move(request));
}

bool decoder_loop::fail(std::uint64_t name, std::string_view why, failure kind) {
  auto const found = std::ranges::find(requests_, name, &request_state::id);
  if (found == requests_.end()) return false;
  auto const request = std::move(*found);
  requests_.erase(found);
  for (auto const& choice : request->choices)
    if (!choice->ended) scheduler_.remove(*choice);
  request->sink->failed(why, kind);
  return true;
}

void decoder_loop::fail_all(std::string_view why, failure kind) {
  while (!requests_.empty()) fail(requests_.front()->id, why, kind);
}

// Rows of the next pass: as many as leave those who write the time they are promised.
int decoder_loop::budget() const {
  int const most = options_.budget == 0 ? model_.rows() : std::min(options_.budget, model_.rows());
  bool const writing = std::ranges::any_of(scheduler_.running(), [](auto const* s) { return s->missing() == 1; });
  if (!writing || seconds_a_row_ == 0 || options_.seconds_a_token == 0) return most;
  int const least = static_cast<int>(scheduler_.running().size()) + block_tokens;
  double const affordable = options_.seconds_a_token / seconds_a_row_;
  return affordable >= most ? most : std::clamp(static_cast<int>(affordable), std::min(least, most), most);
}

bool decoder_loop::step() {
  auto const plan = scheduler_.plan(budget());
  if (plan.empty()) return false;
  if (options_.guesses && !options_.reserve) guess(plan);
  auto const start = serve_clock::now();
  int rows = 0;
  int writing = 0;
  for (auto const& p : plan) {
    rows += p.rows;
    writing += p.sequence->chosen > 0 ? 1 : 0;
  }
  if (run(plan)) measure(rows, writing, seconds_since(start));
  ++counters_.steps;
  drop_ended();
  return true;
}

void decoder_loop::measure(int rows, int writing, double seconds) {
  (writing == rows ? counters_.decode_seconds : counters_.prefill_seconds) += seconds;
  constexpr int enough = 2 * block_tokens;  // a pass of few rows tells little of the price of many
  if (rows < enough) return;
  double const here = seconds / rows;
  seconds_a_row_ = seconds_a_row_ == 0 ? here : 0.9 * seconds_a_row_ + 0.1 * here;
}

// A pass that fails does so because of one of its sequences, or because of the weights: each is then run by itself.
bool decoder_loop::run(std::span<planned_rows const> plan) {
  try {
    run_rows(plan);
  } catch (std::exception const&) {
    for (auto const& p : plan) run_alone(p);
    return false;
  }
  for (auto const& p : plan) scheduler_.computed(p);
  tell();
  for (auto const& [s, rows] : plan)
    if (!s->reads.empty()) s->guesses.came_true(s->reads.size() - 1, s->right);
  return true;
}

void decoder_loop::run_alone(planned_rows const& p) {
  request_state& r = *p.sequence->request;
  if (!r.broken.empty() || p.sequence->ended) return;
  p.sequence->reads.clear();  // a guess may be what cannot be computed
  try {
    run_rows({&p, 1});
    scheduler_.computed(p);
    tell();
  } catch (std::exception const& problem) {
    r.broken = problem.what();
  }
}

void decoder_loop::run_rows(std::span<planned_rows const> plan) {
  batch_.clear();
  wanted_.clear();
  for (auto const& [s, rows] : plan) {
    bool const guessed = !s->reads.empty();
    bool const all = guessed || tells_prompt(*s);
    bool const last = rows == s->missing();
    auto const first = static_cast<std::size_t>(s->computed);
    auto const ids =
        guessed ? std::span<int const>(s->reads) : std::span(s->ids).subspan(first, static_cast<std::size_t>(rows));
    batch_.push_back({.ids = ids,
                      .position = s->computed,
                      .blocks = s->table.data(),
                      .wanted = all    ? wanted_logits::all
                                : last ? wanted_logits::last
                                       : wanted_logits::none,
                      .length = s->chosen > 0 ? 0 : static_cast<int>(s->request->request.prompt.size()),
                      .prefix = s->prefix});
    for (std::size_t row = all ? 0 : last ? ids.size() - 1 : ids.size(); row < ids.size(); ++row)
      wanted_.push_back({s, s->computed + static_cast<int>(row), ids[row], guessed && row > 0});
  }
  model_.run(batch_);
}

// A few rows cost little more than one, because weights are read once; of many each costs its share.
void decoder_loop::guess(std::span<planned_rows const> plan) {
  constexpr int cheap = 16;
  int rows = 0;
  for (auto const& p : plan) rows += p.rows;
  scheduler_.guess(*options_.guesses, std::min(cheap, model_.rows()) - rows);
  for (auto const& p : plan) {
    if (p.sequence->reads.empty()) continue;
    ++counters_.drafts;
    counters_.draft_tokens += p.sequence->reads.size() - 1;
  }
}

void decoder_loop::tell() {
  int const all = static_cast<int>(wanted_.size());
  for (int first = 0, count = 0; first < all; first += count) {
    count = std::min(model_.logit_rows_at_once(), all - first);
    if (tell_rows(first, count)) continue;
    for (int i = 0; i < count; ++i) tell_rows(first + i, 1);
  }
}

// False if not all logits are numbers; of a single row that ends the request.
bool decoder_loop::tell_rows(int first, int count) {
  logit_rows logits{};
  try {
    logits = model_.logits(first, count);
  } catch (std::exception const& problem) {
    auto const& row = wanted_[static_cast<std::size_t>(first)];
    if (count == 1 && counts(row)) row.sequence->request->broken = problem.what();
    return false;
  }
  draw_ahead(first, logits);
  for (int i = 0; i < count; ++i) {
    auto const& row = wanted_[static_cast<std::size_t>(first + i)];
    try {
      tell_row(row, logits[i]);
    } catch (std::exception const& problem) {
      row.sequence->request->broken = problem.what();
    }
  }
  return true;
}

// Choosing is much of the work where texts draw from large vocabularies. All threads do it for rows that depend on no
// other row's token.
void decoder_loop::draw_ahead(int first, logit_rows const& logits) {
  drawable_.clear();
  for (int i = 0; i < logits.rows; ++i)
    if (can_draw(wanted_[static_cast<std::size_t>(first + i)])) drawable_.push_back(i);
  if (drawable_.size() < 2) return;
  model_.each(static_cast<int>(drawable_.size()), [&](int item) {
    int const row = drawable_[static_cast<std::size_t>(item)];
    sequence_state& s = *wanted_[static_cast<std::size_t>(first + row)].sequence;
    try {
      draw(s, logits[row]);
    } catch (std::exception const&) {  // is thrown again when its turn has come
      s.drawn = -1;
    }
  });
}

// The row is of the last token of a text, which is no guess. Filters of one request run on one thread.
bool decoder_loop::can_draw(wanted_row const& row) const {
  sequence_state const& s = *row.sequence;
  auto const& r = *s.request;
  bool const last = row.position + 1 == static_cast<int>(s.ids.size()) && s.ids.back() == row.read;
  bool const apart = !r.request.filter || r.request.choices == 1;
  return last && !row.guessed && apart && r.broken.empty() && !s.ended;
}

void decoder_loop::draw(sequence_state& s, std::span<float const> logits) {
  if (s.request->request.logprobs >= 0) s.top.read(logits);
  s.drawn = s.chooser.choose(logits);
}

// False behind a guess that did not come true.
bool decoder_loop::counts(wanted_row const& row) {
  sequence_state const& s = *row.sequence;
  bool const as_read = row.position + 1 == static_cast<int>(s.ids.size()) && s.ids.back() == row.read;
  return as_read || row.position + 1 < static_cast<int>(s.request->request.prompt.size());
}

void decoder_loop::tell_row(wanted_row const& row, std::span<float const> logits) {
  sequence_state& s = *row.sequence;
  if (!s.request->broken.empty() || s.ended || !counts(row)) return;
  if (row.position + 1 < static_cast<int>(s.request->request.prompt.size()))
    return tell_prompt(*s.request, row.position, logits);
  if (row.guessed) {
    scheduler_.computed({&s, 1});
    ++s.right;
    ++counters_.accepted_tokens;
  }
  bool const first = s.chosen == 0;
  if (s.choice == 0) s.request->prompt_told = static_cast<int>(s.request->request.prompt.size());
  if (first && s.choice == 0)
    for (auto const& follower : s.request->choices)
      if (follower->leader == &s && scheduler_.fork(*follower)) choose(*follower, logits);
  choose(s, logits);
}

void decoder_loop::tell_prompt(request_state& r, int position, std::span<float const> logits) {
  if (position < r.prompt_told) return;
  r.prompt_told = position + 1;
  int const id = r.request.prompt[static_cast<std::size_t>(position) + 1];
  r.of_prompt.read(logits);
  r.sink->prompt_token(position + 1, r.of_prompt.logprob(logits, id), r.of_prompt.top());
}

void decoder_loop::choose(sequence_state& s, std::span<float const> logits) {
  request_state& r = *s.request;
  if (s.drawn < 0) draw(s, logits);
  int const id = std::exchange(s.drawn, -1);
  if (r.first == serve_clock::time_point{}) {
    r.first = serve_clock::now();
    r.used.prefill_seconds = std::chrono::duration<double>(r.first - r.began).count();
  }
  ++s.chosen;
  ++r.used.completion_tokens;
  bool const stop = std::ranges::find(r.request.stop_ids, id) != r.request.stop_ids.end();
  bool const last = stop || s.chosen == r.request.max_tokens;
  bool const scored = r.request.logprobs >= 0;
  bool const more = r.sink->token({.choice = s.choice,
                                   .id = id,
                                   .logprob = scored ? s.top.logprob(logits, id) : 0.0F,
                                   .top = s.top.top(),
                                   .text = !stop,
                                   .last = last,
                                   .why = stop ? finish_reason::stop : finish_reason::length});
  if (last || !more) return end(s);
  s.chooser.accept(id);
  s.ids.push_back(id);
}

void decoder_loop::end(sequence_state& s) {
  scheduler_.remove(s);
  ++s.request->ended;
}

void decoder_loop::drop_ended() {
  for (std::size_t i = requests_.size(); i-- > 0;)
    if (!requests_[i]->broken.empty()) fail(requests_[i]->id, std::string(requests_[i]->broken), failure::broken);
  std::erase_if(requests_, [this](std::unique_ptr<request_state> const& r) {
    if (r->ended < r->request.choices) return false;
    r->used.decode_seconds = seconds_since(r->first);
    counters_.prompt_tokens += static_cast<std::uint64_t>(r->used.prompt_tokens);
    counters_.cached_prompt_tokens += static_cast<std::uint64_t>(r->used.cached_tokens);
    counters_.generated_tokens += static_cast<std::uint64_t>(r->used.completion_tokens);
    r->sink->finished(r->used);
    return true;
  });
}

namespace {

bool runs(request_state const& r) {
  return std::ranges::any_of(r.choices, [](auto const& s) { return s->running; });
}

}  // namespace

int decoder_loop::waiting() const {
  return static_cast<int>(std::ranges::count_if(requests_, [](auto const& r) { return !runs(*r); }));
}

std::size_t decoder_loop::waiting_tokens() const {
  std::size_t tokens = 0;
  for (auto const& r : requests_) tokens += runs(*r) ? 0 : r->request.prompt.size();
  return tokens;
}

void decoder_loop::fill(engine_stats& stats) const {
  stats.steps = counters_.steps;
  stats.prompt_tokens = counters_.prompt_tokens;
  stats.cached_prompt_tokens = counters_.cached_prompt_tokens;
  stats.generated_tokens = counters_.generated_tokens;
  stats.prefill_seconds = counters_.prefill_seconds;
  stats.decode_seconds = counters_.decode_seconds;
  stats.drafts = counters_.drafts;
  stats.draft_tokens = counters_.draft_tokens;
  stats.accepted_tokens = counters_.accepted_tokens;
  stats.preemptions = scheduler_.preemptions();
  stats.blocks = blocks_.size();
  stats.blocks_used = blocks_.size() - blocks_.available();
  stats.slots = options_.sequences;
  stats.capacity = model_.capacity();
  stats.waiting = waiting();
  stats.running = static_cast<int>(requests_.size()) - stats.waiting;
  stats.running_slots.clear();
  for (auto const* s : scheduler_.running())
    stats.running_slots.push_back({.request = s->request->id,
                                   .prompt_tokens = static_cast<int>(s->request->request.prompt.size()),
                                   .computed_tokens = s->computed,
                                   .chosen_tokens = s->chosen,
                                   .remaining_tokens = s->request->request.max_tokens - s->chosen});
}

}  // namespace constformer::serve
