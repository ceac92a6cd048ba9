#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "call_parameter.hpp"
#include "call_style.hpp"
#include "json_ends.hpp"

namespace constformer::serve {

/// What came of a text that may hold calls.
struct call_news {
  enum class kind : std::uint8_t {
    content,    ///< text that is no call
    call,       ///< a call begins; `text` is the name of the function
    arguments,  ///< the next piece of that call's arguments
  };
  kind what;
  std::string text;
  int call = 0;  ///< its number, unless it is content
};

/// The calls that an answer may hold.
struct expected_calls {
  call_style style;
  std::vector<std::string> names;        ///< of the functions
  int most;                              ///< calls; what is written behind them is dropped
  std::vector<typed_parameter> typed{};  ///< parameters of theirs, where calls are no JSON
  std::string begun{};                   ///< what the answer begins with, because the prompt ends with it
};

/// Finds calls in a text as it comes: the name as soon as it is known, arguments as they are written. What looks like a
/// call and is none is content, and so is an object of JSON without words around it that names none of the functions.
/// Arguments that come as an object are passed on as the model writes them; whether they are JSON to their end only the
/// end says.
class call_reader {
 public:
  /// `expected` must outlive it.
  explicit call_reader(expected_calls const& expected);

  /// Takes more of the text and appends to `out` what came of it.
  void push(std::string_view text, std::vector<call_news>& out);

  /// Nothing more comes.
  void finish(std::vector<call_news>& out);

  /// Calls so far.
  [[nodiscard]] int calls() const { return calls_; }

 private:
  enum class place : std::uint8_t {
    text,
    opened,     // behind the word that opens a call
    name,       // of a function, before its arguments
    object,     // that may be a call
    arguments,  // of a call
    rest,       // of its object, behind the arguments
    tail,       // members of it that do not matter
    tag_name,   // of a function, where calls are no JSON
    tags,       // parameters of its call
    closed,     // behind its object
    done,       // no more calls are wanted
  };

  bool step(bool ends);
  bool read_text(bool ends);
  bool read_start();
  bool read_opened(bool ends);
  bool read_name(bool ends);
  bool read_object(bool ends);
  bool read_head();
  bool read_arguments();
  bool read_rest();
  bool read_tail();
  bool read_closed(bool ends);
  bool read_tag_name(bool ends);
  bool read_tags(bool ends);
  bool read_parameter();
  bool end_tags();
  void read_whole();

  void run(std::vector<call_news>& out, bool ends);
  void show(std::string_view text);
  void skip(std::string_view characters);
  void consume(std::size_t bytes);
  bool turn_out_text();
  void begin_object();
  void begin_call(std::string name);
  void begin_arguments(std::string name, std::size_t at, bool by_name);
  bool has(std::string_view name) const;

  expected_calls const& expected_;
  call_words words_;
  std::optional<call_tags> tags_;  // of the style
  bool bare_;                      // style
  place place_ = place::text;
  std::string held_;         // not read yet
  std::string raw_;          // read, and content if it turns out to be no call
  std::string blank_;        // white space that is content if content follows
  json_ends ends_;           // of what held_ begins with
  std::size_t scanned_ = 0;  // bytes of the object that ends_ has seen
  bool by_name_ = false;     // the call is no object
  bool begins_ = true;       // nothing but white space has been read
  bool head_known_ = false;  // of the object: it must be read whole
  int calls_ = 0;
  std::string function_;                   // that is called, with tags
  std::vector<std::string> passed_;        // parameters of its call
  std::vector<call_news>* out_ = nullptr;  // during a call of push or finish
};

/// Name and arguments, an object of JSON, of a call written as an object; empty if it is none.
[[nodiscard]] std::optional<std::pair<std::string, std::string>> call_of(std::string_view object);

}  // namespace constformer::serve
