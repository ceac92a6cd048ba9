#include "text/jinja/parser.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "text/jinja/filters.hpp"
#include "text/jinja/functions.hpp"
#include "text/jinja/lexer.hpp"
#include "text/jinja/methods.hpp"
#include "text/jinja/tests.hpp"

namespace constformer::jinja {

namespace {

constexpr int deepest_nesting = 100;     // of statements and brackets
constexpr int deepest_expression = 400;  // a + b + c … makes a tree of that many levels

using ends = std::span<std::string_view const>;

int depth_of(expression_ptr const& e) { return e == nullptr ? 0 : e->depth; }

int depth_of(call_syntax const& given) {
  int depth = std::max(depth_of(given.star), depth_of(given.star_star));
  for (auto const& e : given.positional) depth = std::max(depth, e->depth);
  for (auto const& [name, e] : given.named) depth = std::max(depth, e->depth);
  return depth;
}

class parser {
 public:
  explicit parser(std::string_view source) : tokens_(tokenize_template(source)) {
    int const last = tokens_.empty() ? 1 : tokens_.back().line;
    tokens_.push_back({token_kind::operation, last, "end of template"});
  }

  body run() { return parse_body({}); }

 private:
  // ---- tokens

  token const& now() const { return tokens_[at_]; }
  token const& next() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  bool at_end() const { return at_ + 1 == tokens_.size(); }
  token take() {
    token out = now();
    if (!at_end()) ++at_;
    return out;
  }

  static bool is_name(token const& t, std::string_view name) { return t.kind == token_kind::name && t.text == name; }
  static bool is_operation(token const& t, std::string_view what) {
    return t.kind == token_kind::operation && t.text == what;
  }
  bool name_here(std::string_view name) const { return is_name(now(), name); }
  bool here(std::string_view operation) const { return is_operation(now(), operation); }

  bool skip_name(std::string_view name) {
    if (!name_here(name)) return false;
    take();
    return true;
  }
  bool skip(std::string_view operation) {
    if (!here(operation)) return false;
    take();
    return true;
  }
  void expect(std::string_view operation) {
    if (!skip(operation)) fail("'" + std::string(operation) + "' is expected, " + shown() + " is there");
  }
  void expect_name(std::string_view name) {
    if (!skip_name(name)) fail("'" + std::string(name) + "' is expected, " + shown() + " is there");
  }
  void expect(token_kind kind, char const* what) {
    if (now().kind != kind) fail(std::string(what) + " is expected, " + shown() + " is there");
    take();
  }
  std::string expect_any_name() {
    if (now().kind != token_kind::name) fail("a name is expected, " + shown() + " is there");
    return take().text;
  }

  std::string shown() const {
    switch (now().kind) {
      case token_kind::block_end: return "'%}'";
      case token_kind::variable_end: return "'}}'";
      case token_kind::data: return "text";
      case token_kind::string: return "a string";
      default: return "'" + now().text.substr(0, 40) + "'";
    }
  }

  [[noreturn]] void fail(std::string const& what) const { fail_at(now().line, what); }

  // Bounds the parser's own recursion.
  class nested {
   public:
    explicit nested(parser& p) : p_(p) {
      if (++p_.nesting_ > deepest_nesting)
        p_.fail("it nests deeper than " + std::to_string(deepest_nesting) + " levels");
    }
    ~nested() { --p_.nesting_; }
    nested(nested const&) = delete;
    nested& operator=(nested const&) = delete;

   private:
    parser& p_;
  };

  template <class What>
  expression_ptr made(int line, int depth_below, What what) {
    if (depth_below >= deepest_expression)
      fail_at(line, "an expression nests deeper than " + std::to_string(deepest_expression) + " levels");
    return expression_ptr(new expression{line, depth_below + 1, std::move(what)});
  }

  // ---- statements

