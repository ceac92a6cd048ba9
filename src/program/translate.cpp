#include <memory>
#include <span>
#include <string>
#include <vector>

#include "beams.hpp"
#include "checkpoint_defaults.hpp"
#include "commands.hpp"
#include "constformer/generate/beam_search.hpp"
#include "constformer/generate/generation.hpp"
#include "constformer/generate/sampler.hpp"
#include "errors.hpp"
#include "input.hpp"
#include "sampling.hpp"
#include "source.hpp"

namespace constformer::program {

namespace {

// Greedy unless a temperature is given or the checkpoint asks for sampling: a translation is the likeliest text, not a likely one.
sampling_options sampling_of(sampling_choice choice, generation_defaults const& asked) {
  if (!choice.temperature && !asked.do_sample.value_or(false)) choice.temperature = 0.0F;
  return resolve_sampling(choice, asked);
}

void print_ids(std::span<int const> ids, output& out) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i > 0) out.put(" ");
    out.put(static_cast<long long>(ids[i]));
  }
  out.put("\n");
}

void report(generation_result const& r, std::size_t source, int capacity) {
  if (r.end == generation_end::context_full) note("stopped: the context of %d tokens is full", capacity);
  double const seconds = r.prefill_seconds + r.decode_seconds;
  note("translated: %d tokens from %d, %.2f ms after the source was read", r.tokens, static_cast<int>(source),
       seconds * 1e3);
}

// The start token, and what the target shall begin with.
std::vector<int> read_beginning(program_context const& context, translate_options const& options) {
  std::vector<int> ids{target_start(context)};
  if (options.prefix.empty()) return ids;
  check_text(options.prefix, "--prefix");
  auto const prefix = context.need_target_tokenizer("--prefix").encode(options.prefix, {.add_special = false});
  check_ids(prefix, context.model().vocab, "tokenizer");
  ids.insert(ids.end(), prefix.begin(), prefix.end());
  return ids;
}

void search_beams(program_context const& context, translate_options const& options, std::span<int const> source,
                  std::span<int const> beginning, output& out) {
  auto const beams = resolve_beams(options.beams, context.metadata.generation);
  int const most = most_new_tokens(context, options.predict, beginning.size());
  auto const rules = beam_rules(context, options.sampling, context.metadata.stop_ids, most);
  auto const model = context.start(options.session, beams.beams);
  model->start_source(source);
  note("search: %s", describe(beams).c_str());
  beam_search search(beams, context.metadata.stop_ids, context.model().vocab, model->capacity());
  auto const found = search.run(*model, {.prompt = beginning.first(1),
                                         .prefix = beginning.subspan(1),
                                         .max_tokens = most,
                                         .min_tokens = least_tokens(beams),
                                         .rules = rules.empty() ? nullptr : &rules,
                                         .source = source});
  print_hypotheses(context, found, {}, options.print_ids, options.beams.scores, out);
}

void sample(program_context const& context, translate_options const& options, std::span<int const> source,
            std::span<int const> beginning, output& out) {
  auto const sampling = sampling_of(options.sampling, context.metadata.generation);
  int const most = most_new_tokens(context, options.predict, beginning.size());
  int const vocab = context.model().vocab;
  auto const model = context.start(options.session);
  auto const choose =
      make_ruled_sampler(make_sampler(sampling, vocab, model->capacity()),
                         rules_of(context, context.metadata.stop_ids, most), source, vocab, model->capacity());
  model->start_source(source);
  std::vector<int> target(beginning.begin() + 1, beginning.end());
  generation_limits const limits{.max_tokens = most, .stop_ids = context.metadata.stop_ids};
  auto const result = generate(*model, *choose, beginning, limits, [&](int id) {
    target.push_back(id);
    return true;
  });
  if (options.print_ids) {
    if (result.end == generation_end::stop_id) target.push_back(result.stop_id);
    print_ids(target, out);
  } else {
    out.put(context.text->target().decode(target));
    out.put("\n");
  }
  out.flush();
  report(result, source.size(), model->capacity());
}

}  // namespace

void run_command(program_context const& context, translate_options const& options, output& out) {
  context.need_translator("translate");
  auto const source = read_source(context, options.source);
  if (!options.print_ids) static_cast<void>(context.need_tokenizer("printing text (without --print-ids)"));
  auto const beginning = read_beginning(context, options);
  if (searches_beams(context, options.beams, options.sampling))
    search_beams(context, options, source, beginning, out);
  else
    sample(context, options, source, beginning, out);
}

}  // namespace constformer::program
