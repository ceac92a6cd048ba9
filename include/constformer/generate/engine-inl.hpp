// The session of one config: memory, threads and the calls of session.hpp over the layers.
#if defined(CONSTFORMER_GENERATE_ENGINE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_GENERATE_ENGINE_INL_HPP
#undef CONSTFORMER_GENERATE_ENGINE_INL_HPP
#else
#define CONSTFORMER_GENERATE_ENGINE_INL_HPP
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "hwy/highway.h"

#include "constformer/checkpoint/fingerprint.hpp"
#include "constformer/checkpoint/first_reading.hpp"
#include "constformer/checkpoint/plan_check.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/arena.hpp"
#include "constformer/core/error.hpp"
#include "constformer/generate/block_table.hpp"
#include "constformer/generate/not_finite.hpp"
#include "constformer/generate/prefix_table.hpp"
#include "constformer/generate/session.hpp"
#include "constformer/generate/session_checks.hpp"
#include "constformer/generate/source-inl.hpp"
#include "constformer/kernels/finite-inl.hpp"
#include "constformer/kernels/kv_block.hpp"
#include "constformer/kernels/rope.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/layers/stage.hpp"
#include "constformer/layers/transformer-inl.hpp"
#include "constformer/layers/transformer.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// A session of one config (session.hpp says what its calls do). It owns all it needs but the weights.
template <config const& Config>
class engine final : public session {
  static_assert(valid_config<Config>::value);
  static_assert(plan_fits<Config>::value);
  static_assert(
      check<(Config.weights != dtype::i8), "kernels: weights={} has none, f32, f16, bf16, q8_0, q4_0 and iq4_nl have",
            dtype_text<Config.weights>>::value);

  using layer = transformer_layer<checked<Config>()>;
  using scratch = typename layer::scratch;
  static constexpr bool has_head = Config.head == head_kind::language_model;
  static constexpr bool has_logits = Config.head != head_kind::none;
  static constexpr bool is_decoder = Config.mask != mask_kind::bidirectional;
  static constexpr bool has_prefix = Config.mask == mask_kind::prefix;
  static constexpr int score_rows = has_logits ? 12 : 1;  // rows whose logits are made in one pass over the head
  static constexpr std::size_t logits_stride = has_logits ? padded(Config.vocab) : 0;

 public:
  /// Takes all memory and starts the threads; `weights` is the weights section of a packed file of this config's
  /// fingerprint.
  engine(std::byte const* weights, session_options const& options)
      : capacity_(session_checks::capacity(options.capacity, Config.capacity)),
        sequences_(session_checks::sequences(options.sequences, most_sequences)),
        reading_(options.reading),
        team_(session_checks::threads(options.threads)),
        plan_(stage_plan::of(Config, team_.size(), capacity_, sequences_)),
        memory_(bytes(plan_, team_.size(), capacity_, sequences_)),
        stage_(plan_.cut(memory_, weights, capacity_, sequences_)),
        source_(memory_, weights, team_.size(), capacity_),
        blocks_(memory_, capacity_, sequences_),
        prefixes_(memory_, prefixes_for(sequences_)),
        logits_(memory_.take<float>(logit_count(sequences_))),
        hidden_(memory_.take<float>(is_decoder ? 0 : plan_.x)),
        pooled_(memory_.take<float>(Config.pooler ? padded(Config.d_model) : 0)),
        labels_(memory_.take<float>(label_rows(plan_) * padded(Config.labels))),
        scratch_(memory_.take<scratch>(static_cast<std::size_t>(team_.size()))) {
    stage_.reading = reading_.get();
    tables_.start(stage_, capacity_);
  }

  /// Of memory that a session takes.
  [[nodiscard]] static constexpr std::size_t bytes(stage_plan const& plan, int workers, int capacity,
                                                   int sequences = 1) {
    return plan.cache_bytes() + plan.activation_bytes() + block_table::bytes(capacity, sequences) +
           prefix_table::bytes(prefixes_for(sequences)) + arena::bytes_for<float>(logit_count(sequences)) +
           arena::bytes_for<float>(is_decoder ? 0 : plan.x) +
           arena::bytes_for<float>(Config.pooler ? padded(Config.d_model) : 0) +
           arena::bytes_for<float>(label_rows(plan) * padded(Config.labels)) +
           arena::bytes_for<scratch>(static_cast<std::size_t>(workers)) + source_part<Config>::bytes(workers, capacity);
  }