  // Up to a tag of one of `until`, which becomes the current token; to the end of the template if there are none.
  body parse_body(ends until) {
    nested const guard(*this);
    body out;
    while (!at_end()) {
      int const line = now().line;
      if (now().kind == token_kind::data) {
        out.push_back({line, text_output{marked_text(take().text)}});
      } else if (now().kind == token_kind::variable_begin) {
        take();
        out.push_back({line, expression_output{parse_tuple(true)}});
        expect(token_kind::variable_end, "'}}'");
      } else {
        expect(token_kind::block_begin, "'{%'");
        if (std::ranges::any_of(until, [&](std::string_view end) { return name_here(end); })) return out;
        out.push_back(parse_statement(line));
        expect(token_kind::block_end, "'%}'");
      }
    }
    if (!until.empty()) fail("the template ends before '" + std::string(until.back()) + "'");
    return out;
  }

  // The body of a tag whose end is `until`, that name included.
  body parse_inner(std::string_view until) {
    auto out = parse_inner(std::array{until});
    take();
    return out;
  }
  template <std::size_t N>
  body parse_inner(std::array<std::string_view, N> const& until) {
    skip(":");
    expect(token_kind::block_end, "'%}'");
    return parse_body(until);
  }

  // A body with names of its own, in which jinja2 wants all filters again, also within a branch.
  template <class Until>
  body parse_frame(Until const& until) {
    bool const outer = std::exchange(in_branch_, false);
    auto out = parse_inner(until);
    in_branch_ = outer;
    return out;
  }

  statement parse_statement(int line) {
    std::string const tag = expect_any_name();
    if (tag == "if") return {line, parse_if()};
    if (tag == "for") return {line, parse_for()};
    if (tag == "set") return parse_set(line);
    if (tag == "macro") return {line, parse_macro()};
    if (tag == "call") return {line, parse_call_block()};
    if (tag == "filter") return {line, parse_filter_block()};
    if (tag == "with") return {line, parse_with()};
    if (tag == "generation") return {line, generation_block{parse_frame("endgeneration")}};
    if (tag == "break" || tag == "continue") {
      if (loops_ == 0) fail_at(line, "'" + tag + "' stands outside of a loop");
      return {line, loop_control{tag == "break"}};
    }
    fail_at(line, "the tag '" + tag.substr(0, 40) + "' is not known");
  }

  if_statement parse_if() {
    static constexpr std::array<std::string_view, 3> until{"elif", "else", "endif"};
    if_statement out;
    bool const outer = std::exchange(in_branch_, true);
    do {
      auto condition = parse_tuple(false);
      out.branches.emplace_back(std::move(condition), parse_inner(until));
    } while (skip_name("elif"));
    if (skip_name("else"))
      out.otherwise = parse_inner("endif");
    else
      take();
    in_branch_ = outer;
    return out;
  }

  for_statement parse_for() {
    static constexpr std::array<std::string_view, 2> until{"else", "endfor"};
    for_statement out;
    out.target = parse_target(false);
    expect_name("in");
    out.items = parse_tuple(false);
    if (skip_name("if")) out.condition = parse_expression();
    out.recursive = skip_name("recursive");
    ++loops_;
    out.inner = parse_frame(until);
    --loops_;
    if (skip_name("else"))
      out.otherwise = parse_frame("endfor");
    else
      take();
    return out;
  }

  statement parse_set(int line) {
    auto target = parse_target(true);
    if (skip("=")) return {line, assignment{std::move(target), parse_tuple(true)}};
    expression_ptr filter;
    while (here("|")) filter = parse_filter(std::move(filter));
    return {line, block_assignment{std::move(target), std::move(filter), parse_frame("endset")}};
  }

  void parse_signature(macro_definition& macro) {
    expect("(");
    while (!here(")")) {
      if (!macro.parameters.empty()) expect(",");
      auto name = expect_any_name();
      expression_ptr value;
      if (skip("="))
        value = parse_expression();
      else if (!macro.parameters.empty() && macro.parameters.back().second != nullptr)
        fail("the parameter '" + name + "' has no default and stands behind one that has");
      macro.parameters.emplace_back(std::move(name), std::move(value));
    }
    take();
  }

