// The session of one config: the calls of session.hpp over an executor and a table of blocks.
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
#include "constformer/checkpoint/plan_check.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/arena.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/core/error.hpp"
#include "constformer/generate/block_table.hpp"
#include "constformer/generate/executor-inl.hpp"
#include "constformer/generate/executor.hpp"
#include "constformer/generate/logit_rows.hpp"
#include "constformer/generate/not_finite.hpp"
#include "constformer/generate/prefix_table.hpp"
#include "constformer/generate/session.hpp"
#include "constformer/generate/session_checks.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/layers/stage.hpp"
#include "constformer/layers/transformer-inl.hpp"
#include "constformer/layers/transformer.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// `Config` if it is valid and its weights have kernels, or else some config that does: one mistake, one error.
template <config const& Config>
[[nodiscard]] constexpr config const& runnable() {
  return checked<Config>().weights == dtype::i8 ? detail::smallest_config : checked<Config>();
}

/// A session of one config (session.hpp says what its calls do): a view of an executor and of the blocks of its
/// sequences. It owns all it needs but the weights. `Pass` is how its executor takes rows through the layers.
template <config const& Config, class Pass = staged_pass<runnable<Config>()>>
class engine final : public session {
  static_assert(valid_config<Config>::value);
  static_assert(plan_fits<Config>::value);
  static_assert(
      check<(Config.weights != dtype::i8), "kernels: weights={} has none, f32, f16, bf16, q8_0, q4_0 and iq4_nl have",
            dtype_text<Config.weights>>::value);

  using layer = transformer_layer<checked<Config>()>;
  using executor_type = config_executor<runnable<Config>(), Pass>;
  static constexpr bool has_head = Config.head == head_kind::language_model;
  static constexpr bool is_decoder = Config.mask != mask_kind::bidirectional;
  static constexpr bool has_prefix = Config.mask == mask_kind::prefix;
  static constexpr int score_rows = executor_type::usual_logit_rows;
  static constexpr std::size_t logits_stride = executor_type::logits_stride;

 public:
  /// Takes all memory and starts the threads; `weights` is the weights section of a packed file of this config's
  /// fingerprint.
  engine(std::byte const* weights, session_options const& options)
      : capacity_(session_checks::capacity(options.capacity, Config.capacity)),
        sequences_(session_checks::sequences(options.sequences, most_sequences)),
        executor_(weights, executor_options_of(options, capacity_)),
        memory_(own_bytes({1, capacity_, executor_.blocks(), executor_.rows()}, sequences_)),
        blocks_(memory_, capacity_, sequences_, executor_.blocks()),
        prefixes_(memory_, prefixes_for(sequences_)),
        batch_(memory_.take<sequence_rows>(static_cast<std::size_t>(sequences_))),
        hidden_(memory_.take<float>(is_decoder ? 0 : rows() * padded(Config.d_model))),
        pooled_(memory_.take<float>(Config.pooler ? padded(Config.d_model) : 0)),
        labels_(memory_.take<float>(label_rows(rows()) * padded(Config.labels))) {}

  /// Of memory that a session takes, the cache included.
  [[nodiscard]] static constexpr std::size_t bytes(int workers, int capacity, int sequences = 1) {
    stage_extents const e = extents_of(workers, capacity, sequences);
    return executor_type::bytes(e, logit_rows_for(sequences)) + own_bytes(e, sequences);
  }

