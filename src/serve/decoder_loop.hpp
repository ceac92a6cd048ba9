#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "block_store.hpp"
#include "constformer/config/config.hpp"
#include "constformer/generate/executor.hpp"
#include "engine.hpp"
#include "generation_state.hpp"
#include "scheduler.hpp"

namespace constformer::serve {

/// What a loop may use.
struct loop_options {
  int sequences = 1;              ///< side by side
  double seconds_a_token = 0.05;  ///< that texts which are being written should wait for the next token; 0: any time
  int budget = 0;                 ///< rows of a pass; 0: as many as the executor has and the time allows
  hash128 secret{};               ///< of the hashes of kept blocks
  /// Keys depend on how long a text is, or on what follows: texts share nothing but prompts of one request, are never
  /// read anew, and nothing is guessed.
  bool reserve = false;
  bool whole = false;                       ///< a prompt is read in one pass; with reserve
  int each = 0;                             ///< blocks that each text takes, see scheduler_limits; with reserve
  prefix_config const* prefix = nullptr;    ///< of models whose queries all see one
  std::shared_ptr<guess_source> guesses{};  ///< of tokens ahead, if any; what comes is the same
};

/// Generates for many requests at once: plans a pass, has it run, chooses tokens and tells them. Knows no threads: all
/// calls are made by one.
///
/// What a request gives does not depend on the others, nor on how it is scheduled: its rows have the same bits in any
/// pass, and its draws depend on its own tokens alone.
class decoder_loop {
 public:
  decoder_loop(executor& model, loop_options const& options, int vocab);

  /// Room for a request; `name` grows from one to the next. Throws `bad_prompt`.
  [[nodiscard]] std::unique_ptr<request_state> make(std::uint64_t name, generation_request request,
                                                    std::shared_ptr<generation_sink> sink) const;
  /// It waits for its turn from now on.
  void add(std::unique_ptr<request_state> request);
  /// Ends a request; false if there is none of that name.
  bool fail(std::uint64_t name, std::string_view why, failure kind);
  /// Ends all requests.
  void fail_all(std::string_view why, failure kind);

  /// One pass, if anything can go on; false if not.
  bool step();

  /// Whether a request waits or runs.
  [[nodiscard]] bool idle() const { return requests_.empty(); }
  /// Passes so far.
  [[nodiscard]] std::uint64_t steps() const { return counters_.steps; }
  /// @{ Requests that have not begun, and tokens of their prompts.
  [[nodiscard]] int waiting() const;
  [[nodiscard]] std::size_t waiting_tokens() const;
  /// @}
  /// Counters and what is running, into `stats`.
  void fill(engine_stats& stats) const;
  /// What is wrong with the books, in a sentence; empty if they are in order.
  [[nodiscard]] std::string first_mistake() const { return scheduler_.first_mistake(); }
  /// The blocks.
  [[nodiscard]] block_store& blocks() { return blocks_; }

 private:
  struct wanted_row {
    sequence_state* sequence;
    int position;
    int read;  // the token there
    bool guessed;
  };

  int budget() const;
  void guess(std::span<planned_rows const> plan);
  bool run(std::span<planned_rows const> plan);
  void run_alone(planned_rows const& p);
  void run_rows(std::span<planned_rows const> plan);
  void tell();
  bool tell_rows(int first, int count);
  void draw_ahead(int first, logit_rows const& logits);
  bool can_draw(wanted_row const& row) const;
  void draw(sequence_state& s, std::span<float const> logits);
  static bool counts(wanted_row const& row);
  void tell_row(wanted_row const& row, std::span<float const> logits);
  void tell_prompt(request_state& r, int position, std::span<float const> logits);
  void choose(sequence_state& s, std::span<float const> logits);
  void end(sequence_state& s);
  void drop_ended();
  void measure(int rows, int writing, double seconds);

  executor& model_;
  loop_options options_;
  int vocab_;
  block_store blocks_;
  scheduler scheduler_;
  std::vector<std::unique_ptr<request_state>> requests_;
  std::vector<sequence_rows> batch_;
  std::vector<wanted_row> wanted_;
  std::vector<int> drawable_;  // rows of logits that are at hand
  double seconds_a_row_ = 0;
  engine_stats counters_;
};

}  // namespace constformer::serve
