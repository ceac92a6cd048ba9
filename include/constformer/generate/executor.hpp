#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "constformer/checkpoint/first_reading.hpp"
#include "constformer/generate/logit_rows.hpp"
#include "constformer/layers/batch_rows.hpp"

namespace constformer {

/// Of which new rows of a sequence the logits are wanted.
enum class wanted_logits : std::uint8_t { none, last, all };

/// New rows of one sequence.
struct sequence_rows {
  std::span<int const> ids{};   ///< at least one
  int position = 0;             ///< tokens of the sequence that earlier passes have read
  int const* blocks = nullptr;  ///< which hold its positions, old and new ones; its own table, like no other's
  wanted_logits wanted = wanted_logits::last;  ///< asked for by `executor::logits` after the pass
  /// Tokens that rotary frequencies follow where lengths decide them: those of the whole text that is being read. 0:
  /// these and those before.
  int length = 0;
  prefix_place prefix{};            ///< of models whose queries all see one
  std::span<int const> segments{};  ///< encoders: one per id, or empty
};

/// What an executor is made for.
struct executor_options {
  int threads = 1;     ///< workers, the calling thread included; the results do not depend on it
  int capacity = 0;    ///< tokens of a sequence at most; 0: the compiled capacity
  int blocks = 0;      ///< of 16 positions, those of all sequences together; 0: those of one sequence
  int rows = 0;        ///< tokens of a pass at most; 0: as many as a session reads at once
  int logit_rows = 0;  ///< whose logits are made at once; 0: as many as a session makes at once
  /// The check of weights that nobody has checked, see session_options.
  std::shared_ptr<first_reading> reading{};
};

/// Threads, activations and a cache of blocks: takes new rows of any number of sequences through a compiled decoder at
/// once. Which sequence has which blocks is the caller's matter.
///
/// What a sequence gives does not depend, to the last bit, on what runs beside it, on the blocks it has, or on how its
/// rows are dealt to passes. There are two exceptions: dynamic rotary frequencies, for which `length` must be the same
/// whatever the passes, and prefixes that all queries see, which must be read in one pass.
///
/// All memory is taken at the start; no call allocates. Nothing is checked but in `run`, which throws `error` where
/// numbers are not finite or weights damaged; rows may then be read again.
class executor {
 public:
  virtual ~executor() = default;
  executor(executor const&) = delete;
  executor& operator=(executor const&) = delete;

  /// Tokens of a pass at most.
  [[nodiscard]] virtual int rows() const = 0;
  /// Blocks of the cache.
  [[nodiscard]] virtual int blocks() const = 0;
  /// Tokens of a sequence at most.
  [[nodiscard]] virtual int capacity() const = 0;
  /// Rows whose logits are made at once.
  [[nodiscard]] virtual int logit_rows_at_once() const = 0;

  /// Reads the new rows of all of `batch`, at least one and at most `rows()` together, and keeps their keys and values.
  virtual void run(std::span<sequence_rows const> batch) = 0;

  /// Rows of the last pass whose logits are wanted.
  [[nodiscard]] virtual int wanted() const = 0;

  /// The logits of wanted rows [first, first + count) of the last pass, in the order of the batch; count is at most
  /// `logit_rows_at_once()`. Valid until the next call.
  virtual logit_rows logits(int first, int count) = 0;

  /// Calls `body(item)`, which must not throw, for each item of [0, count) on the threads that passes run on, in any
  /// order.
  template <class Body>
  void each(int count, Body const& body) {
    each_item(count, [](void const* of, int item) { (*static_cast<Body const*>(of))(item); }, &body);
  }

  /// The first `positions` positions of block `to` become those of block `from`.
  virtual void copy_block(int from, int to, int positions) = 0;

 protected:
  executor() = default;

  /// `each` of a body of any type.
  virtual void each_item(int count, void (*call)(void const* body, int item), void const* body) = 0;
};

}  // namespace constformer
