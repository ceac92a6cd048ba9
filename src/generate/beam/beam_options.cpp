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
  if (o.rule != beam_rule::hugging_face && o.stopping != early_stopping::no)
    return format_message("early stopping belongs to beam-rule=hf, but beam-rule={}", name_of(o.rule));
  return {};
}

}  // namespace constformer
