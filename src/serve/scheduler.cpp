#include "scheduler.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace constformer::serve {

namespace {

void insert_by_age(std::vector<sequence_state*>& into, sequence_state& s) {
  into.insert(std::ranges::upper_bound(into, &s, [](auto const* a, auto const* b) { return goes_before(*a, *b); }), &s);
}

bool caches(sequence_state const& s) { return s.request->request.cache_prompt; }

// The log-probabilities of a prompt are made from its rows, which must then be read.
bool reads_kept(sequence_state const& s) {
  auto const& r = *s.request;
  return caches(s) && !(r.request.prompt_logprobs && r.prompt_told < static_cast<int>(r.request.prompt.size()));
}

std::span<int const> ids_of(sequence_state const& s, int block) {
  return std::span(s.ids).subspan(static_cast<std::size_t>(block) * block_tokens, block_tokens);
}

int parent_of(sequence_state const& s, int block) {
  return block == 0 ? -1 : s.table[static_cast<std::size_t>(block) - 1];
}

// Those that are in the cache when it ends: the last one that is chosen is not read.
std::size_t most_tokens(sequence_state const& s) {
  return s.request->request.prompt.size() + static_cast<std::size_t>(s.request->request.max_tokens) - 1;
}

}  // namespace

scheduler::scheduler(block_store& blocks, scheduler_limits limits, copy_block copy)
    : blocks_(blocks), limits_(limits), copy_(std::move(copy)) {
  running_.reserve(static_cast<std::size_t>(limits.sequences));
  plan_.reserve(running_.capacity());
  being_read_.reserve(running_.capacity());
  guessing_.reserve(running_.capacity());
}

void scheduler::add(request_state& request) {
  request.root = blocks_.root(request.request.salt);
  for (auto const& choice : request.choices) {
    choice->key = request.root;
    insert_by_age(waiting_, *choice);
  }
}

void scheduler::remove(sequence_state& s) {
  if (s.running) release(s);
  std::erase(running_, &s);
  std::erase(waiting_, &s);
  s.ended = true;
  for (auto* other : waiting_)
    if (other->leader == &s) other->leader = nullptr;
}

std::span<planned_rows const> scheduler::plan(int budget) {
  plan_.clear();
  being_read_.clear();
  preempted_ = reads_ = false;
  plan_writing();
  std::size_t const prompts = plan_.size();
  left_ = budget - static_cast<int>(prompts);
  plan_reading();
  if (!preempted_) admit();
  for (std::size_t i = prompts; i < plan_.size(); ++i) {  // what is left goes to the oldest again
    int const more = std::min(std::max(left_, 0), plan_[i].sequence->missing() - plan_[i].rows);
    plan_[i].rows += more;
    left_ -= more;
  }
  return plan_;
}

// A token of each text that is being written. Who gives up its blocks is behind in age, and may be in the plan already.
void scheduler::plan_writing() {
  for (std::size_t i = 0; i < running_.size(); ++i) {
    sequence_state& s = *running_[i];
    if (s.missing() != 1 || !s.request->sink->has_room()) continue;
    if (!make_room(s)) {  // it was its own victim, and the next one has taken its place
      --i;
      continue;
    }
    i = static_cast<std::size_t>(std::ranges::find(running_, &s) - running_.begin());
    plan_.push_back({&s, 1});
  }
}

// Prompts share what is left of the budget: the oldest may have half of it, the next one half of the rest, and so on.
void scheduler::plan_reading() {
  for (auto* s : running_) {
    if (s->missing() < 2 || !s->request->sink->has_room()) continue;
    use_kept(*s);
    share_budget(*s);
  }
}

void scheduler::share_budget(sequence_state& s) {
  if (left_ <= 0 || is_being_read(s)) return;
  if (limits_.whole && reads_ && s.missing() > left_) return;
  int const share = limits_.whole ? s.missing() : std::max((left_ + 1) / 2, std::min(left_, block_tokens));
  plan_.push_back({&s, std::min(s.missing(), share)});
  reads_ = true;
  left_ -= plan_.back().rows;
}

// Whoever has waited longest begins, while there are blocks for all its tokens: the first that does not fit keeps the
// others waiting.
void scheduler::admit() {
  for (std::size_t i = 0; i < waiting_.size() && left_ > 0;) {
    if (running_.size() == static_cast<std::size_t>(limits_.sequences)) return;
    sequence_state& s = *waiting_[i];
    if (s.leader != nullptr || !s.request->sink->has_room()) {
      ++i;
      continue;
    }
    if (!begin(s)) return;
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    insert_by_age(running_, s);
    share_budget(s);
  }
}

