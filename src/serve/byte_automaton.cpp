#include "byte_automaton.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "json_scanner.hpp"

namespace constformer::serve {

using kind = text_grammar::kind;

namespace {

constexpr std::size_t deepest = 64;
constexpr std::uint16_t most_blanks = 20;  // in one place: a model that likes white space must not go on for ever
constexpr std::size_t most_stacks = 4096;

// Places within objects, dictionaries and arrays.
constexpr std::uint16_t before_open = 0;
constexpr std::uint16_t opened = 1;      // an element, a name or the end comes
constexpr std::uint16_t after_name = 2;  // a colon comes
constexpr std::uint16_t before_value = 3;
constexpr std::uint16_t after_value = 4;  // a comma or the end comes
constexpr std::uint16_t after_comma = 5;

bool is_blank(unsigned char byte) { return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r'; }

// How many bytes of `end` a text ends with, after one that ended with `have` of them.
std::uint32_t next_before_end(std::string_view end, std::size_t have, unsigned char byte) {
  std::string seen(end.substr(0, have));
  seen += static_cast<char>(byte);
  std::string_view tail = seen;
  while (!end.starts_with(tail)) tail.remove_prefix(1);
  return static_cast<std::uint32_t>(tail.size());
}

void add(byte_automaton::state& out, byte_automaton::stack&& one) {
  if (out.size() < most_stacks && std::ranges::find(out, one) == out.end()) out.push_back(std::move(one));
}

}  // namespace

bool byte_automaton::lacks_required(text_grammar::node const& node, std::uint32_t from) const {
  for (std::size_t i = from; i < node.members.size(); ++i)
    if (node.members[i].required) return true;
  return false;
}

byte_automaton::state byte_automaton::start() const {
  state out;
  push({}, grammar_.root, out, 0);
  return out;
}

bool byte_automaton::may_end(state const& at) { return std::ranges::find(at, stack()) != at.end(); }

bool byte_automaton::in_plain_string(state const& at) const {
  return at.size() == 1 && !at.front().empty() && node_of(at.front().back()).what == kind::string &&
         at.front().back().place == string_body;
}

void byte_automaton::push(stack from, std::uint32_t node, state& out, int depth) const {
  if (from.size() >= deepest) return;
  from.push_back({node, 0, 0, 0});
  settle(std::move(from), out, depth + 1);
}

// Follows what needs no byte, so that every top frame that is left takes one.
void byte_automaton::settle(stack from, state& out, int depth) const {
  constexpr int most_steps = 512;  // frames that end or begin at once
  if (from.empty()) return add(out, {});
  if (depth > most_steps) return;
  auto const& top = from.back();
  auto const& node = node_of(top);
  switch (node.what) {
    case kind::any_of:
      from.pop_back();
      for (auto const child : node.children) push(from, child, out, depth);
      return;
    case kind::sequence: return settle_sequence(std::move(from), out, depth);
    case kind::literal:
      if (top.place < node.bytes.size()) return add(out, std::move(from));
      break;
    case kind::until:
      if (top.count < node.bytes.size()) return add(out, std::move(from));
      break;
    case kind::string:
      if (top.place != string_done) return add(out, std::move(from));
      break;
    case kind::integer:
    case kind::number:
      if (may_end_number(top.place)) {
        auto ended = from;
        ended.pop_back();
        settle(std::move(ended), out, depth + 1);
      }
      return add(out, std::move(from));
    case kind::object: return settle_object(from, out, depth);
    case kind::dictionary:
    case kind::array: return settle_list(from, out, depth);
  }
  from.pop_back();
  settle(std::move(from), out, depth + 1);
}

// The last part takes the place of the whole, so that what repeats itself there does not pile up.
void byte_automaton::settle_sequence(stack from, state& out, int depth) const {
  auto const& parts = node_of(from.back()).children;
  std::size_t const part = from.back().place++;
  if (part + 1 == parts.size()) from.pop_back();
  push(std::move(from), parts[part], out, depth);
}

void byte_automaton::settle_object(stack const& from, state& out, int depth) const {
  auto const top = from.back();
  auto const& node = node_of(top);
  if (top.place == before_value) {
    auto inside = from;
    inside.back().place = after_value;
    inside.back().blanks = 0;
    push(std::move(inside), node.members[top.count].value, out, depth);
  } else if (top.place == opened || top.place == after_comma) {
    std::uint32_t const first = top.place == opened ? 0 : top.count + 1;
    for (std::uint32_t i = first; i < node.members.size(); ++i) {
      auto inside = from;
      inside.back() = {top.node, i, after_name, 0};
      push(std::move(inside), node.members[i].name, out, depth);
      if (node.members[i].required) break;
    }
  }
  add(out, stack(from));  // white space, and the bytes between names and values
}

void byte_automaton::settle_list(stack const& from, state& out, int depth) const {
  auto const top = from.back();
  auto const& node = node_of(top);
  bool const map = node.what == kind::dictionary;
  auto inside = from;
  if (map && (top.place == opened || top.place == after_comma)) {
    inside.back() = {top.node, top.count + 1, after_name, 0};
    push(std::move(inside), node.children[1], out, depth);
  } else if (map && top.place == before_value) {
    inside.back() = {top.node, top.count, after_value, 0};
    push(std::move(inside), node.children[0], out, depth);
  } else if (!map && (top.place == opened || top.place == after_comma) && top.count < node.most) {
    inside.back() = {top.node, top.count + 1, after_value, 0};
    push(std::move(inside), node.children[0], out, depth);
  }
  add(out, stack(from));
}

bool byte_automaton::take_blank(frame& top, unsigned char byte) const {
  if (!is_blank(byte) || top.place == before_open || top.blanks >= most_blanks) return false;
  ++top.blanks;
  return true;
}

bool byte_automaton::take_object(stack& at, unsigned char byte) const {
  auto& top = at.back();
  auto const& node = node_of(top);
  if (take_blank(top, byte)) return true;
  auto const move_to = [&](std::uint16_t place) {
    top.place = place;
    top.blanks = 0;
    return true;
  };
  bool const list = node.what == kind::dictionary;
  bool const closes = byte == '}' && (list || !lacks_required(node, top.place == opened ? 0 : top.count + 1));
  switch (top.place) {
    case before_open: return byte == '{' && move_to(opened);
    case after_name: return byte == ':' && move_to(before_value);
    case opened:
      if (!closes) return false;
      at.pop_back();
      return true;
    case after_value:
      if (byte == ',' && (list || top.count + 1 < node.members.size())) return move_to(after_comma);
      if (!closes) return false;
      at.pop_back();
      return true;
    default: return false;
  }
}

bool byte_automaton::take_array(stack& at, unsigned char byte) const {
  auto& top = at.back();
  auto const& node = node_of(top);
  if (take_blank(top, byte)) return true;
  bool const ends = byte == ']' && top.count >= node.least && (top.place == opened || top.place == after_value);
  if (ends) {
    at.pop_back();
    return true;
  }
  if (top.place == before_open && byte == '[')
    top.place = opened;
  else if (top.place == after_value && byte == ',' && top.count < node.most)
    top.place = after_comma;
  else
    return false;
  top.blanks = 0;
  return true;
}

// One byte for the top frame; false: not allowed.
bool byte_automaton::take(stack& at, unsigned char byte) const {
  auto& top = at.back();
  auto const& node = node_of(top);
  switch (node.what) {
    case kind::literal:
      if (static_cast<unsigned char>(node.bytes[top.place]) != byte) return false;
      ++top.place;
      return true;
    case kind::until: top.count = next_before_end(node.bytes, top.count, byte); return true;
    case kind::string: return next_in_string(top.place, byte);
    case kind::integer: return next_in_number(top.place, top.count, byte, true);
    case kind::number: return next_in_number(top.place, top.count, byte, false);
    case kind::object:
    case kind::dictionary: return take_object(at, byte);
    case kind::array: return take_array(at, byte);
    case kind::sequence:
    case kind::any_of: return false;
  }
  return false;
}

byte_automaton::state byte_automaton::next(state const& from, unsigned char byte) const {
  state out;
  for (auto const& one : from) {
    if (one.empty()) continue;
    auto at = one;
    if (take(at, byte)) settle(std::move(at), out, 0);
  }
  return out;
}

}  // namespace constformer::serve
