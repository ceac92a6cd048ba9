#include "json_schema.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "api_error.hpp"
#include "call_parameter.hpp"
#include "fields.hpp"
#include "json_writer.hpp"

namespace constformer::serve {

using kind = text_grammar::kind;

namespace {

constexpr std::size_t most_nodes = 20'000;
constexpr std::size_t most_members = 256;
constexpr std::size_t most_values = 1024;     // of an enum, an anyOf or a choice
constexpr std::size_t most_leaves = 200'000;  // of all alternatives together
constexpr std::int64_t most_elements = 1'000'000;

constexpr std::array<std::string_view, 12> annotations{"title",    "description", "default",  "examples",
                                                       "$schema",  "$id",         "$comment", "deprecated",
                                                       "readOnly", "writeOnly",   "$defs",    "definitions"};

// Nodes of `other` behind those of `to`.
void append(text_grammar& to, text_grammar other) {
  auto const first = static_cast<std::uint32_t>(to.nodes.size());
  for (auto& node : other.nodes) {
    for (auto& child : node.children) child += first;
    for (auto& member : node.members) member.name += first, member.value += first;
    to.nodes.push_back(std::move(node));
  }
}

// Compiles one schema into nodes. Values of JSON are at most 64 deep, so is the recursion; $ref makes each definition
// once.
class schema_compiler {
 public:
  schema_compiler(json_value const* whole, std::string_view field) : whole_(whole), field_(field) {}

  text_grammar compile(json_value const& schema) {
    out_.root = node_of(schema);
    return finished();
  }

  std::uint32_t any_object() {
    auto const text = string_node(), value = any_value();
    return add({.what = kind::dictionary, .children = {value, text}});
  }

  text_grammar choices(std::vector<std::string> const& texts) {
    text_grammar::node all{.what = kind::any_of};
    for (auto const& text : texts) all.children.push_back(literal(text));
    out_.root = add(std::move(all));
    return finished();
  }

  text_grammar only_objects() {
    out_.root = any_object();
    return finished();
  }

  text_grammar calls(std::vector<described_function> const& functions, call_style style, call_extent extent) {
    text_grammar::node all{.what = kind::any_of};
    for (auto const& function : functions) all.children.push_back(call(function, style));
    std::uint32_t const one = add(std::move(all));
    std::uint32_t const most = extent == call_extent::one ? 1 : text_grammar::unbounded;
    if (style == call_style::listed)
      out_.root = add({.what = kind::array, .children = {one}, .least = 1, .most = most});
    else
      out_.root = extent == call_extent::several                                    ? repeated(one, style)
                  : extent == call_extent::framed && !words_of(style).close.empty() ? framed(one, style)
                                                                                    : one;
    return finished();
  }

 private:
  std::uint32_t call(described_function const& function, call_style style) {
    whole_ = function.parameters;
    references_.clear();
    if (auto const tags = tags_of(style)) return tagged_call(function, *tags);
    std::uint32_t const arguments = !function.strict                 ? any_object()
                                    : function.parameters == nullptr ? add({.what = kind::object})
                                                                     : node_of(*function.parameters);
    auto const words = words_of(style);
    if (style == call_style::named) {
      std::uint32_t const begin = literal(function.name + std::string(words.between));
      return add({.what = kind::sequence, .children = {begin, arguments}});
    }
    text_grammar::node made{.what = kind::object};
    std::uint32_t const key = literal("\"name\""), name = literal(json_of(json_value(function.name)));
    made.members.push_back({key, name, true});
    made.members.push_back({literal("\"" + std::string(words.arguments) + "\""), arguments, true});
    return add(std::move(made));
  }

  // Name and parameters between words of their own.
  std::uint32_t tagged_call(described_function const& function, call_tags const& tags) {
    std::uint32_t const begin = literal(std::string(tags.before_name) + function.name + std::string(tags.after_name));
    std::uint32_t const rest = tagged_arguments(function, tags);
    return add({.what = kind::sequence, .children = {begin, rest}});
  }

