#include <string>

#include "choices.hpp"

namespace constformer {

using detail::generation_clock;

namespace {

// The generations that run side by side: sequence i of the session is that of running_[i].
class batch {
 public:
  batch(session& model, std::span<std::vector<int> const> prompts, generation_limits const& limits,
        batch_observer& observer)
      : model_(model), prompts_(prompts), limits_(limits), observer_(observer) {}

  void run() {
    while (start_waiting()) {
      step();
      drop_ended();
    }
  }

 private:
  struct generation {
    std::size_t prompt;
    std::unique_ptr<sampler> choose;
    generation_result result;
    generation_clock::time_point start;
    int next;  // chosen, not yet in the context; -1: it has ended
  };

  // Fills the sequences with prompts that wait; false if nothing is left to do.
  bool start_waiting() {
    while (waiting_ < prompts_.size() && running_.size() < static_cast<std::size_t>(model_.sequences())) {
      start(waiting_++);
      if (running_.back().next < 0) running_.pop_back();
    }
    return !running_.empty();
  }

  void start(std::size_t prompt) {
    int const sequence = static_cast<int>(running_.size());
    auto const& ids = prompts_[prompt];
    auto& g = running_.emplace_back(generation{prompt, observer_.begin(prompt), {}, generation_clock::now(), -1});
    g.result.prompt_tokens = static_cast<int>(ids.size());
    for (int const id : ids) g.choose->accept(id);
    model_.rewind(sequence, 0);
    auto const logits = model_.append(sequence, ids);
    g.result.prefill_seconds = detail::seconds_since(g.start);
    g.start = generation_clock::now();
    choose(g, sequence, logits);
  }

  void choose(generation& g, int sequence, std::span<float const> logits) {
    bool const full = model_.position(sequence) == model_.capacity();
    auto const sink = [&](int id, std::span<float const> from) { return observer_.chosen(g.prompt, id, from); };
    auto const id = detail::next_choice(*g.choose, logits, limits_, full, sink, g.result);
    g.next = id.value_or(-1);
    if (id) return;
    g.result.decode_seconds = detail::seconds_since(g.start);
    observer_.ended(g.prompt, g.result);
  }

  void step() {
    ids_.clear();
    for (auto const& g : running_) ids_.push_back(g.next);
    auto const logits = model_.step(ids_);
    for (std::size_t i = 0; i < running_.size(); ++i) {
      ++running_[i].result.decode_steps;
      choose(running_[i], static_cast<int>(i), logits[static_cast<int>(i)]);
    }
  }

  // Those that go on close up; their sequences go with them.
  void drop_ended() {
    parents_.clear();
    for (std::size_t i = 0; i < running_.size(); ++i)
      if (running_[i].next >= 0) parents_.push_back(static_cast<int>(i));
    if (parents_.size() == running_.size()) return;
    model_.fork(parents_);
    std::erase_if(running_, [](generation const& g) { return g.next < 0; });
  }

  session& model_;
  std::span<std::vector<int> const> prompts_;
  generation_limits const& limits_;
  batch_observer& observer_;
  std::vector<generation> running_;
  std::vector<int> ids_;
  std::vector<int> parents_;
  std::size_t waiting_ = 0;
};

}  // namespace

void generate_batch(session& model, std::span<std::vector<int> const> prompts, generation_limits const& limits,
                    batch_observer& observer) {
  for (auto const& prompt : prompts) detail::check_prompt(prompt, model.capacity());
  batch(model, prompts, limits, observer).run();
}

}  // namespace constformer
