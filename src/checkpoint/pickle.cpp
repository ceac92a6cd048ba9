#include "pickle.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "constformer/core/error.hpp"

// The machine is that of Python's pickletools: opcodes push values on a stack, marks say where a container's items
// begin, a memo gives values numbers. https://github.com/python/cpython/blob/main/Lib/pickletools.py

namespace constformer {

namespace {

using detail::pickle_node;
using detail::pickle_tree;

constexpr std::size_t most_bytes = std::size_t{1} << 28;
constexpr std::size_t most_values = std::size_t{1} << 22;
constexpr std::size_t most_on_stack = std::size_t{1} << 24;
constexpr std::uint32_t unset = ~std::uint32_t{0};

// Names as messages may show them: what a file holds there can be anything.
std::string shown(std::string_view name) {
  constexpr std::size_t longest = 80;
  std::string out(name.substr(0, longest));
  std::replace_if(out.begin(), out.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return name.size() > longest ? out + "..." : out;
}

// Python 3 writes builtins as Python 2 called them up to protocol 2, and by their own name since.
std::string_view first_name(std::string_view module) { return module == "builtins" ? "__builtin__" : module; }

class unpickler {
 public:
  unpickler(std::span<std::byte const> file, std::string_view where, std::span<std::string_view const> allowed)
      : file_(file), allowed_(allowed), tree_(std::make_shared<pickle_tree>()) {
    tree_->where = std::string(where);
    if (file.size() > most_bytes)
      fail("has " + std::to_string(file.size()) + " bytes, at most " + std::to_string(most_bytes) + " are read");
    none_ = add({});
    for (std::size_t i = 0; i < 2; ++i)
      booleans_[i] = add({.kind = pickle_kind::boolean, .integer = static_cast<std::int64_t>(i)});
  }

  pickle_value run() {
    for (;;) {
      op_ = at_;
      auto const code = static_cast<unsigned>(take(1)[0]);
      if (code == '.') break;
      if (!step(code))
        fail("has opcode " + std::to_string(code) + " at byte " + std::to_string(op_) +
             ", which tensors, containers and scalars have no need of");
    }
    if (stack_.size() != 1 || !marks_.empty())
      fail("ends with " + std::to_string(stack_.size()) + " values, one is expected");
    return {tree_, stack_.front()};
  }

 private:
  [[noreturn]] void fail(std::string const& what) const { throw error(tree_->where + ": " + what); }
  [[noreturn]] void fail_here(std::string const& what) const { fail(what + " at byte " + std::to_string(op_)); }

  // --- bytes -------------------------------------------------------------------------------------------------------

  std::span<std::byte const> take(std::uint64_t count) {
    if (count > file_.size() - at_)
      fail("ends at byte " + std::to_string(file_.size()) + " within the opcode at byte " + std::to_string(op_));
    auto const out = file_.subspan(at_, static_cast<std::size_t>(count));
    at_ += out.size();
    return out;
  }
  std::uint64_t number(std::size_t width) {
    std::uint64_t out = 0;
    auto const bytes = take(width);
    for (std::size_t i = width; i-- > 0;) out = out << 8 | std::to_integer<std::uint64_t>(bytes[i]);
    return out;
  }
  std::string_view characters(std::uint64_t count) {
    auto const bytes = take(count);
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
  }
  std::string_view line() {
    std::string_view const rest(reinterpret_cast<char const*>(file_.data()) + at_, file_.size() - at_);
    std::size_t const end = rest.find('\n');
    if (end == std::string_view::npos) take(rest.size() + 1);
    return characters(end + 1).substr(0, end);
  }
  std::int64_t long_integer(std::uint64_t width) {
    auto const bytes = take(width);
    if (width > 8) fail_here("holds a whole number of " + std::to_string(width) + " bytes, at most 8 are read,");
    std::uint64_t value = width > 0 && (bytes.back() & std::byte{0x80}) != std::byte{0} ? ~std::uint64_t{0} : 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
    return static_cast<std::int64_t>(value);
  }
  double big_endian_real() {
    std::uint64_t bits = 0;
    for (std::byte const b : take(8)) bits = bits << 8 | std::to_integer<std::uint64_t>(b);
    return std::bit_cast<double>(bits);
  }

  // --- values and the stack ----------------------------------------------------------------------------------------

  std::uint32_t add(pickle_node node) {
    if (tree_->nodes.size() >= most_values) fail("holds more than " + std::to_string(most_values) + " values");
    tree_->nodes.push_back(std::move(node));
    return static_cast<std::uint32_t>(tree_->nodes.size() - 1);
  }
  void push(std::uint32_t place) {
    if (stack_.size() >= most_on_stack) fail("has more than " + std::to_string(most_on_stack) + " values on its stack");
    stack_.push_back(place);
  }
  bool push_new(pickle_node node) {
    push(add(std::move(node)));
    return true;
  }
  bool push_text(pickle_kind kind, std::string_view text) { return push_new({.kind = kind, .text = text}); }
  bool push_integer(std::int64_t value) { return push_new({.kind = pickle_kind::integer, .integer = value}); }

  // The floor of the stack is the last mark: no opcode reaches below it.
  [[nodiscard]] std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  std::uint32_t pop() {
    if (stack_.size() <= floor()) fail_here("takes a value from an empty stack");
    std::uint32_t const top = stack_.back();
    stack_.pop_back();
    return top;
  }
  std::uint32_t top() {
    if (stack_.size() <= floor()) fail_here("takes a value from an empty stack");
    return stack_.back();
  }
  std::vector<std::uint32_t> pop_marked() {
    if (marks_.empty()) fail_here("ends a list that was never begun");
    auto const begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<std::uint32_t> out(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return out;
  }
  std::vector<std::uint32_t> pop_some(std::size_t count) {
    std::vector<std::uint32_t> out(count);
    for (std::size_t i = count; i-- > 0;) out[i] = pop();
    return out;
  }
  bool push_items(pickle_kind kind, std::vector<std::uint32_t> items) {
    return push_new({.kind = kind, .items = std::move(items)});
  }
  pickle_node& node(std::uint32_t place) { return tree_->nodes[place]; }

  // --- containers --------------------------------------------------------------------------------------------------

  bool append(pickle_kind kind, std::vector<std::uint32_t> const& items) {
    pickle_node& container = node(top());
    if (container.kind != kind)
      fail_here("fills " + std::string(name_of(container.kind)) + " as " + std::string(name_of(kind)));
    if (kind == pickle_kind::dict && items.size() % 2 != 0) fail_here("fills a dict with a key without a value");
    container.items.insert(container.items.end(), items.begin(), items.end());
    return true;
  }
  bool push_dict(std::vector<std::uint32_t> items) {
    push_items(pickle_kind::dict, {});
    return append(pickle_kind::dict, items);
  }

  // --- the memo ----------------------------------------------------------------------------------------------------

  // Numbers are given one by one, so one beyond the file's length was never given by a pickler.
  bool keep(std::uint64_t number) {
    if (number > file_.size())
      fail_here("numbers a value " + std::to_string(number) + ", which is more than the file has bytes,");
    if (number >= memo_.size()) memo_.resize(static_cast<std::size_t>(number) + 1, unset);
    std::uint32_t& place = memo_[static_cast<std::size_t>(number)];
    if (place == unset) ++kept_;
    place = top();
    return true;
  }
  bool recall(std::uint64_t number) {
    if (number >= memo_.size() || memo_[static_cast<std::size_t>(number)] == unset)
      fail_here("asks for value " + std::to_string(number) + ", which was not kept,");
    push(memo_[static_cast<std::size_t>(number)]);
    return true;
  }

  // --- globals and calls -------------------------------------------------------------------------------------------

  bool push_global(std::string_view module, std::string_view name) {
    std::string full = std::string(first_name(module)) + " " + std::string(name);
    constexpr std::array<std::string_view, 5> own{"collections OrderedDict", "__builtin__ set", "__builtin__ frozenset",
                                                  "__builtin__ bytes", "_codecs encode"};
    bool const known = std::find(own.begin(), own.end(), full) != own.end() ||
                       std::find(allowed_.begin(), allowed_.end(), full) != allowed_.end();
    if (!known)
      fail("asks for " + shown(module) + "." + shown(name) + " at byte " + std::to_string(op_) +
           ", only tensors, containers and scalars are read");
    tree_->made.push_back(std::move(full));
    return push_text(pickle_kind::global, tree_->made.back());
  }
  bool push_stacked_global() {
    auto const names = pop_some(2);
    for (std::uint32_t const n : names)
      if (node(n).kind != pickle_kind::text) fail_here("names a global by " + std::string(name_of(node(n).kind)));
    return push_global(node(names[0]).text, node(names[1]).text);
  }

  // Python 3 writes bytes up to protocol 2 as a text of the code points 0 to 255 to be encoded as Latin-1.
  bool push_latin1(std::vector<std::uint32_t> const& arguments) {
    bool const texts = arguments.size() == 2 && node(arguments[0]).kind == pickle_kind::text &&
                       node(arguments[1]).kind == pickle_kind::text && node(arguments[1]).text == "latin1";
    if (!texts) fail_here("calls _codecs.encode for something other than bytes");
    std::string out;
    std::string_view const text = node(arguments[0]).text;
    for (std::size_t i = 0; i < text.size(); ++i) {
      auto const first = static_cast<unsigned char>(text[i]);
      bool const wide = (first == 0xC2 || first == 0xC3) && i + 1 < text.size();
      if (first >= 0x80 && !wide) fail_here("calls _codecs.encode for a text beyond Latin-1");
      out += wide ? static_cast<char>((first << 6 | (static_cast<unsigned char>(text[++i]) & 0x3F)) & 0xFF) : text[i];
    }
    tree_->made.push_back(std::move(out));
    return push_text(pickle_kind::bytes, tree_->made.back());
  }

  bool push_ordered_dict(std::vector<std::uint32_t> const& arguments) {
    std::vector<std::uint32_t> pairs;
    if (!arguments.empty() && node(arguments[0]).kind == pickle_kind::list) {
      for (std::uint32_t const pair : node(arguments[0]).items) {
        if (node(pair).items.size() != 2) fail_here("makes an OrderedDict of something other than pairs");
        pairs.insert(pairs.end(), node(pair).items.begin(), node(pair).items.end());
      }
    } else if (!arguments.empty()) {
      fail_here("makes an OrderedDict of something other than pairs");
    }
    return push_dict(std::move(pairs));
  }

  bool call() {
    std::uint32_t const arguments = pop(), callee = pop();
    if (node(callee).kind != pickle_kind::global) fail_here("calls " + std::string(name_of(node(callee).kind)));
    if (node(arguments).kind != pickle_kind::tuple) fail_here("calls a global with no tuple of arguments");
    std::string_view const name = node(callee).text;
    std::vector<std::uint32_t> const& items = node(arguments).items;
    if (name == "collections OrderedDict") return push_ordered_dict(items);
    if (name == "_codecs encode") return push_latin1(items);
    if (name == "__builtin__ bytes" && items.empty()) return push_text(pickle_kind::bytes, {});
    if (name == "__builtin__ set" || name == "__builtin__ frozenset") {
      if (items.size() != 1 || node(items[0]).kind != pickle_kind::list)
        fail_here("makes a set of something other than a list");
      return push_items(pickle_kind::set, node(items[0]).items);
    }
    if (name == "__builtin__ bytes") fail_here("makes bytes of arguments");
    return push_items(pickle_kind::object, {callee, arguments});
  }

  // A dict's attributes (state_dict()._metadata) say nothing that is read.
  bool build() {
    std::uint32_t const state = pop();
    pickle_node& owner = node(top());
    if (owner.kind == pickle_kind::dict) return true;
    if (owner.kind != pickle_kind::object || owner.items.size() != 2)
      fail_here("gives a state to " + std::string(name_of(owner.kind)));
    owner.items.push_back(state);
    return true;
  }

  // --- opcodes -----------------------------------------------------------------------------------------------------

  bool step(unsigned code) { return scalar(code) || container(code) || control(code); }

  bool scalar(unsigned code) {
    switch (code) {
      case 'N': push(none_); return true;
      case 0x88: push(booleans_[1]); return true;
      case 0x89: push(booleans_[0]); return true;
      case 'J': return push_integer(static_cast<std::int32_t>(static_cast<std::uint32_t>(number(4))));
      case 'K': return push_integer(static_cast<std::int64_t>(number(1)));
      case 'M': return push_integer(static_cast<std::int64_t>(number(2)));
      case 0x8a: return push_integer(long_integer(number(1)));
      case 0x8b: return push_integer(long_integer(number(4)));
      case 'G': return push_new({.kind = pickle_kind::real, .real = big_endian_real()});
      case 'X': return push_text(pickle_kind::text, characters(number(4)));
      case 0x8c: return push_text(pickle_kind::text, characters(number(1)));
      case 0x8d: return push_text(pickle_kind::text, characters(number(8)));
      case 'T': return push_text(pickle_kind::text, characters(number(4)));  // a str of Python 2
      case 'U': return push_text(pickle_kind::text, characters(number(1)));
      case 'B': return push_text(pickle_kind::bytes, characters(number(4)));
      case 'C': return push_text(pickle_kind::bytes, characters(number(1)));
      case 0x8e: return push_text(pickle_kind::bytes, characters(number(8)));
      case 0x96: return push_text(pickle_kind::bytes, characters(number(8)));
      default: return false;
    }
  }

  bool container(unsigned code) {
    switch (code) {
      case ']': return push_items(pickle_kind::list, {});
      case 'l': return push_items(pickle_kind::list, pop_marked());
      case 'a': return append(pickle_kind::list, {pop()});
      case 'e': return append(pickle_kind::list, pop_marked());
      case ')': return push_items(pickle_kind::tuple, {});
      case 't': return push_items(pickle_kind::tuple, pop_marked());
      case 0x85: return push_items(pickle_kind::tuple, pop_some(1));
      case 0x86: return push_items(pickle_kind::tuple, pop_some(2));
      case 0x87: return push_items(pickle_kind::tuple, pop_some(3));
      case '}': return push_items(pickle_kind::dict, {});
      case 'd': return push_dict(pop_marked());
      case 's': return append(pickle_kind::dict, pop_some(2));
      case 'u': return append(pickle_kind::dict, pop_marked());
      case 0x8f: return push_items(pickle_kind::set, {});
      case 0x90: return append(pickle_kind::set, pop_marked());
      case 0x91: return push_items(pickle_kind::set, pop_marked());
      default: return false;
    }
  }

  bool control(unsigned code) {
    switch (code) {
      case 0x80: return protocol(number(1));
      case 0x95: return frame(number(8));
      case '(': marks_.push_back(stack_.size()); return true;
      case '0': static_cast<void>(pop()); return true;
      case '1': static_cast<void>(pop_marked()); return true;
      case '2': push(top()); return true;
      case 'q': return keep(number(1));
      case 'r': return keep(number(4));
      case 0x94: return keep(kept_);
      case 'h': return recall(number(1));
      case 'j': return recall(number(4));
      case 'c': {
        std::string_view const module = line();
        return push_global(module, line());
      }
      case 0x93: return push_stacked_global();
      case 'R':
      case 0x81: return call();
      case 'b': return build();
      case 'Q': return push_items(pickle_kind::persistent, {pop()});
      default: return false;
    }
  }

  bool protocol(std::uint64_t version) {
    if (version < 2 || version > 5) fail("is a pickle of protocol " + std::to_string(version) + ", 2 to 5 are read");
    return true;
  }
  bool frame(std::uint64_t bytes) {
    if (bytes > file_.size() - at_)
      fail_here("announces " + std::to_string(bytes) + " bytes where " + std::to_string(file_.size() - at_) +
                " follow,");
    return true;
  }

  std::span<std::byte const> file_;
  std::span<std::string_view const> allowed_;
  std::size_t at_ = 0;  // next byte
  std::size_t op_ = 0;  // the opcode at hand, for messages
  std::shared_ptr<pickle_tree> tree_;
  std::vector<std::uint32_t> stack_;
  std::vector<std::size_t> marks_;
  std::vector<std::uint32_t> memo_;
  std::uint64_t kept_ = 0;
  std::uint32_t none_ = 0;
  std::array<std::uint32_t, 2> booleans_{};
};

}  // namespace

std::string_view name_of(pickle_kind kind) {
  switch (kind) {
    case pickle_kind::none: return "None";
    case pickle_kind::boolean: return "a boolean";
    case pickle_kind::integer: return "a whole number";
    case pickle_kind::real: return "a number";
    case pickle_kind::text: return "a text";
    case pickle_kind::bytes: return "bytes";
    case pickle_kind::list: return "a list";
    case pickle_kind::tuple: return "a tuple";
    case pickle_kind::dict: return "a dict";
    case pickle_kind::set: return "a set";
    case pickle_kind::global: return "a name";
    case pickle_kind::object: return "an object";
    case pickle_kind::persistent: return "a reference";
  }
  return "?";
}

pickle_value::pickle_value(std::shared_ptr<detail::pickle_tree const> tree, std::uint32_t place)
    : tree_(std::move(tree)), place_(place) {}

detail::pickle_node const& pickle_value::node() const { return tree_->nodes[place_]; }

void pickle_value::fail(std::string const& what) const { throw error(tree_->where + ": " + what); }

void pickle_value::require(pickle_kind wanted, std::string_view what) const {
  if (kind() != wanted)
    fail(shown(what) + " is " + std::string(name_of(kind())) + ", it must be " + std::string(name_of(wanted)));
}

bool pickle_value::flag(std::string_view what) const {
  require(pickle_kind::boolean, what);
  return node().integer != 0;
}

std::int64_t pickle_value::integer(std::string_view what) const {
  require(pickle_kind::integer, what);
  return node().integer;
}

double pickle_value::number(std::string_view what) const {
  if (kind() == pickle_kind::integer) return static_cast<double>(node().integer);
  require(pickle_kind::real, what);
  return node().real;
}

std::string_view pickle_value::text(std::string_view what) const {
  require(pickle_kind::text, what);
  return node().text;
}

std::string_view pickle_value::bytes(std::string_view what) const {
  require(pickle_kind::bytes, what);
  return node().text;
}

std::string_view pickle_value::global() const {
  if (kind() == pickle_kind::global) return node().text;
  if (kind() == pickle_kind::object) return tree_->nodes[node().items[0]].text;
  return {};
}

std::size_t pickle_value::size() const {
  std::size_t const items = node().items.size();
  if (kind() == pickle_kind::dict) return items / 2;
  return kind() == pickle_kind::object ? items - 1 : items;
}

pickle_value pickle_value::part(std::size_t item) const {
  if (item >= node().items.size())
    fail(std::string(name_of(kind())) + " has " + std::to_string(size()) + " items, more were asked for");
  return {tree_, node().items[item]};
}

pickle_value pickle_value::operator[](std::size_t index) const {
  return part(kind() == pickle_kind::object ? index + 1 : index);
}

pickle_value pickle_value::key(std::size_t index) const { return part(2 * index); }

pickle_value pickle_value::value(std::size_t index) const { return part(2 * index + 1); }

std::optional<pickle_value> pickle_value::find(std::string_view key) const {
  if (kind() != pickle_kind::dict) return std::nullopt;
  for (std::size_t i = size(); i-- > 0;) {
    pickle_node const& candidate = tree_->nodes[node().items[2 * i]];
    if (candidate.kind == pickle_kind::text && candidate.text == key) return value(i);
  }
  return std::nullopt;
}

pickle_value read_pickle(std::span<std::byte const> file, std::string_view where,
                         std::span<std::string_view const> allowed) {
  return unpickler(file, where, allowed).run();
}

}  // namespace constformer