  using session::append;
  using session::position;
  using session::rewind;

  [[nodiscard]] int sequences() const override { return sequences_; }
  [[nodiscard]] int capacity() const override { return capacity_; }

  [[nodiscard]] int position(int sequence) const override {
    session_checks::sequence(sequence, sequences_);
    return blocks_.position(sequence);
  }

  void rewind(int sequence, int position) override {
    session_checks::sequence(sequence, sequences_);
    session_checks::rewind(position, blocks_.position(sequence));
    if constexpr (has_prefix) prefixes_.check_rewind(sequence, position);
    blocks_.rewind(sequence, position);
  }

  void start_source(std::span<int const> ids) override {
    if constexpr (has_encoder(Config)) {
      session_checks::vocab(ids, source_vocab(Config));
      session_checks::room(0, ids.size(), capacity_);
      source_.encode(team_, ids, stage_);
      for (int sequence = 0; sequence < sequences_; ++sequence) blocks_.rewind(sequence, 0);
    } else {
      session::start_source(ids);
    }
  }

  std::span<float const> append(int sequence, std::span<int const> ids) override {
    require_decoder("append");
    session_checks::sequence(sequence, sequences_);
    take(sequence, ids, {}, [&](stage const& s, bool last) {
      if constexpr (has_head) {
        if (!last) return;
        team_.run([&](worker const& self) { layer::logits(self, s, s.rows - 1, 1, logits_.data()); });
        require_logits(0, blocks_.position(sequence) - 1, s.ids[s.rows - 1]);
      }
    });
    return logits_.first(Config.vocab);
  }

  logit_rows step(std::span<int const> ids) override {
    require_decoder("step");
    check_step(ids);
    if constexpr (Config.position == position_kind::rotary && Config.rope.scaling == rope_scaling_kind::dynamic) {
      for (std::size_t i = 0; i < ids.size(); ++i) step_rows(static_cast<int>(i), ids.subspan(i, 1));
    } else {
      step_rows(0, ids);
    }
    return {logits_.data(), logits_stride, static_cast<int>(ids.size()), Config.vocab};
  }

  void fork(std::span<int const> parents) override {
    require_decoder("fork");
    session_checks::fork(parents, sequences_);
    blocks_.fork(parents);
    if constexpr (has_prefix) prefixes_.fork(parents);
  }

  std::span<float const> source_attention(int sequence) override {
    if constexpr (has_encoder(Config)) {
      int const row = stage_.positions == nullptr ? stage_.rows - 1 : sequence;
      if (row < 0 || row >= stage_.rows || position(sequence) == 0)
        throw error("source_attention: the last call appended nothing to sequence " + std::to_string(sequence));
      return source_.attention(stage_, row);
    } else {
      return session::source_attention(sequence);
    }
  }

  void score(std::span<int const> ids, row_sink const& sink) override {
    require_decoder("score");
    int done = 0;
    take(0, ids, {}, [&](stage const& s, bool) {
      for (int first = 0; first < s.rows; first += score_rows) {
        int const rows = std::min(score_rows, s.rows - first);
        if constexpr (has_head)
          team_.run([&](worker const& self) { layer::logits(self, s, first, rows, logits_.data()); });
        require_sound_weights();
        for (int row = 0; row < rows; ++row) require_logits(row, s.first_position + first + row, s.ids[first + row]);
        for (int row = 0; row < rows; ++row)
          sink(done++, logits_.subspan(static_cast<std::size_t>(row) * logits_stride, Config.vocab));
      }
    });
  }

  void hidden_states(std::span<int const> ids, row_sink const& sink) override {
    if constexpr (is_decoder) {
      require_source("hidden_states");
      int done = 0;
      take(0, ids, {}, [&](stage const& s, bool) {
        team_.run([&](worker const& self) { layer::norm_rows(self, s); });
        require_sound_weights();
        for (int row = 0; row < s.rows; ++row)
          sink(done++, {s.x + static_cast<std::size_t>(row) * padded(Config.d_model), Config.d_model});
      });
    } else {
      session::hidden_states(ids, sink);
    }
  }

