#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "beams.hpp"
#include "checkpoint_defaults.hpp"
#include "commands.hpp"
#include "constformer/generate/generation.hpp"
#include "constformer/generate/sampler.hpp"
#include "../serve/guess_sources.hpp"
#include "draft_choice.hpp"
#include "errors.hpp"
#include "guessed_generation.hpp"
#include "input.hpp"
#include "printers.hpp"
#include "sampling.hpp"

namespace constformer::program {

namespace {

constexpr int most_side_by_side = 16;  // beyond, another sequence takes as long as it would alone

double rate(int tokens, double seconds) { return seconds > 0 ? tokens / seconds : 0; }

void report(generation_result const& r, int capacity) {
  if (r.end == generation_end::context_full) note("stopped: the context of %d tokens is full", capacity);
  note("prefill: %d tokens, %.1f ms, %.1f tokens/s", r.prompt_tokens, r.prefill_seconds * 1e3,
       rate(r.prompt_tokens, r.prefill_seconds));
  note("decode: %d tokens, %.1f ms, %.1f tokens/s", r.decode_steps, r.decode_seconds * 1e3,
       rate(r.decode_steps, r.decode_seconds));
}

void check_fits(std::size_t tokens, int capacity) {
  if (tokens > static_cast<std::size_t>(capacity))
    throw error("the prompt has " + std::to_string(tokens) + " tokens, the context holds " + std::to_string(capacity));
}

// What all ways of generating need of the command line.
struct generation_request {
  std::vector<std::vector<int>> prompts;  // without the prefix
  std::vector<int> prefix;
  std::vector<int> most;  // tokens after each prompt and the prefix
  std::span<int const> stop_ids;

  [[nodiscard]] generation_limits limits(std::size_t prompt) const {
    return {.max_tokens = most[prompt], .stop_ids = stop_ids};
  }

  [[nodiscard]] std::vector<int> whole(std::size_t prompt) const {
    auto ids = prompts[prompt];
    ids.insert(ids.end(), prefix.begin(), prefix.end());
    return ids;
  }
};

generation_request read_request(program_context const& context, generate_options const& options) {
  check_one_input(options.input, false);
  if (options.batch_lines && !options.input.file) throw usage_error("--batch-lines needs --file");
  check_printing(context, options);
  generation_request r;
  r.prompts = options.batch_lines ? read_prompt_lines(context, *options.input.file)
                                  : std::vector<std::vector<int>>{read_prompt(context, options.input)};
  if (!options.print_ids && !options.logprobs)
    static_cast<void>(context.need_tokenizer("printing text (without --print-ids)"));
  r.prefix = encode_more(context, options.prefix, "--prefix");
  for (std::size_t i = 0; i < r.prompts.size(); ++i)
    r.most.push_back(most_new_tokens(context, options.predict, r.prompts[i].size() + r.prefix.size()));
  if (!options.ignore_eos) r.stop_ids = context.metadata.stop_ids;
  return r;
}

void check_all_fit(generation_request const& request, int capacity) {
  for (auto const& prompt : request.prompts) check_fits(prompt.size() + request.prefix.size(), capacity);
}

std::unique_ptr<sampler> make_chooser(program_context const& context, sampling_options const& sampling,
                                      generation_request const& request, std::size_t prompt, int capacity) {
  auto const rules = rules_of(context, request.stop_ids, request.most[prompt]);
  int const vocab = context.model().vocab;
  return make_ruled_sampler(make_sampler(sampling, vocab, capacity), rules, {}, vocab, capacity);
}

// Writes the one text of a request. `write` is what generates: sampler, prompt, limits and sink make a result.
template <class Write>
generation_result write_one(program_context const& context, generate_options const& options,
                            generation_request const& request, sampling_options const& sampling, int capacity,
                            output& out, Write const& write) {
  check_all_fit(request, capacity);
  auto const choose = make_chooser(context, sampling, request, 0, capacity);
  note("sampling: %s", describe(sampling).c_str());
  auto const printer = make_printer(context, options, request.prompts.front(), out);
  for (int const id : request.prefix) printer->given(id);
  choice_sink const sink = [&](int id, std::span<float const> logits) { return printer->chosen(id, logits); };
  auto const result = write(*choose, request.whole(0), request.limits(0), sink);
  printer->finish();
  out.flush();
  report(result, capacity);
  return result;
}

void sample_one(program_context const& context, generate_options const& options, generation_request const& request,
                sampling_options const& sampling, output& out) {
  auto const model = context.start(options.session);
  write_one(context, options, request, sampling, model->capacity(), out,
            [&](auto&&... with) { return generate(*model, with...); });
}

// The same, with tokens that are guessed ahead.
void sample_guessed(program_context const& context, generate_options const& options, generation_request const& request,
                    sampling_options const& sampling, draft_choice const& draft, output& out) {
  auto how = context.engine(options.session);
  draft.tell(how);
  how.draft.ended = [](std::string_view why) {
    note("draft: it guesses nothing any more: %s", std::string(why).c_str());
  };
  int const capacity = how.capacity == 0 ? context.model().capacity : how.capacity;
  auto guesses = serve::make_guess_source(how, capacity);
  auto run = guessed_generation::options_for(capacity, how.threads);
  run.reading = how.reading;
  guessed_generation generation(context.unit.execute(how.weights, run), std::move(guesses));
  write_one(context, options, request, sampling, capacity, out,
            [&](auto&&... with) { return generation.run(with...); });
  note("draft: %d of %d guesses were right, %d passes", generation.right(), generation.guessed(), generation.passes());
}

// Each prompt's output is made as if it ran alone; it is printed when those before it have been.
class batch_printing final : public batch_observer {
 public:
  batch_printing(program_context const& context, generate_options const& options, generation_request const& request,
                 sampling_options const& sampling, int capacity, output& out)
      : context_(context),
        options_(options),
        request_(request),
        sampling_(sampling),
        capacity_(capacity),
        out_(out),
        runs_(request.prompts.size()) {}

