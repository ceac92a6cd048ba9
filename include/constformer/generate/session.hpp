#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "constformer/checkpoint/first_reading.hpp"
#include "constformer/config/config.hpp"
#include "constformer/core/error.hpp"
#include "constformer/generate/executor.hpp"
#include "constformer/generate/logit_rows.hpp"

namespace constformer {

/// What a conversation may ask of a compiled model.
struct session_options {
  int threads = 1;    ///< workers, the calling thread included; the results do not depend on it
  int capacity = 0;   ///< tokens that the KV cache holds, at most the compiled capacity; 0: the compiled capacity
  int sequences = 1;  ///< conversations side by side, each of that capacity; of encoders: texts that are read at once
  int blocks = 0;  ///< of 16 tokens, of all sequences together; 0: as many as they may need. Models without caches of
                   ///< blocks (those of one's own) know none
  /// The check of weights that nobody has checked: the first call that computes makes it, and throws `error` if they
  /// are damaged. None if they are known to be sound.
  std::shared_ptr<first_reading> reading{};
};

/// What an encoder reads of one text.
struct encoder_text {
  std::span<int const> ids{};       ///< at least one
  std::span<int const> segments{};  ///< empty (all 0), or one per id
};

/// One conversation with a compiled model, or several side by side: KV cache, activations and threads. The weights are
/// shared and read only.
///
/// Sequences are numbered from 0; calls that name none mean sequence 0. What a sequence gives does not depend on the
/// others, not even in the last bit. Those that grew out of one another by `fork` share the cache of what they have in
/// common.
///
/// All memory is taken when the session starts; no call below allocates. A session is used by one caller at a time;
/// several sessions of one model may run side by side. Ids out of range, contexts above capacity and a cache that has
/// no block left throw `error`; the session can be used on.
class session {
 public:
  /// Receives the logits (vocab), or the hidden state (d_model), of one row; the span is valid during the call only.
  using row_sink = std::function<void(int row, std::span<float const> logits)>;

  virtual ~session() = default;
  session(session const&) = delete;
  session& operator=(session const&) = delete;

  /// Sequences that the cache can hold.
  [[nodiscard]] virtual int sequences() const = 0;

  /// Tokens of a sequence in the cache.
  [[nodiscard]] virtual int position(int sequence) const = 0;
  /// Tokens of sequence 0 in the cache.
  [[nodiscard]] int position() const { return position(0); }

  /// Tokens that the cache can hold of each sequence.
  [[nodiscard]] virtual int capacity() const = 0;

  /// Forgets all tokens of a sequence from `position` on; 0 starts anew.
  virtual void rewind(int sequence, int position) = 0;
  /// Forgets all tokens of sequence 0 from `position` on.
  void rewind(int position) { rewind(0, position); }

  /// Encoder-decoder models: encodes a source, whose keys and values all that is appended from now on attends to, and
  /// forgets all tokens. Append begins with the token that starts a target.
  virtual void start_source([[maybe_unused]] std::span<int const> ids) {
    throw error("start_source: this model has no encoder beside a decoder");
  }

  /// Decoders: appends `ids` to a sequence and returns the logits (vocab) after the last one; valid until the next
  /// call.
  virtual std::span<float const> append(int sequence, std::span<int const> ids) = 0;
  /// Decoders: appends `ids` to sequence 0.
  std::span<float const> append(std::span<int const> ids) { return append(0, ids); }

  /// Decoders: appends ids[i] to sequence i, for all i at once, and returns their logits; valid until the next call.
  /// Sequences beyond ids.size() stay as they are.
  virtual logit_rows step(std::span<int const> ids) = 0;

  /// Decoders: sequence i goes on from what parents[i] is now, for all i at once; a parent may have several children.
  /// Sequences beyond parents.size() become empty. Copies no keys or values; models of one's own copy those of second
  /// and further children.
  virtual void fork(std::span<int const> parents) = 0;

