#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace constformer {

/// What a value of a pickle is. `global` is a name that the reader was told to let through, `object` such a name with
/// its arguments and state, `persistent` a reference that the file's owner resolves (torch: a storage).
enum class pickle_kind : std::uint8_t {
  none,
  boolean,
  integer,
  real,
  text,
  bytes,
  list,
  tuple,
  dict,
  set,
  global,
  object,
  persistent
};

/// "a list", "a text", ... for messages.
[[nodiscard]] std::string_view name_of(pickle_kind kind);

namespace detail {

// Items are places in the tree, so that values may be shared or hold themselves and nothing is ever followed twice.
struct pickle_node {
  pickle_kind kind = pickle_kind::none;
  std::int64_t integer = 0;  // also a boolean, 0 or 1
  double real = 0;
  std::string_view text{};  // of a text or bytes; "module name" of a global
  std::vector<std::uint32_t>
      items{};  // dict: key and value in turn; object: callable, arguments, state; persistent: id
};

struct pickle_tree {
  std::string where;
  std::deque<std::string> made;  // texts that are not in the file as they are
  std::vector<pickle_node> nodes;
};

}  // namespace detail

/// A value of a pickle, and the tree that it is part of. What is asked for and not there throws `error` with the file's
/// name.
class pickle_value {
 public:
  pickle_value(std::shared_ptr<detail::pickle_tree const> tree, std::uint32_t place);

  [[nodiscard]] pickle_kind kind() const { return node().kind; }

  /// @{ The value, which must be of that kind; `what` names it in messages.
  [[nodiscard]] bool flag(std::string_view what) const;
  [[nodiscard]] std::int64_t integer(std::string_view what) const;
  [[nodiscard]] double number(std::string_view what) const;  ///< an integer, too
  [[nodiscard]] std::string_view text(std::string_view what) const;
  [[nodiscard]] std::string_view bytes(std::string_view what) const;
  /// @}

  /// "module name" of a global, or of an object's class or function; empty for anything else.
  [[nodiscard]] std::string_view global() const;

  /// Items of a list, tuple or set, pairs of a dict, parts of an object (arguments, then state if there is one), 1 of a
  /// persistent reference; 0 for others.
  [[nodiscard]] std::size_t size() const;

  /// Item `index` of a list, tuple or set, part of an object, the id of a persistent reference.
  [[nodiscard]] pickle_value operator[](std::size_t index) const;

  /// @{ Pair `index` of a dict, in the order in which it was filled.
  [[nodiscard]] pickle_value key(std::size_t index) const;
  [[nodiscard]] pickle_value value(std::size_t index) const;
  /// @}

  /// The value of a dict under a text; none if this is no dict or has no such key. Of a key given twice the last
  /// counts.
  [[nodiscard]] std::optional<pickle_value> find(std::string_view key) const;

  /// Throws: WHERE: what.
  [[noreturn]] void fail(std::string const& what) const;

 private:
  [[nodiscard]] detail::pickle_node const& node() const;
  void require(pickle_kind wanted, std::string_view what) const;
  [[nodiscard]] pickle_value part(std::size_t item) const;

  std::shared_ptr<detail::pickle_tree const> tree_;
  std::uint32_t place_;
};

/// Reads a Python pickle (protocols 2 to 5) without running it: it makes None, booleans, numbers of 64 bits, texts,
/// bytes, lists, tuples, dicts (OrderedDict among them) and sets, and refuses every other global by its name, except
/// those in `allowed` ("module name", __builtin__ for builtins), of which it keeps the name, the arguments and the
/// state. `file` must outlive the value; `where` names it in messages. Memory is bounded by a small multiple of the
/// file. Throws `error` if the bytes are anything else.
[[nodiscard]] pickle_value read_pickle(std::span<std::byte const> file, std::string_view where,
                                       std::span<std::string_view const> allowed = {});

}  // namespace constformer
