#include "text/jinja/interpreter.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "text/jinja/access.hpp"
#include "text/jinja/evaluation.hpp"
#include "text/jinja/filters.hpp"
#include "text/jinja/functions.hpp"
#include "text/jinja/json_values.hpp"
#include "text/jinja/operators.hpp"
#include "text/jinja/printing.hpp"
#include "text/jinja/tests.hpp"

namespace constformer::jinja {

namespace {

enum class flow : std::uint8_t { on, break_loop, next_turn };

// Walks the tree. One class, because statements and expressions call each other: macros are called in expressions.
class interpreter final : public evaluation {
 public:
  interpreter(input const& in, limits const& most) : evaluation(most, in.now) {
    scope* const functions = memory.inner(nullptr);
    add_functions(*this, *functions);
    scope_ = memory.inner(functions);
    for (auto const& [name, json] : in.trusted) scope_->set(name, value_of(*this, json, false));
    for (auto const& [name, json] : in.told) scope_->set(name, value_of(*this, json, true));
    scope_ = memory.inner(scope_);
  }

  marked_text run(body const& tree) {
    marked_text out;
    out_ = &out;
    execute(tree);
    return out;
  }

  value call(value const& callee, arguments const& given) override {
    if (auto const* const u = std::get_if<undefined>(&callee)) fail_undefined(*this, *u);
    if (auto const* const l = std::get_if<loop_state*>(&callee)) return call_loop(**l, given);
    auto const* const f = std::get_if<callable const*>(&callee);
    if (f == nullptr) fail(std::string("'") + type_name(callee) + "' is called and is no function");
    if ((*f)->macro != nullptr) return call_macro(**f, given);
    if (!is<none>(given.caller)) fail("the block of a call is given to a function that takes none");
    return (*f)->run(*this, (*f)->self, given);
  }

 private:
  // ---- scopes and output

  // Bounds the recursion of this class.
  class nested {
   public:
    explicit nested(interpreter& i) : i_(i) {
      i_.step();
      if (++i_.depth_ > i_.most_.depth) i_.fail("it nests deeper than " + std::to_string(i_.most_.depth) + " levels");
    }
    ~nested() { --i_.depth_; }
    nested(nested const&) = delete;
    nested& operator=(nested const&) = delete;

   private:
    interpreter& i_;
  };

  // Makes `s` the scope until the end of the block.
  class within {
   public:
    within(interpreter& i, scope* s) : i_(i), before_(std::exchange(i.scope_, s)) {}
    ~within() { i_.scope_ = before_; }
    within(within const&) = delete;
    within& operator=(within const&) = delete;

   private:
    interpreter& i_;
    scope* before_;
  };

  void print(marked_text const& text) {
    look(text.size());
    out_->append(text);
    bound(out_->size());
  }

  // What `inner` prints, in a scope of its own.
  marked_text captured(body const& inner, scope* s) {
    marked_text out;
    marked_text* const before = std::exchange(out_, &out);
    within const block(*this, s);
    execute(inner);
    out_ = before;
    return out;
  }

  // ---- statements

  flow execute(body const& statements) {
    nested const guard(*this);
    for (statement const& s : statements) {
      line = s.line;
      flow const then = std::visit([this](auto const& what) { return run_one(what); }, s.what);
      if (then != flow::on) return then;
    }
    return flow::on;
  }

  flow run_one(text_output const& s) {
    print(s.text);
    return flow::on;
  }

  flow run_one(expression_output const& s) {
    print(text_of(*this, evaluate(*s.what)));
    return flow::on;
  }

  flow run_one(if_statement const& s) {
    for (auto const& [condition, inner] : s.branches)
      if (truth(evaluate(*condition))) return execute(inner);
    return execute(s.otherwise);
  }

  flow run_one(for_statement const& s) {
    loop_over(s, items_of(*this, evaluate(*s.items)), scope_, 1);
    return flow::on;
  }

