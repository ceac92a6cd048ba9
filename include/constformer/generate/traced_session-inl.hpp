// The session of a traced decoder, be there an encoder beside it or not: memory, threads and the calls of session.hpp
// over its graph.
#if defined(CONSTFORMER_GENERATE_TRACED_SESSION_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_GENERATE_TRACED_SESSION_INL_HPP
#undef CONSTFORMER_GENERATE_TRACED_SESSION_INL_HPP
#else
#define CONSTFORMER_GENERATE_TRACED_SESSION_INL_HPP
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "hwy/highway.h"

#include "constformer/checkpoint/first_reading.hpp"
#include "constformer/config/config.hpp"
#include "constformer/core/arena.hpp"
#include "constformer/core/check.hpp"
#include "constformer/core/error.hpp"
#include "constformer/execute/attention_nodes-inl.hpp"
#include "constformer/execute/batch.hpp"
#include "constformer/execute/cached_program.hpp"
#include "constformer/execute/run_program-inl.hpp"
#include "constformer/execute/step-inl.hpp"
#include "constformer/execute/workspace-inl.hpp"
#include "constformer/generate/not_finite.hpp"
#include "constformer/generate/prefix_table.hpp"
#include "constformer/generate/session.hpp"
#include "constformer/generate/session_checks.hpp"
#include "constformer/generate/slot_table.hpp"
#include "constformer/kernels/finite-inl.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/passes/decoder_rules.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// A session of a traced decoder (session.hpp says what its calls do): `Model` takes ids, or those of a source and ids,
/// and gives (tokens, vocab). A sequence and a source have up to `Capacity` tokens. It owns all it needs but the
/// parameters. Models whose tokens see a prefix have a `static constexpr prefix_config prefix`.
template <class Model, int Capacity>
class traced_session final : public session {
  static_assert(check<(Capacity > 0), "context: capacity={} must be positive", Capacity>::value);
  static constexpr auto traced = freeze<trace<Model>>();
  static constexpr bool has_prefix = sees_prefix(traced), has_source = reads_source(traced);
  static_assert(check<(!has_prefix || requires { Model::prefix; }),
                      "session: tokens see a prefix, and the model has no prefix_config prefix">::value);
  // Queries of a prefix look ahead: it is taken at once.
  static constexpr int most_rows = has_prefix ? Capacity : std::min(Capacity, 64);

 public:
  /// The pass that it runs.
  using program = cached_program<Model, {.tokens = most_rows,
                                         .sequences = most_rows,
                                         .sources = has_source ? Capacity : 0,
                                         .length = Capacity,
                                         .wanted = most_rows}>;
  /// Values of a row of logits.
  static constexpr int vocab = program::graph.nodes[program::graph.result].shape.columns();
  /// Sequences at most.
  static constexpr int most_sequences = 1024;

  /// Takes all memory and starts the threads; `parameters`, as `layout_parameters<Model>` has them, must outlive it.
  traced_session(float const* parameters, session_options const& options)
      : capacity_(session_checks::capacity(options.capacity, Capacity)),
        sequences_(session_checks::sequences(options.sequences, most_sequences)),
        reading_(options.reading),
        team_(session_checks::threads(options.threads)),
        memory_(bytes(team_.size(), capacity_, sequences_)),
        workspace_(memory_, team_.size(), 0),
        cache_(memory_.take<float>(cache_floats(capacity_, sequences_))),
        source_(memory_.take<float>(source_floats(capacity_))),
        asked_(memory_.take<float>(asked_floats(sequences_))),
        weights_(memory_.take<float>(weight_count(capacity_))),
        slots_(memory_, sequences_),
        prefixes_(memory_, prefixes_for(sequences_)),
        columns_(memory_),
        logits_(memory_.take<float>(logit_count(sequences_))),
        parameters_(const_cast<float*>(parameters)) {}