  std::span<float const> encode(std::span<int const> ids, std::span<int const> segments) override {
    if constexpr (is_decoder) throw error("encode: this model is a decoder");
    check_segments(ids, segments);
    blocks_.rewind(0, 0);
    take(0, ids, segments, [](stage const&, bool) {});
    for (std::size_t row = 0; row < ids.size(); ++row)
      std::copy_n(stage_.x + row * padded(Config.d_model), Config.d_model, hidden_.data() + row * Config.d_model);
    return hidden_.first(ids.size() * Config.d_model);
  }

  std::span<float const> pool() override {
    if constexpr (Config.pooler) {
      if (blocks_.position(0) == 0) throw error("pool: no sequence has been encoded");
      team_.run([&](worker const& self) { layer::pool(self, stage_, pooled_.data()); });
      require_below_infinity(pass_stage::pooled, pooled_.first(Config.d_model), -1, -1);
      return pooled_.first(Config.d_model);
    } else {
      throw error("pool: this model has no pooler");
    }
  }

  std::span<float const> classify() override {
    if constexpr (Config.labels > 0) {
      bool const tokens = Config.classifier == classifier_kind::tokens;
      if (!tokens) pool();
      if (blocks_.position(0) == 0) throw error("classify: no sequence has been encoded");
      int const rows = tokens ? blocks_.position(0) : 1;
      float* const in = tokens ? stage_.x : pooled_.data();
      team_.run([&](worker const& self) { layer::classify(self, stage_, in, rows, labels_.data()); });
      for (std::size_t row = 1; row < static_cast<std::size_t>(rows); ++row)  // without the padding of each row
        std::copy_n(labels_.data() + row * padded(Config.labels), Config.labels, labels_.data() + row * Config.labels);
      auto const all = labels_.first(static_cast<std::size_t>(rows) * Config.labels);
      require_below_infinity(pass_stage::labels, all, -1, -1);
      return all;
    } else {
      return session::classify();
    }
  }

  void fill(row_sink const& sink) override {
    if constexpr (Config.head == head_kind::masked_language_model) {
      if (blocks_.position(0) == 0) throw error("fill: no sequence has been encoded");
      for (int first = 0; first < blocks_.position(0); first += score_rows) {
        int const rows = std::min(score_rows, blocks_.position(0) - first);
        team_.run([&](worker const& self) { layer::fill(self, stage_, first, rows, logits_.data()); });
        for (int row = 0; row < rows; ++row) require_logits(row, first + row, -1);
        for (int row = 0; row < rows; ++row)
          sink(first + row, logits_.subspan(static_cast<std::size_t>(row) * logits_stride, Config.vocab));
      }
    } else {
      session::fill(sink);
    }
  }

 private:
  static constexpr std::size_t label_rows(stage_plan const& plan) {
    return Config.classifier == classifier_kind::tokens ? plan.x / padded(Config.d_model) : 1;
  }

  static constexpr int most_sequences = is_decoder ? 1024 : 1;

  // Rows of logits that are kept at once: of a pass of `score`, or of all sequences.
  static constexpr std::size_t logit_count(int sequences) {
    return static_cast<std::size_t>(std::max(score_rows, sequences)) * logits_stride;
  }

  static constexpr int prefixes_for(int sequences) { return has_prefix ? sequences : 0; }

  void require_decoder(std::string_view call) const {
    if constexpr (!is_decoder) throw error(std::string(call) + ": this model is an encoder");
    if constexpr (is_decoder && !has_head) throw error(std::string(call) + ": this decoder has no head");
    require_source(call);
  }

  void require_source([[maybe_unused]] std::string_view call) const {
    if constexpr (has_encoder(Config))
      if (stage_.source_count == 0) throw error(std::string(call) + ": no source has been given");
  }

  void check_step(std::span<int const> ids) const {
    session_checks::vocab(ids, Config.vocab);
    session_checks::step(ids, sequences_);
    for (int sequence = 0; sequence < static_cast<int>(ids.size()); ++sequence) {
      session_checks::room(blocks_.position(sequence), 1, capacity_);
      if constexpr (has_prefix) session_checks::step_needs_prefix(blocks_.position(sequence));
    }
  }

