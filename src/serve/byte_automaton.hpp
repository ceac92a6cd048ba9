#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace constformer::serve {

/// What a text may be: nodes that name one another by number.
struct text_grammar {
  enum class kind : std::uint8_t {
    literal,     ///< exactly `bytes`
    string,      ///< of JSON: UTF-8, escapes but for surrogates
    integer,     ///< of JSON
    number,      ///< of JSON
    object,      ///< members in the order of `members`; those that are not required may lack
    dictionary,  ///< an object of any names, with values of `children[0]`
    array,       ///< `least` to `most` elements of `children[0]`
    any_of,      ///< one of `children`
    sequence,    ///< all of `children`, one after the other
    until,       ///< any text that ends with the first `bytes` in it
  };

  struct member {
    std::uint32_t name;  ///< a literal: the name in quotes
    std::uint32_t value;
    bool required;
  };

  struct node {
    kind what;
    std::string bytes{};
    std::vector<std::uint32_t> children{};
    std::vector<member> members{};
    std::uint32_t least = 0, most = unbounded;
  };

  static constexpr std::uint32_t unbounded = UINT32_MAX;

  std::vector<node> nodes;
  std::uint32_t root = 0;
};

/// Reads a text byte by byte and knows which may come next. A state is a set of stacks, because alternatives may begin
/// alike; stacks have 64 frames at most, one for each array, object and value within one another.
class byte_automaton {
 public:
  struct frame {
    std::uint32_t node;
    std::uint32_t count;   ///< elements or the number of a member so far; digits of a number; bytes of an end
    std::uint16_t place;   ///< within the node
    std::uint16_t blanks;  ///< white space that has just been read

    auto operator<=>(frame const&) const = default;
  };
  using stack = std::vector<frame>;
  using state = std::vector<stack>;  ///< none: the text is not allowed; an empty stack: it may end here

  /// `grammar` must outlive it.
  explicit byte_automaton(text_grammar const& grammar) : grammar_(grammar) {}

  [[nodiscard]] state start() const;
  [[nodiscard]] state next(state const& from, unsigned char byte) const;

  [[nodiscard]] static bool may_end(state const& at);
  /// Nothing may follow.
  [[nodiscard]] static bool must_end(state const& at) { return at.size() == 1 && at.front().empty(); }
  /// In the middle of a string and nowhere else: any whole characters without quote and backslash lead back here.
  [[nodiscard]] bool in_plain_string(state const& at) const;

 private:
  void settle(stack from, state& out, int depth) const;
  void settle_sequence(stack from, state& out, int depth) const;
  void settle_object(stack const& from, state& out, int depth) const;
  void settle_list(stack const& from, state& out, int depth) const;
  void push(stack from, std::uint32_t node, state& out, int depth) const;
  bool take(stack& at, unsigned char byte) const;
  bool take_blank(frame& top, unsigned char byte) const;
  bool take_object(stack& at, unsigned char byte) const;
  bool take_array(stack& at, unsigned char byte) const;
  [[nodiscard]] bool lacks_required(text_grammar::node const& node, std::uint32_t from) const;
  [[nodiscard]] text_grammar::node const& node_of(frame const& f) const { return grammar_.nodes[f.node]; }

  text_grammar const& grammar_;
};

}  // namespace constformer::serve