  /// Encoder-decoder models: what the token attends to that the last call of append or step put at the end of a
  /// sequence, a weight per token of the source: the first head of the last layer. Computed when it is asked for; valid
  /// until the next call.
  virtual std::span<float const> source_attention([[maybe_unused]] int sequence) {
    throw error("source_attention: this model has no encoder beside a decoder");
  }

  /// Decoders: appends `ids` to a sequence and hands the logits of every row, in order, to `sink`.
  virtual void score(int sequence, std::span<int const> ids, row_sink const& sink) = 0;
  /// Decoders: the same of sequence 0.
  void score(std::span<int const> ids, row_sink const& sink) { score(0, ids, sink); }

  /// Decoders, with or without a head: appends `ids` to sequence 0 and hands the hidden states (d_model) of every row,
  /// behind the last norm, in order, to `sink`.
  virtual void hidden_states([[maybe_unused]] std::span<int const> ids, [[maybe_unused]] row_sink const& sink) {
    throw error("hidden_states: this model is an encoder");
  }

  /// Encoders: the hidden states (ids.size(), d_model) of one text; `segments` is empty (all 0) or one per id.
  virtual std::span<float const> encode(std::span<int const> ids, std::span<int const> segments) = 0;

  /// Encoders: reads at most `sequences()` texts, of at most `capacity()` tokens together, in one pass. What a text
  /// gives does not depend on those beside it, not even in the last bit. The first is the one that is looked at.
  virtual void encode_all([[maybe_unused]] std::span<encoder_text const> texts) {
    throw error("encode_all: this model is a decoder");
  }
  /// Encoders: what is asked for below is that of text `text` of those read last.
  virtual void look_at([[maybe_unused]] int text) { throw error("look_at: this model is a decoder"); }
  /// Encoders: the hidden states (ids.size(), d_model) of the text that is looked at.
  virtual std::span<float const> encoded() { throw error("encoded: this model is a decoder"); }

  /// Encoders with a pooler: act(W·h₀ + b) (d_model) of the text that is looked at.
  virtual std::span<float const> pool() = 0;

  /// Encoders with a classifier: the scores of its labels for the text that is looked at, (labels) or (ids.size(),
  /// labels).
  virtual std::span<float const> classify() { throw error("classify: this model has no classifier"); }

  /// Encoders with a head for masked tokens: hands the logits of every row of the text that is looked at, in order, to
  /// `sink`.
  virtual void fill(row_sink const& sink) {
    static_cast<void>(sink);
    throw error("fill: this model has no head for masked tokens");
  }

 protected:
  session() = default;
};

/// What one compiled model unit offers to code that knows no shapes.
struct model_unit {
  std::string_view name;         ///< of the config, as in its header
  config const* configuration;   ///< the config the unit was compiled from; of a model of one's own see `traced`
  std::uint64_t fingerprint;     ///< of the config and of the packed layout; a packed file must carry the same
  std::int64_t weight_bytes;     ///< of the weights section of its packed file
  std::int64_t parameters;       ///< weights and biases of the checkpoint, tied ones once
  std::int64_t cache_bytes;      ///< KV cache of one session at full capacity
  std::int64_t workspace_bytes;  ///< activations of one session
  std::string_view target;       ///< instruction set, as Highway names it
  /// Makes a session over its packed weights; throws `error` if capacity or threads are out of range.
  std::unique_ptr<session> (*start)(std::byte const* weights, session_options const& options);
  /// Makes an executor over them, for decoders that no encoder is beside; null for others, and for models of one's own.
  std::unique_ptr<executor> (*execute)(std::byte const* weights, executor_options const& options) = nullptr;
  /// A model of one's own, which no config describes: of `configuration` vocab, d_model, layers, positions, capacity,
  /// mask and head count.
  bool traced = false;
};

/// The unit linked into this program; defined by the unit that `constformer build` generates.
[[nodiscard]] model_unit const& linked_unit();

}  // namespace constformer
