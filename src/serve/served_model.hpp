#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "constformer/generate/logit_rules.hpp"
#include "constformer/generate/sampling_options.hpp"
#include "constformer/generate/session.hpp"
#include "constformer/text/chat.hpp"
#include "constformer/text/tokenizer.hpp"

#include "call_style.hpp"

namespace constformer::serve {

/// What a model can be asked for.
enum class model_kind : std::uint8_t { decoder, encoder, translator };

/// How a model is told of functions, and calls them.
struct tool_format {
  call_style style;
  std::optional<chat_template> format;  ///< empty: that of all conversations
  std::vector<int> spelled;             ///< special tokens around calls, which are text here
};

/// How conversations are written for a model.
struct chat_format {
  chat_template format;
  std::string jinja;  ///< the text of the template
  bool framed;        ///< what the vocabulary puts around a text stands around the conversation
  std::vector<std::pair<std::string, std::string>> tokens;  ///< chat_input::tokens
  std::vector<int> ends;                                    ///< a reply ends with one of these
  std::optional<tool_format> tools{};                       ///< empty: functions cannot be called
};

/// What an encoder or a translator reads.
struct work_input {
  std::vector<int> ids;
  std::vector<int> segments;      ///< empty, or one for each id
  std::size_t prompt_tokens = 0;  ///< at the beginning, of a prompt of the model's files
};

/// A label and how likely it is.
struct scored_label {
  std::string label;
  float probability;
};

/// A token for a masked place.
struct filled_token {
  int id;
  std::string text;
  float probability;
};

/// What a translator is asked, beside its source.
struct translate_request {
  std::vector<int> source;
  std::vector<int> prefix;   ///< what the target begins with
  std::optional<int> beams;  ///< not given: what the checkpoint asks for
  std::optional<int> best;   ///< hypotheses, 1
  std::optional<float> length_penalty;
  std::optional<int> max_tokens;
};

/// One target.
struct translation {
  std::string text;
  std::vector<int> ids;
  float score;
};

/// The parts of a program that know its model: what encoders and translators do with a session. Inputs are read on
/// another thread than the session is used on.
class model_work {
 public:
  virtual ~model_work() = default;
  model_work(model_work const&) = delete;
  model_work& operator=(model_work const&) = delete;

  /// What is read of one text, or of a pair; throws `error` if it does not fit. `embedding` puts the default prompt of
  /// the model's files before it.
  [[nodiscard]] virtual work_input read(std::vector<std::string> const& texts, bool embedding) const = 0;
  /// The same of ids.
  [[nodiscard]] virtual work_input read(std::vector<int> const& ids) const = 0;

  /// Of a text that an encoder has read and looks at, as all below; decoders read it here.
  [[nodiscard]] virtual std::vector<float> embed(session& model, work_input const& input) const = 0;
  /// One row of labels, or one for each token.
  [[nodiscard]] virtual std::vector<std::vector<scored_label>> classify(session& model) const = 0;
  /// For each masked place.
  [[nodiscard]] virtual std::vector<std::pair<int, std::vector<filled_token>>> fill(session& model,
                                                                                    work_input const& input,
                                                                                    int top) const = 0;
  /// Checks a request for a translation and throws `error` if it makes no sense.
  virtual void check(translate_request const& request) const = 0;
  [[nodiscard]] virtual std::vector<translation> translate(session& model, translate_request const& request) const = 0;

 protected:
  model_work() = default;
};

/// Everything that the protocol knows of a model.
struct served_model {
  std::string name;         ///< as /v1/models has it
  std::string fingerprint;  ///< equal ones give equal bits on equal processors
  std::string path;         ///< of the program
  model_kind kind = model_kind::decoder;
  int vocab = 0;
  int capacity = 0;  ///< tokens of a sequence
  std::int64_t parameters = 0;
  tokenizer const* text = nullptr;  ///< may be missing
  std::vector<int> stop_ids{};
  sampling_options sampling{};  ///< where a request says nothing
  /// What the checkpoint forbids and forces in texts of so many tokens that end with `stop_ids`.
  std::function<logit_rules(std::span<int const> stop_ids, int max_tokens)> rules{};
  std::optional<chat_format> chat{};
  std::tm (*now)() = nullptr;  ///< what templates are told of the time
  model_work const* work = nullptr;
  int dimensions = 0;  ///< of an embedding; 0: there are none
  bool classifies = false;
  bool judges_tokens = false;  ///< labels are of tokens
  bool fills = false;
};

}  // namespace constformer::serve