  void loop_over(for_statement const& s, std::vector<value> items, scope* around, std::int64_t depth) {
    if (s.condition != nullptr) {
      std::vector<value> kept;
      for (value const& item : items) {
        within const turn(*this, memory.inner(around));
        assign(s.target, item);
        if (truth(evaluate(*s.condition))) kept.push_back(item);
      }
      items = std::move(kept);
    }
    auto* const loop = memory.loop(std::move(items));
    loop->depth = depth;
    loop->recursive = s.recursive ? &s : nullptr;
    loop->home = around;
    for (; loop->at < loop->items.size(); ++loop->at) {
      within const turn(*this, memory.inner(around));
      scope_->set("loop", loop);
      assign(s.target, loop->items[loop->at]);
      if (execute(s.inner) == flow::break_loop) break;
    }
    if (!loop->items.empty()) return;
    within const otherwise(*this, memory.inner(around));
    execute(s.otherwise);
  }

  value call_loop(loop_state& loop, arguments const& given) {
    if (loop.recursive == nullptr) fail("a loop is called that is not recursive");
    if (given.positional.size() != 1 || !given.named.empty()) fail("a loop takes one argument");
    nested const guard(*this);
    marked_text out;
    marked_text* const before = std::exchange(out_, &out);
    loop_over(*loop.recursive, items_of(*this, given.positional[0]), loop.home, loop.depth + 1);
    out_ = before;
    return memory.text(std::move(out));
  }

  flow run_one(assignment const& s) {
    assign(s.target, evaluate(*s.what));
    return flow::on;
  }

  flow run_one(block_assignment const& s) {
    value made = memory.text(captured(s.inner, memory.inner(scope_)));
    if (s.filter != nullptr) made = filtered(std::get<filter_use>(s.filter->what), made);
    assign(s.target, made);
    return flow::on;
  }

  flow run_one(macro_definition const& s) {
    scope_->set(s.name, memory.function({.name = s.name, .macro = &s, .home = scope_}));
    return flow::on;
  }

  flow run_one(call_block const& s) {
    auto const& call_node = std::get<call_use>(s.call->what);
    value const callee = evaluate(*call_node.callee);
    auto given = arguments_of(call_node.given);
    given.caller = memory.function({.name = s.block.name, .macro = &s.block, .home = scope_});
    print(text_of(*this, call(callee, given)));
    return flow::on;
  }

  flow run_one(filter_block const& s) {
    value const made = memory.text(captured(s.inner, memory.inner(scope_)));
    print(text_of(*this, filtered(std::get<filter_use>(s.filter->what), made)));
    return flow::on;
  }

  flow run_one(with_block const& s) {
    // The values are those of the names outside.
    std::vector<value> values;
    for (auto const& [target, what] : s.names) values.push_back(evaluate(*what));
    within const block(*this, memory.inner(scope_));
    for (std::size_t i = 0; i < values.size(); ++i) assign(s.names[i].first, values[i]);
    return execute(s.inner);
  }

  flow run_one(generation_block const& s) {
    within const block(*this, memory.inner(scope_));
    return execute(s.inner);
  }

  flow run_one(loop_control const& s) { return s.is_break ? flow::break_loop : flow::next_turn; }

  // ---- assignment

  void assign(assign_target const& target, value const& held) {
    if (!target.parts.empty()) return assign_parts(target, held);
    if (target.attribute.empty()) {
      memory.charge(sizeof(value) + sizeof(std::string_view));
      return scope_->set(target.name, held);
    }
    auto const* const found = scope_->find(target.name);
    auto const* const space = found == nullptr ? nullptr : std::get_if<name_space*>(found);
    if (space == nullptr) fail("'" + target.name + "' is no namespace, its attributes cannot be set");
    if (target.attribute.starts_with('_')) fail("an attribute of a namespace begins with an underscore");
    auto& items = (*space)->items;
    auto const known = std::ranges::find(items, target.attribute, [](auto const& item) { return item.first; });
    if (known != items.end()) {
      known->second = held;
      return;
    }
    memory.charge(sizeof(std::pair<std::string, value>));
    items.emplace_back(target.attribute, held);
  }

