#include "constformer/data/training_data.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "constformer/core/error.hpp"
#include "data/file_list.hpp"
#include "data/sources.hpp"
#include "data/text_tokens.hpp"

namespace constformer {

namespace {

using data::file_list;
using data::token_range;

void judge(data_options const& o) {
  auto const positive = [](char const* name, int value) {
    if (value <= 0)
      throw error(std::string("options of data: ") + name + " is " + std::to_string(value) + ", at least 1 is needed");
  };
  positive("sequences", o.sequences);
  positive("length", o.length);
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
  switch (files.kind) {
    case data_kind::text: return open_text(files, options, *text, random);
    default: throw error("not yet");
  }
}

}  // namespace constformer