  std::uint32_t tagged_arguments(described_function const& function, call_tags const& tags) {
    std::uint32_t rest = literal(std::string(tags.end));
    if (!function.strict) return any_tagged(tags, rest);
    if (function.parameters == nullptr) return rest;
    auto const& schema = *function.parameters;
    if (out_.nodes[node_of(schema)].what == kind::dictionary) return any_tagged(tags, rest);
    auto const* properties = schema.find("properties");
    if (properties == nullptr) return rest;
    auto const required = required_names(schema);
    auto const& members = *properties->object();
    for (auto at = members.rbegin(); at != members.rend(); ++at) {
      std::uint32_t const one = tagged_parameter(at->first, at->second, tags);
      std::uint32_t const both = add({.what = kind::sequence, .children = {one, rest}});
      bool const needed = std::ranges::find(required, at->first) != required.end();
      rest = needed ? both : add({.what = kind::any_of, .children = {both, rest}});
    }
    return rest;
  }

  std::uint32_t tagged_parameter(std::string const& name, json_value const& schema, call_tags const& tags) {
    if (name.find_first_of("<>\n") != std::string::npos)
      refuse("the parameter '" + name.substr(0, 60) + "' has a character that parts calls of this model");
    std::uint32_t const begin =
        literal(std::string(tags.before_key) + name + std::string(tags.after_key) + std::string(tags.before_value));
    std::uint32_t const value = tagged_value(schema, tags);
    return add({.what = kind::sequence, .children = {begin, value}});
  }

  // A text stands as it is, and what may be null or a text is either.
  std::uint32_t tagged_value(json_value const& schema, call_tags const& tags) {
    std::uint32_t const value = node_of(schema);
    std::string const end(tags.after_value);
    if (value_kind_of(schema) == value_kind::json) {
      std::uint32_t const close = literal(end);
      return add({.what = kind::sequence, .children = {value, close}});
    }
    auto const* values = schema.find("enum");
    auto const* constant = schema.find("const");
    if (constant != nullptr) return literal(*constant->text() + end);
    if (values == nullptr) return add({.what = kind::until, .bytes = end});
    text_grammar::node all{.what = kind::any_of};
    for (auto const& one : *values->array()) all.children.push_back(literal(*one.text() + end));
    return add(std::move(all));
  }

  // Any parameters, and then what ends them.
  std::uint32_t any_tagged(call_tags const& tags, std::uint32_t end) {
    std::uint32_t const all = add({.what = kind::any_of});
    std::uint32_t const begin = literal(std::string(tags.before_key));
    std::uint32_t const key =
        add({.what = kind::until, .bytes = std::string(tags.after_key) + std::string(tags.before_value)});
    std::uint32_t const value = add({.what = kind::until, .bytes = std::string(tags.after_value)});
    std::uint32_t const one = add({.what = kind::sequence, .children = {begin, key, value, all}});
    out_.nodes[all].children = {end, one};
    return all;
  }

  std::uint32_t framed(std::uint32_t one, call_style style) {
    auto const words = words_of(style);
    std::uint32_t const gap = literal(std::string(words.gap)), nothing = literal({});
    std::uint32_t const begin = add({.what = kind::any_of, .children = {nothing, gap}});
    std::uint32_t const end = literal("\n" + std::string(words.close));
    return add({.what = kind::sequence, .children = {begin, one, end}});
  }

  // Behind a call the words that end it may stand, and then another one.
  std::uint32_t repeated(std::uint32_t one, call_style style) {
    auto const words = words_of(style);
    std::uint32_t const nothing = literal({}), whole = add({.what = kind::sequence});
    auto const maybe = [&](std::string words_before, std::uint32_t what) {
      std::uint32_t const before = literal(std::move(words_before));
      std::uint32_t const both = add({.what = kind::sequence, .children = {before, what}});
      return add({.what = kind::any_of, .children = {nothing, both}});
    };
    std::uint32_t rest = 0;
    if (!words.close.empty())
      rest =
          maybe("\n" + std::string(words.close), maybe("\n" + std::string(words.open) + std::string(words.gap), whole));
    else
      rest = maybe(style == call_style::bare ? "; " : std::string(words.open), whole);
    out_.nodes[whole].children = {one, rest};
    return whole;
  }