  static void check_segments(std::span<int const> ids, std::span<int const> segments) {
    if (!segments.empty() && segments.size() != ids.size())
      throw error(std::to_string(segments.size()) + " segments were given for " + std::to_string(ids.size()) + " ids");
    for (int segment : segments)
      if (segment < 0 || segment >= Config.segments)
        throw error("segment " + std::to_string(segment) + " is not within the " + std::to_string(Config.segments) +
                    " of the model");
  }

  // Dynamic scaling follows the length of the whole context; the others have one table of frequencies. That of longrope
  // is chosen by the capacity, not by the length as transformers does, which reads a text anew when it grows beyond the
  // trained length.
  void set_frequencies(int length) {
    if constexpr (Config.position == position_kind::rotary) {
      bool const dynamic = Config.rope.scaling == rope_scaling_kind::dynamic;
      if (!dynamic && have_frequencies_) return;
      rope_frequencies(Config.rope, dynamic ? length : capacity_, {stage_.frequencies, plan_.frequencies});
      have_frequencies_ = true;
    }
  }

  // The first `count` positions of block `to` become those of block `from`, in every layer.
  void copy_block(int from, int to, int count) {
    constexpr int slots = cached_layers(Config) * Config.kv_heads;
    constexpr std::size_t keys = key_piece(Config.kv_dtype, Config.head_dim);
    constexpr std::size_t values = value_piece(Config.kv_dtype, Config.head_dim);
    std::size_t const rows = value_piece(Config.kv_dtype, Config.head_dim, count);
    std::size_t const first = detail::count(from, slots);
    std::size_t const other = detail::count(to, slots);
    auto* const all_keys = reinterpret_cast<kept<Config.kv_dtype>*>(stage_.keys);
    auto* const all_values = reinterpret_cast<kept<Config.kv_dtype>*>(stage_.values);
    std::copy_n(all_keys + first * keys, slots * keys, all_keys + other * keys);
    for (std::size_t slot = 0; slot < slots; ++slot)
      std::copy_n(all_values + (first + slot) * values, rows, all_values + (other + slot) * values);
    if constexpr (Config.smear_inputs > 0)
      std::copy_n(stage_.kept_ids + from * panel_rows, count, stage_.kept_ids + to * panel_rows);
  }

  void reserve(int sequence, int tokens) {
    int const filled = blocks_.position(sequence) % panel_rows;
    blocks_.reserve(sequence, tokens, [this, filled](int from, int to) { copy_block(from, to, filled); });
  }

  // Of weights that are damaged that is said, whatever they give.
  void require_below_infinity(pass_stage what, std::span<float const> values, int position, int id) {
    if (below_infinity(values.data(), static_cast<int>(values.size()))) [[likely]]
      return;
    require_sound_weights();
    throw_not_finite(what, position, id, values);
  }

  // Row `row` of what the last layer left: what is no number stays in the residual stream, and every row but the last
  // is seen by later ones only through the cache, which may round it.
  void require_hidden(int row, int position) {
    auto const* const x = stage_.x + static_cast<std::size_t>(row) * padded(Config.d_model);
    require_below_infinity(pass_stage::hidden, {x, std::size_t{Config.d_model}}, position, stage_.ids[row]);
  }

  void require_logits(int row, int position, int id) {
    require_below_infinity(pass_stage::logits,
                           logits_.subspan(static_cast<std::size_t>(row) * logits_stride, Config.vocab), position, id);
  }

  void run_stack() {
    team_.run(
        [&](worker const& self) { layer::forward(self, stage_, scratch_[static_cast<std::size_t>(self.index)]); });
  }

  // Before anything is told of the first pass: weights that it did not come by are summed up, too.
  void require_sound_weights() {
    if (reading_ == nullptr) return;
    team_.run([&](worker const& self) {
      reading_->sum_rest(static_cast<std::size_t>(self.index), static_cast<std::size_t>(self.count));
    });
    reading_->require_sound();
    stage_.reading = nullptr;
    reading_.reset();
  }