  using session::append;
  using session::position;
  using session::rewind;
  using session::score;

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
      executor_.encode_source(ids);
      for (int sequence = 0; sequence < sequences_; ++sequence) blocks_.rewind(sequence, 0);
    } else {
      session::start_source(ids);
    }
  }

  std::span<float const> append(int sequence, std::span<int const> ids) override {
    require_decoder("append");
    session_checks::sequence(sequence, sequences_);
    take(sequence, ids, {.wanted = has_head ? wanted_logits::last : wanted_logits::none}, [] {});
    if constexpr (has_head) return executor_.logits(0, 1)[0];
    return {};
  }

  logit_rows step(std::span<int const> ids) override {
    require_decoder("step");
    check_step(ids);
    int const rows = static_cast<int>(ids.size());
    for (int i = 0; i < rows; ++i) {
      reserve(i, 1);
      batch_[static_cast<std::size_t>(i)] = {.ids = ids.subspan(static_cast<std::size_t>(i), 1),
                                             .position = blocks_.position(i),
                                             .blocks = blocks_.blocks(i),
                                             .prefix = prefix_of(i)};
    }
    executor_.run(batch_.first(ids.size()));
    for (int i = 0; i < rows; ++i) blocks_.advance(i, 1);
    stepped_ = true;
    if constexpr (has_head) return executor_.logits(0, rows);
    return {nullptr, 0, 0, 0};
  }

  void fork(std::span<int const> parents) override {
    require_decoder("fork");
    session_checks::fork(parents, sequences_);
    blocks_.fork(parents);
    if constexpr (has_prefix) prefixes_.fork(parents);
  }

  std::span<float const> source_attention(int sequence) override {
    if constexpr (has_encoder(Config)) {
      int const rows = executor_.of_last_pass().rows;
      int const row = stepped_ ? sequence : rows - 1;
      if (row < 0 || row >= rows || position(sequence) == 0)
        throw error("source_attention: the last call appended nothing to sequence " + std::to_string(sequence));
      return executor_.source_attention(row);
    } else {
      return session::source_attention(sequence);
    }
  }

  void score(int sequence, std::span<int const> ids, row_sink const& sink) override {
    require_decoder("score");
    session_checks::sequence(sequence, sequences_);
    int done = 0;
    take(sequence, ids, {.wanted = has_head ? wanted_logits::all : wanted_logits::none}, [&] {
      for (int first = 0; first < executor_.wanted(); first += score_rows) {
        logit_rows const logits = executor_.logits(first, std::min(score_rows, executor_.wanted() - first));
        for (int row = 0; row < logits.rows; ++row) sink(done++, logits[row]);
      }
    });
  }

  void hidden_states(std::span<int const> ids, row_sink const& sink) override {
    if constexpr (is_decoder) {
      require_source("hidden_states");
      int done = 0;
      take(0, ids, {.wanted = wanted_logits::none}, [&] {
        int const rows = executor_.norm_hidden();
        for (int row = 0; row < rows; ++row) sink(done++, {executor_.hidden(row), Config.d_model});
      });
    } else {
      session::hidden_states(ids, sink);
    }
  }

  std::span<float const> encode(std::span<int const> ids, std::span<int const> segments) override {
    if constexpr (is_decoder) throw error("encode: this model is a decoder");
    encoder_text const text{ids, segments};
    encode_all({&text, 1});
    return encoded();
  }

  void encode_all(std::span<encoder_text const> texts) override {
    if constexpr (is_decoder) {
      session::encode_all(texts);
    } else {
      looked_at_ = -1;
      check_texts(texts);
      for (int i = 0; i < sequences_; ++i) blocks_.rewind(i, 0);
      for (std::size_t i = 0; i < texts.size(); ++i) {
        int const sequence = static_cast<int>(i);
        int const tokens = static_cast<int>(texts[i].ids.size());
        reserve(sequence, tokens);
        blocks_.advance(sequence, tokens);
        batch_[i] = {.ids = texts[i].ids,
                     .blocks = blocks_.blocks(sequence),
                     .wanted = wanted_logits::none,
                     .segments = texts[i].segments};
      }
      executor_.run(batch_.first(texts.size()));
      looked_at_ = 0;
    }
  }

  void look_at(int text) override {
    if constexpr (is_decoder) {
      session::look_at(text);
    } else {
      session_checks::sequence(text, executor_.of_last_pass().runs);
      looked_at_ = text;
    }
  }

  std::span<float const> encoded() override {
    if constexpr (is_decoder) {
      return session::encoded();
    } else {
      row_run const text = looked_at("encoded");
      for (int row = 0; row < text.rows; ++row)
        std::copy_n(executor_.hidden(text.first + row), Config.d_model,
                    hidden_.data() + static_cast<std::size_t>(row) * Config.d_model);
      return hidden_.first(static_cast<std::size_t>(text.rows) * Config.d_model);
    }
  }

  std::span<float const> pool() override {
    if constexpr (Config.pooler) {
      float* const first = executor_.hidden(looked_at("pool").first);
      executor_.workers().run_some(
          [&](worker const& self) { layer::pool(self, executor_.of_last_pass(), first, pooled_.data()); });
      executor_.require_below_infinity(pass_stage::pooled, pooled_.first(Config.d_model), -1, -1);
      return pooled_.first(Config.d_model);
    } else {
      throw error("pool: this model has no pooler");
    }
  }

  std::span<float const> classify() override {
    if constexpr (Config.labels > 0) {
      bool const tokens = Config.classifier == classifier_kind::tokens;
      if (!tokens) pool();
      row_run const text = looked_at("classify");
      int const rows = tokens ? text.rows : 1;
      float* const in = tokens ? executor_.hidden(text.first) : pooled_.data();
      executor_.workers().run_some(
          [&](worker const& self) { layer::classify(self, executor_.of_last_pass(), in, rows, labels_.data()); });
      for (std::size_t row = 1; row < static_cast<std::size_t>(rows); ++row)  // without the padding of each row
        std::copy_n(labels_.data() + row * padded(Config.labels), Config.labels, labels_.data() + row * Config.labels);
      auto const all = labels_.first(static_cast<std::size_t>(rows) * Config.labels);
      executor_.require_below_infinity(pass_stage::labels, all, -1, -1);
      return all;
    } else {
      return session::classify();
    }
  }

  void fill(row_sink const& sink) override {
    if constexpr (Config.head == head_kind::masked_language_model) {
      row_run const text = looked_at("fill");
      std::span<float> const logits = executor_.logit_memory();
      for (int first = 0; first < text.rows; first += score_rows) {
        int const rows = std::min(score_rows, text.rows - first);
        executor_.workers().run_some([&](worker const& self) {
          layer::fill(self, executor_.of_last_pass(), text.first + first, rows, logits.data());
        });
        for (int row = 0; row < rows; ++row) executor_.require_logits(row, first + row, -1);
        for (int row = 0; row < rows; ++row)
          sink(first + row, logits.subspan(static_cast<std::size_t>(row) * logits_stride, Config.vocab));
      }
    } else {
      session::fill(sink);
    }
  }

 private:
  static constexpr std::size_t label_rows(std::size_t rows) {
    return Config.classifier == classifier_kind::tokens ? rows : 1;
  }

  static constexpr int most_sequences = 1024;

  // Rows of logits that are kept at once: of a pass of `score`, or of all sequences.
  static constexpr int logit_rows_for(int sequences) { return std::max(score_rows, sequences); }

  static constexpr int prefixes_for(int sequences) { return has_prefix ? sequences : 0; }

  // Texts of an encoder have as many tokens together as one may have.
  static constexpr stage_extents extents_of(int workers, int capacity, int sequences) {
    stage_extents e = stage_extents::of(Config, workers, capacity, sequences);
    if (!is_decoder) e.blocks = block_table::blocks_for(capacity) + sequences - 1;
    return e;
  }

  static executor_options executor_options_of(session_options const& o, int capacity) {
    stage_extents const e = extents_of(o.threads, capacity, o.sequences);
    return {.threads = o.threads,
            .capacity = capacity,
            .blocks = o.blocks == 0 ? e.blocks : o.blocks,
            .rows = e.rows,
            .logit_rows = logit_rows_for(o.sequences),
            .reading = o.reading};
  }

  // Beside what the executor takes.
  static constexpr std::size_t own_bytes(stage_extents const& e, int sequences) {
    auto const rows = static_cast<std::size_t>(e.rows);
    return block_table::bytes(e.capacity, sequences, e.blocks) + prefix_table::bytes(prefixes_for(sequences)) +
           arena::bytes_for<sequence_rows>(static_cast<std::size_t>(sequences)) +
           arena::bytes_for<float>(is_decoder ? 0 : rows * padded(Config.d_model)) +
           arena::bytes_for<float>(Config.pooler ? padded(Config.d_model) : 0) +
           arena::bytes_for<float>(label_rows(rows) * padded(Config.labels));
  }

  [[nodiscard]] std::size_t rows() const { return static_cast<std::size_t>(executor_.rows()); }

  void require_decoder(std::string_view call) const {
    if constexpr (!is_decoder) throw error(std::string(call) + ": this model is an encoder");
    if constexpr (is_decoder && !has_head) throw error(std::string(call) + ": this decoder has no head");
    require_source(call);
  }

  void require_source([[maybe_unused]] std::string_view call) const {
    if constexpr (has_encoder(Config))
      if (executor_.of_last_pass().source_count == 0) throw error(std::string(call) + ": no source has been given");
  }

  void check_step(std::span<int const> ids) const {
    session_checks::vocab(ids, Config.vocab);
    session_checks::step(ids, sequences_);
    for (int sequence = 0; sequence < static_cast<int>(ids.size()); ++sequence) {
      session_checks::room(blocks_.position(sequence), 1, capacity_);
      if constexpr (has_prefix) session_checks::step_needs_prefix(blocks_.position(sequence));
    }
  }

  void check_texts(std::span<encoder_text const> texts) const {
    static_cast<void>(session_checks::sequences(static_cast<int>(texts.size()), sequences_));
    std::size_t tokens = 0;
    for (auto const& [ids, segments] : texts) {
      check_segments(ids, segments);
      session_checks::vocab(ids, Config.vocab);
      tokens += ids.size();
    }
    session_checks::room(0, tokens, capacity_);
  }

  // Rows of the text that is looked at.
  [[nodiscard]] row_run looked_at(std::string_view call) const {
    if (looked_at_ < 0) throw error(std::string(call) + ": no sequence has been encoded");
    return executor_.of_last_pass().run[looked_at_];
  }

  static void check_segments(std::span<int const> ids, std::span<int const> segments) {
    if (!segments.empty() && segments.size() != ids.size())
      throw error(std::to_string(segments.size()) + " segments were given for " + std::to_string(ids.size()) + " ids");
    for (int segment : segments)
      if (segment < 0 || segment >= Config.segments)
        throw error("segment " + std::to_string(segment) + " is not within the " + std::to_string(Config.segments) +
                    " of the model");
  }

  [[nodiscard]] prefix_place prefix_of([[maybe_unused]] int sequence) const {
    if constexpr (has_prefix) return *prefixes_.places(sequence);
    return {};
  }

  void reserve(int sequence, int tokens) {
    int const filled = blocks_.position(sequence) % panel_rows;
    if (!blocks_.reserve(sequence, tokens,
                         [this, filled](int from, int to) { executor_.copy_block(from, to, filled); }))
      session_checks::no_block(executor_.blocks());
  }

  // Takes `ids` through the stack in batches, as `how` asks; `after()` sees each batch's result. Of logits only the
  // last row's are wanted of all but the last batch unless all are.
  template <class After>
  void take(int sequence, std::span<int const> ids, sequence_rows how, After const& after) {
    session_checks::vocab(ids, Config.vocab);
    session_checks::room(blocks_.position(sequence), ids.size(), capacity_);
    if constexpr (has_prefix)
      if (blocks_.position(sequence) == 0) prefixes_.settle(Config.prefix, sequence, ids);
    wanted_logits const wanted = how.wanted;
    how.blocks = blocks_.blocks(sequence);
    how.length = blocks_.position(sequence) + static_cast<int>(ids.size());
    how.prefix = prefix_of(sequence);
    stepped_ = false;
    for (std::size_t first = 0; first < ids.size(); first += how.ids.size()) {
      how.ids = ids.subspan(first, std::min(most_rows, ids.size() - first));
      bool const last = first + how.ids.size() == ids.size();
      how.wanted = wanted == wanted_logits::last && !last ? wanted_logits::none : wanted;
      how.position = blocks_.position(sequence);
      reserve(sequence, static_cast<int>(how.ids.size()));
      executor_.run({&how, 1});
      blocks_.advance(sequence, static_cast<int>(how.ids.size()));
      after();
    }
  }

  static constexpr std::size_t most_rows = static_cast<std::size_t>(batch_rows_of(Config));

  int capacity_;
  int sequences_;
  executor_type executor_;
  arena memory_;
  block_table blocks_;
  prefix_table prefixes_;           // empty without a prefix mask
  std::span<sequence_rows> batch_;  // (sequences)
  std::span<float> hidden_;         // encoders: (rows, d_model) without padding
  std::span<float> pooled_;         // (d_model)
  std::span<float> labels_;         // (labels), or (rows, labels)
  bool stepped_ = false;            // the last call was `step`
  int looked_at_ = -1;              // of the texts of an encoder's last pass; −1: there was none
};

