#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "constformer/checkpoint/first_reading.hpp"
#include "constformer/core/error.hpp"
#include "constformer/generate/logit_rules.hpp"
#include "constformer/generate/sampling_options.hpp"
#include "constformer/generate/session.hpp"

/// The seam between the protocol and the computation of `MODEL serve`: no HTTP and no JSON below it, no scheduling
/// above.
namespace constformer::serve {

/// Why a choice ended.
enum class finish_reason : std::uint8_t { stop, length, cancelled };

/// Why a request was given up.
enum class failure : std::uint8_t { cancelled, draining, broken };

/// An id and the natural logarithm of its probability.
struct scored_id {
  int id;
  float logprob;
};

/// Says which tokens may come next (response_format); one for each choice.
class token_filter {
 public:
  virtual ~token_filter() = default;
  token_filter(token_filter const&) = delete;
  token_filter& operator=(token_filter const&) = delete;

  /// Sets to −∞ what may not be chosen, stop ids among it while the text is not complete; something is always left.
  virtual void forbid(std::span<float> logits) = 0;

  /// That token was chosen.
  virtual void advance(int id) = 0;

  /// The text is complete and nothing may follow it.
  [[nodiscard]] virtual bool complete() const = 0;

 protected:
  token_filter() = default;
};

/// What one request asks for; the ids are in the vocabulary.
struct generation_request {
  std::vector<int> prompt;                    ///< never empty
  sampling_options sampling{};                ///< choice 0 draws with its seed, the others with seeds made of it
  logit_rules rules{};                        ///< of the checkpoint, and min_new_tokens
  std::vector<std::pair<int, float>> bias{};  ///< added to logits after the rules; −∞ forbids
  int max_tokens = 1;                         ///< of each choice
  std::vector<int> stop_ids{};                ///< a choice ends with one of these
  int choices = 1;                            ///< continuations of the one prompt
  int logprobs = -1;                          ///< so many likeliest tokens come with each token; -1: not even its own
  bool prompt_logprobs = false;               ///< those of the prompt are wanted as well
  int priority = 0;                           ///< lower ones first
  std::string salt{};                         ///< of the prefix cache: only equal ones share
  bool cache_prompt = true;                   ///< the prefix cache may be used
  std::function<std::unique_ptr<token_filter>()> filter{};  ///< empty: any text
};

/// A token of a choice; its log-probability is the model's, before any option of sampling.
struct token_event {
  int choice;
  int id;                          ///< -1: none, the choice ends without one (cancelled)
  float logprob;                   ///< if any were asked for
  std::span<scored_id const> top;  ///< likeliest first; valid during the call
  bool text;                       ///< false for the stop id that ended the choice
  bool last;                       ///< of its choice
  finish_reason why;               ///< if it is the last
};

/// What a request took.
struct usage {
  int prompt_tokens = 0;
  int cached_tokens = 0;      ///< of the prompt, not read again
  int completion_tokens = 0;  ///< of all choices, stop ids among them
  double queue_seconds = 0;
  double prefill_seconds = 0;
  double decode_seconds = 0;
};

/// Receives what a request gives. Called on the compute thread: nothing here may block or throw.
class generation_sink {
 public:
  virtual ~generation_sink() = default;
  generation_sink(generation_sink const&) = delete;
  generation_sink& operator=(generation_sink const&) = delete;

  /// With prompt_logprobs: the prompt's token at `position`, from 1 on; 0 follows nothing.
  virtual void prompt_token(int position, float logprob, std::span<scored_id const> top) = 0;

  /// False: the choice ends with this token and reason `stop`, because its text holds a stop string.
  virtual bool token(token_event const& event) = 0;

  /// Once, when all choices have ended.
  virtual void finished(usage const& used) = 0;

  /// Once, instead of `finished`.
  virtual void failed(std::string_view why, failure kind) = 0;

  /// False: nothing more can be taken at the moment, so the request is not scheduled.
  [[nodiscard]] virtual bool has_room() const { return true; }

 protected:
  generation_sink() = default;
};

/// The queue holds as much as it may.
struct queue_full : error {
  using error::error;
};

/// The engine is being drained and takes nothing more.
struct draining : error {
  using error::error;
};

/// Prompt and max_tokens are more than the cache will ever hold.
struct too_long : error {
  using error::error;
};

/// The prompt is none that this model can go on from.
struct bad_prompt : error {
  using error::error;
};

/// One sequence that is running, for /slots.
struct slot_stats {
  std::uint64_t request;  ///< as `submit` called it
  int prompt_tokens;
  int computed_tokens;  ///< prompt and chosen ones, in the cache
  int chosen_tokens;
  int remaining_tokens;  ///< until max_tokens
};

/// Counters grow, the rest are values of this moment.
struct engine_stats {
  int running = 0;   ///< requests
  int waiting = 0;   ///< requests
  int slots = 0;     ///< sequences side by side at most
  int capacity = 0;  ///< tokens of a sequence at most
  std::int64_t blocks = 0, blocks_used = 0;
  std::uint64_t prompt_tokens = 0, cached_prompt_tokens = 0, generated_tokens = 0;
  std::uint64_t steps = 0;  ///< passes over the model
  std::uint64_t preemptions = 0;
  std::uint64_t refused = 0;  ///< queue full
  std::uint64_t drafts = 0, draft_tokens = 0, accepted_tokens = 0;
  double prefill_seconds = 0, decode_seconds = 0;
  bool sound = true;  ///< false: weights are damaged, nothing can be computed
  std::vector<slot_stats> running_slots{};
};

/// A smaller model of the same vocabulary that guesses tokens ahead.
struct draft_options {
  model_unit const* unit = nullptr;
  std::byte const* weights = nullptr;  ///< packed
  int threads = 1;
  int tokens = 0;                                        ///< ahead at most
  std::function<void(std::string_view why)> ended = {};  ///< told once, if it computes no numbers: it guesses no more
};

/// How an engine is set up.
struct engine_options {
  model_unit const* unit = nullptr;
  std::byte const* weights = nullptr;        ///< packed
  std::shared_ptr<first_reading> reading{};  ///< see session_options
  int threads = 1;
  int capacity = 0;               ///< tokens of a sequence; 0: as compiled
  int sequences = 1;              ///< side by side at most
  std::int64_t blocks = 0;        ///< of the cache; 0: every sequence can be as long as the capacity
  std::int64_t cache_bytes = 0;   ///< the same as bytes of keys and values; 0: as `blocks` says
  int queue = 64;                 ///< requests that may wait
  std::int64_t queue_tokens = 0;  ///< of their prompts; 0: eight times what the cache holds
  bool prompt_lookup = false;     ///< speculate by what the text repeats of itself
  draft_options draft{};          ///< or by a smaller model, if there is a unit
};

/// Work for the session of an encoder or a translator. Its functions are called on the compute thread; they live until
/// it has ended.
struct session_job {
  std::size_t parts = 1;  ///< those of several jobs take turns
  /// What an encoder reads of a part, in one pass with parts of any jobs; then the session looks at it.
  std::function<encoder_text(std::size_t part)> text{};
  /// Takes what is wanted of a part. Translators and decoders do all the work here.
  std::function<void(session&, std::size_t part)> run;
  std::function<void()> finished;                                  ///< once, when all parts have run
  std::function<void(std::string_view why, failure kind)> failed;  ///< once, instead of `finished`
};

/// Owns the compute thread, the executor and the blocks of keys and values. All members may be called by any thread.
class engine {
 public:
  virtual ~engine() = default;
  engine(engine const&) = delete;
  engine& operator=(engine const&) = delete;

  /// Queues a request and names it. Throws `queue_full`, `draining`, `too_long` and `bad_prompt`; then `sink` hears
  /// nothing.
  virtual std::uint64_t submit(generation_request request, std::shared_ptr<generation_sink> sink) = 0;

  /// Ends a request or a job at the next step, with failure::cancelled; unknown ones are none of our business.
  virtual void cancel(std::uint64_t request) = 0;

  /// Queues work of an encoder or a translator and names it. Throws as `submit` does.
  virtual std::uint64_t run_job(session_job job) = 0;

  [[nodiscard]] virtual engine_stats stats() const = 0;

  /// Takes nothing more; what is queued and running goes on.
  virtual void drain() = 0;

  /// Ends everything with failure::draining and joins the compute thread.
  virtual void stop() = 0;

 protected:
  engine() = default;
};

/// The engine for a unit: of decoders, which write texts, or for jobs.
[[nodiscard]] std::unique_ptr<engine> make_engine(engine_options const& options);

}  // namespace constformer::serve
