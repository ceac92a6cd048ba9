#include "optimizer_course.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "constformer/train/schedules.hpp"

namespace constformer::train {

namespace {

int all_steps(run_settings const& s) {
  return static_cast<int>(s.course.decay_steps > 0 ? s.course.decay_steps : s.course.steps);
}

int warmdown_steps(run_settings const& s) { return static_cast<int>(std::lround(s.course.warmdown * all_steps(s))); }

// The width of a model, as its table of tokens has it.
int width_of(learner_facts const& facts) {
  auto const at = std::ranges::find(facts.entries, parameter_role::embedding, &parameter_entry::role);
  return at == facts.entries.end() ? 0 : at->cols;
}

constexpr double beside_muon_rate = 3e-4;  // Keller Jordan's of all that AdamW moves
constexpr double mixing_rate = 0.2;        // nanochat's of smear and backout

bool is_muons(std::string_view group) { return group == "matrices"; }

// nanochat's rates are meant for 2¹⁹ tokens a step, those of embeddings and head for a width of 768.
double batch_scale(learner_facts const& facts, run_settings const& s) {
  return s.optimizer.scale_rates
             ? std::sqrt(static_cast<double>(facts.bounds.tokens) * s.course.accumulation / 524288.0)
             : 1.0;
}

double width_scale(learner_facts const& facts, run_settings const& s) {
  int const width = width_of(facts);
  return s.optimizer.kind == optimizer_kind::nanochat_muon && width > 0 ? std::sqrt(768.0 / width) : 1.0;
}

double decay_of(run_settings const& s, double decay, std::int64_t step) {
  auto const at = static_cast<int>(step);
  switch (s.optimizer.decay_schedule) {
    case decay_kind::constant: return decay;
    case decay_kind::linear: return linear_schedule{decay, 0, all_steps(s)}.at(at);
    case decay_kind::cosine: break;
  }
  return cosine_decay{decay, all_steps(s)}.at(at);
}

double momentum_of(run_settings const& s, double momentum, std::int64_t step) {
  bool const falls = s.optimizer.last_momentum >= 0.0;
  return momentum_schedule{s.optimizer.first_momentum >= 0.0 ? s.optimizer.first_momentum : momentum,
                           momentum,
                           falls ? s.optimizer.last_momentum : momentum,
                           s.optimizer.momentum_warmup,
                           falls ? warmdown_steps(s) : 0,
                           all_steps(s)}
      .at(static_cast<int>(step));
}

}  // namespace

double highest_rate(learner_facts const& facts, run_settings const& settings) {
  return settings.course.rate * batch_scale(facts, settings);
}

double rate_of(learner_facts const& facts, run_settings const& settings, std::int64_t step) {
  auto const at = static_cast<int>(step);
  int const all = all_steps(settings);
  course_settings const& course = settings.course;
  double const rate = highest_rate(facts, settings), least = course.least_rate * batch_scale(facts, settings);
  switch (course.schedule) {
    case schedule_kind::constant: return rate;
    case schedule_kind::cosine: return cosine_schedule{rate, least, course.warmup, all, course.warm_from_zero}.at(at);
    case schedule_kind::trapezoid:
      return trapezoid_schedule{rate, course.least_rate / course.rate, course.warmup, warmdown_steps(settings), all}.at(
          at);
    case schedule_kind::linear: break;
  }
  return linear_schedule{rate, course.warmup, all}.at(at);
}

optimizer_course::optimizer_course(learner& model, learner_facts const& facts, run_settings const& settings)
    : facts_(facts), s_(settings) {
  auto const knobs = model.knobs();
  bool const none_decays = std::ranges::none_of(
      knobs, [](optimizer_knob const& knob) { return knob.name == "decay" && *knob.value != 0.0; });
  auto const set = [](optimizer_knob const& knob, double asked) {
    if (asked >= 0.0) *knob.value = asked;
  };
  for (optimizer_knob const& knob : knobs) {
    bool const of_blocks = s_.optimizer.kind < optimizer_kind::muon || is_muons(knob.group);
    if (knob.name == "beta1") set(knob, s_.optimizer.beta1);
    if (knob.name == "beta2") set(knob, s_.optimizer.beta2);
    if (knob.name == "eps") set(knob, s_.optimizer.eps);
    if (knob.name == "momentum") set(knob, s_.optimizer.momentum);
    if (knob.name == "decay" && of_blocks && (none_decays || *knob.value != 0.0)) set(knob, s_.optimizer.decay);
    if (knob.name == "rate" && !of_blocks) set_rate(knob);
    if (s_.optimizer.kind < optimizer_kind::muon || !is_muons(knob.group)) continue;
    if (knob.name == "momentum") momenta_.push_back({knob, *knob.value});
    if (knob.name == "decay") decays_.push_back({knob, *knob.value});
  }
}

// Schedules give the rate of matrices; the others are to it as theirs are.
void optimizer_course::set_rate(optimizer_knob const& knob) const {
  double const own_share = *knob.value, matrices = highest_rate(facts_, s_);
  double const scale = batch_scale(facts_, s_), wide = width_scale(facts_, s_);
  auto const set = [&](double rate) { *knob.value = matrices > 0.0 ? own_share * rate / matrices : 0.0; };
  bool const nanochat = s_.optimizer.kind == optimizer_kind::nanochat_muon;
  auto const asked = [&](double rate, double nanochats) {
    return rate >= 0.0 ? rate : nanochat ? nanochats : beside_muon_rate;
  };
  if (knob.group == "head") return set(asked(s_.optimizer.unembedding_rate, 0.008) * scale * wide);
  if (knob.group.starts_with("embeddings")) return set(asked(s_.optimizer.embedding_rate, 0.3) * scale * wide);
  if (knob.group.starts_with("scalars")) return set(asked(s_.optimizer.scalar_rate, 0.5) * scale);
  set(mixing_rate);  // which nothing scales
}

double optimizer_course::begin(std::int64_t step) {
  for (scheduled const& m : momenta_) *m.knob.value = momentum_of(s_, m.value, step);
  for (scheduled const& d : decays_) *d.knob.value = decay_of(s_, d.value, step);
  return rate(step);
}

}  // namespace constformer::train
