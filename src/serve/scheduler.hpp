#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "block_store.hpp"
#include "generation_state.hpp"
#include "guess_source.hpp"

namespace constformer::serve {

/// Rows of a sequence that the next pass reads.
struct planned_rows {
  sequence_state* sequence;
  int rows;
};

/// What a scheduler may use, and what it may do to texts.
struct scheduler_limits {
  int sequences;  ///< with blocks at the same time
  /// A text takes blocks for all its tokens, those that will be chosen among them, when it begins: it never has to be
  /// read anew.
  bool reserve = false;
  bool whole = false;  ///< a prompt is read in one pass
  int each = 0;        ///< blocks that a text takes and shares with none, whatever its length; 0: as it needs
};

/// Decides which rows of which sequences the next pass reads, and who has which blocks.
///
/// Texts that are being written come first, a token of each. What is left of the budget goes to prompts, the oldest
/// before the others, in chunks (Sarathi-Serve, arXiv:2403.02310). A sequence begins when blocks for all its tokens are
/// available; where texts cannot be read anew that is so for those to come, too. When one that goes on needs a block
/// and there is none, the youngest gives up its own and will be read anew (vLLM, arXiv:2309.06180). The oldest never
/// does, unless its client takes nothing more: so there is always one that comes to its end.
class scheduler {
 public:
  /// Copies the first `positions` of a block to another one.
  using copy_block = std::function<void(int from, int to, int positions)>;

  scheduler(block_store& blocks, scheduler_limits limits, copy_block copy);

  /// A request whose sequences wait from now on; it lives until all of them are removed.
  void add(request_state& request);
  /// A sequence ends and gives up its blocks.
  void remove(sequence_state& sequence);

  /// Rows of the next pass, at most `budget` of them but a token of every sequence that writes; valid until the next
  /// call. Empty: nothing can go on.
  std::span<planned_rows const> plan(int budget);

  /// Has `source` guess what writing sequences of the last plan go on with, up to `rows` of all together, into `reads`.
  /// They are rows beside the planned ones, and take only blocks that are free.
  void guess(guess_source& source, int rows);

  /// Those rows are in the cache: full blocks are kept for others.
  void computed(planned_rows const& rows);

  /// `follower`, which waits, goes on from what its leader has read of their prompt; false if no more sequences can
  /// run.
  bool fork(sequence_state& follower);

  [[nodiscard]] std::span<sequence_state* const> running() const { return running_; }
  [[nodiscard]] std::span<sequence_state* const> waiting() const { return waiting_; }
  [[nodiscard]] std::uint64_t preemptions() const { return preemptions_; }

  /// What is wrong with the books, in a sentence; empty if they are in order.
  [[nodiscard]] std::string first_mistake() const;

 private:
  void plan_writing();
  void plan_reading();
  void share_budget(sequence_state& s);
  void admit();
  bool begin(sequence_state& s);
  void use_kept(sequence_state& s);
  bool is_being_read(sequence_state const& s);
  bool make_room(sequence_state& s);
  bool fork_reserved(sequence_state const& leader, sequence_state& follower);
  int take_block(sequence_state const& wanted_by);
  sequence_state* victim(sequence_state const& wanted_by) const;
  std::size_t room_behind(sequence_state& s, std::size_t wanted);
  void preempt(sequence_state& s);
  void release(sequence_state& s);

  block_store& blocks_;
  scheduler_limits limits_;
  copy_block copy_;
  std::vector<sequence_state*> running_;  // by age
  std::vector<sequence_state*> waiting_;  // by age
  std::vector<planned_rows> plan_;
  std::vector<wanted_guess> guessing_;
  std::vector<hash128> being_read_;  // keys of blocks that this plan reads
  std::uint64_t preemptions_ = 0;
  bool preempted_ = false;  // in this plan
  bool reads_ = false;      // this plan reads a prompt
  int left_ = 0;            // of the budget
};

}  // namespace constformer::serve
