#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commands.hpp"
#include "embedding.hpp"
#include "encoder_input.hpp"
#include "errors.hpp"
#include "input_bytes.hpp"
#include "npy.hpp"
#include "pooling.hpp"

namespace constformer::program {

namespace {

std::vector<pooling_kind> read_poolings(std::string_view list) {
  std::vector<pooling_kind> out;
  for (bool more = true; more;) {
    std::string_view const name = list.substr(0, list.find(','));
    more = name.size() < list.size();
    list.remove_prefix(more ? name.size() + 1 : name.size());
    auto const kind = kind_from<pooling_kind>(name);
    if (!kind)
      throw usage_error("--pool: '" + std::string(name.substr(0, 40)) +
                        "' is none of mean, cls, last, max, mean_sqrt_len, weighted_mean, pooler and none");
    out.push_back(*kind);
  }
  if (out.size() > 1 && std::ranges::find(out, pooling_kind::none) != out.end())
    throw usage_error("--pool: none stands alone");
  return out;
}

bool pools(embedding_step const& step) { return step.kind == embedding_step_kind::pool; }

}  // namespace

embedding_recipe wanted_recipe(program_context const& context, embed_options const& options) {
  embedding_recipe out = context.metadata.embedding;
  if (out.steps.empty()) out.steps = pooled_by(context.is_encoder() ? pooling_kind::mean : pooling_kind::last).steps;
  if (auto const pool = std::ranges::find_if(out.steps, pools); !options.pool.empty() && pool != out.steps.end())
    pool->poolings = read_poolings(options.pool);
  auto const pool = std::ranges::find_if(out.steps, pools);
  auto const has = [&](pooling_kind kind) {
    return pool != out.steps.end() && std::ranges::find(pool->poolings, kind) != pool->poolings.end();
  };
  if (has(pooling_kind::pooler) && !context.model().pooler)
    throw error("--pool pooler: " + std::string(context.unit.name) + " has no pooler; mean, cls and none work");
  if (has(pooling_kind::none)) {
    out.steps.erase(pool, out.steps.end());
    out.dimensions = 0;
  }
  if (options.normalize == false)
    std::erase_if(out.steps, [](embedding_step const& s) { return s.kind == embedding_step_kind::normalize; });
  return out;
}

std::string wanted_prompt(program_context const& context, embed_options const& options) {
  if (options.prefix && options.prompt_name) throw usage_error("--prefix and --prompt-name exclude each other");
  if (options.input.ids) {
    if (options.prefix || options.prompt_name)
      throw usage_error("--prefix and --prompt-name need a text; --ids are taken as they are");
    return {};
  }
  if (options.prefix) {
    check_text(*options.prefix, "--prefix");
    return *options.prefix;
  }
  auto const& recipe = context.metadata.embedding;
  auto const& name = options.prompt_name ? options.prompt_name : recipe.default_prompt;
  if (!name) return {};
  auto const found = std::ranges::find(recipe.prompts, *name, &embedding_prompt::name);
  if (found != recipe.prompts.end()) return found->text;
  std::string known;
  for (auto const& prompt : recipe.prompts) known += (known.empty() ? "" : ", ") + prompt.name;
  throw error("--prompt-name: " + std::string(context.unit.name) + " has no prompt '" + name->substr(0, 40) + "', " +
              (known.empty() ? std::string("it has none at all") : "it has " + known));
}

namespace {

std::vector<float> hidden_states(program_context const& context, session& model, encoder_input const& input) {
  if (context.is_encoder()) {
    auto const all = model.encode(input.ids, input.segments);
    return {all.begin(), all.end()};
  }
  std::vector<float> out;
  out.reserve(input.ids.size() * static_cast<std::size_t>(context.model().d_model));
  model.rewind(0);
  model.hidden_states(input.ids,
                      [&](int, std::span<float const> row) { out.insert(out.end(), row.begin(), row.end()); });
  return out;
}

void print(std::span<float const> rows, std::size_t width, output& out) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out.put(rows[i]);
    out.put((i + 1) % width == 0 ? "\n" : " ");
  }
  out.flush();
}

}  // namespace

embedded_rows embed(program_context const& context, session& model, encoder_input const& input,
                    embedding_recipe const& recipe) {
  return embed_rows(context, model, hidden_states(context, model, input), input.prompt_tokens, recipe);
}

embedded_rows embed_rows(program_context const& context, session& model, std::span<float const> hidden,
                         std::size_t prompt_tokens, embedding_recipe const& recipe) {
  embedded_rows rows{{hidden.begin(), hidden.end()}, static_cast<std::size_t>(context.model().d_model)};
  run_steps(
      recipe.steps, context.packed.section(packed_section::modules), [&] { return model.pool(); }, prompt_tokens, rows);
  if (auto const kept = static_cast<std::size_t>(recipe.dimensions); rows.pooled && kept > 0 && kept < rows.width) {
    rows.values.resize(kept);
    rows.width = kept;
  }
  return rows;
}

void run_command(program_context const& context, embed_options const& options, output& out) {
  context.need_embedding("embed");
  auto const recipe = wanted_recipe(context, options);
  auto const prompt = wanted_prompt(context, options);
  auto const model = context.start(options.session);
  auto const input = read_encoder_input(context, options.input, options.segments, model->capacity(), "embed", prompt);

  auto rows = embed(context, *model, input, recipe);
  if (options.normalize == true) normalize_rows(rows.values, rows.width);
  if (options.output.empty()) return print(rows.values, rows.width, out);
  std::vector<std::int64_t> shape{static_cast<std::int64_t>(rows.width)};
  if (!rows.pooled) shape.insert(shape.begin(), static_cast<std::int64_t>(rows.values.size() / rows.width));
  write_npy(options.output, rows.values, shape);
}

}  // namespace constformer::program
