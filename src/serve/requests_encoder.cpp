#include <algorithm>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "base64.hpp"
#include "service.hpp"

namespace constformer::serve {

namespace {

constexpr std::size_t most_inputs = 2048;
constexpr int most_filled = 1000;

// What all tasks over several texts keep until their answer is written.
template <class Result>
struct gathered {
  std::vector<work_input> inputs;
  std::vector<Result> results;
  answer_identity identity;

  explicit gathered(std::vector<work_input> read, answer_identity who)
      : inputs(std::move(read)), results(inputs.size()), identity(std::move(who)) {}

  [[nodiscard]] std::size_t tokens() const {
    return std::accumulate(inputs.begin(), inputs.end(), std::size_t{0},
                           [](std::size_t sum, work_input const& input) { return sum + input.ids.size(); });
  }
};

// A part for each text, which encoders read side by side.
template <class State>
work_task task_of(State const& state, std::function<void(session&, std::size_t)> run,
                  std::function<std::string()> body) {
  auto const text = [state](std::size_t i) { return encoder_text{state->inputs[i].ids, state->inputs[i].segments}; };
  return {state->inputs.size(), std::move(run), std::move(body), text};
}

void write_tokens(json_writer& w, std::size_t tokens) {
  w.key("usage").begin_object().member("prompt_tokens", tokens).member("total_tokens", tokens).end_object();
}

template <class Read>
work_input checked(std::string_view field, Read const& read) {
  try {
    return read();
  } catch (api_error const&) {
    throw;
  } catch (error const& problem) {
    throw bad_request(std::string(field) + ": " + problem.what(), field);
  }
}

void check_size(std::size_t size, std::string_view field) {
  if (size == 0) throw bad_request(std::string(field) + " is empty", field);
  if (size > most_inputs)
    throw bad_request(std::string(field) + " has " + std::to_string(size) + " entries, at most " +
                          std::to_string(most_inputs) + " are read",
                      field);
}

// A text, ids, or an array of either.
std::vector<work_input> read_inputs(service& all, json_value const& value, std::string_view field, bool embedding) {
  auto const& work = *all.model.work;
  auto const of_text = [&](std::string const& text) {
    static_cast<void>(all.need_text(field));
    require_plausible(text, all.model, field);
    return checked(field, [&] { return work.read(std::vector{text}, embedding); });
  };
  auto const of_ids = [&](json_array const& list) {
    auto ids = read_ids(list, field, all.model.vocab);
    if (ids.empty()) throw bad_request(std::string(field) + " is an empty list", field);
    return checked(field, [&] { return work.read(ids); });
  };
  if (auto const* text = value.text()) return {of_text(*text)};
  auto const& list = array_of(value, field);
  if (!list.empty() && list.front().text() == nullptr && list.front().array() == nullptr) return {of_ids(list)};
  check_size(list.size(), field);
  std::vector<work_input> out;
  for (auto const& one : list)
    out.push_back(one.text() != nullptr ? of_text(*one.text()) : of_ids(array_of(one, field)));
  return out;
}

std::vector<work_input> read_pairs(service& all, std::vector<std::pair<std::string, std::string>> const& pairs,
                                   std::string_view field) {
  static_cast<void>(all.need_text(field));
  check_size(pairs.size(), field);
  std::vector<work_input> out;
  for (auto const& [first, second] : pairs) {
    require_plausible(first, all.model, field);
    require_plausible(second, all.model, field);
    out.push_back(checked(field, [&] { return all.model.work->read(std::vector{first, second}, false); }));
  }
  return out;
}

void need_embeddings(service const& all, char const* what) {
  if (all.model.dimensions == 0) throw bad_request(all.model.name + " makes no embeddings; " + what + " needs them");
}

void need_labels(service const& all, char const* what) {
  if (!all.model.classifies) throw bad_request(all.model.name + " has no classifier; " + what + " needs one");
}

// How fitting a pair is: the one label of a reranker, or the last of those between which a classifier chooses.
float relevance(std::vector<scored_label> const& labels) { return labels.back().probability; }

}  // namespace

work_task read_embeddings(service& all, http_request const& http) {
  need_embeddings(all, "/v1/embeddings");
  auto const body = parse_json(http.body);
  field_reader fields(body);
  require_model(fields, all.model);
  auto const encoding = fields.text("encoding_format").value_or("float");
  if (encoding != "float" && encoding != "base64")
    throw bad_request("encoding_format must be float or base64", "encoding_format");
  if (auto const wanted = fields.integer("dimensions", 1, 1 << 20); wanted && *wanted != all.model.dimensions)
    throw bad_request("dimensions: the model was trained for " + std::to_string(all.model.dimensions) + ", not for " +
                          std::to_string(*wanted),
                      "dimensions");
  fields.ignore("user");
  auto state = std::make_shared<gathered<std::vector<float>>>(read_inputs(all, fields.need("input"), "input", true),
                                                              all.identity("embd-"));
  fields.refuse_rest();
  auto const& work = *all.model.work;
  auto const run = [state, &work](session& model, std::size_t i) {
    state->results[i] = work.embed(model, state->inputs[i]);
  };
  auto const write = [state, base64 = encoding == "base64"] {
    json_writer w;
    w.begin_object().member("object", "list").member("id", state->identity.id);
    w.member("model", state->identity.model).key("data").begin_array();
    for (std::size_t i = 0; i < state->results.size(); ++i) {
      w.begin_object().member("object", "embedding").member("index", i).key("embedding");
      if (base64) {
        w.value(base64_of(state->results[i]));
      } else {
        w.begin_array();
        for (float const number : state->results[i]) w.value(number);
        w.end_array();
      }
      w.end_object();
    }
    w.end_array();
    write_tokens(w, state->tokens());
    return w.end_object().take();
  };
  return task_of(state, run, write);
}

work_task read_rerank(service& all, http_request const& http) {
  need_labels(all, "/v1/rerank");
  auto const body = parse_json(http.body);
  field_reader fields(body);
  require_model(fields, all.model);
  auto const query = text_of(fields.need("query"), "query");
  std::vector<std::pair<std::string, std::string>> pairs;
  for (auto const& document : array_of(fields.need("documents"), "documents")) {
    auto const* text = document.object() != nullptr ? document.find("text") : &document;
    if (text == nullptr) throw bad_request("documents: an object has no text", "documents");
    pairs.emplace_back(query, text_of(*text, "documents"));
  }
  auto const top = fields.integer("top_n", 0, std::numeric_limits<int>::max()).value_or(0);
  bool const told = fields.boolean("return_documents").value_or(true);
  auto state = std::make_shared<gathered<std::vector<std::vector<scored_label>>>>(read_pairs(all, pairs, "documents"),
                                                                                  all.identity("rerank-"));
  fields.refuse_rest();
  auto const& work = *all.model.work;
  auto const run = [state, &work](session& model, std::size_t i) { state->results[i] = work.classify(model); };
  auto const write = [state, pairs, top, told] {
    std::vector<std::size_t> order(pairs.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    auto const score = [&](std::size_t i) { return relevance(state->results[i].front()); };
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return score(a) > score(b); });
    if (top > 0) order.resize(std::min(order.size(), static_cast<std::size_t>(top)));
    json_writer w;
    w.begin_object().member("id", state->identity.id).member("model", state->identity.model);
    write_tokens(w, state->tokens());
    w.key("results").begin_array();
    for (auto const i : order) {
      w.begin_object().member("index", i);
      if (told) w.key("document").begin_object().member("text", pairs[i].second).end_object();
      w.member("relevance_score", score(i)).end_object();
    }
    return w.end_array().end_object().take();
  };
  return task_of(state, run, write);
}

