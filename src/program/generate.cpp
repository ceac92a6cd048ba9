#include <string_view>
#include <vector>

#include "commands.hpp"
#include "constformer/generate/generation.hpp"
#include "constformer/generate/sampler.hpp"
#include "errors.hpp"
#include "input.hpp"
#include "sampling.hpp"

namespace constformer::program {

namespace {

// Ids as numbers between blanks.
class id_printer {
 public:
  explicit id_printer(output& out) : out_(out) {}

  void operator()(int id) {
    if (!first_) out_.put(" ");
    first_ = false;
    out_.put(static_cast<long long>(id));
    out_.flush();
  }

  void finish() { out_.put("\n"); }

 private:
  output& out_;
  bool first_ = true;
};

// Prompt and continuation as one text, as llama.cpp and run.c print it. The stream holds back what is not yet a whole character.
class text_printer {
 public:
  text_printer(output& out, tokenizer const& text, std::span<int const> prompt) : out_(out), stream_(text.stream()) {
    for (int const id : prompt) out_.put(stream_->push(id));
    out_.flush();
  }

  void operator()(int id) {
    std::string_view const piece = stream_->push(id);
    if (piece.empty()) return;
    out_.put(piece);
    out_.flush();
  }

  void finish() {
    out_.put(stream_->flush());
    out_.put("\n");
  }

 private:
  output& out_;
  std::unique_ptr<text_stream> stream_;
};

double rate(int tokens, double seconds) { return seconds > 0 ? tokens / seconds : 0; }

void report(generation_result const& r, int capacity) {
  if (r.end == generation_end::context_full) note("stopped: the context of %d tokens is full", capacity);
  note("prefill: %d tokens, %.1f ms, %.1f tokens/s", r.prompt_tokens, r.prefill_seconds * 1e3,
       rate(r.prompt_tokens, r.prefill_seconds));
  note("decode: %d tokens, %.1f ms, %.1f tokens/s", r.decode_steps, r.decode_seconds * 1e3,
       rate(r.decode_steps, r.decode_seconds));
}

void check_fits(std::vector<int> const& prompt, session const& model) {
  if (prompt.size() > static_cast<std::size_t>(model.capacity()))
    throw error("the prompt has " + std::to_string(prompt.size()) + " tokens, the context holds " +
                std::to_string(model.capacity()));
}

template <class Printer>
generation_result stream_to(Printer printer, session& model, sampler& choose, std::span<int const> prompt,
                            generation_limits const& limits) {
  auto const result = generate(model, choose, prompt, limits, [&printer](int id) {
    printer(id);
    return true;
  });
  printer.finish();
  return result;
}

}  // namespace

void run_command(program_context const& context, generate_options const& options, output& out) {
  context.need_decoder("generating");
  check_one_input(options.input, false);
  if (options.predict < -1)
    throw usage_error("--predict " + std::to_string(options.predict) + " is below -1, which stands for no limit");
  auto const sampling = resolve_sampling(options.sampling);
  auto const prompt = read_prompt(context, options.input);
  if (!options.print_ids) static_cast<void>(context.need_tokenizer("printing text (without --print-ids)"));
  auto const model = context.start(options.session);
  check_fits(prompt, *model);
  auto const choose = make_sampler(sampling, context.model().vocab, model->capacity());
  note("sampling: %s", describe(sampling).c_str());

  generation_limits limits{.max_tokens = options.predict, .stop_ids = {}};
  if (!options.ignore_eos) limits.stop_ids = context.metadata.stop_ids;
  auto const result = options.print_ids
                          ? stream_to(id_printer(out), *model, *choose, prompt, limits)
                          : stream_to(text_printer(out, *context.text, prompt), *model, *choose, prompt, limits);
  out.flush();
  report(result, model->capacity());
}

}  // namespace constformer::program
