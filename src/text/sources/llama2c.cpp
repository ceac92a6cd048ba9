#include <algorithm>
#include <cstring>
#include <numeric>
#include <string>

#include "constformer/core/error.hpp"
#include "constformer/text/load.hpp"

namespace constformer {
namespace {

class byte_reader {
 public:
  byte_reader(std::string_view bytes, std::string_view name) : bytes_(bytes), name_(name) {}

  [[nodiscard]] bool at_end() const { return at_ == bytes_.size(); }

  template <class T>
  T read() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  std::string_view take(std::size_t size) {
    if (size > bytes_.size() - at_) {
      throw error(std::string(name_) + ": ends at byte " + std::to_string(bytes_.size()) + ", a token needs " +
                  std::to_string(size) + " bytes from byte " + std::to_string(at_) + " on");
    }
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }

 private:
  std::string_view bytes_, name_;
  std::size_t at_ = 0;
};

/// run.c sorts the vocabulary and looks texts up by bisection, so that of equal texts the one it happens to meet
/// counts. The others are marked unmatchable. The sort is glibc's stable one.
void mark_duplicates(std::vector<vocabulary_entry>& vocabulary) {
  std::vector<std::size_t> order(vocabulary.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  auto const text = [&](std::size_t place) -> std::string const& { return vocabulary[order[place]].text; };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    int const compared = vocabulary[a].text.compare(vocabulary[b].text);
    return compared != 0 ? compared < 0 : a < b;
  });
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    for (end = begin + 1; end < order.size() && text(end) == text(begin);) ++end;
    if (end == begin + 1) continue;
    std::size_t low = 0, high = order.size(), met = begin;
    while (low < high) {
      met = (low + high) / 2;
      int const compared = text(begin).compare(text(met));
      if (compared == 0) break;
      (compared < 0 ? high : low) = compared < 0 ? met : met + 1;
    }
    for (std::size_t place = begin; place < end; ++place) vocabulary[order[place]].matchable = place == met;
  }
}

}  // namespace

tokenizer_data read_llama2c_tokenizer(std::string_view bytes, std::string_view name) {
  constexpr std::int32_t longest_token = 1 << 16;
  tokenizer_data data;
  byte_reader in(bytes, name);
  static_cast<void>(in.read<std::uint32_t>());  // longest token, which run.c sizes a buffer by
  while (!in.at_end()) {
    vocabulary_entry e;
    e.score = double{in.read<float>()};
    auto const length = in.read<std::int32_t>();
    if (length < 0 || length > longest_token) {
      throw error(std::string(name) + ": token " + std::to_string(data.vocabulary.size()) + " says it has " +
                  std::to_string(length) + " bytes, the limit is " + std::to_string(longest_token));
    }
    e.text = in.take(static_cast<std::size_t>(length));
    data.vocabulary.push_back(std::move(e));
  }
  constexpr int unknown = 0, bos = 1, eos = 2, first_byte = 3;
  auto const count = static_cast<int>(data.vocabulary.size());
  if (count <= eos)
    throw error(std::string(name) + ": has " + std::to_string(count) + " tokens, at least 3 are needed");
  mark_duplicates(data.vocabulary);
  data.special = {bos, eos, std::nullopt, unknown, std::nullopt, std::nullopt, std::nullopt};
  for (int byte = 0; byte < 256; ++byte) {
    data.byte_ids[static_cast<std::size_t>(byte)] = byte + first_byte < count ? byte + first_byte : -1;
  }
  data.model = model_kind::llama2c;
  data.decoder = decode_kind::llama2c;
  data.byte_fallback = true;
  data.rewrites.push_back({rewrite_kind::prepend, " ", ""});
  data.single.insert(data.single.begin(), {template_item::source::token, bos, 0});
  data.pair.insert(data.pair.begin(), {template_item::source::token, bos, 0});
  return data;
}

}  // namespace constformer
