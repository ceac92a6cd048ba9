#include "serve_work.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "beams.hpp"
#include "checkpoint_defaults.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/generate/beam_search.hpp"
#include "constformer/generate/generation.hpp"
#include "constformer/generate/sampler.hpp"
#include "embedding.hpp"
#include "encoder_input.hpp"
#include "input_bytes.hpp"
#include "labels.hpp"
#include "likely_tokens.hpp"
#include "sampling.hpp"
#include "source.hpp"

namespace constformer::program {

namespace {

using serve::translate_request;
using serve::translation;
using serve::work_input;

encoder_input as_encoder_input(work_input const& input) {
  encoder_input out;
  out.ids = input.ids;
  out.segments = input.segments;
  out.prompt_tokens = input.prompt_tokens;
  return out;
}

class work final : public serve::model_work {
 public:
  work(program_context const& context, int capacity)
      : context_(context), capacity_(capacity), embeds_(!has_encoder(context.model())) {
    if (!embeds_) return;
    recipe_ = wanted_recipe(context, {});
    prompt_ = wanted_prompt(context, {});
  }

  work_input read(std::vector<std::string> const& texts, bool embedding) const override {
    auto input = read_encoder_input(context_, {.texts = texts, .file = {}, .ids = {}}, std::nullopt, capacity_, "serve",
                                    embedding ? prompt_ : std::string());
    return {std::move(input.ids), std::move(input.segments), input.prompt_tokens};
  }

  work_input read(std::vector<int> const& ids) const override {
    if (ids.size() > static_cast<std::size_t>(capacity_))
      throw error("the text has " + std::to_string(ids.size()) + " tokens, the model takes at most " +
                  std::to_string(capacity_));
    return {ids, {}, 0};
  }

  std::vector<float> embed(session& model, work_input const& input) const override {
    if (context_.is_encoder()) return embed_rows(context_, model, model.encoded(), input.prompt_tokens, recipe_).values;
    return program::embed(context_, model, as_encoder_input(input), recipe_).values;
  }

  std::vector<std::vector<serve::scored_label>> classify(session& model) const override {
    auto const scores = model.classify();
    auto const labels = static_cast<std::size_t>(context_.model().labels);
    std::vector<std::vector<serve::scored_label>> rows;
    for (std::size_t begin = 0; begin < scores.size(); begin += labels) {
      auto const values = probabilities(scores.subspan(begin, labels), context_.metadata.several_labels);
      auto& row = rows.emplace_back();
      for (std::size_t i = 0; i < values.size(); ++i) row.push_back({name_of_label(context_, i), values[i]});
    }
    return rows;
  }

  std::vector<std::pair<int, std::vector<serve::filled_token>>> fill(session& model, work_input const& input,
                                                                     int top) const override {
    auto const mask = context_.text->special().mask;
    std::vector<std::pair<int, std::vector<serve::filled_token>>> out;
    model.fill([&](int row, std::span<float const> logits) {
      if (input.ids[static_cast<std::size_t>(row)] != mask) return;
      auto& tokens = out.emplace_back(row, std::vector<serve::filled_token>()).second;
      for (auto const& [id, probability] : likeliest_tokens(logits, top))
        tokens.push_back({id, context_.text->decode(std::array{id}), probability});
    });
    return out;
  }

  void check(translate_request const& request) const override {
    check_ids(request.source, source_vocab(context_.model()), "source");
    check_ids(request.prefix, context_.model().vocab, "prefix");
    static_cast<void>(target_start(context_));
    if (request.source.size() > static_cast<std::size_t>(context_.model().capacity))
      throw error("the source has " + std::to_string(request.source.size()) + " tokens, the model takes at most " +
                  std::to_string(context_.model().capacity));
    static_cast<void>(resolve_beams(beams_of(request), context_.metadata.generation));
  }

  std::vector<translation> translate(session& model, translate_request const& request) const override {
    std::vector<int> beginning{target_start(context_)};
    beginning.insert(beginning.end(), request.prefix.begin(), request.prefix.end());
    model.start_source(request.source);
    auto const beams = beams_of(request);
    bool const searches = beams.given() || context_.metadata.generation.num_beams.value_or(1) > 1;
    return searches ? search(model, request, beginning) : choose(model, request, beginning);
  }

 private:
  static beam_choice beams_of(translate_request const& request) {
    beam_choice out;
    out.size = request.beams;
    out.best = request.best;
    out.length_penalty = request.length_penalty;
    return out;
  }

  [[nodiscard]] int most_tokens(translate_request const& request, std::size_t beginning) const {
    return most_new_tokens(context_, request.max_tokens, beginning);
  }

  std::vector<translation> search(session& model, translate_request const& request,
                                  std::span<int const> beginning) const {
    auto const beams = resolve_beams(beams_of(request), context_.metadata.generation);
    int const most = most_tokens(request, beginning.size());
    auto const rules = beam_rules(context_, {}, context_.metadata.stop_ids, most);
    beam_search search(beams, context_.metadata.stop_ids, context_.model().vocab, model.capacity());
    auto const found = search.run(model, {.prompt = beginning.first(1),
                                          .prefix = beginning.subspan(1),
                                          .max_tokens = most,
                                          .min_tokens = least_tokens(beams),
                                          .rules = rules.empty() ? nullptr : &rules,
                                          .source = request.source});
    std::vector<translation> out;
    for (auto const& h : found) out.push_back(told({h.ids.begin(), h.ids.end()}, h.score));
    return out;
  }

  // The likeliest token each time, as `translate` does where nobody asks for beams.
  std::vector<translation> choose(session& model, translate_request const& request,
                                  std::span<int const> beginning) const {
    int const most = most_tokens(request, beginning.size());
    int const vocab = context_.model().vocab;
    auto sampling = resolve_sampling({}, context_.metadata.generation);
    sampling.temperature = 0;
    auto const rules = rules_of(context_, context_.metadata.stop_ids, most);
    auto const chooser = make_ruled_sampler(make_sampler(sampling, vocab, model.capacity()), rules, request.source,
                                            vocab, model.capacity());
    std::vector<int> ids(beginning.begin() + 1, beginning.end());
    auto const result =
        generate(model, *chooser, beginning, {.max_tokens = most, .stop_ids = context_.metadata.stop_ids}, [&](int id) {
          ids.push_back(id);
          return true;
        });
    if (result.end == generation_end::stop_id) ids.push_back(result.stop_id);
    return {told(std::move(ids), 0)};
  }

  translation told(std::vector<int> ids, float score) const {
    auto text = context_.text ? context_.text->target().decode(ids) : std::string();
    return {std::move(text), std::move(ids), score};
  }

  program_context const& context_;
  int capacity_;
  bool embeds_;
  embedding_recipe recipe_;
  std::string prompt_;
};

}  // namespace

std::unique_ptr<serve::model_work> make_model_work(program_context const& context, int capacity) {
  return std::make_unique<work>(context, capacity);
}

}  // namespace constformer::program
