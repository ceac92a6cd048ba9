#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "commands.hpp"
#include "encoder_input.hpp"
#include "errors.hpp"
#include "likely_tokens.hpp"
#include "npy.hpp"

namespace constformer::program {

std::vector<likely_token> likeliest_tokens(std::span<float const> logits, int top) {
  double const most = static_cast<double>(*std::ranges::max_element(logits));
  double sum = 0;
  for (float const logit : logits) sum += std::exp(static_cast<double>(logit) - most);
  std::vector<int> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  auto const value = [&](int id) { return logits[static_cast<std::size_t>(id)]; };
  auto const likelier = [&](int a, int b) { return value(a) > value(b) || (value(a) == value(b) && a < b); };
  std::ranges::partial_sort(ids, ids.begin() + top, likelier);
  std::vector<likely_token> out;
  for (int const id : std::span(ids).first(static_cast<std::size_t>(top)))
    out.push_back({id, static_cast<float>(std::exp(static_cast<double>(value(id)) - most) / sum)});
  return out;
}

namespace {

// The likeliest tokens for one place: place, probability, id and text.
void print_row(program_context const& context, int row, std::span<float const> logits, int top, output& out) {
  for (auto const& [id, probability] : likeliest_tokens(logits, top)) {
    out.put(static_cast<long long>(row));
    out.put(" ");
    out.put(probability);
    out.put(" ");
    out.put(static_cast<long long>(id));
    if (context.text) out.put(" " + context.text->decode(std::array{id}));
    out.put("\n");
  }
}

}  // namespace

void run_command(program_context const& context, fill_options const& options, output& out) {
  if (context.model().head != head_kind::masked_language_model)
    throw error(std::string(context.unit.name) + " has no head for masked tokens");
  if (options.top < 1) throw usage_error("--top " + std::to_string(options.top) + " is not positive");
  auto const model = context.start(options.session);
  auto const input = read_encoder_input(context, options.input, options.segments, model->capacity(), "fill");
  auto const mask = context.text ? context.text->special().mask : std::optional<int>();
  auto const masked = [&](std::size_t row) { return mask && input.ids[row] == *mask; };
  bool const all = !options.output.empty();
  std::optional<npy_writer> file;
  if (all) {
    std::array<std::int64_t, 2> const shape{static_cast<std::int64_t>(input.ids.size()), context.model().vocab};
    file.emplace(options.output, shape);
  } else if (!mask) {
    throw error("fill needs a tokenizer with a mask token, or --output for the logits of every token");
  } else if (std::ranges::count(input.ids, *mask) == 0) {
    throw error("the text has no mask token");
  }
  model->encode(input.ids, input.segments);
  int const top = std::min(options.top, context.model().vocab);
  model->fill([&](int row, std::span<float const> logits) {
    if (all)
      file->write(logits);
    else if (masked(static_cast<std::size_t>(row)))
      print_row(context, row, logits, top, out);
  });
  if (all) file->commit();
  out.flush();
}

}  // namespace constformer::program