// Takes what is kept of its text, all but the last token, and blocks for the rest.
bool scheduler::begin(sequence_state& s) {
  use_kept(s);
  int const needed = limits_.each > 0 ? limits_.each : blocks_for(limits_.reserve ? most_tokens(s) : s.ids.size());
  int const more = needed - static_cast<int>(s.table.size());
  if (more > blocks_.available()) {
    release(s);
    return false;
  }
  for (int i = 0; i < more; ++i) s.table.push_back(blocks_.take());
  s.running = true;
  if (s.request->began == serve_clock::time_point{}) {
    s.request->began = serve_clock::now();
    s.request->used.queue_seconds = std::chrono::duration<double>(s.request->began - s.request->came).count();
    s.request->used.cached_tokens = s.computed;
  }
  return true;
}

// Goes on with blocks that others have read meanwhile, of which the last token is not one: its logits are wanted.
void scheduler::use_kept(sequence_state& s) {
  while (reads_kept(s) && s.computed == s.hashed * block_tokens && s.missing() > block_tokens) {
    int const block = s.hashed;
    auto const ids = ids_of(s, block);
    hash128 const key = blocks_.key_of(s.key, ids);
    int const found = blocks_.find(key, s.key, parent_of(s, block), ids);
    if (found < 0) return;
    blocks_.share(found);
    if (static_cast<std::size_t>(block) < s.table.size()) {
      blocks_.release(s.table[static_cast<std::size_t>(block)]);
      s.table[static_cast<std::size_t>(block)] = found;
    } else {
      s.table.push_back(found);
    }
    s.key = key;
    ++s.hashed;
    s.computed += block_tokens;
  }
}

// Whether another sequence of this plan reads the block that this one would: then it waits for that. Else it reads it
// itself.
bool scheduler::is_being_read(sequence_state const& s) {
  if (!reads_kept(s) || s.missing() <= block_tokens) return false;
  hash128 const key = blocks_.key_of(s.key, ids_of(s, s.hashed));
  if (std::ranges::find(being_read_, key) != being_read_.end()) return s.computed == s.hashed * block_tokens;
  being_read_.push_back(key);
  return false;
}

// A block of its own for the next token; false if the sequence had to give up its blocks itself.
bool scheduler::make_room(sequence_state& s) {
  auto const block = static_cast<std::size_t>(s.computed / block_tokens);
  bool const begins = block == s.table.size();
  if (!begins && blocks_.owners(s.table[block]) < 2) return true;
  int const own = take_block(s);
  if (own < 0) return false;
  if (begins) {
    s.table.push_back(own);
    return true;
  }
  int const shared = std::exchange(s.table[block], own);
  copy_(shared, own, s.computed % block_tokens);
  blocks_.release(shared);
  return true;
}

// −1: `wanted_by` has given up its blocks.
int scheduler::take_block(sequence_state const& wanted_by) {
  while (true) {
    if (int const block = blocks_.take(); block >= 0) return block;
    sequence_state* const loser = victim(wanted_by);
    bool const itself = loser == &wanted_by;
    preempt(*loser);
    if (itself) return -1;
  }
}

// The youngest of those whose clients take nothing more, or else the youngest.
sequence_state* scheduler::victim(sequence_state const& wanted_by) const {
  for (auto it = running_.rbegin(); it != running_.rend(); ++it)
    if (*it != &wanted_by && !(*it)->request->sink->has_room()) return *it;
  return running_.back();
}

void scheduler::preempt(sequence_state& s) {
  std::erase_if(plan_, [&](planned_rows const& p) { return p.sequence == &s; });
  release(s);
  std::erase(running_, &s);
  insert_by_age(waiting_, s);
  ++preemptions_;
  preempted_ = true;
}

void scheduler::release(sequence_state& s) {
  for (auto it = s.table.rbegin(); it != s.table.rend(); ++it) blocks_.release(*it);
  s.table.clear();
  s.computed = s.hashed = 0;
  s.key = s.request->root;
  s.running = false;
}

