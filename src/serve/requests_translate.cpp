#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "service.hpp"

namespace constformer::serve {

namespace {

constexpr std::size_t most_sources = 256;

std::vector<translate_request> read_sources(service& all, field_reader& fields, translate_request const& shared) {
  auto const& value = fields.need("text");
  std::vector<translate_request> out;
  auto const add = [&](std::vector<int> ids) {
    if (ids.empty()) throw bad_request("text: a source is empty", "text");
    auto one = shared;
    one.source = std::move(ids);
    out.push_back(std::move(one));
  };
  if (value.array() != nullptr && !value.array()->empty() && value.array()->front().text() == nullptr) {
    add(read_ids(*value.array(), "text", std::numeric_limits<int>::max()));
    return out;
  }
  auto const& text = all.need_text("text");
  for (auto const& source : read_texts(value, "text", most_sources)) {
    require_plausible(source, all.model, "text");
    try {
      add(text.encode(source));
    } catch (api_error const&) {
      throw;
    } catch (error const& refused) {
      throw bad_request(std::string("text: ") + refused.what(), "text");
    }
  }
  if (out.empty()) throw bad_request("text is empty", "text");
  return out;
}

void check(service const& all, translate_request const& request) {
  try {
    all.model.work->check(request);
  } catch (error const& problem) {
    throw bad_request(problem.what(), "text");
  }
}

}  // namespace

work_task read_translate(service& all, http_request const& http) {
  auto const body = parse_json(http.body);
  field_reader fields(body);
  require_model(fields, all.model);
  translate_request shared;
  auto const number = [](auto const& given) { return given ? std::optional(static_cast<int>(*given)) : std::nullopt; };
  shared.beams = number(fields.integer("beam_size", 1, all.options.parallel));
  shared.best = number(fields.integer("n_best", 1, all.options.parallel));
  shared.length_penalty = fields.number("length_penalty", -100, 100);
  shared.max_tokens = number(fields.integer("max_tokens", 1, all.model.capacity));
  if (auto const prefix = fields.text("prefix"))
    shared.prefix = all.need_text("prefix").target().encode(*prefix, {.add_special = false});
  auto requests = read_sources(all, fields, shared);
  fields.refuse_rest();
  for (auto const& request : requests) check(all, request);

  struct translations {
    std::vector<translate_request> requests;
    std::vector<std::vector<translation>> results;
    answer_identity identity;
  };
  auto state = std::make_shared<translations>(translations{std::move(requests), {}, all.identity("translate-")});
  state->results.resize(state->requests.size());
  auto const& work = *all.model.work;
  auto const run = [state, &work](session& model, std::size_t i) {
    state->results[i] = work.translate(model, state->requests[i]);
  };
  auto const write = [state] {
    json_writer w;
    std::size_t read = 0, made = 0;
    w.begin_object().member("id", state->identity.id).member("object", "list");
    w.member("created", state->identity.created).member("model", state->identity.model).key("data").begin_array();
    for (std::size_t i = 0; i < state->results.size(); ++i) {
      read += state->requests[i].source.size();
      w.begin_object().member("index", i).key("translations").begin_array();
      for (auto const& t : state->results[i]) {
        made += t.ids.size();
        w.begin_object().member("text", t.text).member("score", t.score).key("token_ids").begin_array();
        for (int const id : t.ids) w.value(id);
        w.end_array().end_object();
      }
      w.end_array().end_object();
    }
    w.end_array().key("usage").begin_object().member("prompt_tokens", read).member("completion_tokens", made);
    w.member("total_tokens", read + made).end_object();
    return w.end_object().take();
  };
  return {.parts = state->requests.size(), .run = run, .body = write};
}

}  // namespace constformer::serve