  // A body that is a function of its own: a loop around it is not its loop.
  void parse_function_body(macro_definition& macro, std::string_view until) {
    auto const first = names_used_.size();
    int const loops = std::exchange(loops_, 0);
    macro.inner = parse_frame(until);
    loops_ = loops;
    auto const used = std::span(names_used_).subspan(first);
    auto const uses = [&](std::string_view name) { return std::ranges::find(used, name) != used.end(); };
    macro.uses_varargs = uses("varargs");
    macro.uses_kwargs = uses("kwargs");
    macro.uses_caller = uses("caller");
  }

  macro_definition parse_macro() {
    macro_definition out;
    out.name = expect_any_name();
    parse_signature(out);
    parse_function_body(out, "endmacro");
    return out;
  }

  call_block parse_call_block() {
    call_block out;
    out.block.name = "caller";
    if (here("(")) parse_signature(out.block);
    out.call = parse_expression();
    if (!std::holds_alternative<call_use>(out.call->what)) fail("a call block calls nothing");
    parse_function_body(out.block, "endcall");
    return out;
  }

  filter_block parse_filter_block() {
    filter_block out;
    out.filter = parse_named_filter(nullptr);
    while (here("|")) out.filter = parse_filter(std::move(out.filter));
    out.inner = parse_frame("endfilter");
    return out;
  }

  with_block parse_with() {
    with_block out;
    while (now().kind != token_kind::block_end) {
      if (!out.names.empty()) expect(",");
      auto target = parse_target(false);
      expect("=");
      out.names.emplace_back(std::move(target), parse_expression());
    }
    out.inner = parse_frame("endwith");
    return out;
  }

  assign_target parse_one_target(bool with_attribute) {
    nested const guard(*this);
    if (skip("(")) {
      auto out = parse_target(with_attribute);
      expect(")");
      return out;
    }
    assign_target out;
    out.name = expect_any_name();
    constexpr std::array<std::string_view, 6> constants{"true", "false", "none", "True", "False", "None"};
    if (std::ranges::find(constants, out.name) != constants.end()) fail("'" + out.name + "' cannot be assigned to");
    if (with_attribute && skip(".")) out.attribute = expect_any_name();
    return out;
  }

  assign_target parse_target(bool with_attribute) {
    auto first = parse_one_target(with_attribute);
    if (!here(",")) return first;
    assign_target out;
    out.parts.push_back(std::move(first));
    while (skip(",")) {
      if (name_here("in") || here("=") || here(")")) break;
      out.parts.push_back(parse_one_target(with_attribute));
    }
    return out;
  }

  // ---- expressions, loosest first

  expression_ptr parse_expression(bool with_condition = true) {
    nested const guard(*this);
    return with_condition ? parse_conditional() : parse_or();
  }

  bool tuple_ends() const {
    return now().kind == token_kind::variable_end || now().kind == token_kind::block_end || here(")") ||
           name_here("recursive");
  }

  // Expressions with commas between them are a tuple.
  expression_ptr parse_tuple(bool with_condition, bool in_brackets = false) {
    int const line = now().line;
    sequence_literal out{sequence::kind::tuple, {}};
    bool several = false;
    int depth = 0;
    while (!tuple_ends()) {
      out.items.push_back(parse_expression(with_condition));
      depth = std::max(depth, out.items.back()->depth);
      if (!skip(",")) break;
      several = true;
    }
    if (!several && !out.items.empty()) return std::move(out.items.front());
    if (!several && !in_brackets) fail("an expression is expected, " + shown() + " is there");
    return made(line, depth, std::move(out));
  }

  expression_ptr parse_conditional() {
    auto out = parse_or();
    while (name_here("if")) {
      int const line = take().line;
      conditional c;
      c.condition = parse_or();
      if (skip_name("else")) c.otherwise = parse_expression();
      c.then = std::move(out);
      int const depth = std::max({depth_of(c.condition), depth_of(c.then), depth_of(c.otherwise)});
      out = made(line, depth, std::move(c));
    }
    return out;
  }

