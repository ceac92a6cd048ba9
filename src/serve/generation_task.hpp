#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine.hpp"
#include "reply_queue.hpp"

namespace constformer::serve {

/// Tokens of an answer so far.
struct answer_usage {
  int prompt_tokens = 0;
  int cached_tokens = 0;
  int completion_tokens = 0;
  double prefill_seconds = 0;
  double decode_seconds = 0;
};

/// A choice, put together.
struct whole_choice {
  std::string text;
  std::vector<token_record> tokens;
  finish_reason why = finish_reason::stop;
  std::string stop;
};

/// How an answer is written. Members are called on the I/O thread, in the order of the tokens.
class answer_format {
 public:
  virtual ~answer_format() = default;
  answer_format(answer_format const&) = delete;
  answer_format& operator=(answer_format const&) = delete;

  /// A token of a prompt, before all pieces of its choices.
  virtual void prompt(prompt_piece const& piece) = 0;
  /// Streaming: appends the events of a piece.
  virtual void event(std::string& out, text_piece const& piece, answer_usage const& so_far) = 0;
  /// Streaming: appends the last events.
  virtual void end(std::string& out, answer_usage const& all) = 0;
  /// Not streaming: the body.
  [[nodiscard]] virtual std::string whole(std::vector<whole_choice> const& choices, answer_usage const& all) = 0;

 protected:
  answer_format() = default;
};

/// What a request for text is, after it has been read.
struct generation_task {
  std::vector<generation_request> prompts;
  reply_sink::format sink{};
  std::unique_ptr<answer_format> format;
  bool stream = false;
  bool marks_end = true;  ///< a stream ends with [DONE]
};

/// `json` as one event of a stream.
inline void append_event(std::string& out, std::string_view json) {
  out += "data: ";
  out += json;
  out += "\n\n";
}

}  // namespace constformer::serve
