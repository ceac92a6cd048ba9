#include <cstdint>
#include <vector>

#include "commands.hpp"
#include "encoder_input.hpp"
#include "errors.hpp"
#include "npy.hpp"
#include "pooling.hpp"

namespace constformer::program {

namespace {

pooling wanted_pooling(program_context const& context, embed_options const& options) {
  auto const given = pooling_from(options.pool);
  if (!given && !options.pool.empty())
    throw usage_error("--pool: '" + options.pool.substr(0, 40) +
                      "' is none of mean, cls, last, max, mean_sqrt_len, weighted_mean, pooler and none");
  auto const how = given.value_or(pooling_from(context.metadata.pooling).value_or(pooling::mean));
  if (how == pooling::pooler && !context.model().pooler)
    throw error("--pool pooler: " + std::string(context.unit.name) + " has no pooler; mean, cls and none work");
  return how;
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
  auto const how = wanted_pooling(context, options);
  auto const model = context.start(options.session);
  auto const input = read_encoder_input(context, options.input, options.segments, model->capacity(), "embed");

  auto const width = static_cast<std::size_t>(context.model().d_model);
  auto rows = pooled(*model, model->encode(input.ids, input.segments), how, width);
  bool const vectors = how != pooling::none;  // modules that normalise follow one that pools
  if (options.normalize.value_or(vectors && context.metadata.normalize)) normalize_rows(rows, width);
  if (options.output.empty()) return print(rows, width, out);
  std::vector<std::int64_t> shape{static_cast<std::int64_t>(width)};
  if (!vectors) shape.insert(shape.begin(), static_cast<std::int64_t>(rows.size() / width));
  write_npy(options.output, rows, shape);
}

}  // namespace constformer::program