  expression_ptr parse_or() {
    auto out = parse_and();
    while (name_here("or")) out = join_logical(std::move(out), false);
    return out;
  }

  expression_ptr parse_and() {
    auto out = parse_not();
    while (name_here("and")) out = join_logical(std::move(out), true);
    return out;
  }

  expression_ptr join_logical(expression_ptr left, bool is_and) {
    int const line = take().line;
    auto right = is_and ? parse_not() : parse_and();
    int const depth = std::max(left->depth, right->depth);
    return made(line, depth, logical{std::move(left), std::move(right), is_and});
  }

  expression_ptr parse_not() {
    if (!name_here("not")) return parse_comparisons();
    nested const guard(*this);
    int const line = take().line;
    auto operand = parse_not();
    int const depth = operand->depth;
    return made(line, depth, negation{std::move(operand), '!'});
  }

  bool take_comparison(comparison& out) {
    using named = std::pair<std::string_view, comparison>;
    constexpr std::array known{named{"==", comparison::equal},  named{"!=", comparison::unequal},
                               named{"<", comparison::less},    named{"<=", comparison::less_equal},
                               named{">", comparison::greater}, named{">=", comparison::greater_equal}};
    for (auto const& [sign, which] : known)
      if (skip(sign)) {
        out = which;
        return true;
      }
    bool const inverted = name_here("not") && is_name(next(), "in");
    if (inverted) take();
    if (!skip_name("in")) return false;
    out = inverted ? comparison::not_in : comparison::in;
    return true;
  }

  expression_ptr parse_comparisons() {
    int const line = now().line;
    auto first = parse_sum();
    comparisons out;
    int depth = first->depth;
    for (comparison which{}; take_comparison(which);) {
      out.rest.emplace_back(which, parse_sum());
      depth = std::max(depth, out.rest.back().second->depth);
    }
    if (out.rest.empty()) return first;
    out.first = std::move(first);
    return made(line, depth, std::move(out));
  }

  expression_ptr parse_sum() {
    auto out = parse_concatenation();
    while (here("+") || here("-")) {
      auto const which = here("+") ? binary_operator::add : binary_operator::subtract;
      out = join(std::move(out), which, &parser::parse_concatenation);
    }
    return out;
  }

  expression_ptr parse_concatenation() {
    int const line = now().line;
    concatenation out;
    out.parts.push_back(parse_product());
    int depth = out.parts.back()->depth;
    while (skip("~")) {
      out.parts.push_back(parse_product());
      depth = std::max(depth, out.parts.back()->depth);
    }
    if (out.parts.size() == 1) return std::move(out.parts.front());
    return made(line, depth, std::move(out));
  }

  expression_ptr parse_product() {
    auto out = parse_power();
    while (here("*") || here("/") || here("//") || here("%")) {
      auto const which = here("*")    ? binary_operator::multiply
                         : here("/")  ? binary_operator::divide
                         : here("//") ? binary_operator::floor_divide
                                      : binary_operator::modulo;
      out = join(std::move(out), which, &parser::parse_power);
    }
    return out;
  }

  expression_ptr parse_power() {
    auto out = parse_signed(true);
    while (here("**")) out = join(std::move(out), binary_operator::power, &parser::parse_filtered);
    return out;
  }

  expression_ptr parse_filtered() { return parse_signed(true); }

  expression_ptr join(expression_ptr left, binary_operator which, expression_ptr (parser::*side)()) {
    int const line = take().line;
    auto right = (this->*side)();
    int const depth = std::max(left->depth, right->depth);
    return made(line, depth, arithmetic{std::move(left), std::move(right), which});
  }

