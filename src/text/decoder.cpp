#include "text/decoder.hpp"

#include <array>

#include "text/utf8.hpp"
#include "text/white_space_tokens.hpp"

namespace constformer::text {
namespace {

/// Longest piece, each byte at most replaced by three, and what may have been held back.
std::size_t room_for(std::size_t longest_piece) { return 3 * longest_piece + 64; }

/// Calls `each(part, is it the blank's mark)` over `text`.
template <class Each>
void for_each_space(std::string_view text, Each each) {
  while (!text.empty()) {
    std::size_t const at = std::min(text.find(space_symbol), text.size());
    if (at != 0) each(text.substr(0, at), false);
    if (at == text.size()) return;
    each(space_symbol, true);
    text.remove_prefix(at + space_symbol.size());
  }
}

/// The tokenizers library's clean-up of one word with its leading blank: no blank before punctuation, nor in
/// contractions.
void clean_up(std::string& word) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 11> rules{{{" .", "."},
                                                                                 {" ?", "?"},
                                                                                 {" !", "!"},
                                                                                 {" ,", ","},
                                                                                 {" ' ", "'"},
                                                                                 {" n't", "n't"},
                                                                                 {" 'm", "'m"},
                                                                                 {" do not", " don't"},
                                                                                 {" 's", "'s"},
                                                                                 {" 've", "'ve"},
                                                                                 {" 're", "'re"}}};
  for (auto const& [from, to] : rules) {
    for (std::size_t at = word.find(from); at != std::string::npos; at = word.find(from, at + to.size())) {
      word.replace(at, from.size(), to);
    }
  }
}

}  // namespace

decoder::decoder(blob_reader const& blob, piece_table const& pieces, decode_options options, bool eager)
    : pieces_(pieces),
      kind_(blob.decoder()),
      sentencepiece_(kind_ == decode_kind::sentencepiece || kind_ == decode_kind::chatglm),
      skip_special_(options.skip_special),
      eager_(eager),
      strip_first_blank_(blob.has(flag_strip_first_blank)),
      cleanup_(blob.has(flag_cleanup)),
      dummy_prefix_(blob.has(flag_dummy_prefix)),
      remove_extra_(blob.has(flag_remove_extra_spaces)),
      bos_(blob.facts().bos),
      continuing_prefix_(blob.text(blob.facts().continuing_prefix)),
      unknown_text_(blob.text(blob.facts().unknown_text)) {
  constexpr std::size_t believable = 1 << 16;
  out_.reserve(room_for(std::min<std::size_t>(blob.facts().longest_piece, believable)));
  held_.reserve(out_.capacity());
  word_.reserve(out_.capacity());
  run_.reserve(room_for(64));
}

std::string_view decoder::push(int id) {
  out_.clear();
  if (id >= 0 && static_cast<std::uint32_t>(id) < pieces_.size()) feed(static_cast<std::uint32_t>(id), out_);
  return out_;
}

std::string_view decoder::flush() {
  out_.clear();
  finish(out_);
  return out_;
}

void decoder::feed(std::uint32_t id, std::string& out) {
  if (skip_special_ && pieces_.is_skipped(id)) {
    // SentencePiece's control tokens end a run of bytes; the tokenizers library takes skipped tokens out beforehand.
    if (sentencepiece_) feed_sentencepiece(id, {}, out);
  } else {
    feed_piece(id, pieces_.text(id), out);
  }
  previous_ = id;
}

void decoder::feed_piece(std::uint32_t id, std::string_view text, std::string& out) {
  switch (kind_) {
    case decode_kind::bytes: put(out, text); break;
    case decode_kind::separated:
      if (!first_piece_) put(out, " ");
      put(out, text);
      break;
    case decode_kind::sentencepiece: feed_sentencepiece(id, text, out); break;
    case decode_kind::chatglm: feed_sentencepiece(id, white_space_of(text, word_), out); break;
    case decode_kind::llama2c: feed_llama2c(text, out); break;
    case decode_kind::byte_fallback: feed_byte_fallback(text, out); break;
    case decode_kind::metaspace: feed_metaspace(text, out); break;
    case decode_kind::wordpiece: feed_wordpiece(text, out); break;
  }
  first_piece_ = false;
}

