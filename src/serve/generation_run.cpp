#include "generation_run.hpp"

#include <algorithm>
#include <utility>

namespace constformer::serve {

namespace {

double seconds(std::chrono::steady_clock::duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace

generation_run::generation_run(service& all, boost::asio::io_context& io, generation_task task)
    : all_(all), task_(std::move(task)), queue_(std::make_shared<reply_queue>(io, task_.stream)) {
  int choices = 0;
  for (auto const& prompt : task_.prompts) {
    choices += prompt.choices;
    used_.prompt_tokens += static_cast<int>(prompt.prompt.size());
    all_.metrics.prompt_tokens.add(static_cast<double>(prompt.prompt.size()));
  }
  choices_.resize(static_cast<std::size_t>(choices));
}

void generation_run::submit() {
  auto const window = static_cast<std::size_t>(std::max(all_.options.parallel, 1));
  while (!refused_ && next_ < task_.prompts.size() && next_ - finished_ < window) {
    auto& request = task_.prompts[next_];
    auto sink = std::make_shared<reply_sink>(queue_, task_.sink, static_cast<int>(next_), request);
    try {
      running_.push_back(all_.compute.submit(request, std::move(sink)));
    } catch (queue_full const& full) {
      if (next_ > 0) return;  // again when something has ended, or soon
      throw overloaded(full.what(), "queue_full");
    } catch (constformer::serve::draining const& ends) {
      if (next_ == 0) throw overloaded(ends.what(), "draining");
      refused_ = reply_failure{ends.what(), failure::draining};
      return;
    } catch (too_long const& problem) {
      throw context_exceeded(problem.what(), "max_tokens");
    } catch (bad_prompt const& problem) {
      throw bad_request(problem.what(), "prompt");
    }
    request = {};
    ++next_;
  }
}

void generation_run::cancel() {
  if (ended_) return;
  ended_ = cancelled_ = true;
  for (auto const id : running_) all_.compute.cancel(id);
  ++all_.metrics.ended_abort;
}

double generation_run::total_seconds() const { return seconds(clock::now() - start_); }

void generation_run::measure(text_piece const& piece) {
  if (piece.text.empty() && !piece.token) return;
  auto const now = clock::now();
  if (first_token_seconds_ < 0) {
    first_token_seconds_ = seconds(now - start_);
    if (task_.stream) all_.metrics.first_token_seconds.add(first_token_seconds_);
  } else if (task_.stream) {
    all_.metrics.inter_token_seconds.add(seconds(now - last_piece_));
  }
  last_piece_ = now;
}

void generation_run::count_end(text_piece const& piece) {
  reason_ = piece.why == finish_reason::length ? "length" : "stop";
  ++(piece.why == finish_reason::length ? all_.metrics.ended_length : all_.metrics.ended_stop);
}

void generation_run::absorb(text_piece const& piece, news& out) {
  measure(piece);
  if (piece.last) count_end(piece);
  out.weight += weight_of(piece);
  if (task_.stream) {
    if (piece.token) ++used_.completion_tokens;  // until the engine tells
    task_.format->event(out.events, piece, used_);
    return;
  }
  auto& choice = choices_[static_cast<std::size_t>(piece.choice)];
  choice.text += piece.text;
  if (piece.token) choice.tokens.push_back(piece.record);
  if (!piece.last) return;
  choice.why = piece.why;
  choice.stop = piece.stop;
}

generation_run::news generation_run::take() {
  news out;
  auto batch = queue_->take();
  for (auto const& piece : batch.prompt) task_.format->prompt(piece);
  for (auto const& piece : batch.pieces) absorb(piece, out);
  for (auto const& used : batch.finished) {
    ++finished_;
    used_.cached_tokens += used.cached_tokens;
    used_.prefill_seconds += used.prefill_seconds;
    used_.decode_seconds += used.decode_seconds;
    queue_seconds_ = std::max(queue_seconds_, used.queue_seconds);
    told_ += used.completion_tokens;
    all_.metrics.queue_seconds.add(used.queue_seconds);
    all_.metrics.generated_tokens.add(used.completion_tokens);
  }
  out.failed = batch.failed ? std::move(batch.failed) : refused_;
  if (out.failed) return out;
  out.ended = finished_ == task_.prompts.size();
  if (!out.ended) return out;
  ended_ = true;
  used_.completion_tokens = told_;
  all_.metrics.request_seconds.add(total_seconds());
  if (task_.stream) task_.format->end(out.events, used_);
  return out;
}

}  // namespace constformer::serve
