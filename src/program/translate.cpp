#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commands.hpp"
#include "constformer/generate/generation.hpp"
#include "constformer/generate/sampler.hpp"
#include "errors.hpp"
#include "input.hpp"
#include "sampling.hpp"
#include "source.hpp"

namespace constformer::program {

namespace {

// Greedy unless a temperature is given: a translation is the likeliest text, not a likely one.
sampling_options sampling_of(sampling_choice choice) {
  if (!choice.temperature) choice.temperature = 0.0F;
  return resolve_sampling(choice);
}

int decoder_start(program_context const& context) {
  auto const start = context.metadata.decoder_start;
  if (start && *start >= 0 && *start < context.model().vocab) return *start;
  throw error(std::string(context.unit.name) + ": its files name no token that starts a target");
}

std::unique_ptr<sampler> make_chooser(program_context const& context, sampling_options const& sampling, int capacity) {
  auto choose = make_sampler(sampling, context.model().vocab, capacity);
  auto const& banned = context.metadata.banned_ids;
  return banned.empty() ? std::move(choose) : make_banning_sampler(std::move(choose), banned, context.model().vocab);
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

}  // namespace

void run_command(program_context const& context, translate_options const& options, output& out) {
  context.need_translator("translate");
  if (options.predict < -1)
    throw usage_error("--predict " + std::to_string(options.predict) + " is below -1, which stands for no limit");
  auto const sampling = sampling_of(options.sampling);
  auto const source = read_source(context, options.source);
  if (!options.print_ids) static_cast<void>(context.need_tokenizer("printing text (without --print-ids)"));
  int const start = decoder_start(context);
  auto const model = context.start(options.session);
  auto const choose = make_chooser(context, sampling, model->capacity());
  model->start_source(source);

  std::vector<int> target;
  target.reserve(static_cast<std::size_t>(model->capacity()) + 1);
  generation_limits const limits{.max_tokens = options.predict, .stop_ids = context.metadata.stop_ids};
  auto const result = generate(*model, *choose, std::span(&start, 1), limits, [&](int id) {
    target.push_back(id);
    return true;
  });
  if (options.print_ids) {
    if (result.end == generation_end::stop_id) target.push_back(result.stop_id);
    print_ids(target, out);
  } else {
    out.put(context.text->decode(target));
    out.put("\n");
  }
  out.flush();
  report(result, source.size(), model->capacity());
}

}  // namespace constformer::program
