#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "text/jinja/value.hpp"

/// The tree of a template, as the parser makes it and the interpreter walks it. Names are Jinja's.
namespace constformer::jinja {

struct expression;
using expression_ptr = std::unique_ptr<expression const>;

/// What stands between the parentheses of a call, a filter or a test.
struct call_syntax {
  std::vector<expression_ptr> positional;
  std::vector<std::pair<std::string, expression_ptr>> named;
  expression_ptr star, star_star;
};

enum class binary_operator : std::uint8_t { add, subtract, multiply, divide, floor_divide, modulo, power };
enum class comparison : std::uint8_t { equal, unequal, less, less_equal, greater, greater_equal, in, not_in };

struct constant {
  value held;
};
struct text_constant {
  marked_text text;
};
struct name_use {
  std::string name;
};
struct sequence_literal {
  sequence::kind what;  ///< list or tuple
  std::vector<expression_ptr> items;
};
struct dict_literal {
  std::vector<std::pair<expression_ptr, expression_ptr>> items;
};
struct attribute_use {
  expression_ptr object;
  std::string name;
};
struct item_use {
  expression_ptr object, key;
};
struct slice_use {
  expression_ptr object, from, to, step;  ///< the last three may be empty
};
struct call_use {
  expression_ptr callee;
  call_syntax given;
};
struct filter_use {
  expression_ptr subject;  ///< empty in a filter block
  std::string name;
  call_syntax given;
};
struct test_use {
  expression_ptr subject;
  std::string name;
  call_syntax given;
};
struct negation {
  expression_ptr operand;
  char sign;  ///< '-', '+', or '!' for `not`
};
struct logical {
  expression_ptr left, right;
  bool is_and;
};
struct arithmetic {
  expression_ptr left, right;
  binary_operator what;
};
struct comparisons {
  expression_ptr first;
  std::vector<std::pair<comparison, expression_ptr>> rest;
};
struct concatenation {
  std::vector<expression_ptr> parts;
};
struct conditional {
  expression_ptr condition, then, otherwise;  ///< `otherwise` may be empty
};

struct expression {
  int line = 0;
  int depth = 1;  ///< of the tree below, itself included
  std::variant<constant, text_constant, name_use, sequence_literal, dict_literal, attribute_use, item_use, slice_use,
               call_use, filter_use, test_use, negation, logical, arithmetic, comparisons, concatenation, conditional>
      what;
};

/// What an assignment writes to: a name, an attribute of a namespace, or several targets.
struct assign_target {
  std::string name;
  std::string attribute;             ///< not empty: of the namespace `name`
  std::vector<assign_target> parts;  ///< not empty: the value is unpacked
};

struct statement;
using body = std::vector<statement>;

struct text_output {
  marked_text text;
};
struct expression_output {
  expression_ptr what;
};
struct if_statement {
  std::vector<std::pair<expression_ptr, body>> branches;
  body otherwise;
};
struct for_statement {
  assign_target target;
  expression_ptr items, condition;  ///< the condition may be empty
  body inner, otherwise;
  bool recursive = false;
};
struct assignment {
  assign_target target;
  expression_ptr what;
};
/// `{% set x | filter %} … {% endset %}`.
struct block_assignment {
  assign_target target;
  expression_ptr filter;  ///< may be empty
  body inner;
};
struct macro_definition {
  std::string name;
  std::vector<std::pair<std::string, expression_ptr>> parameters;  ///< a default may be empty
  body inner;
  bool uses_varargs = false, uses_kwargs = false, uses_caller = false;
};
struct call_block {
  macro_definition block;
  expression_ptr call;
};
struct filter_block {
  expression_ptr filter;
  body inner;
};
struct with_block {
  std::vector<std::pair<assign_target, expression_ptr>> names;
  body inner;
};
/// `{% generation %}`: a scope that says which part of a training text is the assistant's, and prints as it is.
struct generation_block {
  body inner;
};
struct loop_control {
  bool is_break;
};

struct statement {
  int line = 0;
  std::variant<text_output, expression_output, if_statement, for_statement, assignment, block_assignment,
               macro_definition, call_block, filter_block, with_block, generation_block, loop_control>
      what;
};

}  // namespace constformer::jinja