  expression_ptr parse_signed(bool with_filters) {
    expression_ptr out;
    if (here("-") || here("+")) {
      nested const guard(*this);
      token const sign = take();
      out = parse_signed(false);
      int const depth = out->depth;
      out = made(sign.line, depth, negation{std::move(out), sign.text[0]});
    } else {
      out = parse_primary();
    }
    out = parse_postfix(std::move(out));
    return with_filters ? parse_filters(std::move(out)) : std::move(out);
  }

  expression_ptr parse_filters(expression_ptr out) {
    while (true) {
      if (here("|"))
        out = parse_filter(std::move(out));
      else if (name_here("is"))
        out = parse_test(std::move(out));
      else if (here("("))
        out = parse_call(std::move(out));
      else
        return out;
    }
  }

  expression_ptr parse_postfix(expression_ptr out) {
    while (true) {
      if (here("."))
        out = parse_attribute(std::move(out));
      else if (here("["))
        out = parse_item(std::move(out));
      else if (here("("))
        out = parse_call(std::move(out));
      else
        return out;
    }
  }

  expression_ptr parse_primary() {
    nested const guard(*this);
    token const t = take();
    switch (t.kind) {
      case token_kind::name: return parse_name(t);
      case token_kind::string: {
        std::string text = t.text;
        while (now().kind == token_kind::string) text += take().text;
        return made(t.line, 0, text_constant{marked_text(std::move(text))});
      }
      case token_kind::integer: return made(t.line, 0, constant{number<std::int64_t>(t)});
      case token_kind::real: return made(t.line, 0, constant{number<double>(t)});
      case token_kind::operation:
        if (t.text == "(") {
          auto out = parse_tuple(true, true);
          expect(")");
          return out;
        }
        if (t.text == "[") return parse_list(t.line);
        if (t.text == "{") return parse_dict(t.line);
        [[fallthrough]];
      default: --at_; fail(shown() + " is unexpected");
    }
  }

  template <class Number>
  Number number(token const& t) const {
    Number out{};
    auto const [end, failed] = std::from_chars(t.text.data(), t.text.data() + t.text.size(), out);
    if (failed != std::errc() || end != t.text.data() + t.text.size())
      fail_at(t.line, "the number " + t.text.substr(0, 40) + " is out of range");
    return out;
  }

  expression_ptr parse_name(token const& t) {
    std::string const& name = t.text;
    if (name == "true" || name == "True") return made(t.line, 0, constant{true});
    if (name == "false" || name == "False") return made(t.line, 0, constant{false});
    if (name == "none" || name == "None") return made(t.line, 0, constant{none{}});
    if (is_missing_function(name) && here("(")) fail_at(t.line, "the function '" + name + "' is not supported");
    names_used_.push_back(name);
    return made(t.line, 0, name_use{name});
  }

  expression_ptr parse_list(int line) {
    sequence_literal out{sequence::kind::list, {}};
    int depth = 0;
    while (!here("]")) {
      out.items.push_back(parse_expression());
      depth = std::max(depth, out.items.back()->depth);
      if (!here("]")) expect(",");
    }
    take();
    return made(line, depth, std::move(out));
  }

  expression_ptr parse_dict(int line) {
    dict_literal out;
    int depth = 0;
    while (!here("}")) {
      auto key = parse_expression();
      expect(":");
      auto held = parse_expression();
      depth = std::max({depth, key->depth, held->depth});
      out.items.emplace_back(std::move(key), std::move(held));
      if (!here("}")) expect(",");
    }
    take();
    return made(line, depth, std::move(out));
  }

  expression_ptr parse_attribute(expression_ptr object) {
    int const line = take().line;
    int const depth = object->depth;
    if (now().kind == token_kind::integer) {
      auto key = made(line, 0, constant{number<std::int64_t>(now())});
      take();
      return made(line, depth, item_use{std::move(object), std::move(key)});
    }
    auto name = expect_any_name();
    if (is_missing_method(name) && here("(")) fail_at(line, "the method '" + name + "' is not supported");
    return made(line, depth, attribute_use{std::move(object), std::move(name)});
  }

  expression_ptr parse_bound() { return here(":") || here("]") ? nullptr : parse_expression(); }