  /// Of memory that a session takes.
  [[nodiscard]] static constexpr std::size_t bytes(int workers, int capacity, int sequences = 1) {
    return workspace<program>::bytes(workers) + arena::bytes_for<float>(cache_floats(capacity, sequences)) +
           arena::bytes_for<float>(source_floats(capacity)) + arena::bytes_for<float>(asked_floats(sequences)) +
           arena::bytes_for<float>(weight_count(capacity)) + slot_table::bytes(sequences) +
           prefix_table::bytes(prefixes_for(sequences)) + batch_memory::bytes() +
           arena::bytes_for<float>(logit_count(sequences));
  }
  /// Of which are keys, values, and what else is kept.
  [[nodiscard]] static constexpr std::size_t cache_bytes(int capacity, int sequences = 1) {
    return sizeof(float) * (cache_floats(capacity, sequences) + source_floats(capacity));
  }

  using session::append;
  using session::position;
  using session::rewind;
  using session::score;

  [[nodiscard]] int sequences() const override { return sequences_; }
  [[nodiscard]] int capacity() const override { return capacity_; }

  [[nodiscard]] int position(int sequence) const override {
    session_checks::sequence(sequence, sequences_);
    return slots_.position(sequence);
  }

  void rewind(int sequence, int position) override {
    session_checks::sequence(sequence, sequences_);
    session_checks::rewind(position, slots_.position(sequence));
    if constexpr (has_prefix) prefixes_.check_rewind(sequence, position);
    slots_.rewind(sequence, position);
  }

  void start_source(std::span<int const> ids) override {
    if constexpr (has_source) {
      session_checks::vocab(ids, known_source);
      session_checks::room(0, ids.size(), std::min(capacity_, source_positions));
      reach(static_cast<int>(ids.size()));
      source_length_ = static_cast<int>(ids.size());
      columns_.clear();
      columns_.read_source(ids);
      run(false);
      require_sound_weights();
      for (int sequence = 0; sequence < sequences_; ++sequence) slots_.rewind(sequence, 0);
      appended_to_ = {0, 0};
    } else {
      session::start_source(ids);
    }
  }

  std::span<float const> source_attention(int sequence) override {
    if constexpr (look < 0) {
      return session::source_attention(sequence);
    } else {
      session_checks::sequence(sequence, sequences_);
      int const position = slots_.position(sequence);
      if (sequence < appended_to_.begin || sequence >= appended_to_.end || position == 0)
        throw error("source_attention: the last call appended nothing to sequence " + std::to_string(sequence));
      pass_frame f = workspace_.frame_of({0, 1, nullptr}, columns_.batch());
      f.parameters = parameters_;
      f.cache = cache_of(sequence);
      f.layer = last_layer(program::graph, program::graph.nodes[look]);
      looking::weigh_source(f, f.cache.asked, position - 1, weights_.data());
      return weights_.first(static_cast<std::size_t>(source_length_));
    }
  }

  std::span<float const> append(int sequence, std::span<int const> ids) override {
    session_checks::sequence(sequence, sequences_);
    float const* logits = nullptr;
    take(sequence, ids, wanted_rows::last, [&](float_rows const& rows) { logits = rows.data; });
    return {logits, std::size_t{vocab}};
  }

  logit_rows step(std::span<int const> ids) override {
    check_step(ids);
    int const count = static_cast<int>(ids.size());
    constexpr int at_once = dynamic_rotation ? 1 : most_rows;  // lengths differ, and tables with them
    for (int first = 0; first < count; first += at_once) {
      int const rows = std::min(at_once, count - first);
      columns_.clear();
      for (int s = first; s < first + rows; ++s) {
        add(s, ids.subspan(static_cast<std::size_t>(s), 1));
        reach(slots_.position(s) + 1);
      }
      for (int row = 0; row < rows; ++row) columns_.want(row);
      run(true, first);
      float_rows const out = results();
      for (int row = 0; row < rows; ++row) {
        require_logits(out, row, slots_.position(first + row), ids[static_cast<std::size_t>(first + row)]);
        std::copy_n(row_of(out, row), vocab, logits_.data() + static_cast<std::size_t>(first + row) * logits_stride);
        slots_.advance(first + row, 1);
      }
    }
    appended_to_ = {0, count};
    return {logits_.data(), logits_stride, count, vocab};
  }

  void fork(std::span<int const> parents) override {
    session_checks::fork(parents, sequences_);
    slots_.fork(parents, [this](int from, int to, int tokens) { copy_slot(from, to, tokens); });
    if constexpr (has_prefix) prefixes_.fork(parents);
  }

