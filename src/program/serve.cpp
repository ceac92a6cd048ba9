#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <system_error>
#include <vector>

#include "../serve/engine.hpp"
#include "../serve/log.hpp"
#include "../serve/server.hpp"
#include "chat_choice.hpp"
#include "checkpoint_defaults.hpp"
#include "commands.hpp"
#include "constformer/config/encoder.hpp"
#include "draft_choice.hpp"
#include "embedding.hpp"
#include "errors.hpp"
#include "sampling.hpp"
#include "serve_work.hpp"
#include "template_options.hpp"

namespace constformer::program {

namespace {

constexpr int most_parallel = 1024;
constexpr int most_queued = 1 << 20;
constexpr int most_seconds = 86'400;

void check_range(char const* name, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value < least || value > most)
    throw usage_error(std::string(name) + " " + std::to_string(value) + " is not between " + std::to_string(least) +
                      " and " + std::to_string(most));
}

// 512M, 2G, or bytes.
std::int64_t read_size(std::string const& word) {
  std::int64_t value = 0;
  auto const [end, failed] = std::from_chars(word.data(), word.data() + word.size(), value);
  std::string_view const unit(end, static_cast<std::size_t>(word.data() + word.size() - end));
  int const shift = unit == "K" ? 10 : unit == "M" ? 20 : unit == "G" ? 30 : unit.empty() ? 0 : -1;
  if (failed != std::errc() || shift < 0 || value <= 0 || value > std::numeric_limits<std::int64_t>::max() >> shift)
    throw usage_error("--kv-memory: '" + word.substr(0, 40) + "' is no size as 512M or 2G");
  return value << shift;
}

std::vector<std::string> read_keys(serve_options const& options) {
  auto keys = options.api_keys;
  if (options.api_key_file) {
    std::ifstream in(*options.api_key_file);
    if (!in) throw error(*options.api_key_file + ": cannot be read");
    for (std::string line; std::getline(in, line);)
      if (!line.empty()) keys.push_back(line);
    if (keys.empty()) throw error(*options.api_key_file + ": there are no keys, one on a line");
  }
  for (auto const& key : keys)
    if (key.empty()) throw usage_error("--api-key: the key is empty");
  return keys;
}

serve::metric_names read_names(std::string const& word) {
  if (word == "ours") return serve::metric_names::ours;
  if (word == "vllm") return serve::metric_names::vllm;
  if (word == "llama.cpp") return serve::metric_names::llama_cpp;
  throw usage_error("--metrics-names: '" + word.substr(0, 40) + "' is none of ours, vllm and llama.cpp");
}

serve::serve_options server_options(serve_options const& options, int parallel) {
  check_range("--port", options.port, 0, 65535);
  check_range("--timeout", options.timeout, 1, most_seconds);
  check_range("--drain", options.drain, 0, most_seconds);
  check_range("--connections", options.connections, 1, most_queued);
  if (options.log != "json" && options.log != "text")
    throw usage_error("--log: '" + options.log.substr(0, 40) + "' is neither json nor text");
  return {.host = options.host,
          .port = options.port,
          .parallel = parallel,
          .api_keys = read_keys(options),
          .timeout = options.timeout,
          .drain = options.drain,
          .connections = options.connections,
          .cors = options.cors,
          .metrics = read_names(options.metrics_names),
          .log_json = options.log == "json"};
}

// A request that says nothing gets what the checkpoint's files ask for, else the model's plain distribution: thresholds
// that nobody asked for would change what evaluations see.
sampling_options request_sampling(generation_defaults const& asked) {
  return asked_sampling({.temperature = 1.0F, .top_k = 0, .top_p = 1.0F, .min_p = 0.0F, .temperature_first = true},
                        asked);
}

// Functions are told of by the template for them, if the checkpoint has one.
std::optional<serve::tool_format> tools_of(program_context const& context, chosen_template const& usual) {
  auto const templates = chat_templates_of(context.metadata.chat);
  auto const* const its_own = choose_chat_template(templates, true);
  bool const other = its_own != nullptr && its_own->jinja != usual.jinja;
  auto const style = serve::call_style_of(other ? its_own->jinja : usual.jinja);
  if (!style) return std::nullopt;
  serve::tool_format out{.style = *style, .format = std::nullopt, .spelled = {}};
  if (other) out.format.emplace(its_own->jinja);
  for (auto const word : serve::special_words_of(*style))
    if (auto const id = context.text->find(word); id && context.text->is_special(*id)) out.spelled.push_back(*id);
  return out;
}

// A template that this program cannot read leaves everything else to be served.
std::optional<serve::chat_format> chat_of(program_context const& context) {
  if (!context.text) return std::nullopt;
  try {
    auto chosen = choose_template(context, std::nullopt);
    chat_input input{.tokens = template_tokens(context), .now = local_time()};
    auto ends = reply_ends(chosen.format, input, *context.text);
    auto tools = tools_of(context, chosen);
    bool const framed = chosen.framed || context.model().mask == mask_kind::prefix;
    return serve::chat_format{std::move(chosen.format), std::move(chosen.jinja), framed,
                              std::move(input.tokens),  std::move(ends),         std::move(tools)};
  } catch (error const& none) {
    note("no /v1/chat/completions: %s", none.what());
    return std::nullopt;
  }
}

serve::model_kind kind_of(program_context const& context) {
  if (has_encoder(context.model())) return serve::model_kind::translator;
  bool const reads_only = context.is_encoder() || context.model().head == head_kind::none;
  return reads_only ? serve::model_kind::encoder : serve::model_kind::decoder;
}

std::string fingerprint_of(program_context const& context) {
  char digits[17];
  auto const end = std::to_chars(digits, digits + sizeof digits, context.unit.fingerprint, 16).ptr;
  return "cf-" + std::string(digits, end) + "-" + std::string(context.unit.target);
}

int dimensions_of(program_context const& context) {
  int const own = context.metadata.embedding.dimensions;
  auto width = context.model().d_model;
  for (auto const& step : wanted_recipe(context, {}).steps) {
    if (step.kind == embedding_step_kind::pool) width *= static_cast<int>(step.poolings.size());
    if (step.kind == embedding_step_kind::dense) width = step.outputs;
  }
  return own > 0 ? std::min(own, width) : width;
}

serve::served_model describe(program_context const& context, int capacity, serve::model_work const& work) {
  auto const& model = context.model();
  serve::served_model out;
  out.name = context.metadata.name.empty() ? std::string(context.unit.name) : context.metadata.name;
  out.fingerprint = fingerprint_of(context);
  out.path = out.name;
  out.kind = kind_of(context);
  out.vocab = model.vocab;
  out.capacity = capacity;
  out.parameters = context.unit.parameters;
  out.text = context.text.get();
  out.stop_ids = context.metadata.stop_ids;
  out.sampling = request_sampling(context.metadata.generation);
  out.rules = [&context](std::span<int const> stop_ids, int most) { return rules_of(context, stop_ids, most); };
  out.now = local_time;
  out.work = &work;
  if (out.kind == serve::model_kind::decoder) out.chat = chat_of(context);
  bool const embeds = out.kind == serve::model_kind::decoder && context.unit.execute != nullptr;
  if (embeds || out.kind == serve::model_kind::encoder) out.dimensions = dimensions_of(context);
  out.classifies = model.labels > 0;
  out.judges_tokens = model.classifier == classifier_kind::tokens;
  out.fills = model.head == head_kind::masked_language_model;
  return out;
}

}  // namespace

