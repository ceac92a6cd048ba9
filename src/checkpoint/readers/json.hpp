#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>  // the whole of it costs four seconds per file

namespace constformer {

/// Parses a JSON object; `where` names the file in messages. Throws `error` if the text is no JSON, no object, or gives
/// a key twice in one object (of which other readers silently drop one).
[[nodiscard]] nlohmann::json parse_json_object(std::string_view text, std::string_view where);

/// A value as messages quote it: JSON on one line, cut after 60 bytes.
[[nodiscard]] std::string quoted(nlohmann::json const& value);

/// Which keys of a document were looked up.
class key_log {
 public:
  /// `path` leads to the key from the top: "rope_scaling.factor".
  void add(std::string path) { paths_.insert(std::move(path)); }
  [[nodiscard]] bool has(std::string_view path) const { return paths_.contains(path); }

 private:
  std::set<std::string, std::less<>> paths_;
};

/// Typed access to the fields of one JSON object. A field that is null counts as absent. Every function throws `error`
/// with file, field and value if what is there does not fit.
class json_fields {
 public:
  /// `where` names the file, and the object inside it if it is not the whole file. What is looked up is added to `log`
  /// if there is one.
  json_fields(nlohmann::json const& object, std::string where, key_log* log = nullptr, std::string path = {});

  [[nodiscard]] bool has(std::string_view field) const { return find(field) != nullptr; }

  /// Whether the field is there at all, null or not.
  [[nodiscard]] bool names(std::string_view field) const;

  /// The fields that are not in the log, and those of objects that were opened.
  struct entry {
    std::string path;
    std::string value;  ///< as messages quote it
  };
  [[nodiscard]] std::vector<entry> unread() const;

  /// Whether the field is absent, an empty object or an empty list.
  [[nodiscard]] bool is_empty(std::string_view field) const;

  [[nodiscard]] nlohmann::json const* find(std::string_view field) const;

  /// The value as messages quote it; "null" where there is none.
  [[nodiscard]] std::string quoted_value(std::string_view field) const;

  /// The names of all fields, and of those that are objects.
  [[nodiscard]] std::vector<std::string> all() const;
  [[nodiscard]] std::vector<std::string> objects() const;

  /// A positive size, at most the largest extent that a config may have.
  [[nodiscard]] int extent(std::string_view field) const;
  [[nodiscard]] int extent(std::string_view field, int otherwise) const {
    return has(field) ? extent(field) : otherwise;
  }

  /// A whole number, 0 among them.
  [[nodiscard]] std::size_t count(std::string_view field, std::size_t otherwise) const;

  /// A finite number that float32 can hold, more than `above`.
  [[nodiscard]] float real(std::string_view field, float above = -std::numeric_limits<float>::infinity()) const;
  [[nodiscard]] float real(std::string_view field, float otherwise, float above) const {
    return has(field) ? real(field, above) : otherwise;
  }

  /// A list of finite numbers that float32 can hold.
  [[nodiscard]] std::vector<float> reals(std::string_view field) const;

  /// A share of `whole`, rounded down: more than 0 and at most 1, computed in double as Python does.
  [[nodiscard]] int share(std::string_view field, int whole) const;

  [[nodiscard]] bool flag(std::string_view field, bool otherwise) const;
  [[nodiscard]] std::string text(std::string_view field) const;
  [[nodiscard]] std::string text(std::string_view field, std::string_view otherwise) const {
    return has(field) ? text(field) : std::string(otherwise);
  }
  [[nodiscard]] std::vector<std::string> texts(std::string_view field) const;

  /// An object inside this one.
  [[nodiscard]] json_fields object(std::string_view field) const;

  /// Token ids: one number or a list of numbers.
  [[nodiscard]] std::vector<long long> ids(std::string_view field) const;

  /// Lists of token ids.
  [[nodiscard]] std::vector<std::vector<long long>> id_lists(std::string_view field) const;

  [[nodiscard]] std::string const& where() const { return where_; }

  /// Throws: where: field "…" is VALUE, `expected`.
  [[noreturn]] void misfit(std::string_view field, std::string_view expected) const;
  [[noreturn]] void missing(std::string_view field) const;

 private:
  nlohmann::json const& required(std::string_view field) const;
  void note(std::string_view field) const;

  nlohmann::json const* object_;
  std::string where_;
  key_log* log_;
  std::string path_;  // of this object, with the dot that follows it; empty at the top
};

/// A JSON object and its text's name.
class json_document {
 public:
  json_document(std::string_view text, std::string_view where);

  /// The same for a whole file, at most 256 MiB.
  explicit json_document(std::filesystem::path const& path);
  ~json_document();
  json_document(json_document const&) = delete;
  json_document& operator=(json_document const&) = delete;

  [[nodiscard]] json_fields fields(key_log* log = nullptr) const;

 private:
  std::unique_ptr<nlohmann::json const> object_;
  std::string where_;
};

}  // namespace constformer
