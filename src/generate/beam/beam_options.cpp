#include "constformer/generate/beam_options.hpp"

#include <cmath>

namespace constformer {

message first_misfit(beam_options const& o) {
  constexpr int most_beams = 1024;
  constexpr float steepest = 100;
  if (o.beams < 1 || o.beams > most_beams)
    return format_message("beam-size={} is not between 1 and {}", o.beams, most_beams);
  if (!(std::fabs(o.length_penalty) <= steepest))  // also a NaN
    return format_message("length-penalty={} is not between {} and {}", o.length_penalty, -steepest, steepest);
  if (o.best < 1 || o.best > o.beams)
    return format_message("n-best={} is not between 1 and beam-size={}", o.best, o.beams);
  if (o.no_repeat_ngram < 0) return format_message("no-repeat-ngram-size={} is negative", o.no_repeat_ngram);
  if (!(std::fabs(o.coverage_penalty) <= steepest))
    return format_message("coverage-penalty={} is not between {} and {}", o.coverage_penalty, -steepest, steepest);
  if (o.rule != beam_rule::ctranslate2 && o.coverage_penalty != 0)
    return format_message("coverage-penalty={} belongs to beam-rule=ct2, but beam-rule={}", o.coverage_penalty,
                          name_of(o.rule));
  if (o.rule != beam_rule::hugging_face && o.stopping != early_stopping::no)
    return format_message("early stopping belongs to beam-rule=hf, but beam-rule={}", name_of(o.rule));
  return {};
}

}  // namespace constformer
