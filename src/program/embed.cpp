#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <vector>

#include "commands.hpp"
#include "errors.hpp"
#include "input.hpp"
#include "npy.hpp"

namespace constformer::program {

namespace {

pooling pooling_from(std::string const& name) {
  constexpr std::array names{std::pair{"mean", pooling::mean}, std::pair{"cls", pooling::cls},
                             std::pair{"pooler", pooling::pooler}, std::pair{"none", pooling::none}};
  for (auto const& [text, value] : names)
    if (name == text) return value;
  throw usage_error("--pool: '" + name.substr(0, 40) + "' is none of mean, cls, pooler and none");
}

// The tokenizer's files may ask for less than the model can take (sentence-transformers' max_seq_length). As there, the end of
// the text is cut off and the token that ends a text stays.
void truncate(encoded_pair& input, tokenizer const& text, int longest) {
  std::size_t const size = input.ids.size();
  auto const most = static_cast<std::size_t>(longest);
  if (longest <= 0 || size <= most) return;
  if (text.is_special(input.ids.back())) input.ids[most - 1] = input.ids.back();
  input.ids.resize(most);
  input.segments.resize(std::min(input.segments.size(), most));
  note("the text has %zu tokens; the first %zu are used, as the model's files ask", size, most);
}

encoded_pair read_input_ids(program_context const& context, embed_options const& options) {
  encoded_pair input;
  if (options.input.texts.size() == 2) {
    auto const& text = context.need_tokenizer("--prompt");
    for (auto const& part : options.input.texts) check_text(part, "--prompt");
    input = text.encode_pair(options.input.texts[0], options.input.texts[1]);
  } else {
    input.ids = read_prompt(context, options.input);
  }
  if (options.segments) input.segments = read_ids(*options.segments, "--segments");
  if (!options.input.ids) truncate(input, *context.text, context.metadata.max_sequence);
  return input;
}

void check(encoded_pair const& input, program_context const& context, int capacity) {
  check_ids(input.ids, context.model().vocab, "--ids");
  if (input.ids.size() > static_cast<std::size_t>(capacity))
    throw error("the text has " + std::to_string(input.ids.size()) + " tokens, the model takes at most " +
                std::to_string(capacity));
  if (input.segments.empty()) return;
  if (input.segments.size() != input.ids.size())
    throw error("--segments: " + std::to_string(input.segments.size()) + " segments were given for " +
                std::to_string(input.ids.size()) + " tokens");
  int const segments = context.model().segments;
  for (int const s : input.segments)
    if (s < 0 || s >= std::max(segments, 1))
      throw error("--segments: segment " + std::to_string(s) + " is not below the " + std::to_string(segments) +
                  " of the model");
}

// (tokens, d_model) to (d_model), summed in double.
std::vector<float> mean_of_rows(std::span<float const> hidden, std::size_t width) {
  std::vector<double> sums(width);
  for (std::size_t i = 0; i < hidden.size(); ++i) sums[i % width] += static_cast<double>(hidden[i]);
  auto const rows = static_cast<double>(hidden.size() / width);
  std::vector<float> mean(width);
  std::ranges::transform(sums, mean.begin(), [rows](double s) { return static_cast<float>(s / rows); });
  return mean;
}

// Rows of (…, width).
std::vector<float> pooled(session& model, encoded_pair const& input, pooling pool, std::size_t width) {
  auto const hidden = model.encode(input.ids, input.segments);
  auto const copy = [](std::span<float const> values) { return std::vector<float>(values.begin(), values.end()); };
  switch (pool) {
    case pooling::mean: return mean_of_rows(hidden, width);
    case pooling::cls: return copy(hidden.first(width));
    case pooling::pooler: return copy(model.pool());
    case pooling::none: break;
  }
  return copy(hidden);
}

void normalize_rows(std::span<float> rows, std::size_t width) {
  for (; !rows.empty(); rows = rows.subspan(width)) {
    auto const row = rows.first(width);
    double squares = 0;
    for (float const v : row) squares += static_cast<double>(v) * static_cast<double>(v);
    double const length = std::max(std::sqrt(squares), 1e-12);  // torch.nn.functional.normalize
    for (float& v : row) v = static_cast<float>(static_cast<double>(v) / length);
  }
}

void write_npy(std::string const& path, std::span<float const> rows, std::size_t width, bool one) {
  std::vector<std::int64_t> shape{static_cast<std::int64_t>(width)};
  if (!one) shape.insert(shape.begin(), static_cast<std::int64_t>(rows.size() / width));
  npy_writer file(path, shape);
  file.write(rows);
  file.commit();
}

void print(std::span<float const> rows, std::size_t width, output& out) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out.put(rows[i]);
    out.put((i + 1) % width == 0 ? "\n" : " ");
  }
  out.flush();
}

}  // namespace

void run_command(program_context const& context, embed_options const& options, output& out) {
  context.need_encoder("embed");
  check_one_input(options.input, true);
  if (!options.input.given()) throw usage_error("embed needs one of --prompt, --file and --ids");
  if (options.segments && !options.input.ids)
    throw usage_error("--segments needs --ids; two --prompt have their own segments");
  auto const pool = pooling_from(options.pool);
  if (pool == pooling::pooler && !context.model().pooler)
    throw error("--pool pooler: " + std::string(context.unit.name) + " has no pooler; mean, cls and none work");
  auto const input = read_input_ids(context, options);
  auto const model = context.start(options.session);
  check(input, context, model->capacity());

  auto const width = static_cast<std::size_t>(context.model().d_model);
  auto rows = pooled(*model, input, pool, width);
  if (options.normalize) normalize_rows(rows, width);
  if (options.output.empty())
    print(rows, width, out);
  else
    write_npy(options.output, rows, width, pool != pooling::none);
}

}  // namespace constformer::program