  // One token of each sequence from `first` on; their logits go to the rows of the same numbers.
  void step_rows(int first, std::span<int const> ids) {
    int const rows = static_cast<int>(ids.size());
    set_frequencies(blocks_.position(first) + 1);
    for (int row = 0; row < rows; ++row) {
      reserve(first + row, 1);
      tables_.reach(stage_, blocks_.position(first + row) + 1);
    }
    stage_.ids = ids.data();
    stage_.segments = nullptr;
    stage_.blocks = blocks_.blocks(first);
    stage_.blocks_stride = blocks_.stride();
    stage_.positions = blocks_.positions() + first;
    if constexpr (has_prefix) stage_.prefixes = prefixes_.places(first);
    stage_.rows = rows;
    run_stack();
    for (int row = 0; row < rows; ++row) require_hidden(row, blocks_.position(first + row));
    for (int row = 0; row < rows; ++row) blocks_.advance(first + row, 1);
    if constexpr (has_head) {
      float* const out = logits_.data() + static_cast<std::size_t>(first) * logits_stride;
      team_.run([&](worker const& self) { layer::logits(self, stage_, 0, rows, out); });
      for (int row = 0; row < rows; ++row)
        require_logits(first + row, blocks_.position(first + row) - 1, ids[static_cast<std::size_t>(row)]);
    }
    require_sound_weights();
  }

  // Takes `ids` through the stack in batches; `after(stage, is the last batch)` sees each batch's result.
  template <class After>
  void take(int sequence, std::span<int const> ids, std::span<int const> segments, After const& after) {
    session_checks::vocab(ids, Config.vocab);
    session_checks::room(blocks_.position(sequence), ids.size(), capacity_);
    int const length = blocks_.position(sequence) + static_cast<int>(ids.size());
    set_frequencies(length);
    tables_.reach(stage_, length);
    stage_.blocks = blocks_.blocks(sequence);
    stage_.blocks_stride = 0;
    stage_.positions = nullptr;
    if constexpr (has_prefix) {
      if (blocks_.position(sequence) == 0) prefixes_.settle(Config.prefix, sequence, ids);
      stage_.prefixes = prefixes_.places(sequence);
    }
    constexpr std::size_t most = static_cast<std::size_t>(batch_rows(Config));
    for (std::size_t first = 0; first < ids.size(); first += most) {
      std::size_t const rows = std::min(most, ids.size() - first);
      stage_.ids = ids.data() + first;
      stage_.segments = segments.empty() ? nullptr : segments.data() + first;
      stage_.rows = static_cast<int>(rows);
      stage_.first_position = blocks_.position(sequence);
      reserve(sequence, stage_.rows);
      run_stack();
      for (int row = 0; row < stage_.rows; ++row) require_hidden(row, stage_.first_position + row);
      blocks_.advance(sequence, stage_.rows);
      after(stage_, first + rows == ids.size());
    }
    require_sound_weights();
  }

  int capacity_;
  int sequences_;
  std::shared_ptr<first_reading> reading_;  // until the first pass is done
  team team_;
  stage_plan plan_;
  arena memory_;
  stage stage_;
  [[no_unique_address]] source_part<Config> source_;
  [[no_unique_address]] position_tables<Config> tables_;
  block_table blocks_;
  prefix_table prefixes_;    // empty without a prefix mask
  std::span<float> logits_;  // (score_rows or sequences, vocab)
  std::span<float> hidden_;  // encoders: (rows, d_model) without padding
  std::span<float> pooled_;  // (d_model)
  std::span<float> labels_;  // (labels), or (rows, labels)
  std::span<scratch> scratch_;
  bool have_frequencies_ = false;
};

/// A new session of `Config` over packed weights.
template <config const& Config>
std::unique_ptr<session> start_session(std::byte const* weights, session_options const& options) {
  return std::make_unique<engine<Config>>(weights, options);
}

/// What a model unit exports for `Config`.
template <config const& Config>
model_unit make_unit(std::string_view name) {
  constexpr stage_plan plan = stage_plan::of(Config, 1, Config.capacity);
  constexpr std::uint64_t fingerprint = fingerprint_of(Config);  // else all of the pack plan would be code of the unit
  constexpr std::int64_t weight_bytes = packed_layout_of(Config).bytes;
  return {.name = name,
          .configuration = &Config,
          .fingerprint = fingerprint,
          .weight_bytes = weight_bytes,
          .parameters = count_parameters<model_parameters<Config>>(),
          .cache_bytes = static_cast<std::int64_t>(plan.cache_bytes()),
          .workspace_bytes =
              static_cast<std::int64_t>(engine<Config>::bytes(plan, 1, Config.capacity) - plan.cache_bytes()),
          .target = hwy::TargetName(HWY_TARGET),
          .start = &start_session<Config>};
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
