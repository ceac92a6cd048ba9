#include "evaluation.hpp"

#include <algorithm>
#include <cstdint>

#include "bits_per_byte.hpp"
#include "constformer/execute/ragged_batch.hpp"
#include "sample_text.hpp"
#include "translate.hpp"

namespace constformer::train {

namespace {

constexpr int sampled_pairs = 3;

// What stands for bytes of text is the next token of a decoder. A smoothed loss is not what a token costs.
bool counts_bytes(run_settings const& s) {
  return s.data.kind != data_kind::masked && s.data.kind != data_kind::pairs && s.step.smoothing == 0.0;
}

}  // namespace

evaluation::evaluation(learner& model, learner_facts const& facts, run_settings const& settings, tokenizer const* text,
                       training_data const& data)
    : model_(model), facts_(facts), settings_(settings), text_(text), data_(data) {
  if (text != nullptr && counts_bytes(settings)) bytes_ = bytes_of_tokens(*text);
}

bool evaluation::draws_random_blocks() const {
  bool const blocks = settings_.data.kind == data_kind::tokens || settings_.data.kind == data_kind::text;
  return blocks && settings_.data.order == block_order::random;
}

void evaluation::run(run_position& at, log_entry& into) {
  bool const random = draws_random_blocks();
  if (random)
    into.loss = mean_loss(*data_.train);
  else
    into.loss =
        at.running_count > 0 ? at.running_loss / static_cast<double>(at.running_count) : model_.evaluate(at.pending);
  if (data_.validation) validate(random, into);
  if (into.validation && (at.best == 0.0 || *into.validation < at.best)) at.best = *into.validation;
  if (into.bits_per_byte) at.bits_per_byte = *into.bits_per_byte;
  at.running_loss = 0.0;
  at.running_count = 0;
  at.evaluated = true;
  into.sample = sample(at);
}

double evaluation::mean_loss(batch_source& source) {
  double sum = 0.0;
  for (int i = 0; i < settings_.report.eval_batches; ++i) sum += model_.evaluate(source.next());
  return sum / settings_.report.eval_batches;
}

void evaluation::validate(bool random, log_entry& into) {
  batch_source& source = *data_.validation;
  if (!random) source.restart();
  bits_per_byte bits(bytes_);
  double sum = 0.0;
  for (int i = 0; i < settings_.report.eval_batches; ++i) {
    ragged_batch const& batch = source.next();
    double const loss = model_.evaluate(batch);
    if (!bytes_.empty()) bits.add(model_, batch, loss);
    sum += loss;
  }
  into.validation = sum / settings_.report.eval_batches;
  into.bits_per_byte = bits.value();
  if (!fills_masks()) return;
  source.restart();
  into.accuracy = masked_accuracy(source);
}

double evaluation::masked_accuracy(batch_source& source) {
  foretold count;
  for (int i = 0; i < settings_.report.eval_batches; ++i) {
    foretold const one = model_.count_foretold(source.next());
    count.right += one.right;
    count.all += one.all;
  }
  return count.all == 0 ? 0.0 : static_cast<double>(count.right) / static_cast<double>(count.all);
}

// Text that a decoder writes, or what a model makes of some conversation or sources that it does not learn from.
std::string evaluation::sample(run_position const& at) {
  if (text_ == nullptr || settings_.sample.tokens == 0 || fills_masks()) return {};
  auto const seed = settings_.seed + static_cast<std::uint64_t>(at.step);
  bool const replies = settings_.data.kind == data_kind::conversations;
  if (facts_.bounds.sources == 0 && !replies) return sample_text(model_, facts_, *text_, settings_, seed);
  if (data_.validation) data_.validation->restart();
  ragged_batch const& unseen = data_.validation ? data_.validation->next() : at.pending;
  if (replies) return sample_reply(model_, facts_, *text_, unseen[0], settings_, seed);
  return translate(model_, facts_, *text_, unseen, sampled_pairs);
}

}  // namespace constformer::train
