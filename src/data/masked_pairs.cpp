// After create_pretraining_data.py of google-research/bert (Devlin et al., arXiv:1810.04805): every number is drawn
// where it is drawn there.
#include "data/masked_pairs.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace constformer::data {

namespace {

using tokens = std::vector<std::int32_t>;

class pair_maker {
 public:
  pair_maker(sentence_list const& text, masking const& how, python_random& random,
             std::function<void(masked_pair const&)> const& found)
      : text_(text), how_(how), random_(random), found_(found) {}

  void go_through(std::size_t document) { how_.pairs ? make_pairs(document) : make_texts(document); }

 private:
  void make_texts(std::size_t document) {
    auto const most = static_cast<std::size_t>(how_.length - 2);
    tokens held;
    for (std::size_t i = 0; i < text_.sentences(document); ++i) {
      if (!held.empty() && held.size() + text_.length(document, i) > most) found_(masked(std::exchange(held, {})));
      text_.append(document, i, held);
      while (held.size() > most) {  // a sentence that is longer than a sequence is cut
        auto const cut = held.begin() + static_cast<std::ptrdiff_t>(most);
        found_(masked({held.begin(), cut}));
        held.erase(held.begin(), cut);
      }
    }
    if (!held.empty()) found_(masked(held));
  }

  void make_pairs(std::size_t document) {
    int const most = how_.length - 3;
    int target = most;
    if (random_.uniform() < how_.short_share) target = static_cast<int>(random_.integer(2, most));
    std::size_t const all = text_.sentences(document);
    std::size_t begin = 0;  // of the sentences for one pair
    int held = 0;           // their tokens
    for (std::size_t i = 0; i < all; ++i) {
      held += static_cast<int>(text_.length(document, i));
      if (i + 1 < all && held < target) continue;
      i = make_pair(document, begin, i + 1, target) - 1;
      begin = i + 1;
      held = 0;
    }
  }

  // A pair of sentences begin … end; returns the first that was not used.
  std::size_t make_pair(std::size_t document, std::size_t begin, std::size_t end, int target) {
    std::size_t const count = end - begin;
    std::size_t const middle =
        begin + (count >= 2 ? static_cast<std::size_t>(random_.integer(1, static_cast<std::int64_t>(count) - 1)) : 1);
    tokens first, second;
    for (std::size_t i = begin; i < middle; ++i) text_.append(document, i, first);
    bool const is_random = count == 1 || random_.uniform() < 0.5;
    if (is_random) {
      add_random(document, target - static_cast<int>(first.size()), second);
      end = middle;
    } else {
      for (std::size_t i = middle; i < end; ++i) text_.append(document, i, second);
    }
    truncate(first, second);
    found_(masked(first, second, is_random));
    return end;
  }

  // Sentences from anywhere in another document.
  void add_random(std::size_t document, int wanted, tokens& to) {
    auto const last = static_cast<std::int64_t>(text_.documents()) - 1;
    std::size_t other = document;
    for (int i = 0; i < 10; ++i) {
      other = static_cast<std::size_t>(random_.integer(0, last));
      if (other != document) break;
    }
    std::size_t const all = text_.sentences(other);
    for (auto i = static_cast<std::size_t>(random_.integer(0, static_cast<std::int64_t>(all) - 1)); i < all; ++i) {
      text_.append(other, i, to);
      if (static_cast<int>(to.size()) >= wanted) break;
    }
  }

  void truncate(tokens& first, tokens& second) {
    auto const most = static_cast<std::size_t>(how_.length - 3);
    while (first.size() + second.size() > most) {
      tokens& longer = first.size() > second.size() ? first : second;
      if (random_.uniform() < 0.5)
        longer.erase(longer.begin());
      else
        longer.pop_back();
    }
  }

  masked_pair masked(tokens const& first, tokens const& second, bool is_random) {
    masked_pair out;
    out.is_random = is_random;
    out.first = static_cast<int>(first.size()) + 2;
    out.ids.push_back(how_.cls);
    out.ids.insert(out.ids.end(), first.begin(), first.end());
    out.ids.push_back(how_.sep);
    out.ids.insert(out.ids.end(), second.begin(), second.end());
    out.ids.push_back(how_.sep);
    put_masks(out);
    return out;
  }

  masked_pair masked(tokens const& text) {
    masked_pair out;
    out.first = static_cast<int>(text.size()) + 2;
    out.ids.push_back(how_.cls);
    out.ids.insert(out.ids.end(), text.begin(), text.end());
    out.ids.push_back(how_.sep);
    put_masks(out);
    return out;
  }

  void put_masks(masked_pair& pair) {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < pair.ids.size(); ++i)
      if (pair.ids[i] != how_.cls && pair.ids[i] != how_.sep) places.push_back(i);
    random_.shuffle(std::span(places));
    double const share = std::nearbyint(static_cast<double>(pair.ids.size()) * how_.mask_share);  // halves to even
    auto const count = static_cast<std::size_t>(std::min(how_.most_masks, std::max(1, static_cast<int>(share))));
    places.resize(std::min(places.size(), count));
    pair.targets.assign(pair.ids.size(), -1);
    for (std::size_t const i : places) {
      pair.targets[i] = pair.ids[i];
      pair.ids[i] = instead_of(pair.ids[i]);
    }
  }

  std::int32_t instead_of(std::int32_t id) {
    if (random_.uniform() < 0.8) return how_.mask;
    if (random_.uniform() < 0.5) return id;
    return static_cast<std::int32_t>(random_.integer(0, how_.vocab - 1));
  }

  sentence_list const& text_;
  masking const& how_;
  python_random& random_;
  std::function<void(masked_pair const&)> const& found_;
};

// The same documents in another order.
class reordered final : public sentence_list {
 public:
  reordered(sentence_list const& text, std::vector<std::uint32_t> order) : text_(text), order_(std::move(order)) {}
  [[nodiscard]] std::size_t documents() const override { return order_.size(); }
  [[nodiscard]] std::size_t sentences(std::size_t d) const override { return text_.sentences(order_[d]); }
  void append(std::size_t d, std::size_t s, tokens& to) const override { text_.append(order_[d], s, to); }
  [[nodiscard]] std::size_t length(std::size_t d, std::size_t s) const override { return text_.length(order_[d], s); }

 private:
  sentence_list const& text_;
  std::vector<std::uint32_t> order_;
};

}  // namespace

void make_masked_pairs(sentence_list const& text, masking const& how, python_random& random,
                       std::function<void(masked_pair const&)> const& found) {
  std::vector<std::uint32_t> order(text.documents(), 0);
  std::iota(order.begin(), order.end(), 0U);
  random.shuffle(std::span(order));
  reordered const shuffled(text, std::move(order));
  pair_maker maker(shuffled, how, random, found);
  for (int i = 0; i < how.duplicates; ++i)
    for (std::size_t d = 0; d < shuffled.documents(); ++d) maker.go_through(d);
}

}  // namespace constformer::data