  void assign_parts(assign_target const& target, value const& held) {
    if (auto const* const u = std::get_if<undefined>(&held); u != nullptr && !target.parts.empty())
      fail("there are 0 values to unpack, " + std::to_string(target.parts.size()) + " are expected");
    auto const items = items_of(*this, held);
    if (items.size() != target.parts.size())
      fail("there are " + std::to_string(items.size()) + " values to unpack, " + std::to_string(target.parts.size()) +
           " are expected");
    for (std::size_t i = 0; i < items.size(); ++i) assign(target.parts[i], items[i]);
  }

  // ---- macros

  value call_macro(callable const& macro, arguments const& given) {
    auto const& m = *macro.macro;
    nested const guard(*this);
    scope* const own = memory.inner(macro.home);
    {
      within const block(*this, own);
      bind(m, given, *own);
    }
    int const before = line;
    value const out = memory.text(captured(m.inner, own));
    line = before;
    return out;
  }

  void bind(macro_definition const& m, arguments const& given, scope& own) {
    std::vector<value> extra;
    auto named = given.named;
    for (std::size_t i = 0; i < m.parameters.size(); ++i) {
      auto const& [name, otherwise] = m.parameters[i];
      auto const by_name = std::ranges::find(named, std::string_view(name), [](auto const& n) { return n.first; });
      bool const by_place = i < given.positional.size();
      if (by_place && by_name != named.end()) fail(m.name + ": '" + name + "' is given twice");
      if (by_place) {
        own.set(name, given.positional[i]);
      } else if (by_name != named.end()) {
        own.set(name, by_name->second);
        named.erase(by_name);
      } else {
        own.set(name,
                otherwise == nullptr ? value(undefined{undefined::reason::variable, &name}) : evaluate(*otherwise));
      }
      memory.charge(sizeof(value) + sizeof(std::string_view));
    }
    for (std::size_t i = m.parameters.size(); i < given.positional.size(); ++i) extra.push_back(given.positional[i]);
    bind_rest(m, std::move(extra), named, own);
    if (m.uses_caller)
      own.set("caller", is<none>(given.caller) ? value(undefined{}) : given.caller);
    else if (!is<none>(given.caller))
      fail("the macro '" + m.name + "' is called with a block and uses no caller");
  }

  void bind_rest(macro_definition const& m, std::vector<value> extra,
                 std::vector<std::pair<std::string_view, value>> const& named, scope& own) {
    if (m.uses_kwargs) {
      auto* const rest = memory.dict();
      for (auto const& [name, held] : named) set(*this, *rest, memory.text(std::string(name)), held);
      own.set("kwargs", rest);
    } else if (!named.empty()) {
      fail("the macro '" + m.name + "' has no parameter '" + std::string(named.front().first.substr(0, 40)) + "'");
    }
    if (m.uses_varargs)
      own.set("varargs", memory.list(std::move(extra), sequence::kind::tuple));
    else if (!extra.empty())
      fail("the macro '" + m.name + "' takes " + std::to_string(m.parameters.size()) + " arguments, it is given " +
           std::to_string(m.parameters.size() + extra.size()));
  }

  // ---- expressions

  value evaluate(expression const& e) {
    nested const guard(*this);
    line = e.line;
    return std::visit([this](auto const& what) { return compute_one(what); }, e.what);
  }

  value compute_one(constant const& x) { return x.held; }
  value compute_one(text_constant const& x) { return &x.text; }

  value compute_one(name_use const& x) {
    auto const* const found = scope_->find(x.name);
    return found != nullptr ? *found : undefined{undefined::reason::variable, &x.name};
  }

  value compute_one(sequence_literal const& x) {
    std::vector<value> items;
    items.reserve(x.items.size());
    for (auto const& item : x.items) items.push_back(evaluate(*item));
    return memory.list(std::move(items), x.what);
  }

  value compute_one(dict_literal const& x) {
    auto* const out = memory.dict();
    for (auto const& [key, held] : x.items) {
      value const k = evaluate(*key);
      set(*this, *out, k, evaluate(*held));
    }
    return out;
  }

  value compute_one(attribute_use const& x) { return attribute_of(*this, evaluate(*x.object), x.name); }

  value compute_one(item_use const& x) {
    value const object = evaluate(*x.object);
    return item_of(*this, object, evaluate(*x.key));
  }