void scheduler::guess(guess_source& source, int rows) {
  guessing_.clear();
  for (auto const& [planned, count] : plan_) {
    sequence_state& s = *planned;
    s.reads.clear();
    s.right = 0;
    if (count != 1 || s.missing() != 1 || s.chosen == 0 || rows <= 0) continue;
    auto const left = static_cast<std::size_t>(s.request->request.max_tokens - s.chosen - 1);
    std::size_t const most = std::min({s.guesses.next(), left, static_cast<std::size_t>(rows)});
    if (most == 0) continue;
    s.reads.push_back(s.ids.back());
    guessing_.push_back({&s, most});
  }
  if (!guessing_.empty()) source.guess(guessing_, static_cast<std::size_t>(rows));
  for (auto const& [text, most] : guessing_) {
    auto& s = static_cast<sequence_state&>(*text);
    auto const guessed = s.reads.size() - 1;
    s.reads.resize(1 + std::min(guessed, guessed == 0 ? 0 : room_behind(s, guessed)));
    if (s.reads.size() == 1) s.reads.clear();
  }
}

// Places behind the next token, up to `wanted`; a block is taken for them if there are enough.
std::size_t scheduler::room_behind(sequence_state& s, std::size_t wanted) {
  auto const room = [&] { return s.table.size() * block_tokens - static_cast<std::size_t>(s.computed) - 1; };
  bool const plenty = blocks_.available() > static_cast<int>(running_.size());
  if (room() < wanted && plenty && s.table.size() < s.table.capacity()) s.table.push_back(blocks_.take());
  return room();
}

void scheduler::computed(planned_rows const& rows) {
  sequence_state& s = *rows.sequence;
  s.computed += rows.rows;
  while (caches(s) && (s.hashed + 1) * block_tokens <= s.computed) {
    auto const block = static_cast<std::size_t>(s.hashed);
    auto const ids = ids_of(s, s.hashed);
    hash128 const key = blocks_.key_of(s.key, ids);
    int const parent = parent_of(s, s.hashed);
    if (int const same = blocks_.find(key, s.key, parent, ids); same < 0) {
      blocks_.keep(s.table[block], key, s.key, parent, ids);
    } else if (same != s.table[block]) {  // read by another one, too: the same bits
      blocks_.share(same);
      blocks_.release(std::exchange(s.table[block], same));
    }
    s.key = key;
    ++s.hashed;
  }
}

// Blocks of its own for all but the full ones of the prompt, or for all; false if there are not as many.
bool scheduler::fork_reserved(sequence_state const& leader, sequence_state& follower) {
  auto const full = static_cast<std::size_t>(limits_.each > 0 ? 0 : leader.computed / block_tokens);
  if (static_cast<int>(leader.table.size() - full) > blocks_.available()) return false;
  for (std::size_t i = 0; i < leader.table.size(); ++i) {
    if (i < full) blocks_.share(leader.table[i]);
    follower.table.push_back(i < full ? leader.table[i] : blocks_.take());
  }
  for (std::size_t i = full; static_cast<int>(i) * block_tokens < leader.computed; ++i)
    copy_(leader.table[i], follower.table[i],
          std::min(block_tokens, leader.computed - static_cast<int>(i) * block_tokens));
  return true;
}

bool scheduler::fork(sequence_state& follower) {
  sequence_state& leader = *std::exchange(follower.leader, nullptr);
  if (running_.size() == static_cast<std::size_t>(limits_.sequences)) return false;
  if (limits_.reserve) {
    if (!fork_reserved(leader, follower)) return false;
  } else {
    follower.table = leader.table;
    for (int const block : follower.table) blocks_.share(block);
  }
  std::erase(waiting_, &follower);
  follower.computed = leader.computed;
  follower.hashed = leader.hashed;
  follower.key = leader.key;
  follower.running = true;
  insert_by_age(running_, follower);
  return true;
}

std::string scheduler::first_mistake() const {
  std::vector<std::vector<int> const*> tables;
  for (auto const* s : running_) {
    tables.push_back(&s->table);
    if (s->computed > static_cast<int>(s->table.size()) * block_tokens) return "a sequence has read beyond its blocks";
    if (s->hashed * block_tokens > s->computed) return "a block is kept before it is read";
  }
  for (auto const* s : waiting_)
    if (!s->table.empty() || s->computed != 0) return "a sequence that waits has blocks";
  if (!std::ranges::is_sorted(running_, [](auto const* a, auto const* b) { return goes_before(*a, *b); }))
    return "sequences do not run by age";
  return blocks_.first_mistake(tables);
}

}  // namespace constformer::serve
