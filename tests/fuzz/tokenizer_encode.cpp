// Any bytes through small vocabularies of every kind: what comes out decodes, and streams as it decodes.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/core/error.hpp"
#include "constformer/text/load.hpp"
#include "constformer/text/tokenizer.hpp"
#include "text/utf8.hpp"

namespace {

using namespace constformer;

/// A few pieces over every byte, for one kind of model.
tokenizer_data base(model_kind kind) {
  tokenizer_data data;
  data.byte_ids.fill(-1);
  data.model = kind;
  data.special.unk = 0;
  char const* const pieces[] = {
      "<unk>", "\xE2\x96\x81", "\xE2\x96\x81th", "t",        "h", "e",  "th", "the", "he", " ", " t",
      " th",   "##e",          "##he",           "\xC3\xA9", "a", "##a"};
  double score = 0;
  for (char const* const text : pieces) data.vocabulary.push_back({text, score -= 1, piece_kind::normal, true});
  data.vocabulary[0].kind = piece_kind::unknown;
  return data;
}

tokenizer_data byte_level() {
  tokenizer_data data = read_bpe_files(R"({"a": 0, "b": 1, "ab": 2, "\u0120": 3, "\u0120a": 4, "<|endoftext|>": 5})",
                                       "a b\n\xC4\xA0 a\n", "fuzz");
  data.special.unk = 1;
  data.rewrites.push_back({rewrite_kind::compose, "", ""});
  return data;
}

tokenizer_data sentencepiece(model_kind kind) {
  tokenizer_data data = base(kind);
  data.rewrites.push_back({rewrite_kind::sentencepiece, "", ""});
  data.decoder = decode_kind::sentencepiece;
  data.vocabulary.push_back({"[x]", 0, piece_kind::user_defined, true});
  data.vocabulary.push_back({"hee", -3, piece_kind::unused, true});
  return data;
}

tokenizer_data llama2c() {
  tokenizer_data data = base(model_kind::llama2c);
  data.decoder = decode_kind::llama2c;
  data.rewrites.push_back({rewrite_kind::prepend, " ", ""});
  data.byte_ids.fill(3);
  return data;
}

struct opened {
  explicit opened(tokenizer_data const& data) : blob(pack(data)), tokens(open_tokenizer(blob)) {}
  std::vector<std::byte> blob;
  std::unique_ptr<tokenizer> tokens;
};

void check(tokenizer const& tokens, std::string_view text) {
  auto const ids = tokens.encode(text);
  for (int const id : ids) {
    if (id < 0 || id >= tokens.vocab_size()) std::abort();
  }
  std::string const whole = tokens.decode(ids);
  if (text::find_invalid_utf8(whole) != whole.size()) std::abort();
  auto const stream = tokens.stream();
  std::string streamed;
  for (int const id : ids) streamed += stream->push(id);
  streamed += stream->flush();
  if (streamed != whole) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  static std::array<opened, 5> const all{
      opened(byte_level()), opened(sentencepiece(model_kind::scored_merges)),
      opened(sentencepiece(model_kind::unigram)), opened(llama2c()),
      opened(read_wordpiece_vocab("[PAD]\n[UNK]\n[CLS]\n[SEP]\nt\n##h\n##e\nthe\n\xC3\xA9\ne\n", "fuzz", true))};
  std::string_view const text(reinterpret_cast<char const*>(data), size);
  for (opened const& each : all) check(*each.tokens, text);
  return 0;
}
