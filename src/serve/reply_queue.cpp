#include "reply_queue.hpp"

#include <algorithm>
#include <utility>

namespace constformer::serve {

namespace {

constexpr std::size_t frame_bytes = 200;  // of an event around its text

}  // namespace

std::size_t weight_of(text_piece const& piece) {
  return frame_bytes + piece.text.size() + piece.record.top.size() * frame_bytes;
}

reply_queue::batch reply_queue::take() {
  std::lock_guard const lock(mutex_);
  return std::exchange(batch_, {});
}

void reply_queue::put(text_piece piece) {
  pending_ += static_cast<std::ptrdiff_t>(weight_of(piece));
  {
    std::lock_guard const lock(mutex_);
    batch_.pieces.push_back(std::move(piece));
  }
  tell(false);
}

void reply_queue::put(prompt_piece piece) {
  std::lock_guard const lock(mutex_);
  batch_.prompt.push_back(std::move(piece));
}

void reply_queue::put(usage const& used) {
  {
    std::lock_guard const lock(mutex_);
    batch_.finished.push_back(used);
  }
  tell(true);
}

void reply_queue::put(reply_failure problem) {
  {
    std::lock_guard const lock(mutex_);
    batch_.failed = std::move(problem);
  }
  tell(true);
}

reply_sink::reply_sink(std::shared_ptr<reply_queue> queue, format const& how, int prompt,
                       generation_request const& request)
    : queue_(std::move(queue)),
      first_(prompt * request.choices),
      prompt_(prompt),
      records_(how.records),
      measured_(how.measured),
      text_(how.text),
      spelled_(how.spelled),
      prompt_ids_(request.prompt_logprobs ? request.prompt : std::vector<int>()) {
  for (int i = 0; i < request.choices; ++i) {
    auto& made = choices_.emplace_back(choice{.stream = how.text == nullptr ? nullptr : how.text->stream(),
                                              .stop = stop_text(how.stops),
                                              .filter = request.filter ? request.filter() : nullptr});
    if (made.stream == nullptr || !how.goes_on) continue;
    for (int const id : request.prompt) static_cast<void>(made.stream->push(id));
  }
}

void reply_sink::prompt_token(int position, float logprob, std::span<scored_id const> top) {
  queue_->put(prompt_piece{
      prompt_, position, {prompt_ids_[static_cast<std::size_t>(position)], logprob, {top.begin(), top.end()}}});
}

std::string reply_sink::text_of(text_stream& stream, int id) const {
  std::string out(stream.push(id));
  if (std::ranges::find(spelled_, id) != spelled_.end()) out += text_->piece(id);
  return out;
}

bool reply_sink::token(token_event const& event) {
  auto& c = choices_[static_cast<std::size_t>(event.choice)];
  text_piece piece{.choice = first_ + event.choice, .text = {}, .record = {}, .last = event.last, .why = event.why};
  if (event.text && event.id >= 0) {
    if (c.stream != nullptr) piece.text = c.stop.push(text_of(*c.stream, event.id));
    piece.token = records_;
    if (records_) piece.record = {event.id, event.logprob, {event.top.begin(), event.top.end()}};
    if (c.filter != nullptr) c.filter->advance(event.id);
  }
  bool const complete = c.filter != nullptr && c.filter->complete();
  if ((piece.last || complete) && !c.stop.stopped() && c.stream != nullptr) {
    piece.text += c.stop.push(c.stream->flush());
    piece.text += c.stop.flush();
  }
  bool const ends = complete || c.stop.stopped();
  if (ends) {
    piece.last = true;
    piece.why = finish_reason::stop;
    piece.stop = c.stop.which();
  }
  if (piece.last || piece.token || !piece.text.empty()) queue_->put(std::move(piece));
  return !ends;
}

}  // namespace constformer::serve