/// A new session of `Config` over packed weights.
template <config const& Config, class Pass = staged_pass<runnable<Config>()>>
std::unique_ptr<session> start_session(std::byte const* weights, session_options const& options) {
  return std::make_unique<engine<Config, Pass>>(weights, options);
}

/// A new executor of `Config` over packed weights.
template <config const& Config, class Pass = staged_pass<runnable<Config>()>>
std::unique_ptr<executor> start_executor(std::byte const* weights, executor_options const& options) {
  return std::make_unique<config_executor<Config, Pass>>(weights, options);
}

/// How a unit of `Config` starts an executor; null for encoders and for what is beside one.
template <config const& Config, class Pass = staged_pass<runnable<Config>()>>
constexpr auto executor_starter() -> decltype(&start_executor<Config, Pass>) {
  if constexpr (Config.mask == mask_kind::bidirectional || Config.head != head_kind::language_model ||
                has_encoder(Config))
    return nullptr;
  else
    return &start_executor<Config, Pass>;
}

/// What a model unit exports for `Config`, whose rows go through `Pass`.
template <config const& Config, class Pass = staged_pass<runnable<Config>()>>
model_unit make_unit(std::string_view name) {
  constexpr auto cache = static_cast<std::int64_t>(Pass::cache_bytes(stage_extents::of(Config, 1, Config.capacity)));
  constexpr std::uint64_t fingerprint = fingerprint_of(Config);  // else all of the pack plan would be code of the unit
  constexpr std::int64_t weight_bytes = packed_layout_of(Config).bytes;
  return {.name = name,
          .configuration = &Config,
          .fingerprint = fingerprint,
          .weight_bytes = weight_bytes,
          .parameters = count_parameters<model_parameters<Config>>(),
          .cache_bytes = cache,
          .workspace_bytes = static_cast<std::int64_t>(engine<Config, Pass>::bytes(1, Config.capacity)) - cache,
          .target = hwy::TargetName(HWY_TARGET),
          .start = &start_session<Config, Pass>,
          .execute = executor_starter<Config, Pass>()};
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif
