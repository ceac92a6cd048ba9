#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <vector>

#include "../serve/log_probabilities.hpp"
#include "commands.hpp"
#include "constformer/config/encoder.hpp"
#include "errors.hpp"
#include "input.hpp"
#include "npy.hpp"
#include "source.hpp"

namespace constformer::program {

namespace {

// −ln softmax(logits)[id], in double.
double negative_log_likelihood(std::span<float const> logits, int id) {
  return serve::log_sum_exp(logits) - static_cast<double>(logits[static_cast<std::size_t>(id)]);
}

struct totals {
  double nll = 0;
  long long predicted = 0;
};

// Every token but a window's first is foretold from those before it in the window.
void score_window(session& model, std::span<int const> ids, totals& sum, npy_writer* logits_out) {
  model.rewind(0);
  model.score(ids, [&](int row, std::span<float const> logits) {
    if (logits_out != nullptr) logits_out->write(logits);
    auto const next = static_cast<std::size_t>(row) + 1;
    if (next >= ids.size()) return;
    sum.nll += negative_log_likelihood(logits, ids[next]);
    ++sum.predicted;
  });
}

// A target is foretold from ids alone: text has no token that starts it.
void check_source(score_options const& options, bool translates) {
  if (!translates && options.source_ids)
    throw usage_error("--source-ids: the model has no encoder that would read them");
  if (translates && (!options.source_ids || !options.input.ids))
    throw usage_error("score of an encoder-decoder model needs --source-ids and --ids");
}

void check_fits(score_options const& options, std::size_t tokens, std::size_t capacity) {
  if (tokens <= capacity || (options.input.file && options.output.empty())) return;
  throw error(
      "the text has " + std::to_string(tokens) + " tokens, the context holds " + std::to_string(capacity) +
      (options.input.file ? "; windows are scored only without --output" : "; with --file it is scored in windows"));
}

std::optional<npy_writer> open_output(std::string const& path, std::size_t tokens, int vocab) {
  if (path.empty()) return std::nullopt;
  std::array<std::int64_t, 2> const shape{static_cast<std::int64_t>(tokens), vocab};
  return std::optional<npy_writer>(std::in_place, path, shape);
}

void print(totals const& sum, std::size_t tokens, std::size_t windows, output& out) {
  double const mean = sum.nll / static_cast<double>(sum.predicted);  // not a number if nothing is foretold
  out.put("tokens ");
  out.put(static_cast<long long>(tokens));
  out.put("\nwindows ");
  out.put(static_cast<long long>(windows));
  out.put("\npredicted ");
  out.put(sum.predicted);
  out.put("\nnll ");
  out.put_rounded(sum.nll);
  out.put("\nmean_nll ");
  out.put_rounded(mean);
  out.put("\nperplexity ");
  out.put_rounded(std::exp(mean));
  out.put("\n");
}

}  // namespace

void run_command(program_context const& context, score_options const& options, output& out) {
  bool const translates = has_encoder(context.model());
  if (!translates) context.need_decoder("score");
  check_source(options, translates);
  check_one_input(options.input, false);
  if (!options.input.given()) throw usage_error("score needs one of --prompt, --file and --ids");
  auto const ids = read_prompt(context, options.input);
  auto const model = context.start(options.session);
  auto const capacity = static_cast<std::size_t>(model->capacity());
  check_fits(options, ids.size(), capacity);
  if (translates) model->start_source(read_source(context, {.texts = {}, .file = {}, .ids = options.source_ids}));

  auto file = open_output(options.output, ids.size(), context.model().vocab);
  totals sum;
  std::size_t windows = 0;
  for (std::size_t begin = 0; begin < ids.size(); begin += capacity, ++windows)
    score_window(*model, std::span(ids).subspan(begin, std::min(capacity, ids.size() - begin)), sum,
                 file ? &*file : nullptr);
  if (file) file->commit();
  print(sum, ids.size(), windows, out);
  out.flush();
}

}  // namespace constformer::program