  void score(int sequence, std::span<int const> ids, row_sink const& sink) override {
    session_checks::sequence(sequence, sequences_);
    int done = 0;
    take(sequence, ids, wanted_rows::all, [&](float_rows const& rows) {
      for (int row = 0; row < rows.rows; ++row) sink(done++, {row_of(rows, row), std::size_t{vocab}});
    });
  }

  void hidden_states(std::span<int const> ids, row_sink const& sink) override {
    if constexpr (hidden < 0) {
      throw error("hidden_states: logits come from no linear layer");
    } else {
      int done = 0;
      take<hidden>(0, ids, wanted_rows::all, [&](float_rows const& rows) {
        for (int row = 0; row < rows.rows; ++row)
          sink(done++, {row_of(rows, row), static_cast<std::size_t>(rows.columns)});
      });
    }
  }

  std::span<float const> encode(std::span<int const>, std::span<int const>) override {
    throw error("encode: this model is a decoder");
  }
  std::span<float const> pool() override { throw error("pool: this model has no pooler"); }

  /// Values of a row of `hidden_states`; 0: there are none.
  static constexpr int width = [] {
    constexpr int id = hidden_node(program::graph);
    return id < 0 ? 0 : program::graph.nodes[id < 0 ? 0 : id].shape.columns();
  }();

 private:
  static constexpr int hidden = hidden_node(program::graph);
  static constexpr int look = source_look(program::graph);
  using looking = attention_call<HWY_NAMESPACE::step<program, (look < 0 ? 0 : look)>>;
  static constexpr std::size_t logits_stride = padded(vocab);
  static constexpr int known = std::min(known_tokens(program::graph), vocab);
  static constexpr int known_source = std::min(known_source_tokens(program::graph), 1 << 30);
  static constexpr int source_positions = known_source_positions(program::graph, Capacity);
  static constexpr bool dynamic_rotation = [] {
    bool any = false;
    for (rope_config const& r : program::graph.rotations) any = any || r.scaling == rope_scaling_kind::dynamic;
    return any;
  }();
  enum class wanted_rows { last, all };

  static constexpr std::size_t cache_floats(int capacity, int sequences) {
    return static_cast<std::size_t>(program::cache.floats) * static_cast<std::size_t>(capacity) *
           static_cast<std::size_t>(sequences);
  }
  // Of the one source that all sequences look at.
  static constexpr std::size_t source_floats(int capacity) {
    return static_cast<std::size_t>(program::cache.source_floats) * static_cast<std::size_t>(capacity);
  }
  // What the last tokens of sequences ask of the source, and what becomes of it for one.
  static constexpr std::size_t asked_floats(int sequences) {
    if constexpr (look < 0)
      return 0;
    else
      return static_cast<std::size_t>(sequences) * std::size_t{looking::asked_stride};
  }
  static constexpr std::size_t weight_count(int capacity) { return look < 0 ? 0 : static_cast<std::size_t>(capacity); }
  static constexpr std::size_t logit_count(int sequences) {
    return static_cast<std::size_t>(sequences) * logits_stride;
  }
  static constexpr int prefixes_for(int sequences) { return has_prefix ? sequences : 0; }