work_task read_classify(service& all, http_request const& http) {
  need_labels(all, "/classify");
  auto const body = parse_json(http.body);
  field_reader fields(body);
  require_model(fields, all.model);
  auto state = std::make_shared<gathered<std::vector<std::vector<scored_label>>>>(
      read_inputs(all, fields.need("input"), "input", false), all.identity("classify-"));
  fields.refuse_rest();
  auto const& work = *all.model.work;
  auto const run = [state, &work](session& model, std::size_t i) { state->results[i] = work.classify(model); };
  auto const likeliest = [](std::vector<scored_label> const& row) -> scored_label const& {
    return *std::ranges::max_element(row, {}, &scored_label::probability);
  };
  auto const write = [state, likeliest, tokens = all.model.judges_tokens] {
    json_writer w;
    w.begin_object().member("id", state->identity.id).member("object", "list");
    w.member("created", state->identity.created).member("model", state->identity.model).key("data").begin_array();
    for (std::size_t i = 0; i < state->results.size(); ++i) {
      w.begin_object().member("index", i);
      if (tokens) {
        w.key("tokens").begin_array();
        for (std::size_t t = 0; t < state->results[i].size(); ++t) {
          auto const& best = likeliest(state->results[i][t]);
          w.begin_object().member("id", state->inputs[i].ids[t]).member("label", best.label);
          w.member("prob", best.probability).end_object();
        }
        w.end_array().end_object();
        continue;
      }
      auto const& row = state->results[i].front();
      w.member("label", likeliest(row).label).key("probs").begin_array();
      for (auto const& label : row) w.value(label.probability);
      w.end_array().member("num_classes", row.size()).end_object();
    }
    w.end_array();
    write_tokens(w, state->tokens());
    return w.end_object().take();
  };
  return task_of(state, run, write);
}