  std::unique_ptr<sampler> begin(std::size_t prompt) override {
    auto& run = runs_[prompt];
    run.out = std::make_unique<output>(run.text);
    run.printer = make_printer(context_, options_, request_.prompts[prompt], *run.out);
    for (int const id : request_.prefix) run.printer->given(id);
    return make_chooser(context_, sampling_, request_, prompt, capacity_);
  }

  bool chosen(std::size_t prompt, int id, std::span<float const> logits) override {
    auto& run = runs_[prompt];
    return run.printer->chosen(id, logits) && ++run.tokens != request_.most[prompt];
  }

  void ended(std::size_t prompt, generation_result const& result) override {
    auto& run = runs_[prompt];
    run.printer->finish();
    run.out->flush();
    run.printer.reset();
    run.out.reset();
    run.ended = true;
    tokens_ += result.tokens;
    for (; printed_ < runs_.size() && runs_[printed_].ended; ++printed_) out_.put(runs_[printed_].text);
    out_.flush();
  }

  [[nodiscard]] int tokens() const { return tokens_; }

 private:
  struct run_of {
    std::string text;
    std::unique_ptr<output> out;
    std::unique_ptr<token_printer> printer;
    int tokens = 0;
    bool ended = false;
  };

  program_context const& context_;
  generate_options const& options_;
  generation_request const& request_;
  sampling_options const& sampling_;
  int capacity_;
  output& out_;
  std::vector<run_of> runs_;
  std::size_t printed_ = 0;
  int tokens_ = 0;
};

void sample_lines(program_context const& context, generate_options const& options, generation_request const& request,
                  sampling_options const& sampling, output& out) {
  auto const side_by_side = std::min(request.prompts.size(), std::size_t{most_side_by_side});
  auto const model = context.start(options.session, static_cast<int>(side_by_side));
  check_all_fit(request, model->capacity());
  note("sampling: %s", describe(sampling).c_str());
  std::vector<std::vector<int>> prompts;
  for (std::size_t i = 0; i < request.prompts.size(); ++i) prompts.push_back(request.whole(i));
  batch_printing printing(context, options, request, sampling, model->capacity(), out);
  // One limit for all, the longest; each ends at its own.
  bool const endless = std::ranges::find(request.most, -1) != request.most.end();
  generate_batch(*model, prompts,
                 {.max_tokens = endless ? -1 : std::ranges::max(request.most), .stop_ids = request.stop_ids}, printing);
  note("generated: %d tokens for %zu prompts, %zu side by side", printing.tokens(), prompts.size(), side_by_side);
}

void search_beams(program_context const& context, generate_options const& options, generation_request const& request,
                  output& out) {
  auto const beams = resolve_beams(options.beams, context.metadata.generation);
  if (beams.coverage_penalty != 0)
    throw usage_error("--coverage-penalty: the model has no source that could be covered");
  if (options.logprobs) throw usage_error("--logprobs is for sampling; beams have --scores");
  if (!options.stop.empty()) throw usage_error("--stop is for sampling; beams end at stop ids only");
  auto const model = context.start(options.session, beams.beams);
  check_all_fit(request, model->capacity());
  note("search: %s", describe(beams).c_str());
  beam_search search(beams, request.stop_ids, context.model().vocab, model->capacity());
  for (std::size_t i = 0; i < request.prompts.size(); ++i) {
    auto const& prompt = request.prompts[i];
    auto const rules = beam_rules(context, options.sampling, request.stop_ids, request.most[i]);
    model->rewind(0);
    auto const found = search.run(*model, {.prompt = prompt,
                                           .prefix = request.prefix,
                                           .max_tokens = request.most[i],
                                           .rules = rules.empty() ? nullptr : &rules});
    print_hypotheses(context, found, prompt, options.print_ids, options.beams.scores, out);
  }
}

}  // namespace

void run_command(program_context const& context, generate_options const& options, output& out) {
  context.need_decoder("generating");
  auto const draft = choose_draft(context, options.draft);
  bool const beams = searches_beams(context, options.beams, options.sampling);
  if (draft.given() && (beams || options.batch_lines))
    throw usage_error("--draft is for one text, and does not go with a beam search or --batch-lines");
  if (beams) return search_beams(context, options, read_request(context, options), out);
  auto const sampling = resolve_sampling(options.sampling, context.metadata.generation);
  auto const request = read_request(context, options);
  if (options.batch_lines) return sample_lines(context, options, request, sampling, out);
  if (draft.given()) return sample_guessed(context, options, request, sampling, draft, out);
  sample_one(context, options, request, sampling, out);
}

}  // namespace constformer::program
