#pragma once

#include <string>
#include <string_view>

#include "constformer/text/tokenizer.hpp"
#include "text/blob_reader.hpp"
#include "text/piece_table.hpp"

namespace constformer::text {

/// Ids to text, one at a time. `blob` and `pieces` must outlive it.
class decoder final : public text_stream {
 public:
  /// `eager` prints the characters of a run of byte tokens as they are complete; otherwise the run is judged as a
  /// whole, as the tokenizers library does.
  decoder(blob_reader const& blob, piece_table const& pieces, decode_options options, bool eager);

  std::string_view push(int id) override;
  std::string_view flush() override;

  /// Appends the text of one id of the vocabulary, as far as it is certain.
  void feed(std::uint32_t id, std::string& out);
  /// Appends the rest.
  void finish(std::string& out);

 private:
  void feed_piece(std::uint32_t id, std::string_view text, std::string& out);
  void feed_sentencepiece(std::uint32_t id, std::string_view text, std::string& out);
  void feed_byte_fallback(std::string_view text, std::string& out);
  void feed_llama2c(std::string_view text, std::string& out);
  void feed_wordpiece(std::string_view text, std::string& out);
  void feed_metaspace(std::string_view text, std::string& out);
  void feed_byte(char byte, std::string& out);
  void end_run(std::string& out);
  void put(std::string& out, std::string_view text);
  void put_valid(std::string& out, std::string_view text);
  void reset();

  piece_table const& pieces_;
  decode_kind kind_;
  bool sentencepiece_;  ///< the kind is libsentencepiece's, or ChatGLM-6B's over it
  bool skip_special_, eager_, strip_first_blank_, cleanup_, dummy_prefix_, remove_extra_;
  std::int32_t bos_;
  std::string_view continuing_prefix_, unknown_text_;

  std::string held_;          ///< the beginning of a character, less than 4 bytes
  std::string run_;           ///< byte tokens not printed yet
  std::string word_;          ///< wordpiece: the word in the making; chatglm: blanks
  bool started_ = false;      ///< something was printed
  bool first_piece_ = true;   ///< no piece was decoded yet
  bool blank_seen_ = false;   ///< sentencepiece: the last piece gave its leading blank to the start
  bool expect_blank_ = true;  ///< sentencepiece: a leading blank is still dropped
  std::int64_t previous_ = -1;
  std::string out_;  ///< what push returns a view of
};

}  // namespace constformer::text
