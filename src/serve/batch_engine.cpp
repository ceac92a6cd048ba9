#include <algorithm>
#include <atomic>
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
#include "engine_thread.hpp"
#include "engines.hpp"
#include "guess_sources.hpp"
#include "session_executor.hpp"

namespace constformer::serve {

namespace {

hash128 random_secret() {
  std::random_device source;
  auto const word = [&] { return std::uint64_t{source()} << 32 | source(); };
  std::uint64_t const low = word();
  return {low, word()};
}

// All requests side by side, over one executor.
class batch_engine final : public engine_thread<request_state> {
 public:
  explicit batch_engine(engine_options const& options)
      : options_(options),
        model_(model_of(options)),
        loop_(*model_, loop_options_of(options, *model_), options.unit->configuration->vocab) {
    loop_.fill(stats_);
    stats_.running_slots.reserve(static_cast<std::size_t>(options.sequences));
    start();
  }

  ~batch_engine() override { stop(); }

  std::uint64_t submit(generation_request request, std::shared_ptr<generation_sink> sink) override {
    check_length(request);
    std::size_t const tokens = request.prompt.size();
    std::unique_lock lock(mutex_);
    admit(tokens);
    std::uint64_t const name = new_name();
    arriving_tokens_ += tokens;
    ++arriving_;
    lock.unlock();
    std::unique_ptr<request_state> made;
    std::exception_ptr problem;
    try {
      made = loop_.make(name, std::move(request), std::move(sink));  // what it takes of memory is taken here
    } catch (...) {
      problem = std::current_exception();
    }
    lock.lock();
    arriving_tokens_ -= tokens;
    --arriving_;
    if (problem) std::rethrow_exception(problem);
    queued_tokens_ += tokens;
    ++queued_;
    put(std::move(made));
    return name;
  }

  void cancel(std::uint64_t request) override {
    if ((request & of_a_job) == 0) return engine_thread::cancel(request);
    std::lock_guard const lock(mutex_);
    jobs_->cancel(request & ~of_a_job);
  }

  // Embeddings: beside the texts, over a session and on threads of their own, which there are once one is asked for.
  // The thread that asks, which is the one of all connections, does not wait for them.
  std::uint64_t run_job(session_job job) override {
    std::lock_guard const lock(mutex_);
    refuse_if_draining();
    if (!jobs_) {
      auto how = options_;
      how.sequences = 1;
      jobs_ = make_session_engine(how, session_begin::with_first_job);
    }
    return jobs_->run_job(std::move(job)) | of_a_job;
  }

  engine_stats stats() const override {
    std::lock_guard const lock(mutex_);
    auto out = stats_;
    out.waiting += static_cast<int>(come_.size());
    if (!jobs_) return out;
    auto const others = jobs_->stats();
    out.waiting += others.waiting;
    out.running += others.running;
    out.refused += others.refused;
    out.sound = out.sound && others.sound;
    return out;
  }

  void drain() override {
    engine_thread::drain();
    std::lock_guard const lock(mutex_);
    if (jobs_) jobs_->drain();
  }

  void stop() override {
    engine_thread::stop();
    if (jobs_) jobs_->stop();
  }

 private:
  // What keys depend on beside the tokens before: the length of the text, tokens that follow, or, in models of one's
  // own, nobody knows.
  static loop_options loop_options_of(engine_options const& o, executor const& model) {
    config const& c = *o.unit->configuration;
    bool const own = o.unit->execute == nullptr;
    bool const prefixed = !own && c.mask == mask_kind::prefix;
    bool const reserve = !can_be_cut(*o.unit);
    return {.sequences = o.sequences,
            .secret = random_secret(),
            .reserve = reserve,
            .whole = own || prefixed,
            .each = own ? model.blocks() / o.sequences : 0,
            .prefix = prefixed ? &c.prefix : nullptr,
            .guesses = reserve && o.draft.unit == nullptr ? nullptr : make_guess_source(o, model.capacity())};
  }

  static std::unique_ptr<executor> model_of(engine_options const& o) {
    if (o.unit->execute != nullptr) return o.unit->execute(o.weights, executor_options_of(o));
    auto model = o.unit->start(
        o.weights, {.threads = o.threads, .capacity = o.capacity, .sequences = o.sequences, .reading = o.reading});
    return std::make_unique<session_executor>(std::move(model), o.unit->configuration->vocab);
  }

  // A pass holds a token of each sequence and as many of prompts as sessions read at once.
  static executor_options executor_options_of(engine_options const& o) {
    int const capacity = o.capacity == 0 ? o.unit->configuration->capacity : o.capacity;
    int const prompt_rows = o.unit->configuration->mask == mask_kind::prefix ? capacity : 128;
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
    refuse_if_draining();
    std::size_t const requests = queued_ + arriving_;
    std::size_t const others = queued_tokens_ + arriving_tokens_;
    bool const full = requests >= static_cast<std::size_t>(options_.queue);
    constexpr std::int64_t usual = 8 * block_tokens;
    std::int64_t const most = options_.queue_tokens == 0 ? usual * model_->blocks() : options_.queue_tokens;
    bool const long_queue = requests > 0 && others + tokens > static_cast<std::size_t>(most);
    if (!full && !long_queue) return;
    ++stats_.refused;
    throw queue_full("the queue holds " + std::to_string(requests) + " requests and " + std::to_string(others) +
                     " tokens already");
  }

  void work() override {
    bool went_on = true;
    while (true) {
      std::unique_lock lock(mutex_);
      if (loop_.idle())
        wake_.wait(lock, [this] { return stopped_ || !come_.empty(); });
      else if (!went_on)  // clients take nothing more, and nobody tells when they do
        wake_.wait_for(lock, std::chrono::milliseconds(1));
      if (stopped_) break;
      take_all();
      lock.unlock();
      end_cancelled();
      went_on = step();
    }
    end_all();
  }

  void take_all() {
    stats_.waiting += static_cast<int>(come_.size());  // until the pass that may begin them is counted
    take_news([this](std::unique_ptr<request_state> request) { loop_.add(std::move(request)); });
  }

  void end_cancelled() {
    engine_thread::end_cancelled(
        [this](std::uint64_t name) { loop_.fail(name, "the request was cancelled", failure::cancelled); });
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
    take_all();
    lock.unlock();
    end_cancelled();
    loop_.fail_all("the server is ending", failure::draining);
    lock.lock();
    loop_.fill(stats_);
  }

  static constexpr std::uint64_t of_a_job = std::uint64_t{1} << 63;  // in the name of a job

  engine_options options_;
  std::unique_ptr<executor> model_;
  decoder_loop loop_;
  std::unique_ptr<engine> jobs_;  // when there are any

  // With the lock.
  std::size_t queued_ = 0;           // requests that have not begun
  std::size_t queued_tokens_ = 0;    // of their prompts
  std::size_t arriving_ = 0;         // requests whose memory is being taken
  std::size_t arriving_tokens_ = 0;  // of their prompts
};

}  // namespace

std::unique_ptr<engine> make_engine(engine_options const& options) {
  config const& c = *options.unit->configuration;
  bool const writes = c.head == head_kind::language_model && c.mask != mask_kind::bidirectional && !has_encoder(c);
  if (!writes) return make_session_engine(options);
  return std::make_unique<batch_engine>(options);
}

}  // namespace constformer::serve