  expression_ptr parse_item(expression_ptr object) {
    int const line = take().line;
    slice_use slice;
    slice.from = parse_bound();
    bool const is_slice = here(":");
    if (skip(":")) slice.to = parse_bound();
    if (is_slice && skip(":")) slice.step = parse_bound();
    if (here(",")) fail("several keys in brackets are not supported");
    expect("]");
    int const depth = std::max({object->depth, depth_of(slice.from), depth_of(slice.to), depth_of(slice.step)});
    if (is_slice) {
      slice.object = std::move(object);
      return made(line, depth, std::move(slice));
    }
    if (slice.from == nullptr) fail_at(line, "nothing stands between brackets");
    return made(line, depth, item_use{std::move(object), std::move(slice.from)});
  }

  call_syntax parse_arguments() {
    call_syntax out;
    expect("(");
    while (!here(")")) {
      if (skip("**")) {
        out.star_star = parse_expression();
      } else if (skip("*")) {
        out.star = parse_expression();
      } else if (now().kind == token_kind::name && is_operation(next(), "=")) {
        auto name = take().text;
        take();
        out.named.emplace_back(std::move(name), parse_expression());
      } else {
        if (!out.named.empty() || out.star != nullptr || out.star_star != nullptr)
          fail("an argument without a name stands behind one with a name");
        out.positional.push_back(parse_expression());
      }
      if (!here(")")) expect(",");
    }
    take();
    return out;
  }

  expression_ptr parse_call(expression_ptr callee) {
    int const line = now().line;
    call_use out{std::move(callee), parse_arguments()};
    int const depth = std::max(out.callee->depth, depth_of(out.given));
    return made(line, depth, std::move(out));
  }

  expression_ptr parse_filter(expression_ptr subject) {
    expect("|");
    return parse_named_filter(std::move(subject));
  }

  expression_ptr parse_named_filter(expression_ptr subject) {
    int const line = now().line;
    filter_use out{std::move(subject), expect_any_name(), {}};
    // As in jinja2, a branch may ask for a filter that nobody has: it is an error where it is reached.
    bool const known = find_filter(out.name) != nullptr || (in_branch_ && !is_missing_filter(out.name));
    if (!known) fail_at(line, "the filter '" + out.name.substr(0, 40) + "' is not supported");
    if (here("(")) out.given = parse_arguments();
    int const depth = std::max(depth_of(out.subject), depth_of(out.given));
    return made(line, depth, std::move(out));
  }

  // `is divisibleby 3`: one argument may stand without parentheses.
  bool argument_follows() const {
    switch (now().kind) {
      case token_kind::name: return !name_here("else") && !name_here("or") && !name_here("and");
      case token_kind::string:
      case token_kind::integer:
      case token_kind::real: return true;
      default: return here("[") || here("{");
    }
  }

  expression_ptr parse_test(expression_ptr subject) {
    int const line = take().line;
    bool const inverted = skip_name("not");
    test_use test{std::move(subject), expect_any_name(), {}};
    if (find_test(test.name) == nullptr) fail_at(line, "the test '" + test.name.substr(0, 40) + "' is not supported");
    if (here("("))
      test.given = parse_arguments();
    else if (argument_follows()) {
      if (name_here("is")) fail("tests cannot be chained with 'is'");
      test.given.positional.push_back(parse_postfix(parse_primary()));
    }
    int const depth = std::max(depth_of(test.subject), depth_of(test.given));
    auto out = made(line, depth, std::move(test));
    if (!inverted) return out;
    int const inner = out->depth;
    return made(line, inner, negation{std::move(out), '!'});
  }

  std::vector<token> tokens_;
  std::size_t at_ = 0;
  int nesting_ = 0;
  int loops_ = 0;
  bool in_branch_ = false;               // of an if, within the same block
  std::vector<std::string> names_used_;  // in the order of reading
};

}  // namespace

body parse_template(std::string_view source) { return parser(source).run(); }

}  // namespace constformer::jinja
