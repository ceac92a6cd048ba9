#include <algorithm>
#include <chrono>
#include <deque>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "engine_thread.hpp"
#include "engines.hpp"

namespace constformer::serve {

namespace {

using clock = std::chrono::steady_clock;

struct running_job {
  std::uint64_t name;
  session_job job;
  std::size_t begun = 0;  // parts
  std::size_t ended = 0;  // parts; all that have begun are when a pass has ended
  bool failed = false;
};

struct job_part {
  running_job* of;
  std::size_t index;
};

bool reads_texts(config const& c) { return c.mask == mask_kind::bidirectional; }

// Texts of an encoder's pass at most, and their tokens if there is more than one: as many as keep matrices busy. More
// would leave the caches of processors (MiniLM on Zen 5: 9,900 tokens/s in passes of 128, 9,100 in passes of 256).
constexpr int texts_at_once = 64;
constexpr int tokens_at_once = 128;

session_options session_options_of(engine_options const& o) {
  config const& c = *o.unit->configuration;
  bool const translates = has_encoder(c);
  return {.threads = o.threads,
          .capacity = o.capacity,
          .sequences = reads_texts(c) ? texts_at_once
                       : translates   ? std::max(o.sequences, 1)
                                      : 1,
          .reading = o.reading};
}

// Jobs over one session: encoders read texts of all of them side by side, others work on one part after the other.
class session_engine final : public engine_thread<running_job> {
 public:
  session_engine(engine_options const& options, session_begin when) : options_(options) {
    if (when == session_begin::now) begin_session();
    stats_.slots = 1;
    stats_.capacity = options.capacity == 0 ? options.unit->configuration->capacity : options.capacity;
    start();
  }

  ~session_engine() override { stop(); }

  std::uint64_t submit(generation_request, std::shared_ptr<generation_sink>) override {
    throw error("this model writes no texts");
  }

  std::uint64_t run_job(session_job job) override {
    std::lock_guard const lock(mutex_);
    refuse_if_draining();
    if (queued_ >= static_cast<std::size_t>(options_.queue)) {
      ++stats_.refused;
      throw queue_full("the queue holds " + std::to_string(queued_) + " requests already");
    }
    ++queued_;
    auto const name = new_name();
    put(std::make_unique<running_job>(running_job{name, std::move(job)}));
    return name;
  }

  engine_stats stats() const override {
    std::lock_guard const lock(mutex_);
    auto out = stats_;
    out.waiting = static_cast<int>(queued_);
    return out;
  }

 private:
  void begin_session() { model_ = options_.unit->start(options_.weights, session_options_of(options_)); }

  void work() override {
    while (true) {
      std::unique_lock lock(mutex_);
      if (jobs_.empty()) wake_.wait(lock, [this] { return stopped_ || !come_.empty(); });
      bool const ends = stopped_;
      take_news([this](std::unique_ptr<running_job> job) { add(std::move(job)); });
      lock.unlock();
      end_cancelled([this](std::uint64_t name) { end(name); });
      if (ends) break;
      if (!model_) begin_late();
      if (model_) pass();
      drop_ended();
      lock.lock();
      count();
    }
    for (auto const& job : jobs_) fail(*job, "the server is ending", failure::draining);
    jobs_.clear();
  }

  void add(std::unique_ptr<running_job> job) {
    turns_.push_back(job.get());
    jobs_.push_back(std::move(job));
  }

  // With the first job, which fails if there can be no session; the next one tries again.
  void begin_late() {
    try {
      begin_session();
    } catch (std::exception const& problem) {
      for (auto const& job : jobs_) fail(*job, problem.what(), failure::broken);
    }
  }

  void end(std::uint64_t name) {
    for (auto const& job : jobs_)
      if (job->name == name) fail(*job, "the request was cancelled", failure::cancelled);
  }

  void fail(running_job& job, std::string_view why, failure kind) {
    if (std::exchange(job.failed, true)) return;
    std::erase(turns_, &job);
    job.job.failed(why, kind);
  }

