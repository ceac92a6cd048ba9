#include "call_reader.hpp"

#include <algorithm>

#include "call_head.hpp"
#include "json.hpp"
#include "json_writer.hpp"

namespace constformer::serve {

namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::size_t longest_head = 1024;  // bytes before arguments that are passed on while they are written
constexpr std::size_t longest_name = 128;

// The text may become `word`.
bool may_become(std::string_view text, std::string_view word) {
  return text.size() < word.size() && word.starts_with(text);
}

std::string_view without_blanks(std::string_view words) {
  words.remove_prefix(std::min(words.find_first_not_of(blanks), words.size()));
  return words;
}

// Where the longest end of the text begins that is the beginning of `word`.
std::size_t begin_of_half(std::string_view text, std::string_view word) {
  for (std::size_t half = std::min(word.size() - 1, text.size()); half > 0; --half)
    if (text.ends_with(word.substr(0, half))) return text.size() - half;
  return text.size();
}

// Some models write arguments as a string that holds JSON.
std::optional<std::string> arguments_of(json_value const* given) {
  if (given == nullptr || given->is_null()) return "{}";
  if (given->object() != nullptr) return json_of(*given);
  if (given->text() == nullptr) return std::nullopt;
  try {
    if (parse_json(*given->text()).object() != nullptr) return *given->text();
  } catch (json_error const&) {  // any other text
  }
  return std::nullopt;
}

std::optional<std::pair<std::string, std::string>> call_of(json_value const& object) {
  auto const* function = object.find("function");
  if (function != nullptr && function->object() != nullptr) return call_of(*function);
  auto const* name = object.find("name");
  if (name == nullptr) name = function;
  if (name == nullptr || name->text() == nullptr || name->text()->empty()) return std::nullopt;
  auto const* given = object.find("arguments");
  if (given == nullptr) given = object.find("parameters");
  auto arguments = arguments_of(given);
  if (!arguments) return std::nullopt;
  return std::pair(*name->text(), std::move(*arguments));
}

}  // namespace

std::optional<std::pair<std::string, std::string>> call_of(std::string_view object) {
  try {
    return call_of(parse_json(object));
  } catch (json_error const&) {
    return std::nullopt;
  }
}

call_reader::call_reader(expected_calls const& expected)
    : expected_(expected),
      words_(words_of(expected.style)),
      tags_(tags_of(expected.style)),
      bare_(expected.style == call_style::bare) {
  std::vector<call_news> none;
  push(expected.begun, none);
}

void call_reader::push(std::string_view text, std::vector<call_news>& out) {
  if (place_ == place::done) return;
  held_ += text;
  run(out, false);
}

void call_reader::finish(std::vector<call_news>& out) {
  run(out, true);
  if (calls_ == 0 && !blank_.empty()) out.push_back({call_news::kind::content, std::move(blank_)});
}

void call_reader::run(std::vector<call_news>& out, bool ends) {
  out_ = &out;
  while (step(ends)) {}
  out_ = nullptr;
}

bool call_reader::step(bool ends) {
  switch (place_) {
    case place::text: return read_text(ends);
    case place::opened: return read_opened(ends);
    case place::name: return read_name(ends);
    case place::object: return read_object(ends);
    case place::arguments: return read_arguments();
    case place::rest: return read_rest();
    case place::tail: return read_tail();
    case place::tag_name: return read_tag_name(ends);
    case place::tags: return read_tags(ends);
    case place::closed: return read_closed(ends);
    case place::done: held_.clear(); return false;
  }
  return false;
}

// White space at the end waits for what follows: before and behind calls it is none of the content.
void call_reader::show(std::string_view text) {
  blank_ += text;
  auto const last = blank_.find_last_not_of(blanks);
  if (last == std::string::npos) return;
  out_->push_back({call_news::kind::content, blank_.substr(0, last + 1)});
  blank_.erase(0, last + 1);
}

void call_reader::consume(std::size_t bytes) {
  raw_.append(held_, 0, bytes);
  held_.erase(0, bytes);
}

void call_reader::skip(std::string_view characters) {
  consume(std::min(held_.find_first_not_of(characters), held_.size()));
}

bool call_reader::turn_out_text() {
  show(std::exchange(raw_, {}));
  begins_ = false;
  place_ = place::text;
  return true;
}

bool call_reader::has(std::string_view name) const {
  return std::ranges::find(expected_.names, name) != expected_.names.end();
}

void call_reader::begin_object() {
  ends_.begin();
  scanned_ = 0;
  head_known_ = false;
  place_ = place::object;
}

void call_reader::begin_call(std::string name) {
  ++calls_;
  raw_.clear();
  blank_.clear();
  begins_ = false;
  out_->push_back({call_news::kind::call, std::move(name), calls_ - 1});
}

