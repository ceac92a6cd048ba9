#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "commands.hpp"
#include "encoder_input.hpp"
#include "errors.hpp"
#include "labels.hpp"
#include "npy.hpp"

namespace constformer::program {

std::vector<float> probabilities(std::span<float const> scores, bool several) {
  std::vector<float> out(scores.begin(), scores.end());
  if (several) {
    for (float& s : out) s = static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(s))));
  } else if (out.size() > 1) {
    double const top = static_cast<double>(*std::ranges::max_element(out));
    double sum = 0;
    for (float const s : out) sum += std::exp(static_cast<double>(s) - top);
    for (float& s : out) s = static_cast<float>(std::exp(static_cast<double>(s) - top) / sum);
  }
  return out;
}

std::string name_of_label(program_context const& context, std::size_t label) {
  auto const& names = context.metadata.labels;
  if (label < names.size()) return names[label];
  if (context.model().classifier == classifier_kind::next_sentence) return label == 0 ? "is_next" : "is_random";
  return "LABEL_" + std::to_string(label);
}

namespace {

void print_labels(program_context const& context, std::span<float const> scores, output& out) {
  auto const values = probabilities(scores, context.metadata.several_labels);
  for (std::size_t i = 0; i < values.size(); ++i) {
    out.put(values[i]);
    out.put(" " + name_of_label(context, i) + "\n");
  }
}

// One line for each token: its likeliest label.
void print_tokens(program_context const& context, std::span<int const> ids, std::span<float const> scores,
                  output& out) {
  auto const labels = static_cast<std::size_t>(context.model().labels);
  for (std::size_t row = 0; row < ids.size(); ++row) {
    auto const values = probabilities(scores.subspan(row * labels, labels), context.metadata.several_labels);
    auto const best = static_cast<std::size_t>(std::ranges::max_element(values) - values.begin());
    out.put(static_cast<long long>(ids[row]));
    out.put(" ");
    out.put(values[best]);
    out.put(" " + name_of_label(context, best) + "\n");
  }
}

}  // namespace

void run_command(program_context const& context, classify_options const& options, output& out) {
  if (context.model().labels == 0)
    throw error(std::string(context.unit.name) + " has no classifier; its checkpoint has none that is supported");
  auto const model = context.start(options.session);
  auto const input = read_encoder_input(context, options.input, options.segments, model->capacity(), "classify");
  model->encode(input.ids, input.segments);
  auto const scores = model->classify();
  bool const tokens = context.model().classifier == classifier_kind::tokens;
  if (!options.output.empty()) {
    std::vector<std::int64_t> shape{context.model().labels};
    if (tokens) shape.insert(shape.begin(), static_cast<std::int64_t>(input.ids.size()));
    return write_npy(options.output, scores, shape);
  }
  if (tokens)
    print_tokens(context, input.ids, scores, out);
  else
    print_labels(context, scores, out);
  out.flush();
}

}  // namespace constformer::program