void run_command(program_context const& context, serve_options const& options, output&) {
  check_range("--parallel", options.parallel, 1, most_parallel);
  check_range("--queue", options.queue, 0, most_queued);
  check_range("--queue-tokens", options.queue_tokens, 0, std::numeric_limits<std::int32_t>::max());
  check_range("--kv-blocks", options.kv_blocks, 0, std::numeric_limits<std::int32_t>::max());
  auto const draft = choose_draft(context, options.draft);
  int const beams = context.metadata.generation.num_beams.value_or(1);
  bool const translates = has_encoder(context.model());
  int const parallel = translates ? std::max(options.parallel, beams) : options.parallel;
  auto const checked = server_options(options, parallel);
  auto engine_options = context.engine(options.session);
  engine_options.sequences = kind_of(context) == serve::model_kind::encoder ? 1 : parallel;
  engine_options.blocks = options.kv_blocks;
  engine_options.cache_bytes = options.kv_memory.empty() ? 0 : read_size(options.kv_memory);
  engine_options.queue = options.queue;
  engine_options.queue_tokens = options.queue_tokens;
  draft.tell(engine_options);
  engine_options.draft.ended = [json = checked.log_json](std::string_view why) {
    serve::log_event(json, "draft_ended", "why", why);
  };
  int const capacity = options.session.context != 0 ? options.session.context : context.model().capacity;
  auto const work = make_model_work(context, capacity);
  auto const model = describe(context, capacity, *work);
  auto const engine = serve::make_engine(engine_options);
  serve::serve(model, *engine, checked);
  engine->stop();
}

}  // namespace constformer::program
