// The executor of one config: memory, threads and passes over the layers.
#if defined(CONSTFORMER_GENERATE_EXECUTOR_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_GENERATE_EXECUTOR_INL_HPP
#undef CONSTFORMER_GENERATE_EXECUTOR_INL_HPP
#else
#define CONSTFORMER_GENERATE_EXECUTOR_INL_HPP
#endif

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>

#include "hwy/highway.h"

#include "constformer/checkpoint/first_reading.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/arena.hpp"
#include "constformer/generate/executor.hpp"
#include "constformer/generate/logit_rows.hpp"
#include "constformer/generate/not_finite.hpp"
#include "constformer/generate/session_checks.hpp"
#include "constformer/generate/staged_pass-inl.hpp"
#include "constformer/kernels/finite-inl.hpp"
#include "constformer/kernels/kv_block.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/layers/batch_table.hpp"
#include "constformer/layers/stage.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// The executor of one config, which is an encoder's as well: then its session asks for more than logits. `Pass` is how
/// rows go through the layers: a `staged_pass`, or a `lowered_pass`.
template <config const& Config, class Pass = staged_pass<Config>>
class config_executor final : public executor {
  static constexpr bool has_head = Config.head == head_kind::language_model;
  static constexpr bool has_logits = Config.head != head_kind::none;
  static constexpr batch_columns columns{.prefixes = Config.mask == mask_kind::prefix, .segments = Config.segments > 0};
  static constexpr std::size_t width = padded(Config.d_model);

 public:
  static constexpr int usual_logit_rows = has_logits ? 12 : 1;  ///< made in one pass over the head
  static constexpr std::size_t logits_stride = has_logits ? padded(Config.vocab) : 0;  ///< floats

  /// Takes all memory and starts the threads; `weights` is the weights section of a packed file of this config's
  /// fingerprint.
  config_executor(std::byte const* weights, executor_options const& options)
      : extents_(extents(options)),
        logit_rows_(options.logit_rows == 0 ? usual_logit_rows : options.logit_rows),
        reading_(options.reading),
        team_(extents_.workers),
        memory_(bytes(extents_, logit_rows_)),
        pass_(memory_, weights, extents_, reading_.get()),
        batch_(memory_, extents_.rows, columns),
        wanted_(memory_.take<int>(static_cast<std::size_t>(extents_.rows))),
        logits_(memory_.take<float>(static_cast<std::size_t>(logit_rows_) * logits_stride)) {}

  /// Of memory that it takes, the cache included.
  [[nodiscard]] static constexpr std::size_t bytes(stage_extents const& e, int logit_rows) {
    return Pass::bytes(e) + batch_table::bytes(e.rows, columns) +
           arena::bytes_for<int>(static_cast<std::size_t>(e.rows)) +
           arena::bytes_for<float>(static_cast<std::size_t>(logit_rows) * logits_stride);
  }
  /// Of these, what keys and values take.
  [[nodiscard]] static constexpr std::size_t cache_bytes(stage_extents const& e) { return Pass::cache_bytes(e); }

  [[nodiscard]] int rows() const override { return extents_.rows; }
  [[nodiscard]] int blocks() const override { return extents_.blocks; }
  [[nodiscard]] int capacity() const override { return extents_.capacity; }
  [[nodiscard]] int logit_rows_at_once() const override { return logit_rows_; }
  [[nodiscard]] int wanted() const override { return wanted_count_; }

  void run(std::span<sequence_rows const> batch) override {
    gather(batch);
    team_.run_some([&](worker const& self) { pass_.forward(self); });
    for (int row = 0; row < rows_of_pass().rows; ++row) require_hidden(row);
    move_wanted();
    if (wanted_count_ == 0) require_sound_weights();  // else behind the first logits, which read some of them
  }

  logit_rows logits(int first, int count) override {
    if constexpr (has_head)
      team_.run_some([&](worker const& self) { pass_.logits(self, wanted_first_ + first, count, logits_.data()); });
    require_sound_weights();
    for (int i = 0; i < count; ++i) {
      int const row = wanted_[static_cast<std::size_t>(first + i)];
      require_logits(i, rows_of_pass().position(row), rows_of_pass().ids[row]);
    }
    return {logits_.data(), logits_stride, count, Config.vocab};
  }

  void copy_block(int from, int to, int positions) override {
    constexpr int slots = cached_layers(Config) * Config.kv_heads;
    constexpr std::size_t keys = key_piece(Config.kv_dtype, Config.head_dim);
    constexpr std::size_t values = value_piece(Config.kv_dtype, Config.head_dim);
    cache_view const& cache = pass_.view();
    std::size_t const rows = value_piece(Config.kv_dtype, Config.head_dim, positions);
    std::size_t const first = detail::count(from, slots);
    std::size_t const other = detail::count(to, slots);
    auto* const all_keys = reinterpret_cast<kept<Config.kv_dtype>*>(cache.keys);
    auto* const all_values = reinterpret_cast<kept<Config.kv_dtype>*>(cache.values);
    std::copy_n(all_keys + first * keys, slots * keys, all_keys + other * keys);
    for (std::size_t slot = 0; slot < slots; ++slot)
      std::copy_n(all_values + (first + slot) * values, rows, all_values + (other + slot) * values);
    if constexpr (Config.smear_inputs > 0)
      std::copy_n(cache.kept_ids + from * panel_rows, positions, cache.kept_ids + to * panel_rows);
  }