  // Alternatives of alternatives are alternatives: each once, so that their number does not grow with the ways that
  // lead to them, and none that leads to itself alone.
  text_grammar finished() {
    std::size_t total = 0;
    std::vector<std::vector<std::uint32_t>> flat(out_.nodes.size());
    for (std::uint32_t i = 0; i < out_.nodes.size(); ++i) {
      if (out_.nodes[i].what != kind::any_of) continue;
      flat[i] = leaves_of(i);
      total += flat[i].size();
      if (flat[i].empty()) refuse("a schema leads to nothing but itself");
      if (total > most_leaves) refuse("the schema has too many alternatives");
    }
    for (std::size_t i = 0; i < flat.size(); ++i)
      if (!flat[i].empty()) out_.nodes[i].children = std::move(flat[i]);
    return std::move(out_);
  }

  std::vector<std::uint32_t> leaves_of(std::uint32_t root) const {
    std::vector<std::uint32_t> leaves, open{root};
    std::set<std::uint32_t> seen{root};
    while (!open.empty()) {
      auto const here = open.back();
      open.pop_back();
      if (out_.nodes[here].what != kind::any_of) {
        leaves.push_back(here);
        continue;
      }
      for (auto const child : out_.nodes[here].children)
        if (seen.insert(child).second) open.push_back(child);
    }
    return leaves;
  }

  [[noreturn]] void refuse(std::string const& why) const {
    throw bad_request(std::string(field_) + ": " + why, field_, "unsupported_schema");
  }

  std::uint32_t add(text_grammar::node made) {
    if (out_.nodes.size() >= most_nodes) refuse("the schema is too large");
    out_.nodes.push_back(std::move(made));
    return static_cast<std::uint32_t>(out_.nodes.size() - 1);
  }

  std::uint32_t literal(std::string bytes) {
    if (bytes.size() > UINT16_MAX) refuse("a text of the schema is too long");
    return add({.what = kind::literal, .bytes = std::move(bytes)});
  }

  std::uint32_t string_node() { return add({.what = kind::string}); }

  // Refers to itself: an array's elements are any values again.
  std::uint32_t any_value() {
    if (any_) return *any_;
    any_ = add({.what = kind::any_of});
    std::uint32_t const text = string_node();
    std::uint32_t const map = add({.what = kind::dictionary, .children = {*any_, text}});
    std::uint32_t const list = add({.what = kind::array, .children = {*any_}});
    std::vector<std::uint32_t> all{
        text, map, list, add({.what = kind::number}), literal("true"), literal("false"), literal("null")};
    out_.nodes[*any_].children = std::move(all);
    return *any_;
  }

  void refuse_strangers(json_object const& members, std::initializer_list<std::string_view> known) const {
    for (auto const& [name, value] : members)
      if (std::ranges::find(known, std::string_view(name)) == known.end() &&
          std::ranges::find(annotations, std::string_view(name)) == annotations.end())
        refuse("'" + name.substr(0, 60) + "' of JSON Schema is not supported here");
  }

  std::uint32_t node_of(json_value const& schema) {
    if (auto const* yes = schema.boolean(); yes != nullptr && *yes) return any_value();
    auto const* members = schema.object();
    if (members == nullptr) refuse("a schema is no object");
    if (auto const* target = schema.find("$ref")) return referred(*members, *target);
    if (auto const* values = schema.find("enum")) return values_node(*members, *values);
    if (auto const* value = schema.find("const")) {
      refuse_strangers(*members, {"const", "type"});
      return literal(json_of(*value));
    }
    for (char const* name : {"anyOf", "oneOf"})
      if (auto const* list = schema.find(name)) return alternatives(*members, name, *list);
    if (auto const* list = schema.find("allOf")) {
      refuse_strangers(*members, {"allOf", "type"});
      if (list->array() == nullptr || list->array()->size() != 1)
        refuse("allOf of other than one schema is not supported");
      return node_of(list->array()->front());
    }
    return typed(*members, schema);
  }

