#include "constformer/data/training_data.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "constformer/core/error.hpp"
#include "data/best_fit.hpp"
#include "data/documents.hpp"
#include "data/file_list.hpp"
#include "data/lines.hpp"
#include "data/masked.hpp"
#include "data/pair_text.hpp"
#include "data/pairs.hpp"
#include "data/sources.hpp"
#include "data/text_tokens.hpp"

namespace constformer {

namespace {

using data::file_list;
using data::token_range;

// Throws unless low ≤ value ≤ high.
template <class Number>
void judge(char const* name, Number value, Number low, Number high) {
  if (value >= low && value <= high) return;
  throw error("options of data: " + std::string(name) + " is " + std::to_string(value) + ", from " +
              std::to_string(low) + " to " + std::to_string(high) + " is possible");
}

void judge(data_options const& o) {
  constexpr int most = 1 << 24;
  judge("sequences", o.sequences, 1, most);
  judge("length", o.length, 1, most);
  judge<std::int64_t>("sequences · length", std::int64_t{o.sequences} * o.length, 1, std::int64_t{1} << 30);
  judge("source_length", o.source_length, 0, most);
  judge("duplicates", o.duplicates, 1, most);
  judge("masks_per_sequence", o.masks_per_sequence, 1, most);
  judge("mask_probability", o.mask_probability, 0.0, 1.0);
  judge("short_probability", o.short_probability, 0.0, 1.0);
  judge<std::int64_t>("seed", o.seed, -1, 0xFFFFFFFFLL);
  if (!(o.validation_share >= 0.0 && o.validation_share < 1.0))
    throw error("options of data: the share to validate by is " + std::to_string(o.validation_share) +
                ", 0 to less than 1 is possible");
}

std::vector<token_range> open_tokens(std::vector<std::filesystem::path> const& files) {
  std::vector<token_range> out;
  for (auto const& path : files) out.emplace_back(std::make_shared<token_file const>(path));
  return out;
}

// The last share of what there is, cut at a token.
std::vector<token_range> cut_off(std::vector<token_range>& ranges, double share) {
  std::int64_t all = 0;
  for (token_range const& range : ranges) all += range.size;
  auto left = static_cast<std::int64_t>(static_cast<double>(all) * (1.0 - share));
  std::vector<token_range> out;
  for (token_range& range : ranges) {
    std::int64_t const kept = std::clamp(left, std::int64_t{0}, range.size);
    left -= range.size;
    if (kept == range.size) continue;
    token_range rest = range;
    rest.first += kept;
    rest.size -= kept;
    out.push_back(rest);
    range.size = kept;
  }
  std::erase_if(ranges, [](token_range const& r) { return r.size == 0; });
  return out;
}

training_data open_token_files(file_list const& files, data_options const& options, torch_generator* random) {
  std::vector<token_range> train = open_tokens(files.train), validation = open_tokens(files.validation);
  if (validation.empty() && options.order == block_order::llama2c && train.size() > 1) {
    validation.assign(train.begin(), train.begin() + 1);
    train.erase(train.begin());
  } else if (validation.empty() && options.validation_share > 0.0) {
    validation = cut_off(train, options.validation_share);
  }
  training_data out;
  out.train = data::open_blocks(std::move(train), options, random);
  if (!validation.empty()) out.validation = data::open_blocks(std::move(validation), options, random);
  return out;
}

training_data open_text(file_list const& files, data_options const& options, tokenizer const& text,
                        torch_generator* random) {
  data::text_tokens const tokens(text, options.cache);
  training_data out;
  auto const open = [&](token_range range) { return data::open_blocks({std::move(range)}, options, random); };
  if (files.validation.empty() && options.validation_share > 0.0) {
    auto parts = tokens.parts_of(files.train, options.validation_share);
    out.train = open(std::move(parts.train));
    out.validation = open(std::move(parts.validation));
    return out;
  }
  out.train = open(tokens.tokens_of(files.train));
  if (!files.validation.empty()) out.validation = open(tokens.tokens_of(files.validation));
  return out;
}

data::packing packing_of(data_kind kind, data_options const& options) {
  bool const chats = kind == data_kind::conversations;
  data::packing out{.buffer = options.buffer, .refill = chats ? 1 : 128, .crop = !chats, .seed = std::nullopt};
  if (out.buffer <= 0) out.buffer = chats ? 100 : 1000;
  if (chats) out.seed = data::seed_of(options);
  return out;
}

std::unique_ptr<batch_source> pack(data::line_range lines, data_kind kind, data_options const& options,
                                   tokenizer const& text) {
  auto documents = kind == data_kind::conversations ? data::read_conversations(std::move(lines), text, options)
                                                    : data::read_texts(std::move(lines), text);
  return data::pack_best_fit(std::move(documents), {options.sequences, options.length}, packing_of(kind, options));
}

// Of lines: their last share validates, if no other file does. `open` makes batches of a range of them.
template <class Split, class Open>
training_data open_lines(file_list const& files, double share, bool keep_blank, Split const& split, Open const& open) {
  auto const lines_of = [&](std::vector<std::filesystem::path> const& paths) {
    return std::make_shared<data::mapped_lines const>(paths, keep_blank);
  };
  bool const apart = !files.validation.empty();
  data::split_lines parts = split(lines_of(files.train), apart ? 0.0 : share);
  if (apart) parts.validation = split(lines_of(files.validation), 0.0).train;
  training_data out;
  out.train = open(std::move(parts.train));
  if (parts.validation.size > 0) out.validation = open(std::move(parts.validation));
  return out;
}

data::pair_lines part_of(data::pair_lines const& pairs, std::size_t first, std::size_t size) {
  data::pair_lines out = pairs;
  out.sources.first = out.targets.first = first;
  out.sources.size = out.targets.size = size;
  return out;
}

training_data open_parallel(file_list const& files, data_options const& options, tokenizer const& text) {
  training_data out;
  auto const pairs = data::parallel_lines(files.train);
  if (files.validation.size() == 2) {
    out.train = data::open_pairs(pairs, text, options);
    out.validation = data::open_pairs(data::parallel_lines(files.validation), text, options);
    return out;
  }
  auto const parts = data::split(pairs.sources.lines, options.validation_share);
  out.train = data::open_pairs(part_of(pairs, 0, parts.train.size), text, options);
  if (parts.validation.size > 0)
    out.validation = data::open_pairs(part_of(pairs, parts.train.size, parts.validation.size), text, options);
  return out;
}

void judge_vocabulary(tokenizer const& text, int vocab, char const* of) {
  if (vocab > 0 && text.vocab_size() > vocab)
    throw error("the tokenizer has " + std::to_string(text.vocab_size()) + " tokens, the model's vocabulary" + of +
                " has " + std::to_string(vocab));
}

void judge_vocabularies(data_options const& options, data_kind kind, tokenizer const& text) {
  judge_vocabulary(text.target(), options.vocab, "");
  bool const apart = kind == data_kind::pairs && options.source_vocab > 0;
  judge_vocabulary(text, apart ? options.source_vocab : options.vocab, apart ? " of sources" : "");
}

}  // namespace

training_data open_training_data(data_options const& given, tokenizer const* text, torch_generator* random) {
  judge(given);
  data_options options = given;
  file_list const files = data::list_files(options);
  if (options.vocab == 0 && text != nullptr) options.vocab = text->vocab_size();
  if (files.kind == data_kind::tokens) return open_token_files(files, options, random);
  if (text == nullptr)
    throw error(files.train.front().string() + " holds " + std::string(data::name_of(files.kind)) +
                ", for which a tokenizer is needed");
  judge_vocabularies(given, files.kind, *text);
  auto const open_each = [&](bool keep_blank, auto const& split, auto const& open) {
    return open_lines(files, options.validation_share, keep_blank, split, open);
  };
  switch (files.kind) {
    case data_kind::documents:
    case data_kind::conversations:
      return open_each(false, data::split, [&](auto lines) { return pack(lines, files.kind, options, *text); });
    case data_kind::pairs:
      if (data::are_parallel(files.train)) return open_parallel(files, options, *text);
      return open_each(false, data::split, [&](auto lines) { return data::open_pairs({lines, {}}, *text, options); });
    case data_kind::masked:
      return open_each(true, options.next_sentence ? data::split_documents : data::split,
                       [&](auto lines) { return data::open_masked(lines, *text, options); });
    default: return open_text(files, options, *text, random);
  }
}

}  // namespace constformer