  void pass() {
    auto const start = clock::now();
    choose_parts();
    if (parts_.empty()) return;
    if (texts_.empty() || read(texts_)) {
      take(parts_);
    } else if (parts_.size() > 1) {  // one of the texts is to blame, or the weights are
      for (std::size_t i = 0; i < parts_.size(); ++i)
        if (!parts_[i].of->failed && read({&texts_[i], 1})) take({&parts_[i], 1});
    }
    ++steps_;
    seconds_ += std::chrono::duration<double>(clock::now() - start).count();
  }

  // A part of each job in turn, as many as a pass holds; whose text does not fit is the first of the next one.
  void choose_parts() {
    parts_.clear();
    texts_.clear();
    auto room = static_cast<std::size_t>(std::min(model_->capacity(), tokens_at_once));
    bool const together = reads_texts(*options_.unit->configuration);
    auto const most = static_cast<std::size_t>(together ? model_->sequences() : 1);
    while (!turns_.empty() && parts_.size() < most) {
      running_job& job = *turns_.front();
      if (together) {
        auto const text = job.job.text(job.begun);
        if (!parts_.empty() && text.ids.size() > room) return;
        room -= std::min(room, text.ids.size());
        tokens_ += text.ids.size();
        texts_.push_back(text);
      }
      parts_.push_back({&job, job.begun++});
      turns_.pop_front();
      if (job.begun < job.job.parts) turns_.push_back(&job);
    }
  }

  // False if that was not possible; of a single text that ends its job.
  bool read(std::span<encoder_text const> texts) {
    try {
      model_->encode_all(texts);
      return true;
    } catch (std::exception const& problem) {
      if (texts.size() == 1) blame(*parts_[static_cast<std::size_t>(texts.data() - texts_.data())].of, problem.what());
      return false;
    }
  }

  void take(std::span<job_part const> parts) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      auto const& [job, index] = parts[i];
      if (job->failed) continue;
      try {
        if (!texts_.empty()) model_->look_at(static_cast<int>(i));
        job->job.run(*model_, index);
        ++job->ended;
      } catch (std::exception const& problem) {
        blame(*job, problem.what());
      }
    }
  }

  void blame(running_job& job, std::string const& why) {
    try {
      if (options_.reading != nullptr) options_.reading->require_sound();
      fail(job, why, failure::broken);
    } catch (std::exception const& damage) {
      sound_ = false;
      fail(job, damage.what(), failure::broken);
    }
  }

  void drop_ended() {
    std::erase_if(jobs_, [](std::unique_ptr<running_job> const& job) {
      if (!job->failed && job->ended < job->job.parts) return false;
      if (!job->failed) job->job.finished();
      return true;
    });
  }

  void count() {
    auto const waits = [](std::unique_ptr<running_job> const& job) { return job->begun == 0; };
    auto const waiting = static_cast<std::size_t>(std::ranges::count_if(jobs_, waits));
    queued_ = come_.size() + waiting;
    stats_.running = static_cast<int>(jobs_.size() - waiting);
    stats_.steps = steps_;
    stats_.prompt_tokens = tokens_;
    stats_.prefill_seconds = seconds_;
    stats_.sound = sound_;
  }

  engine_options options_;
  std::unique_ptr<session> model_;

  // Of the compute thread.
  std::vector<std::unique_ptr<running_job>> jobs_;
  std::deque<running_job*> turns_;   // those with parts that have not begun
  std::vector<job_part> parts_;      // of this pass
  std::vector<encoder_text> texts_;  // theirs
  std::uint64_t steps_ = 0, tokens_ = 0;
  double seconds_ = 0;
  bool sound_ = true;

  std::size_t queued_ = 0;  // jobs that have not begun; with the lock
};

}  // namespace

std::unique_ptr<engine> make_session_engine(engine_options const& options, session_begin when) {
  return std::make_unique<session_engine>(options, when);
}

}  // namespace constformer::serve