void call_reader::begin_arguments(std::string name, std::size_t at, bool by_name) {
  begin_call(std::move(name));
  held_.erase(0, at);
  ends_.begin();
  by_name_ = by_name;
  place_ = place::arguments;
}

bool call_reader::read_text(bool ends) {
  if (begins_ && bare_ && read_start()) return true;
  if (held_.empty() || (begins_ && bare_ && !ends)) return false;
  auto const open = held_.find(words_.open);
  if (open == std::string::npos) {
    auto const shown = ends ? held_.size() : begin_of_half(held_, words_.open);
    show(std::string_view(held_).substr(0, shown));
    held_.erase(0, shown);
    return false;
  }
  show(std::string_view(held_).substr(0, open));
  held_.erase(0, open);
  raw_ = std::exchange(blank_, {});
  consume(words_.open.size());
  place_ = place::opened;
  return true;
}

// Of a text that may be a call without any word before it; false: it is none, or more must come.
bool call_reader::read_start() {
  auto const first = held_.find_first_not_of(blanks);
  if (first == std::string::npos) return false;
  begins_ = held_[first] == '{' || may_become(std::string_view(held_).substr(first), words_.open);
  if (held_[first] != '{') return false;
  consume(first);
  begin_object();
  return true;
}

bool call_reader::read_opened(bool ends) {
  bool const tagged = !words_.close.empty();
  skip(tagged ? blanks : bare_ ? " \t\r\n;" : " \t\r\n[,");
  if (held_.empty()) {
    if (!ends) return false;
    if (calls_ > 0 && !tagged) raw_.clear();  // nothing but what parts calls
    return turn_out_text();
  }
  if (tags_) {
    place_ = place::tag_name;
  } else if (held_.front() == '{') {
    begin_object();
  } else if (tagged || bare_) {
    return turn_out_text();
  } else if (held_.front() == ']' && calls_ > 0) {
    held_.erase(0, 1);
    raw_.clear();
    place_ = place::text;
  } else {
    place_ = place::name;
  }
  return true;
}

// name{…}, name[ARGS]{…} or name[CALL_ID]…[ARGS]{…}
bool call_reader::read_name(bool ends) {
  auto const brace = held_.find('{');
  if (std::min(brace, held_.size()) > 2 * longest_name) return turn_out_text();
  if (brace == std::string::npos) return ends && turn_out_text();
  auto const before = std::string_view(held_).substr(0, brace);
  auto name = before.substr(0, before.find('['));
  name = name.substr(0, name.find_last_not_of(blanks) + 1);
  bool const parted = name.size() == before.size() || before.find("[ARGS]") != std::string_view::npos ||
                      before.find_first_not_of(blanks, name.size()) == std::string_view::npos;
  if (name.empty() || name.size() > longest_name || name.find_first_of(blanks) != std::string_view::npos || !parted)
    return turn_out_text();
  begin_arguments(std::string(name), brace, true);
  return true;
}

bool call_reader::read_object(bool ends) {
  if (!head_known_ && read_head()) return true;
  head_known_ = head_known_ || held_.size() > longest_head;
  bool whole = false;
  scanned_ += ends_.read(std::string_view(held_).substr(scanned_), whole);
  if (whole) {
    read_whole();
    return true;
  }
  if (!ends) return false;
  consume(held_.size());
  return turn_out_text();
}

// True if it says enough.
bool call_reader::read_head() {
  auto head = read_call_head(std::string_view(held_).substr(0, longest_head));
  if (bare_ && (head.what == call_head::kind::never || (head.what == call_head::kind::call && !has(head.name))))
    return turn_out_text();
  head_known_ = head.what == call_head::kind::whole || head.what == call_head::kind::never;
  if (head.what != call_head::kind::call) return false;
  begin_arguments(std::move(head.name), head.at, false);
  return true;
}

void call_reader::read_whole() {
  auto call = call_of(std::string_view(held_).substr(0, scanned_));
  if (!call || (bare_ && !has(call->first))) {
    consume(scanned_);
    turn_out_text();
    return;
  }
  held_.erase(0, scanned_);
  begin_call(std::move(call->first));
  out_->push_back({call_news::kind::arguments, std::move(call->second), calls_ - 1});
  by_name_ = false;
  place_ = calls_ == expected_.most ? place::done : place::closed;
}

bool call_reader::read_arguments() {
  if (held_.empty()) return false;
  bool whole = false;
  auto const bytes = ends_.read(held_, whole);
  out_->push_back({call_news::kind::arguments, held_.substr(0, bytes), calls_ - 1});
  held_.erase(0, bytes);
  if (whole) place_ = calls_ == expected_.most ? place::done : by_name_ ? place::closed : place::rest;
  return whole;
}

