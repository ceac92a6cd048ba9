#include "beams.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "checkpoint_defaults.hpp"
#include "errors.hpp"

namespace constformer::program {

namespace {

template <class Value, std::size_t Count>
Value one_of(std::string const& word, std::array<std::pair<std::string_view, Value>, Count> const& known,
             char const* option) {
  std::string all;
  for (auto const& [name, value] : known) {
    if (word == name) return value;
    all += (all.empty() ? "" : ", ") + std::string(name);
  }
  throw usage_error(std::string(option) + ": '" + word.substr(0, 40) + "' is none of " + all);
}

beam_rule read_rule(std::string const& word) {
  return one_of(word,
                std::array{std::pair{name_of(beam_rule::hugging_face), beam_rule::hugging_face},
                           std::pair{name_of(beam_rule::lecture), beam_rule::lecture},
                           std::pair{name_of(beam_rule::ctranslate2), beam_rule::ctranslate2}},
                "--beam-rule");
}

early_stopping read_stopping(std::string const& word) {
  using std::string_view_literals::operator""sv;
  return one_of(word,
                std::array{std::pair{"true"sv, early_stopping::yes}, std::pair{"false"sv, early_stopping::no},
                           std::pair{"never"sv, early_stopping::never}},
                "--early-stopping");
}

void put_text(tokenizer const& text, std::span<int const> prompt, std::span<int const> ids, output& out) {
  auto const stream = text.stream();
  for (auto const part : {prompt, ids})
    for (int const id : part) out.put(stream->push(id));
  out.put(stream->flush());
}

}  // namespace

beam_options resolve_beams(beam_choice const& choice, generation_defaults const& asked) {
  beam_options o;
  if (choice.rule) o.rule = read_rule(*choice.rule);
  o.length_penalty = default_length_penalty(o.rule);
  if (o.rule == beam_rule::hugging_face) {
    o.length_penalty = asked.length_penalty.value_or(o.length_penalty);
    o.renormalised = asked.renormalize_logits.value_or(o.renormalised);
    if (asked.early_stopping) o.stopping = read_stopping(*asked.early_stopping);
  }
  o.length_penalty = choice.length_penalty.value_or(o.length_penalty);
  o.coverage_penalty = choice.coverage_penalty.value_or(o.coverage_penalty);
  if (choice.stopping) o.stopping = read_stopping(*choice.stopping);
  o.best = choice.best.value_or(o.best);
  if (asked.num_beams.value_or(1) > 1) o.beams = *asked.num_beams;
  o.beams = choice.size.value_or(std::max(o.beams, o.best));
  o.no_repeat_ngram = choice.no_repeat_ngram.value_or(asked.no_repeat_ngram_size.value_or(0));
  if (auto const misfit = first_misfit(o); !misfit.empty()) throw usage_error("--" + std::string(misfit.view()));
  return o;
}

bool searches_beams(program_context const& context, beam_choice const& beams, sampling_choice const& sampling) {
  if (!beams.given()) return context.metadata.generation.num_beams.value_or(1) > 1 && !sampling.given();
  if (sampling.draws())
    throw usage_error("beams are searched without sampling options, but for --temp 0 and --repeat-penalty");
  return true;
}

logit_rules beam_rules(program_context const& context, sampling_choice const& sampling, std::span<int const> stop_ids,
                       int max_new_tokens) {
  auto rules = rules_of(context, stop_ids, max_new_tokens);
  rules.no_repeat_ngram = 0;
  rules.repetition_penalty =
      sampling.repeat_penalty.value_or(context.metadata.generation.repetition_penalty.value_or(1.0F));
  check_rules(rules, context.model().vocab);
  return rules;
}

int least_tokens(beam_options const& options) { return options.rule == beam_rule::ctranslate2 ? 1 : 0; }

std::string describe(beam_options const& o) {
  char line[200];
  char const* const stopping = o.stopping == early_stopping::yes  ? "true"
                               : o.stopping == early_stopping::no ? "false"
                                                                  : "never";
  std::snprintf(line, sizeof line,
                "beam-size %d, beam-rule %s, length-penalty %g, coverage-penalty %g, early-stopping %s, n-best %d, "
                "no-repeat-ngram-size %d",
                o.beams, std::string(name_of(o.rule)).c_str(), static_cast<double>(o.length_penalty),
                static_cast<double>(o.coverage_penalty), stopping, o.best, o.no_repeat_ngram);
  return line;
}

void print_hypotheses(program_context const& context, std::span<beam_hypothesis const> found,
                      std::span<int const> prompt, bool ids, bool scores, output& out) {
  for (auto const& h : found) {
    if (scores) {
      out.put(h.score);
      out.put("\t");
    }
    if (ids)
      for (std::size_t i = 0; i < h.ids.size(); ++i) {
        if (i > 0) out.put(" ");
        out.put(static_cast<long long>(h.ids[i]));
      }
    else
      put_text(context.text->target(), prompt, h.ids, out);
    out.put("\n");
  }
  out.flush();
}

}  // namespace constformer::program