  // The columns of a batch, of up to `most_rows` tokens.
  class batch_memory {
   public:
    static constexpr int source_rows = has_source ? Capacity : 0;
    static constexpr std::size_t bytes() {
      return 9 * arena::bytes_for<std::int32_t>(most_rows + 1) + 2 * arena::bytes_for<std::int32_t>(source_rows);
    }
    explicit batch_memory(arena& memory) {
      for (ids* column : {&source_, &source_positions_}) *column = memory.take<std::int32_t>(source_rows).data();
      for (ids* column : {&tokens_, &positions_, &blocks_, &starts_, &prefixes_, &slots_, &pasts_, &wanted_, &zeros_})
        *column = memory.take<std::int32_t>(most_rows + 1).data();
    }
    void clear() { rows_ = sequences_ = count_ = source_length_ = 0; }
    // One sequence without tokens.
    void read_source(std::span<int const> tokens) {
      sequences_ = 1;
      starts_[0] = starts_[1] = slots_[0] = pasts_[0] = prefixes_[0] = 0;
      for (int const id : tokens) {
        source_[source_length_] = id;
        source_positions_[source_length_] = source_length_;
        ++source_length_;
      }
    }
    void add(std::span<int const> tokens, int slot, int past, prefix_place const* prefix) {
      starts_[sequences_] = rows_;
      slots_[sequences_] = slot;
      pasts_[sequences_] = past;
      prefixes_[sequences_++] = prefix == nullptr ? 0 : prefix->length;
      for (int token : tokens) {
        tokens_[rows_] = token;
        positions_[rows_] = prefix == nullptr ? past : prefix->first(past);
        blocks_[rows_++] = prefix == nullptr ? 0 : prefix->second(past);
        ++past;
      }
      starts_[sequences_] = rows_;
    }
    void want(int row) { wanted_[count_++] = row; }
    [[nodiscard]] int rows() const { return rows_; }
    [[nodiscard]] int wanted(int row) const { return wanted_[row]; }
    [[nodiscard]] token_batch batch() const {
      return {.tokens = tokens_,
              .positions = positions_,
              .sequences = sequences_,
              .starts = starts_,
              .segments = zeros_,
              .prefixes = prefixes_,
              .blocks = blocks_,
              .source = source_,
              .source_positions = source_positions_,
              .source_length = source_length_,
              .wanted = wanted_,
              .wanted_rows = count_};
    }
    [[nodiscard]] row_cache cache(float* rows, int capacity) const {
      return {.rows = rows, .capacity = capacity, .slots = slots_, .pasts = pasts_};
    }

   private:
    using ids = std::int32_t*;
    ids tokens_, positions_, blocks_, starts_, prefixes_, slots_, pasts_, wanted_, zeros_, source_, source_positions_;
    int rows_ = 0, sequences_ = 0, count_ = 0, source_length_ = 0;
  };

  static float const* row_of(float_rows const& rows, int row) {
    return rows.data + static_cast<std::size_t>(row) * rows.stride;
  }

  void require_source() const {
    if (has_source && source_length_ == 0) throw error("append: there is no source yet, start_source takes one");
  }

  void check_step(std::span<int const> ids) const {
    require_source();
    session_checks::vocab(ids, known);
    session_checks::step(ids, sequences_);
    for (int sequence = 0; sequence < static_cast<int>(ids.size()); ++sequence) {
      session_checks::room(slots_.position(sequence), 1, capacity_);
      if constexpr (has_prefix) session_checks::step_needs_prefix(slots_.position(sequence));
    }
  }

  // Of weights that are damaged that is said, whatever they give.
  void require_logits(float_rows const& logits, int row, int position, int id) {
    if (below_infinity(row_of(logits, row), vocab)) [[likely]]
      return require_sound_weights();
    require_sound_weights();
    throw_not_finite(pass_stage::logits, position, id, {row_of(logits, row), std::size_t{vocab}});
  }

  // Before anything is told of the first pass.
  void require_sound_weights() {
    if (reading_ == nullptr) return;
    team_.run([&](worker const& self) {
      reading_->sum_rest(static_cast<std::size_t>(self.index), static_cast<std::size_t>(self.count));
    });
    reading_->require_sound();
    reading_.reset();
  }

  void copy_slot(int from, int to, int tokens) {
    auto const slot = [this](int index) {
      return cache_.data() + std::int64_t{index} * capacity_ * program::cache.floats;
    };
    for (std::size_t id = 0; id < program::cache.places.size(); ++id) {
      kept_rows const& place = program::cache.places[id];
      for (int layer = 0; !place.of_source && layer < place.layers; ++layer) {
        std::int64_t const at = program::cache.at(static_cast<int>(id), layer, capacity_);
        std::copy_n(slot(from) + at, std::int64_t{tokens} * place.stride, slot(to) + at);
      }
    }
  }

  void add(int sequence, std::span<int const> ids) {
    int const past = slots_.position(sequence);
    prefix_place const* prefix = nullptr;
    if constexpr (has_prefix) prefix = prefixes_.places(sequence);
    columns_.add(ids, slots_.slot(sequence), past, prefix);
  }

