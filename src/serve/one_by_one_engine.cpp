#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "choosing.hpp"
#include "engine.hpp"
#include "engines.hpp"

namespace constformer::serve {

namespace {

using clock = std::chrono::steady_clock;

double seconds(clock::duration d) { return std::chrono::duration<double>(d).count(); }

// One request at a time over one session, in the order in which they come.
class one_by_one final : public engine {
 public:
  explicit one_by_one(engine_options const& options)
      : vocab_(options.unit->configuration->vocab),
        queue_(options.queue),
        model_(options.unit->start(options.weights, {.threads = options.threads,
                                                     .capacity = options.capacity,
                                                     .sequences = std::max(options.sequences, 1),
                                                     .reading = options.reading})) {
    stats_.slots = 1;
    stats_.capacity = model_->capacity();
    worker_ = std::thread([this] { work(); });
  }

  ~one_by_one() override { stop(); }

  std::uint64_t submit(generation_request request, std::shared_ptr<generation_sink> sink) override {
    auto const tokens = request.prompt.size() + static_cast<std::size_t>(request.max_tokens);
    if (tokens > static_cast<std::size_t>(stats_.capacity) + 1)
      throw too_long("the prompt has " + std::to_string(request.prompt.size()) + " tokens and " +
                     std::to_string(request.max_tokens) + " are to follow, the context holds " +
                     std::to_string(stats_.capacity));
    std::lock_guard const lock(mutex_);
    admit();
    tasks_.push_back({++last_, clock::now(), {std::move(request), std::move(sink)}});
    wake_.notify_one();
    return last_;
  }

  void cancel(std::uint64_t request) override {
    std::unique_lock lock(mutex_);
    if (running_ == request) cancelled_ = true;
    auto const found = std::ranges::find(tasks_, request, &task::id);
    if (found == tasks_.end()) return;
    auto const gone = std::move(*found);
    tasks_.erase(found);
    lock.unlock();
    give_up(gone, "the request was cancelled", failure::cancelled);
  }

  std::uint64_t run_job(session_job) override { throw error("this model takes no jobs"); }

  engine_stats stats() const override {
    std::lock_guard const lock(mutex_);
    auto out = stats_;
    out.waiting = static_cast<int>(tasks_.size());
    out.running = running_ != 0 ? 1 : 0;
    return out;
  }

  void drain() override {
    std::lock_guard const lock(mutex_);
    draining_ = true;
  }

  void stop() override {
    {
      std::lock_guard const lock(mutex_);
      if (stopped_) return;
      stopped_ = draining_ = cancelled_ = true;
      wake_.notify_one();
    }
    worker_.join();
    for (auto const& rest : tasks_) give_up(rest, "the server is ending", failure::draining);
    tasks_.clear();
  }

 private:
  struct generation {
    generation_request request;
    std::shared_ptr<generation_sink> sink;
  };
  struct task {
    std::uint64_t id;
    clock::time_point came;
    generation what;
  };

  void admit() {
    if (draining_) throw draining("the server is ending and takes no more requests");
    if (tasks_.size() < static_cast<std::size_t>(queue_)) return;
    ++stats_.refused;
    throw queue_full("the queue holds " + std::to_string(queue_) + " requests already");
  }

  static void give_up(task const& gone, std::string_view why, failure kind) { gone.what.sink->failed(why, kind); }

  void work() {
    while (true) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopped_ || !tasks_.empty(); });
      if (stopped_) return;
      auto next = std::move(tasks_.front());
      tasks_.pop_front();
      running_ = next.id;
      cancelled_ = false;
      lock.unlock();
      try {
        generate(next.what, seconds(clock::now() - next.came));
      } catch (std::exception const& problem) {
        give_up(next, problem.what(), failure::broken);
      }
      lock.lock();
      running_ = 0;
    }
  }

  void generate(generation& g, double queued) {
    usage used{.prompt_tokens = static_cast<int>(g.request.prompt.size()), .queue_seconds = queued};
    for (int choice = 0; choice < g.request.choices; ++choice) {
      if (continue_text(g, choice, used)) continue;
      bool const ending = [this] {
        std::lock_guard const lock(mutex_);
        return stopped_;
      }();
      return ending ? g.sink->failed("the server is ending", failure::draining)
                    : g.sink->failed("the request was cancelled", failure::cancelled);
    }
    {
      std::lock_guard const lock(mutex_);
      stats_.prompt_tokens += static_cast<std::uint64_t>(used.prompt_tokens);
      stats_.generated_tokens += static_cast<std::uint64_t>(used.completion_tokens);
      stats_.prefill_seconds += used.prefill_seconds;
      stats_.decode_seconds += used.decode_seconds;
    }
    g.sink->finished(used);
  }

  std::span<float const> read_prompt(generation& g, bool tell, likeliest& top) {
    model_->rewind(0, 0);
    auto const& ids = g.request.prompt;
    if (!tell) return model_->append(0, ids);
    model_->score(ids, [&](int row, std::span<float const> logits) {
      auto const next = static_cast<std::size_t>(row) + 1;
      if (next == ids.size()) {
        last_row_.assign(logits.begin(), logits.end());
        return;
      }
      top.read(logits);
      g.sink->prompt_token(row + 1, top.logprob(logits, ids[next]), top.top());
    });
    return last_row_;
  }

  // False if it was cancelled.
  bool continue_text(generation& g, int choice, usage& used) {
    auto const& request = g.request;
    likeliest top(std::max(request.logprobs, 0));
    token_chooser choose(request, choice, vocab_, model_->capacity());
    choose.begin(request.prompt);
    auto start = clock::now();
    auto logits = read_prompt(g, request.prompt_logprobs && choice == 0, top);
    used.prefill_seconds += seconds(clock::now() - start);
    start = clock::now();
    for (int chosen = 1;; ++chosen) {
      while (!cancelled_ && !g.sink->has_room()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (cancelled_) return false;
      int const id = choose.choose(logits);
      ++used.completion_tokens;
      bool const stop = std::ranges::find(request.stop_ids, id) != request.stop_ids.end();
      bool const last = stop || chosen == request.max_tokens;
      if (request.logprobs >= 0) top.read(logits);
      bool const more = g.sink->token({.choice = choice,
                                       .id = id,
                                       .logprob = request.logprobs >= 0 ? top.logprob(logits, id) : 0.0F,
                                       .top = top.top(),
                                       .text = !stop,
                                       .last = last,
                                       .why = stop ? finish_reason::stop : finish_reason::length});
      if (last || !more) break;
      choose.accept(id);
      logits = model_->append(0, std::span(&id, 1));
    }
    used.decode_seconds += seconds(clock::now() - start);
    return true;
  }

  int vocab_;
  int queue_;
  std::unique_ptr<session> model_;
  std::vector<float> last_row_;

  std::thread worker_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<task> tasks_;
  std::uint64_t last_ = 0;
  std::uint64_t running_ = 0;
  std::atomic<bool> cancelled_ = false;
  bool draining_ = false;
  bool stopped_ = false;
  engine_stats stats_;
};

}  // namespace

std::unique_ptr<engine> make_one_by_one(engine_options const& options) { return std::make_unique<one_by_one>(options); }

}  // namespace constformer::serve
