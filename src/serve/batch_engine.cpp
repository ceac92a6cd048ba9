#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <limits>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "decoder_loop.hpp"
#include "engine.hpp"
#include "engines.hpp"

namespace constformer::serve {

namespace {

hash128 random_secret() {
  std::random_device source;
  auto const word = [&] { return std::uint64_t{source()} << 32 | source(); };
  std::uint64_t const low = word();
  return {low, word()};
}

// All requests side by side, over one executor.
class batch_engine final : public engine {
 public:
  explicit batch_engine(engine_options const& options)
      : options_(options),
        model_(options.unit->execute(options.weights, executor_options_of(options))),
        loop_(*model_, {.sequences = options.sequences, .guess = options.prompt_lookup, .secret = random_secret()},
              options.unit->configuration->vocab) {
    loop_.fill(stats_);
    stats_.running_slots.reserve(static_cast<std::size_t>(options.sequences));
    worker_ = std::thread([this] { work(); });
  }

  ~batch_engine() override { stop(); }

  std::uint64_t submit(generation_request request, std::shared_ptr<generation_sink> sink) override {
    check_length(request);
    std::unique_lock lock(mutex_);
    admit(request.prompt.size());
    std::uint64_t const name = ++last_;
    queued_tokens_ += request.prompt.size();
    ++queued_;
    lock.unlock();
    auto made = loop_.make(name, std::move(request), std::move(sink));  // what it takes of memory is taken here
    lock.lock();
    come_.push_back(std::move(made));
    wake_.notify_one();
    return name;
  }

  void cancel(std::uint64_t request) override {
    std::lock_guard const lock(mutex_);
    cancelled_.push_back(request);
    wake_.notify_one();
  }

  std::uint64_t run_job(session_job) override { throw error("a decoder takes no jobs"); }

  engine_stats stats() const override {
    std::lock_guard const lock(mutex_);
    auto out = stats_;
    out.waiting += static_cast<int>(come_.size());
    return out;
  }

  void drain() override {
    std::lock_guard const lock(mutex_);
    draining_ = true;
  }

  void stop() override {
    {
      std::lock_guard const lock(mutex_);
      if (std::exchange(stopped_, true)) return;
      draining_ = true;
      wake_.notify_one();
    }
    worker_.join();
  }

 private:
  // A pass holds a token of each sequence and as many of prompts as sessions read at once.
  static executor_options executor_options_of(engine_options const& o) {
    int const capacity = o.capacity == 0 ? o.unit->configuration->capacity : o.capacity;
    constexpr int prompt_rows = 128;
    std::int64_t const all = std::int64_t{blocks_for(static_cast<std::size_t>(capacity))} * o.sequences;
    std::int64_t const block_bytes =
        o.unit->cache_bytes / blocks_for(static_cast<std::size_t>(o.unit->configuration->capacity));
    std::int64_t const blocks = o.cache_bytes != 0 ? o.cache_bytes / block_bytes : o.blocks == 0 ? all : o.blocks;
    if (blocks < 1 || blocks > std::numeric_limits<int>::max() / block_tokens)
      throw error("blocks=" + std::to_string(blocks) + " of the cache are too few or too many");
    if (o.sequences < 1) throw error("sequences=" + std::to_string(o.sequences) + " is not at least 1");
    return {.threads = o.threads,
            .capacity = capacity,
            .blocks = static_cast<int>(blocks),
            .rows = prompt_rows + o.sequences,
            .logit_rows = std::max(o.sequences, 12),
            .reading = o.reading};
  }

  void check_length(generation_request const& request) const {
    auto const tokens = request.prompt.size() + static_cast<std::size_t>(std::max(request.max_tokens, 1)) - 1;
    auto const room = std::min(static_cast<std::size_t>(model_->capacity()),
                               static_cast<std::size_t>(model_->blocks()) * block_tokens);
    if (request.prompt.empty() || request.max_tokens < 1 || request.choices < 1)
      throw error("a request needs a prompt, a token to choose and a choice");
    if (tokens > room)
      throw too_long("the prompt has " + std::to_string(request.prompt.size()) + " tokens and " +
                     std::to_string(request.max_tokens) + " are to follow, the context holds " + std::to_string(room));
  }