  value or_none(expression_ptr const& e) { return e == nullptr ? value(none{}) : evaluate(*e); }

  value compute_one(slice_use const& x) {
    value const object = evaluate(*x.object);
    value const from = or_none(x.from), to = or_none(x.to), by = or_none(x.step);
    return slice_of(*this, object, from, to, by);
  }

  arguments arguments_of(call_syntax const& given) {
    arguments out;
    for (auto const& e : given.positional) out.positional.push_back(evaluate(*e));
    if (given.star != nullptr) {
      auto const more = items_of(*this, evaluate(*given.star));
      out.positional.insert(out.positional.end(), more.begin(), more.end());
    }
    for (auto const& [name, e] : given.named) out.named.emplace_back(name, evaluate(*e));
    if (given.star_star == nullptr) return out;
    value const more = evaluate(*given.star_star);
    if (!is<mapping*>(more)) fail("what stands behind ** is no dict");
    for (auto const& [name, held] : std::get<mapping*>(more)->items) {
      if (!is_text(name)) fail("a key of what stands behind ** is no text");
      out.named.emplace_back(view_of(name), held);
    }
    return out;
  }

  value compute_one(call_use const& x) {
    value const callee = evaluate(*x.callee);
    auto const given = arguments_of(x.given);
    return call(callee, given);
  }

  value filtered(filter_use const& x, value const& innermost) {
    value const subject = x.subject == nullptr ? innermost : filtered_subject(x, innermost);
    auto const given = arguments_of(x.given);
    auto const filter = find_filter(x.name);
    if (filter == nullptr) fail("no filter is called '" + x.name.substr(0, 40) + "'");
    return filter(*this, subject, given);
  }

  // Of the chain of a filter block only the first filter has no subject.
  value filtered_subject(filter_use const& x, value const& innermost) {
    nested const guard(*this);
    auto const* const before = std::get_if<filter_use>(&x.subject->what);
    bool const in_chain = !is<none>(innermost) && before != nullptr;
    return in_chain ? filtered(*before, innermost) : evaluate(*x.subject);
  }

  value compute_one(filter_use const& x) { return filtered(x, none{}); }

  value compute_one(test_use const& x) {
    value const subject = evaluate(*x.subject);
    auto const given = arguments_of(x.given);
    return find_test(x.name)(*this, subject, given);
  }

  value compute_one(negation const& x) {
    value const v = evaluate(*x.operand);
    if (x.sign == '!') return !truth(v);
    if (x.sign == '-') return negated(*this, v);
    if (auto const i = integer_of(v)) return *i;
    if (is<double>(v)) return v;
    if (auto const* const u = std::get_if<undefined>(&v)) fail_undefined(*this, *u);
    fail(std::string("'+' does not work with '") + type_name(v) + "'");
  }

  value compute_one(logical const& x) {
    value const left = evaluate(*x.left);
    return truth(left) == x.is_and ? evaluate(*x.right) : left;
  }

  value compute_one(arithmetic const& x) {
    value const left = evaluate(*x.left);
    return compute(*this, x.what, left, evaluate(*x.right));
  }

  value compute_one(comparisons const& x) {
    value left = evaluate(*x.first);
    for (auto const& [what, e] : x.rest) {
      value const right = evaluate(*e);
      if (!compare(*this, what, left, right)) return false;
      left = right;
    }
    return true;
  }

  value compute_one(concatenation const& x) {
    marked_text out;
    for (auto const& part : x.parts) out.append(text_of(*this, evaluate(*part)));
    return memory.text(std::move(out));
  }

  value compute_one(conditional const& x) {
    if (truth(evaluate(*x.condition))) return evaluate(*x.then);
    return x.otherwise == nullptr ? value(undefined{}) : evaluate(*x.otherwise);
  }

  scope* scope_ = nullptr;
  marked_text* out_ = nullptr;
  int depth_ = 0;
};

}  // namespace

marked_text render(body const& tree, input const& in, limits const& most) { return interpreter(in, most).run(tree); }

}  // namespace constformer::jinja