// Up to the end of the object, which some models forget.
bool call_reader::read_rest() {
  auto const first = held_.find_first_not_of(blanks);
  if (first == std::string::npos) return false;
  bool const goes_on = held_[first] == '}' || held_[first] == ',';
  if (goes_on) ends_.begin(1);
  place_ = goes_on ? place::tail : place::closed;
  return true;
}

bool call_reader::read_tail() {
  bool whole = false;
  held_.erase(0, ends_.read(held_, whole));
  if (whole) place_ = place::closed;
  return whole;
}

// A name without words around it must be one of the functions.
bool call_reader::read_tag_name(bool ends) {
  auto const& [before, after] = std::pair(tags_->before_name, tags_->after_name);
  if (!held_.starts_with(before)) return (ends || !may_become(held_, before)) && turn_out_text();
  auto const stop = after.empty() ? held_.find_first_of("\n<", before.size()) : held_.find(after, before.size());
  auto const end = std::min(stop, held_.size());
  if (end - before.size() > 2 * longest_name) return turn_out_text();
  if (stop == std::string::npos && (!ends || !after.empty())) return ends && turn_out_text();
  auto name = held_.substr(before.size(), end - before.size());
  name.erase(name.find_last_not_of(blanks) + 1);
  if (name.empty() || name.size() > longest_name || name.find_first_of(blanks) != std::string::npos ||
      (after.empty() && !has(name)))
    return turn_out_text();
  held_.erase(0, end + (stop == std::string::npos ? 0 : after.size()));
  function_ = name;
  passed_.clear();
  scanned_ = 0;
  begin_call(std::move(name));
  place_ = place::tags;
  return true;
}

bool call_reader::read_tags(bool ends) {
  held_.erase(0, std::min(held_.find_first_not_of(blanks), held_.size()));
  auto const key = without_blanks(tags_->before_key);
  auto const last = tags_->end.empty() ? words_.close : without_blanks(tags_->end);
  if (held_.starts_with(key)) return read_parameter();
  if (!ends && (may_become(held_, key) || may_become(held_, last))) return false;
  if (held_.empty() && !tags_->end.empty()) return false;  // the text was cut off
  if (!tags_->end.empty() && held_.starts_with(last)) held_.erase(0, last.size());
  return end_tags();
}

// True if it has come as a whole, or is none.
bool call_reader::read_parameter() {
  auto const key_at = without_blanks(tags_->before_key).size();
  auto const key_end = held_.find(tags_->after_key, key_at);
  if (key_end == std::string::npos) return false;
  auto at = key_end + tags_->after_key.size();
  if (auto const open = without_blanks(tags_->before_value); !open.empty()) {
    at = held_.find_first_not_of(blanks, at);
    if (at == std::string::npos || may_become(std::string_view(held_).substr(at), open)) return false;
    if (!std::string_view(held_).substr(at).starts_with(open)) return end_tags();
    at += open.size();
  }
  auto const close = without_blanks(tags_->after_value);
  auto const end = held_.find(close, std::max(at, scanned_));
  scanned_ = held_.size() - std::min(held_.size(), close.size() - 1);
  if (end == std::string::npos) return false;
  auto const key = held_.substr(key_at, key_end - key_at);
  auto value = std::string_view(held_).substr(at, end - at);
  bool const lines = tags_->after_value.starts_with('\n');
  if (lines && value.starts_with('\n')) value.remove_prefix(1);
  if (lines && value.ends_with('\n')) value.remove_suffix(1);
  if (std::ranges::find(passed_, key) == passed_.end()) {
    auto const before = (passed_.empty() ? "{" : ", ") + json_of(json_value(key)) + ": ";
    out_->push_back(
        {call_news::kind::arguments, before + json_of_value(expected_.typed, function_, key, value), calls_ - 1});
    passed_.push_back(key);
  }
  held_.erase(0, end + close.size());
  scanned_ = 0;
  return true;
}

bool call_reader::end_tags() {
  out_->push_back({call_news::kind::arguments, passed_.empty() ? "{}" : "}", calls_ - 1});
  by_name_ = false;
  place_ = calls_ == expected_.most ? place::done : place::closed;
  return true;
}

bool call_reader::read_closed(bool ends) {
  if (words_.close.empty()) {
    place_ = by_name_ ? place::text : place::opened;
    return true;
  }
  auto const first = held_.find_first_not_of(blanks);
  if (first == std::string::npos) return false;
  auto const rest = std::string_view(held_).substr(first);
  if (!ends && may_become(rest, words_.close)) return false;
  if (rest.starts_with(words_.close)) held_.erase(0, first + words_.close.size());
  place_ = place::text;
  return true;
}

}  // namespace constformer::serve