  void admit(std::size_t tokens) {
    if (draining_) throw draining("the server is ending and takes no more requests");
    bool const full = queued_ >= static_cast<std::size_t>(options_.queue);
    constexpr std::int64_t usual = 8 * block_tokens;
    std::int64_t const most = options_.queue_tokens == 0 ? usual * model_->blocks() : options_.queue_tokens;
    bool const long_queue = queued_ > 0 && queued_tokens_ + tokens > static_cast<std::size_t>(most);
    if (!full && !long_queue) return;
    ++stats_.refused;
    throw queue_full("the queue holds " + std::to_string(queued_) + " requests and " + std::to_string(queued_tokens_) +
                     " tokens already");
  }

  void work() {
    bool went_on = true;
    while (true) {
      std::unique_lock lock(mutex_);
      if (loop_.idle())
        wake_.wait(lock, [this] { return stopped_ || !come_.empty(); });
      else if (!went_on)  // clients take nothing more, and nobody tells when they do
        wake_.wait_for(lock, std::chrono::milliseconds(1));
      if (stopped_) break;
      take_news();
      lock.unlock();
      end_cancelled();
      went_on = step();
    }
    end_all();
  }

  void take_news() {
    stats_.waiting += static_cast<int>(come_.size());  // until the pass that may begin them is counted
    for (auto& request : come_) loop_.add(std::move(request));
    come_.clear();
    std::swap(cancelled_, cancelling_);
  }

  void end_cancelled() {
    for (auto const name : cancelling_) loop_.fail(name, "the request was cancelled", failure::cancelled);
    cancelling_.clear();
  }

  bool step() {
    bool went_on = false;
    bool sound = true;
    try {
      went_on = loop_.step();
    } catch (std::exception const& problem) {
      loop_.fail_all(problem.what(), failure::broken);
    }
    if (auto const why = damage(); !why.empty()) {
      sound = false;
      loop_.fail_all(why, failure::broken);
    }
    std::lock_guard const lock(mutex_);
    loop_.fill(stats_);
    stats_.sound = sound && stats_.sound;
    queued_ = come_.size() + static_cast<std::size_t>(loop_.waiting());
    queued_tokens_ = loop_.waiting_tokens();
    for (auto const& r : come_) queued_tokens_ += r->request.prompt.size();
    return went_on;
  }

  // Why weights that are summed up as they are read cannot be used; empty if they can, or are not all read yet.
  std::string damage() {
    if (options_.reading == nullptr || loop_.steps() != 1) return {};
    try {
      options_.reading->require_sound();
    } catch (std::exception const& problem) {
      return problem.what();
    }
    return {};
  }

  void end_all() {
    std::unique_lock lock(mutex_);
    take_news();
    lock.unlock();
    end_cancelled();
    loop_.fail_all("the server is ending", failure::draining);
    lock.lock();
    loop_.fill(stats_);
  }

  engine_options options_;
  std::unique_ptr<executor> model_;
  decoder_loop loop_;
  std::thread worker_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::unique_ptr<request_state>> come_;
  std::vector<std::uint64_t> cancelled_;
  std::vector<std::uint64_t> cancelling_;  // of the compute thread
  std::uint64_t last_ = 0;
  std::size_t queued_ = 0;         // requests that have not begun
  std::size_t queued_tokens_ = 0;  // of their prompts
  bool draining_ = false;
  bool stopped_ = false;
  engine_stats stats_;
};

// Frequencies that follow a text's length, and prefixes that all queries see: such texts cannot be read in chunks or
// read anew.
bool can_be_cut(config const& c) {
  bool const dynamic = c.position == position_kind::rotary && c.rope.scaling == rope_scaling_kind::dynamic;
  return !dynamic && c.mask == mask_kind::causal;
}

}  // namespace

std::unique_ptr<engine> make_engine(engine_options const& options) {
  config const& c = *options.unit->configuration;
  bool const writes = c.head == head_kind::language_model && c.mask != mask_kind::bidirectional && !has_encoder(c);
  if (!writes) return make_session_engine(options);
  if (options.unit->execute != nullptr && can_be_cut(c)) return std::make_unique<batch_engine>(options);
  return make_one_by_one(options);
}

}  // namespace constformer::serve