  std::uint32_t referred(json_object const& members, json_value const& target) {
    refuse_strangers(members, {"$ref"});
    if (target.text() == nullptr) refuse("$ref is no string");
    std::string const& path = *target.text();
    if (auto const known = references_.find(path); known != references_.end()) return known->second;
    json_value const* found = path == "#" ? whole_ : nullptr;
    for (std::string_view const folder : {"$defs", "definitions"}) {
      std::string const prefix = "#/" + std::string(folder) + "/";
      if (!path.starts_with(prefix)) continue;
      auto const* definitions = whole_->find(folder);
      found = definitions == nullptr ? nullptr : definitions->find(path.substr(prefix.size()));
    }
    if (found == nullptr) refuse("$ref '" + path.substr(0, 60) + "' leads nowhere");
    std::uint32_t const place = add({.what = kind::any_of});
    references_.emplace(path, place);
    std::uint32_t const inside = node_of(*found);
    if (inside == place) refuse("$ref '" + path.substr(0, 60) + "' leads to itself");
    out_.nodes[place].children = {inside};
    return place;
  }

  std::uint32_t values_node(json_object const& members, json_value const& values) {
    refuse_strangers(members, {"enum", "type"});
    if (values.array() == nullptr || values.array()->empty()) refuse("enum is no list of values");
    if (values.array()->size() > most_values) refuse("enum has more than 1024 values");
    text_grammar::node all{.what = kind::any_of};
    for (auto const& value : *values.array()) all.children.push_back(literal(json_of(value)));
    return add(std::move(all));
  }

  std::uint32_t alternatives(json_object const& members, std::string_view name, json_value const& list) {
    refuse_strangers(members, {name, "type"});
    if (list.array() == nullptr || list.array()->empty()) refuse(std::string(name) + " is no list of schemas");
    if (list.array()->size() > most_values) refuse(std::string(name) + " has more than 1024 schemas");
    text_grammar::node all{.what = kind::any_of};
    for (auto const& one : *list.array()) all.children.push_back(node_of(one));
    return add(std::move(all));
  }

  std::uint32_t typed(json_object const& members, json_value const& schema) {
    auto const* type = schema.find("type");
    if (type == nullptr) {
      if (schema.find("properties") != nullptr) return object(members, schema);
      refuse_strangers(members, {});
      return any_value();
    }
    if (auto const* list = type->array()) {
      if (list->empty()) refuse("type is an empty list");
      text_grammar::node all{.what = kind::any_of};
      for (auto const& one : *list) all.children.push_back(of_type(members, schema, one, true));
      return add(std::move(all));
    }
    return of_type(members, schema, *type, false);
  }

  std::uint32_t of_type(json_object const& members, json_value const& schema, json_value const& type,
                        bool one_of_many) {
    if (type.text() == nullptr) refuse("type is no string");
    std::string const& name = *type.text();
    if (name == "object") return object(members, schema);
    if (name == "array") return array(members, schema);
    if (!one_of_many) refuse_strangers(members, {"type"});
    if (name == "string") return string_node();
    if (name == "integer") return add({.what = kind::integer});
    if (name == "number") return add({.what = kind::number});
    if (name == "null") return literal("null");
    if (name == "boolean") {
      std::vector<std::uint32_t> both{literal("true"), literal("false")};
      return add({.what = kind::any_of, .children = std::move(both)});
    }
    refuse("type '" + name.substr(0, 40) + "' is none of JSON Schema");
  }