void decoder::feed_wordpiece(std::string_view text, std::string& out) {
  word_.clear();
  if (first_piece_) {
    word_.append(text);
  } else if (!continuing_prefix_.empty() && text.starts_with(continuing_prefix_)) {
    word_.append(text.substr(continuing_prefix_.size()));
  } else {
    word_.append(" ").append(text);
  }
  if (cleanup_) clean_up(word_);
  put(out, word_);
}

void decoder::feed_metaspace(std::string_view text, std::string& out) {
  bool const drop = first_piece_ && strip_first_blank_;
  for_each_space(text, [&](std::string_view part, bool space) { put(out, space ? (drop ? "" : " ") : part); });
}

void decoder::feed_llama2c(std::string_view text, std::string& out) {
  if (bos_ >= 0 && previous_ == bos_ && text.starts_with(' ')) text.remove_prefix(1);
  int const byte = byte_of_token(text);
  if (byte < 0) return put(out, text);
  char const c = static_cast<char>(byte);
  put(out, {&c, 1});
}

void decoder::feed_byte_fallback(std::string_view text, std::string& out) {
  int const byte = byte_of_token(text);
  if (byte >= 0) return feed_byte(static_cast<char>(byte), out);
  end_run(out);
  for_each_space(text, [&](std::string_view part, bool space) { put_valid(out, space ? " " : part); });
}

/// The rules of SentencePieceProcessor::Decode. `text` is empty for control tokens that give no text.
void decoder::feed_sentencepiece(std::uint32_t id, std::string_view text, std::string& out) {
  piece_kind const kind = pieces_.kind(id);
  if (kind == piece_kind::byte) {
    int const byte = byte_of_token(text);
    if (byte >= 0) return feed_byte(static_cast<char>(byte), out);
  }
  end_run(out);
  if (blank_seen_ || started_) expect_blank_ = false;
  blank_seen_ = false;
  if (kind == piece_kind::unknown) return put_valid(out, unknown_text_);
  if (expect_blank_ && (dummy_prefix_ || remove_extra_) && text.starts_with(space_symbol)) {
    text.remove_prefix(space_symbol.size());
    blank_seen_ = !remove_extra_;
  }
  for_each_space(text, [&](std::string_view part, bool space) { put_valid(out, space ? " " : part); });
}

/// Adds to the run of byte tokens; in eager mode prints what is certain of it.
void decoder::feed_byte(char byte, std::string& out) {
  run_.push_back(byte);
  bool const by_character = eager_ || sentencepiece_;
  while (by_character && !run_.empty()) {
    code_point const c = decode_first(run_);
    if (c.truncated) return;
    put_valid(out, c.valid ? std::string_view(run_).substr(0, c.size) : replacement_bytes);
    run_.erase(0, c.valid ? c.size : 1);
  }
}

/// What is left of a run is broken: one U+FFFD for each byte, as libsentencepiece and the tokenizers library have it.
void decoder::end_run(std::string& out) {
  if (run_.empty()) return;
  if (find_invalid_utf8(run_) == run_.size()) {
    put_valid(out, run_);
  } else {
    for (std::size_t i = 0; i < run_.size(); ++i) put_valid(out, replacement_bytes);
  }
  run_.clear();
}

/// Appends text that is complete in itself. Damage can only come from a damaged vocabulary.
void decoder::put_valid(std::string& out, std::string_view text) {
  if (text.empty()) return;
  if (kind_ == decode_kind::byte_fallback && strip_first_blank_ && !started_ && text.starts_with(' '))
    text.remove_prefix(1);
  started_ = true;
  append_replaced(out, text);
}

/// Appends bytes, holding back the beginning of a character.
void decoder::put(std::string& out, std::string_view text) {
  held_.append(text);
  std::string_view rest = held_;
  while (!rest.empty()) {
    std::size_t const good = find_invalid_utf8(rest);
    out.append(rest.substr(0, good));
    rest.remove_prefix(good);
    if (rest.empty()) break;
    code_point const c = decode_first(rest);
    if (c.truncated) break;
    out.append(replacement_bytes);
    rest.remove_prefix(c.size);
  }
  held_.erase(0, held_.size() - rest.size());
}

void decoder::finish(std::string& out) {
  end_run(out);
  append_replaced(out, held_);
  reset();
}

void decoder::reset() {
  held_.clear();
  run_.clear();
  started_ = blank_seen_ = false;
  first_piece_ = expect_blank_ = true;
  previous_ = -1;
}

}  // namespace constformer::text