  /// What encoders and translators ask for beside logits, of a `staged_pass`.
  [[nodiscard]] stage const& of_last_pass() const { return pass_.view(); }
  /// The hidden states of row `row` of the last pass (d_model).
  [[nodiscard]] float* hidden(int row) const { return pass_.row(row); }
  /// Rows of the last pass become what the norm behind the last block makes of them.
  int norm_hidden() {
    team_.run_some([&](worker const& self) { pass_.norm_rows(self); });
    return rows_of_pass().rows;
  }
  /// The threads.
  [[nodiscard]] team& workers() { return team_; }
  /// Where logits go.
  [[nodiscard]] std::span<float> logit_memory() { return logits_; }

  /// Encodes a source, which all sequences attend to from now on.
  void encode_source(std::span<int const> ids) { pass_.encode_source(team_, ids); }
  /// What a row of the last pass attends to in the source, see `session::source_attention`.
  std::span<float const> source_attention(int row) { return pass_.source_attention(row); }

  /// Throws `error` unless all of `values` are below infinity. Of weights that are damaged that is said, whatever they
  /// give.
  void require_below_infinity(pass_stage what, std::span<float const> values, int position, int id) {
    if (below_infinity(values.data(), static_cast<int>(values.size()))) [[likely]]
      return;
    require_sound_weights();
    throw_not_finite(what, position, id, values);
  }

  /// The same of row `row` of the memory of logits.
  void require_logits(int row, int position, int id) {
    require_below_infinity(pass_stage::logits,
                           logits_.subspan(static_cast<std::size_t>(row) * logits_stride, Config.vocab), position, id);
  }

  /// Before anything is told of the first pass: weights that it did not come by are summed up, too.
  void require_sound_weights() {
    if (reading_ == nullptr) [[likely]]
      return;
    team_.run([&](worker const& self) {
      reading_->sum_rest(static_cast<std::size_t>(self.index), static_cast<std::size_t>(self.count));
    });
    reading_->require_sound();
    pass_.forget_reading();
    reading_.reset();
  }

 private:
  void each_item(int count, void (*call)(void const* body, int item), void const* body) override {
    team_.run_items(count, [&](int item) { call(body, item); });
  }

  static stage_extents extents(executor_options const& o) {
    int const capacity = session_checks::capacity(o.capacity, Config.capacity);
    stage_extents const one = stage_extents::of(Config, session_checks::threads(o.threads), capacity);
    return {one.workers, capacity, o.blocks == 0 ? one.blocks : o.blocks, o.rows == 0 ? one.rows : o.rows};
  }

  // The rows of `batch` into the stage, and which of their logits are wanted.
  void gather(std::span<sequence_rows const> batch) {
    batch_.clear();
    wanted_count_ = 0;
    int row = 0;
    for (sequence_rows const& s : batch) {
      int const count = static_cast<int>(s.ids.size());
      int const length = s.length == 0 ? s.position + count : s.length;
      batch_.add(s.ids, s.position, s.blocks, s.prefix, s.segments);
      pass_.reach(row, count, length);
      for (int i = first_wanted(s.wanted, count); i < count; ++i)
        wanted_[static_cast<std::size_t>(wanted_count_++)] = row + i;
      row += count;
    }
    pass_.set_rows(batch_.view());
  }

  static int first_wanted(wanted_logits wanted, int count) {
    return wanted == wanted_logits::all ? 0 : wanted == wanted_logits::last ? count - 1 : count;
  }

  [[nodiscard]] batch_rows const& rows_of_pass() const { return pass_.view(); }

  // What is no number stays in the residual stream, and every row but the last is seen by later ones only through the
  // cache, which may round it.
  void require_hidden(int row) {
    require_below_infinity(pass_stage::hidden, {pass_.row(row), std::size_t{Config.d_model}},
                           rows_of_pass().position(row), rows_of_pass().ids[row]);
  }

  // Rows whose logits are wanted come to lie side by side.
  void move_wanted() {
    if (wanted_count_ == 0) return;
    wanted_first_ = wanted_.front();
    for (int i = 0; i < wanted_count_; ++i)
      if (int const row = wanted_[static_cast<std::size_t>(i)]; row != wanted_first_ + i)
        std::copy_n(pass_.row(row), width, pass_.row(wanted_first_ + i));
  }

  stage_extents extents_;
  int logit_rows_;
  std::shared_ptr<first_reading> reading_;  // until the first pass is done
  team team_;
  arena memory_;
  Pass pass_;
  batch_table batch_;
  std::span<int> wanted_;    // rows of the last pass whose logits are wanted
  std::span<float> logits_;  // (logit_rows, vocab)
  int wanted_first_ = 0;     // where they lie in x, side by side
  int wanted_count_ = 0;
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