  std::uint32_t object(json_object const& members, json_value const& schema) {
    refuse_strangers(members, {"type", "properties", "required", "additionalProperties"});
    auto const* properties = schema.find("properties");
    auto const* others = schema.find("additionalProperties");
    bool const closed = others != nullptr && others->boolean() != nullptr && !*others->boolean();
    auto const required = required_names(schema);
    if (properties == nullptr || (properties->object() != nullptr && properties->object()->empty())) {
      if (!required.empty()) refuse("required names what is not in properties");
      if (closed) return add({.what = kind::object});
      std::uint32_t const value = others != nullptr && others->object() != nullptr ? node_of(*others) : any_value();
      std::uint32_t const text = string_node();
      return add({.what = kind::dictionary, .children = {value, text}});
    }
    if (properties->object() == nullptr) refuse("properties is no object");
    if (properties->object()->size() > most_members) refuse("properties has more than 256 entries");
    text_grammar::node made{.what = kind::object};
    for (auto const& [name, value] : *properties->object()) {
      std::uint32_t const quoted = literal(json_of(json_value(name)));
      std::uint32_t const inside = node_of(value);
      bool const needed = std::ranges::find(required, name) != required.end();
      made.members.push_back({quoted, inside, needed});
    }
    for (auto const& name : required)
      if (properties->find(name) == nullptr)
        refuse("required names '" + name.substr(0, 40) + "', which is not in properties");
    return add(std::move(made));
  }

  std::vector<std::string> required_names(json_value const& schema) const {
    auto const* list = schema.find("required");
    std::vector<std::string> out;
    if (list == nullptr) return out;
    if (list->array() == nullptr) refuse("required is no list");
    if (list->array()->size() > most_members) refuse("required has more than 256 entries");
    for (auto const& name : *list->array()) {
      if (name.text() == nullptr) refuse("required is no list of names");
      out.push_back(*name.text());
    }
    return out;
  }

  std::uint32_t array(json_object const& members, json_value const& schema) {
    refuse_strangers(members, {"type", "items", "minItems", "maxItems"});
    auto const bound = [&](char const* name, std::int64_t otherwise) {
      auto const* value = schema.find(name);
      if (value == nullptr) return otherwise;
      if (value->integer() == nullptr || *value->integer() < 0 || *value->integer() > most_elements)
        refuse(std::string(name) + " is no number from 0 to 1000000");
      return *value->integer();
    };
    auto const least = bound("minItems", 0), most = bound("maxItems", text_grammar::unbounded);
    if (least > most) refuse("minItems is above maxItems");
    auto const* items = schema.find("items");
    std::uint32_t const inside = items == nullptr ? any_value() : node_of(*items);
    return add({.what = kind::array,
                .children = {inside},
                .least = static_cast<std::uint32_t>(least),
                .most = static_cast<std::uint32_t>(most)});
  }

  json_value const* whole_;
  std::string_view field_;
  text_grammar out_;
  std::optional<std::uint32_t> any_;
  std::map<std::string, std::uint32_t> references_;
};

}  // namespace

text_grammar grammar_of_schema(json_value const& schema, std::string_view field) {
  return schema_compiler(&schema, field).compile(schema);
}

text_grammar grammar_of_any_object() { return schema_compiler(nullptr, {}).only_objects(); }

text_grammar grammar_of_calls(std::vector<described_function> const& functions, call_style style, call_extent extent,
                              std::string_view field) {
  return schema_compiler(nullptr, field).calls(functions, style, extent);
}

text_grammar either(text_grammar one, text_grammar other) {
  auto const leaves = [](text_grammar const& g) {
    auto const& root = g.nodes[g.root];
    return root.what == kind::any_of ? root.children : std::vector{g.root};
  };
  auto all = leaves(one);
  auto const first = static_cast<std::uint32_t>(one.nodes.size());
  for (auto const leaf : leaves(other)) all.push_back(first + leaf);
  append(one, std::move(other));
  one.root = static_cast<std::uint32_t>(one.nodes.size());
  one.nodes.push_back({.what = kind::any_of, .children = std::move(all)});
  return one;
}

text_grammar behind(std::string_view words, text_grammar rest) {
  auto const size = static_cast<std::uint32_t>(rest.nodes.size());
  rest.nodes.push_back({.what = kind::literal, .bytes = std::string(words)});
  rest.nodes.push_back({.what = kind::sequence, .children = {size, rest.root}});
  rest.root = size + 1;
  return rest;
}

text_grammar grammar_of_choices(std::vector<std::string> const& choices) {
  return schema_compiler(nullptr, {}).choices(choices);
}

}  // namespace constformer::serve
