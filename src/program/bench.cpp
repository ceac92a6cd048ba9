#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "beams.hpp"
#include "checkpoint_defaults.hpp"
#include "commands.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/generate/beam_search.hpp"
#include "constformer/generate/generation.hpp"
#include "constformer/core/random.hpp"
#include "constformer/generate/sampler.hpp"
#include "errors.hpp"
#include "input.hpp"
#include "source.hpp"

namespace constformer::program {

namespace {

using clock = std::chrono::steady_clock;

struct plan {
  int prompt;   // 0: not measured
  int predict;  // 0: not measured
  int repetitions;
  std::vector<int> threads;
};

/// Tokens per second of one test over all repetitions.
struct measurement {
  std::string test;
  int tokens;
  int threads;
  double median;
  double least;
  double most;
};

// A number given must fit; a default is cut to what fits.
int tokens_that_fit(std::optional<int> given, int otherwise, int capacity, char const* option) {
  if (!given) return std::min(otherwise, capacity);
  if (*given < 0) throw usage_error(std::string(option) + " " + std::to_string(*given) + " is negative");
  if (*given > capacity)
    throw error(std::string(option) + " " + std::to_string(*given) + " is above the compiled capacity of " +
                std::to_string(capacity) + " tokens");
  return *given;
}

plan make_plan(program_context const& context, bench_options const& o) {
  int const capacity = context.model().capacity;
  bool const generates = context.model().head == head_kind::language_model;
  plan p{.prompt = tokens_that_fit(o.prompt, 128, capacity, "--prompt"),
         .predict = !generates ? 0 : tokens_that_fit(o.predict, 64, capacity, "--predict"),
         .repetitions = o.repetitions,
         .threads = o.threads.empty() ? std::vector{context.default_threads()} : read_ids(o.threads, "--threads")};
  if (p.repetitions < 1) throw usage_error("--repetitions " + std::to_string(p.repetitions) + " is below 1");
  if (!generates && o.predict.value_or(0) > 0)
    throw usage_error(std::string("--predict: ") + (context.is_encoder() ? "an encoder" : "a decoder without a head") +
                      " does not generate");
  if (std::ranges::any_of(p.threads, [](int t) { return t < 1; }))
    throw usage_error("--threads " + o.threads + ": at least 1 is needed");
  return p;
}

std::vector<int> some_ids(int count, int vocab) {
  xorshift64_star random(mix_seed(1));
  std::vector<int> ids(static_cast<std::size_t>(count));
  std::ranges::generate(ids, [&] { return static_cast<int>(random.next_u32() % static_cast<std::uint32_t>(vocab)); });
  return ids;
}

// What a text of a model with a prefix mask cannot be without: the blank, and the token that ends the prefix.
std::vector<int> opening_of(config const& c) {
  return c.mask == mask_kind::prefix ? std::vector{c.prefix.blank, c.prefix.end} : std::vector<int>{};
}

template <class Run>
measurement measure(std::string test, int tokens, int threads, int repetitions, Run run) {
  run();  // caches, pages and clocks warm up
  std::vector<double> rates;
  for (int i = 0; i < repetitions; ++i) {
    auto const start = clock::now();
    run();
    rates.push_back(tokens / std::chrono::duration<double>(clock::now() - start).count());
  }
  std::ranges::sort(rates);
  std::size_t const middle = rates.size() / 2;
  double const median = rates.size() % 2 == 1 ? rates[middle] : (rates[middle - 1] + rates[middle]) / 2;
  return {std::move(test), tokens, threads, median, rates.front(), rates.back()};
}

void bench_with(program_context const& context, plan const& p, int threads, std::vector<measurement>& results) {
  auto const model = context.start({.threads = threads, .context = 0});
  auto ids = some_ids(std::max(p.prompt, p.predict), context.model().vocab);
  auto const opening = opening_of(context.model());
  if (!opening.empty() && p.prompt >= 2) std::ranges::copy(opening, ids.begin() + p.prompt - 2);
  auto const prompt = std::span(ids).first(static_cast<std::size_t>(p.prompt));
  auto const predict = std::span(ids).first(static_cast<std::size_t>(p.predict));
  auto const add = [&](char const* test, int tokens, auto run) {
    if (tokens > 0) results.push_back(measure(test, tokens, threads, p.repetitions, run));
  };
  if (context.is_encoder()) return add("encode", p.prompt, [&] { model->encode(prompt, {}); });
  if (context.model().head == head_kind::none)
    return add("encode", p.prompt, [&] {
      model->rewind(0);
      model->hidden_states(prompt, [](int, std::span<float const>) {});
    });
  if (has_encoder(context.model())) {
    auto const source = some_ids(std::max(p.prompt, 1), source_vocab(context.model()));
    model->start_source(source);
    add("source", p.prompt, [&] { model->start_source(source); });
  }
  add("prefill", p.prompt, [&] {
    model->rewind(0);
    model->append(prompt);
  });
  add("decode", p.predict, [&] {
    model->rewind(0);
    if (!opening.empty()) model->append(opening);
    for (int const& id : predict) model->append(std::span(&id, 1));
  });
}

// Whole translations of one source, as `translate` makes them: encoder, every step, every choice.
void bench_translation(program_context const& context, bench_options const& o, int repetitions, int threads,
                       std::vector<measurement>& results) {
  auto const source = read_source(context, {.texts = {}, .file = {}, .ids = o.source_ids});
  int const start = target_start(context);
  auto const stops = std::span<int const>(context.metadata.stop_ids);
  auto const add = [&](std::string test, auto run) {
    results.push_back(measure(std::move(test), run(), threads, repetitions, run));
  };
  if (o.beams.given()) {
    auto const options = resolve_beams(o.beams, context.metadata.generation);
    auto const rules = beam_rules(context, {}, stops, o.predict.value_or(-1));
    auto const model = context.start({.threads = threads, .context = 0}, options.beams);
    beam_search search(options, stops, context.model().vocab, model->capacity());
    return add("translate, beam " + std::to_string(options.beams), [&] {
      model->start_source(source);
      auto const found = search.run(*model, {.prompt = std::span(&start, 1),
                                             .prefix = {},
                                             .max_tokens = o.predict.value_or(-1),
                                             .min_tokens = least_tokens(options),
                                             .rules = rules.empty() ? nullptr : &rules,
                                             .source = source});
      return found.empty() ? 0 : static_cast<int>(found.front().ids.size());
    });
  }
  auto const model = context.start({.threads = threads, .context = 0});
  int const vocab = context.model().vocab;
  auto const choose =
      make_ruled_sampler(make_sampler({.temperature = 0}, vocab, model->capacity()),
                         rules_of(context, stops, o.predict.value_or(-1)), source, vocab, model->capacity());
  add("translate, greedy", [&] {
    model->start_source(source);
    return generate(*model, *choose, std::span(&start, 1), {.max_tokens = o.predict.value_or(-1), .stop_ids = stops},
                    [](int) { return true; })
               .tokens +
           1;
  });
}

void print_table(program_context const& context, std::vector<measurement> const& results, output& out) {
  char line[200];
  out.put(
      "| model | parameters | weights | threads | test | tokens/s | least | most "
      "|\n|---|---:|---|---:|---|---:|---:|---:|\n");
  for (auto const& m : results) {
    out.put("| ");
    out.put(context.unit.name);
    std::snprintf(line, sizeof line, " | %lld | %s | %d | %s %d | %.1f | %.1f | %.1f |\n",
                  static_cast<long long>(context.unit.parameters),
                  std::string(name_of(context.model().weights)).c_str(), m.threads, m.test.c_str(), m.tokens, m.median,
                  m.least, m.most);
    out.put(line);
  }
}

void print_json(program_context const& context, plan const& p, std::vector<measurement> const& results, output& out) {
  auto list = nlohmann::ordered_json::array();
  for (auto const& m : results)
    list.push_back({{"model", context.unit.name},
                    {"parameters", context.unit.parameters},
                    {"weights", name_of(context.model().weights)},
                    {"target", context.unit.target},
                    {"threads", m.threads},
                    {"test", m.test},
                    {"tokens", m.tokens},
                    {"repetitions", p.repetitions},
                    {"tokens_per_second", m.median},
                    {"least", m.least},
                    {"most", m.most}});
  out.put(list.dump(2));
  out.put("\n");
}

}  // namespace

void run_command(program_context const& context, bench_options const& options, output& out) {
  if (options.format != "md" && options.format != "json")
    throw usage_error("--output: '" + options.format.substr(0, 40) + "' is neither md nor json");
  if (options.source_ids) context.need_translator("bench --source-ids");
  if (options.beams.given() && !options.source_ids) throw usage_error("bench searches beams with --source-ids only");
  plan const p = make_plan(context, options);
  std::vector<measurement> results;
  for (int const threads : p.threads) {
    if (options.source_ids)
      bench_translation(context, options, p.repetitions, threads, results);
    else
      bench_with(context, p, threads, results);
  }
  if (options.format == "json")
    print_json(context, p, results, out);
  else
    print_table(context, results, out);
  out.flush();
}

}  // namespace constformer::program