work_task read_score(service& all, http_request const& http) {
  need_labels(all, "/v1/score");
  auto const body = parse_json(http.body);
  field_reader fields(body);
  require_model(fields, all.model);
  auto const first = read_texts(fields.need("text_1"), "text_1", most_inputs);
  auto const second = read_texts(fields.need("text_2"), "text_2", most_inputs);
  if (first.size() != 1 && first.size() != second.size())
    throw bad_request(
        "text_1 has " + std::to_string(first.size()) + " texts and text_2 " + std::to_string(second.size()), "text_2");
  std::vector<std::pair<std::string, std::string>> pairs;
  for (std::size_t i = 0; i < second.size(); ++i) pairs.emplace_back(first[first.size() == 1 ? 0 : i], second[i]);
  auto state = std::make_shared<gathered<std::vector<std::vector<scored_label>>>>(read_pairs(all, pairs, "text_2"),
                                                                                  all.identity("score-"));
  fields.refuse_rest();
  auto const& work = *all.model.work;
  auto const run = [state, &work](session& model, std::size_t i) { state->results[i] = work.classify(model); };
  auto const write = [state] {
    json_writer w;
    w.begin_object().member("id", state->identity.id).member("object", "list");
    w.member("created", state->identity.created).member("model", state->identity.model).key("data").begin_array();
    for (std::size_t i = 0; i < state->results.size(); ++i)
      w.begin_object()
          .member("index", i)
          .member("object", "score")
          .member("score", relevance(state->results[i].front()))
          .end_object();
    w.end_array();
    write_tokens(w, state->tokens());
    return w.end_object().take();
  };
  return task_of(state, run, write);
}

work_task read_fill(service& all, http_request const& http) {
  if (!all.model.fills) throw bad_request(all.model.name + " has no head for masked tokens; /fill needs one");
  auto const body = parse_json(http.body);
  field_reader fields(body);
  require_model(fields, all.model);
  int const top = static_cast<int>(fields.integer("top", 1, std::min(most_filled, all.model.vocab)).value_or(5));
  using row = std::vector<std::pair<int, std::vector<filled_token>>>;
  auto state =
      std::make_shared<gathered<row>>(read_inputs(all, fields.need("input"), "input", false), all.identity("fill-"));
  fields.refuse_rest();
  auto const mask = all.need_text("input").special().mask;
  if (!mask) throw bad_request("the vocabulary has no mask token", "input");
  for (auto const& input : state->inputs)
    if (std::ranges::find(input.ids, *mask) == input.ids.end())
      throw bad_request("the text has no mask token", "input");
  auto const& work = *all.model.work;
  auto const run = [state, &work, top](session& model, std::size_t i) {
    state->results[i] = work.fill(model, state->inputs[i], top);
  };
  auto const write = [state] {
    json_writer w;
    w.begin_object().member("id", state->identity.id).member("object", "list");
    w.member("model", state->identity.model).key("data").begin_array();
    for (std::size_t i = 0; i < state->results.size(); ++i) {
      w.begin_object().member("index", i).key("masks").begin_array();
      for (auto const& [position, tokens] : state->results[i]) {
        w.begin_object().member("position", position).key("tokens").begin_array();
        for (auto const& t : tokens)
          w.begin_object().member("id", t.id).member("text", t.text).member("prob", t.probability).end_object();
        w.end_array().end_object();
      }
      w.end_array().end_object();
    }
    w.end_array();
    write_tokens(w, state->tokens());
    return w.end_object().take();
  };
  return task_of(state, run, write);
}

}  // namespace constformer::serve
