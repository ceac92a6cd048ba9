#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace constformer {

/// A stretch of a text, in bytes: from `begin` up to `end`.
struct text_range {
  std::size_t begin = 0;  ///< of its first byte
  std::size_t end = 0;    ///< behind its last

  bool operator==(text_range const&) const = default;
};

/// How text becomes ids.
struct encode_options {
  bool add_special = true;    ///< BOS, [CLS] … [SEP] and the like, where the original library adds them by default
  bool parse_special = true;  ///< special tokens written out in the text are matched; false takes them as plain text
  std::span<text_range const> plain{};  ///< where they are plain text all the same: in order, without overlap
};

/// How ids become text.
struct decode_options {
  bool skip_special = true;  ///< special tokens give no text; false writes them out
};

/// The ids that have a role; a role that the vocabulary does not have is empty.
struct special_tokens {
  std::optional<int> bos;   ///< begins a text
  std::optional<int> eos;   ///< ends a text
  std::optional<int> pad;   ///< fills up batches
  std::optional<int> unk;   ///< stands for what the vocabulary cannot spell
  std::optional<int> cls;   ///< BERT: before the first text; its hidden state is pooled
  std::optional<int> sep;   ///< BERT: after each text
  std::optional<int> mask;  ///< BERT: a token to be guessed
};

/// A pair of texts as encoders take it: ids and, for each of them, its segment.
struct encoded_pair {
  std::vector<int> ids;       ///< (length)
  std::vector<int> segments;  ///< (length), 0 or 1
};

/// Turns ids into text one at a time. All that push and flush return, in order, is what tokenizer::decode returns for
/// the same ids (docs/tokenizers.md has the one exception). Nothing is allocated after construction for ids of the
/// vocabulary.
class text_stream {
 public:
  virtual ~text_stream() = default;
  text_stream(text_stream const&) = delete;
  text_stream& operator=(text_stream const&) = delete;

  /// The bytes that may be printed now: whole UTF-8 characters only. The view is valid until the next call. An id
  /// outside the vocabulary gives nothing, because models have padded vocabularies.
  virtual std::string_view push(int id) = 0;

  /// What was held back, incomplete characters as U+FFFD. Afterwards the stream is as new.
  virtual std::string_view flush() = 0;

 protected:
  text_stream() = default;
};

/// Text to ids and back, exactly as the original library of the vocabulary does it. Immutable; safe to share between
/// threads.
class tokenizer {
 public:
  virtual ~tokenizer() = default;
  tokenizer(tokenizer const&) = delete;
  tokenizer& operator=(tokenizer const&) = delete;

  /// The ids of `text`; bytes that are no UTF-8 count as U+FFFD (docs/tokenizers.md has the rule). Throws `error` if a
  /// stored table is damaged or a splitting pattern runs out of its match limit.
  [[nodiscard]] virtual std::vector<int> encode(std::string_view text, encode_options options) const = 0;

  /// Two texts as one input with segments, as BERT takes them.
  [[nodiscard]] virtual encoded_pair encode_pair(std::string_view first, std::string_view second,
                                                 encode_options options) const = 0;

  /// The text of `ids`, always valid UTF-8. Throws `error` on an id outside the vocabulary.
  [[nodiscard]] virtual std::string decode(std::span<int const> ids, decode_options options) const = 0;

  /// A decoder that takes ids one by one; it must not outlive the tokenizer.
  [[nodiscard]] virtual std::unique_ptr<text_stream> stream(decode_options options) const = 0;

  /// Number of ids, gaps included.
  [[nodiscard]] virtual int vocab_size() const = 0;

  /// The bytes of one token as the vocabulary has them (byte-level vocabularies: the bytes it stands for). Throws
  /// `error` on an id outside the vocabulary.
  [[nodiscard]] virtual std::string_view piece(int id) const = 0;

  /// The id whose piece is exactly `piece`.
  [[nodiscard]] virtual std::optional<int> find(std::string_view piece) const = 0;

  /// True for ids that decode skips: control tokens and added tokens marked special.
  [[nodiscard]] virtual bool is_special(int id) const = 0;

  /// Ids with a role.
  [[nodiscard]] virtual special_tokens const& special() const = 0;

  /// The tokenizer of what an encoder-decoder model writes; most have one for both sides, and it is this one.
  [[nodiscard]] virtual tokenizer const& target() const { return *this; }

  /// @copydoc encode
  [[nodiscard]] std::vector<int> encode(std::string_view text) const { return encode(text, encode_options{}); }
  /// @copydoc encode_pair
  [[nodiscard]] encoded_pair encode_pair(std::string_view first, std::string_view second) const {
    return encode_pair(first, second, encode_options{});
  }
  /// @copydoc decode
  [[nodiscard]] std::string decode(std::span<int const> ids) const { return decode(ids, decode_options{}); }
  /// @copydoc stream
  [[nodiscard]] std::unique_ptr<text_stream> stream() const { return stream(decode_options{}); }

 protected:
  tokenizer() = default;
};

/// A tokenizer over a blob that pack() wrote; nothing is copied or built, so `blob` must outlive it. Throws `error` on
/// a blob of another version or one whose tables do not fit in it.
[[nodiscard]] std::unique_ptr<tokenizer> open_tokenizer(std::span<std::byte const> blob);

}  // namespace constformer
