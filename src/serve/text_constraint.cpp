#include "text_constraint.hpp"

#include <algorithm>
#include <limits>
#include <mutex>
#include <utility>

#include "api_error.hpp"

namespace constformer::serve {

namespace {

constexpr std::size_t most_known = 256;

std::string key_of(byte_automaton::state const& at, bool first) {
  std::string out(1, first ? '1' : '0');
  for (auto const& stack : at) {
    out += static_cast<char>(stack.size());
    for (auto const& frame : stack) {
      char bytes[sizeof frame];
      std::copy_n(reinterpret_cast<char const*>(&frame), sizeof frame, bytes);
      out.append(bytes, sizeof frame);
    }
  }
  return out;
}

// The bytes without which no text of the node can be written.
std::string needed_bytes(text_grammar::node const& node) {
  using kind = text_grammar::kind;
  switch (node.what) {
    case kind::literal:
    case kind::until: return node.bytes;
    case kind::string: return "\"";
    case kind::integer:
    case kind::number: return "0123456789";
    case kind::object: return node.members.size() > 1 ? "{}:," : "{}";
    case kind::dictionary: return "{}:,";
    case kind::array: return node.most > 1 ? "[]," : "[]";
    case kind::sequence:
    case kind::any_of: break;
  }
  return {};
}

}  // namespace

class constraint_filter final : public token_filter {
 public:
  constraint_filter(std::shared_ptr<text_constraint> shared, std::vector<int> stop_ids)
      : shared_(std::move(shared)), stop_ids_(std::move(stop_ids)), at_(shared_->automaton_.start()) {}

  void forbid(std::span<float> logits) override {
    constexpr float never = -std::numeric_limits<float>::infinity();
    auto const& allowed = shared_->allowed(at_, first_);
    bool const ends = byte_automaton::may_end(at_);
    for (std::size_t id = 0; id < logits.size(); ++id)
      if ((allowed[id / 64] >> id % 64 & 1) == 0 && !(ends && is_stop(static_cast<int>(id)))) logits[id] = never;
  }

  void advance(int id) override { advance(shared_->text_of(id)); }

  // False: the text must not go on so.
  bool advance(std::string_view text) {
    if (text.empty()) return true;
    if (std::exchange(first_, false) && shared_->blank_first_ && text.starts_with(' ')) text.remove_prefix(1);
    for (char const byte : text) at_ = shared_->automaton_.next(at_, static_cast<unsigned char>(byte));
    return !at_.empty();
  }

  [[nodiscard]] bool complete() const override { return byte_automaton::must_end(at_); }

 private:
  [[nodiscard]] bool is_stop(int id) const { return std::ranges::binary_search(stop_ids_, id); }

  std::shared_ptr<text_constraint> shared_;
  std::vector<int> stop_ids_;  // sorted
  byte_automaton::state at_;
  bool first_ = true;
};

text_constraint::text_constraint(text_grammar grammar, std::shared_ptr<vocabulary_index const> vocabulary,
                                 bool blank_first, std::string_view field)
    : grammar_(std::move(grammar)),
      automaton_(grammar_),
      vocabulary_(std::move(vocabulary)),
      blank_first_(blank_first) {
  for (auto const& node : grammar_.nodes)
    for (char const byte : needed_bytes(node))
      if (!vocabulary_->spells(static_cast<unsigned char>(byte)))
        throw bad_request(std::string(field) + ": the vocabulary has no token for the byte " +
                              std::to_string(static_cast<unsigned char>(byte)) + ", which such a text needs",
                          field);
}

std::unique_ptr<token_filter> text_constraint::filter(std::vector<int> stop_ids) {
  return filter(std::move(stop_ids), {});
}

std::unique_ptr<token_filter> text_constraint::filter(std::vector<int> stop_ids, std::string_view begun) {
  std::ranges::sort(stop_ids);
  auto out = std::make_unique<constraint_filter>(shared_from_this(), std::move(stop_ids));
  if (!out->advance(begun)) return nullptr;
  return out;
}

id_set const& text_constraint::allowed(byte_automaton::state const& at, bool first) {
  auto key = key_of(at, first);
  if (auto const found = known_.find(key); found != known_.end()) return found->second;
  if (known_.size() >= most_known) known_.clear();
  auto set = vocabulary_->allowed(automaton_, at, first && blank_first_);
  return known_.emplace(std::move(key), std::move(set)).first->second;
}

}  // namespace constformer::serve