  // Tables are filled as far as sequences go. That of longrope is chosen by the capacity, as in `engine`; dynamic
  // scaling follows the length, from the trained one on.
  void reach(int length) {
    int rotates_for = capacity_;
    if constexpr (dynamic_rotation) {
      rotates_for = length;
      for (rope_config const& r : program::graph.rotations) rotates_for = std::max(rotates_for, r.original_positions);
    }
    if (rotates_for != rotates_for_) filled_ = 0;
    rotates_for_ = rotates_for;
    if (length <= filled_) return;
    int const last = std::min(Capacity, std::max(length, 2 * filled_));
    workspace_.fill(filled_, last, rotates_for);
    filled_ = last;
  }

  // What is kept, for a batch that begins with `sequence`.
  row_cache cache_of(int sequence) {
    row_cache out = columns_.cache(cache_.data(), capacity_);
    out.source = source_.data();
    out.source_capacity = capacity_;
    out.source_length = source_length_;
    if constexpr (look >= 0) out.asked = asked_.data() + std::ptrdiff_t{sequence} * looking::asked_stride;
    return out;
  }

  // Nodes up to and with `Last`, of a batch that begins with `sequence`; as if each row were alone if they are `apart`.
  template <int Last = program::graph.result>
  void run(bool apart, int sequence = 0) {
    token_batch const batch = columns_.batch();
    team_.run([&](worker const& self) {
      pass_frame f = workspace_.frame_of(self, batch);
      f.parameters = parameters_;
      f.cache = cache_of(sequence);
      f.apart = apart;
      run_program<program, 0, Last + 1>(self, f);
    });
  }
  template <int Last = program::graph.result>
  float_rows results() {
    pass_frame f = workspace_.frame_of({0, 1, nullptr}, columns_.batch());
    return step_of<Last>::all(f);
  }
  template <int Id>
  using step_of = HWY_NAMESPACE::step<program, Id>;

  // Takes `ids` through the pass in batches; `sink(rows)` sees what node `Last` has of the rows that are wanted.
  template <int Last = program::graph.result, class Sink>
  void take(int sequence, std::span<int const> ids, wanted_rows wanted, Sink const& sink) {
    require_source();
    session_checks::vocab(ids, known);
    session_checks::room(slots_.position(sequence), ids.size(), capacity_);
    if constexpr (has_prefix)
      if (slots_.position(sequence) == 0) prefixes_.settle(Model::prefix, sequence, ids);
    reach(slots_.position(sequence) + static_cast<int>(ids.size()));
    for (std::size_t first = 0; first < ids.size(); first += most_rows) {
      auto const some = ids.subspan(first, std::min<std::size_t>(most_rows, ids.size() - first));
      bool const last = first + some.size() == ids.size();
      columns_.clear();
      add(sequence, some);
      for (int row = 0; row < columns_.rows(); ++row)
        if (wanted == wanted_rows::all || (last && row + 1 == columns_.rows())) columns_.want(row);
      run<Last>(false, sequence);
      float_rows const out = results<Last>();
      for (int row = 0; row < out.rows; ++row)
        if constexpr (Last == program::graph.result) {
          int const of = columns_.wanted(row);
          require_logits(out, row, slots_.position(sequence) + of, some[static_cast<std::size_t>(of)]);
        }
      require_sound_weights();
      slots_.advance(sequence, columns_.rows());
      if (out.rows > 0) sink(out);
    }
    appended_to_ = {sequence, sequence + (ids.empty() ? 0 : 1)};
  }

  int capacity_;
  int sequences_;
  std::shared_ptr<first_reading> reading_;  // until the first pass is done
  team team_;
  arena memory_;
  workspace<program> workspace_;
  std::span<float> cache_;    // (sequences, capacity · what is kept of a token)
  std::span<float> source_;   // (capacity · what is kept of a token of the source)
  std::span<float> asked_;    // (sequences, a head of queries) of the last tokens
  std::span<float> weights_;  // (capacity)
  slot_table slots_;
  prefix_table prefixes_;  // empty without a prefix mask
  batch_memory columns_;
  std::span<float> logits_;      // (sequences, vocab)
  float* parameters_;            // read only
  int source_length_ = 0;        // tokens
  key_range appended_to_{0, 0};  // sequences, by the last call
  int filled_ = 0;               // positions of the tables
  int rotates_for_ = 0;          // the length of that of rotations
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
