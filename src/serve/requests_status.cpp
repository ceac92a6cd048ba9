#include <string>

#include "constformer/version.hpp"
#include "json_writer.hpp"
#include "service.hpp"

namespace constformer::serve {

namespace {

http_answer json_answer(json_writer& w, int status = 200) { return {.status = status, .body = w.take()}; }

void write_model(json_writer& w, service const& all) {
  auto const& model = all.model;
  w.begin_object().member("id", model.name).member("object", "model").member("created", 0);
  w.member("owned_by", "constformer").member("max_model_len", model.capacity);
  w.key("meta").begin_object().member("n_ctx", model.capacity).member("n_vocab", model.vocab);
  w.member("n_params", model.parameters).end_object().end_object();
}

void write_sampling(json_writer& w, sampling_options const& s) {
  w.member("temperature", s.temperature).member("top_k", s.top_k).member("top_p", s.top_p).member("min_p", s.min_p);
  w.member("repeat_penalty", s.repeat_penalty).member("repeat_last_n", s.repeat_last_n);
  w.member("presence_penalty", s.presence_penalty).member("frequency_penalty", s.frequency_penalty);
}

}  // namespace

http_answer answer_health(service& all, http_request const&) {
  auto const stats = all.compute.stats();
  json_writer w;
  bool const well = stats.sound && !all.draining;
  w.begin_object().member("status", well ? "ok" : stats.sound ? "draining" : "damaged weights").end_object();
  return json_answer(w, well ? 200 : 503);
}

http_answer answer_models(service& all, http_request const&) {
  json_writer w;
  w.begin_object().member("object", "list").key("data").begin_array();
  write_model(w, all);
  w.end_array().end_object();
  return json_answer(w);
}

http_answer answer_model(service& all, http_request const& request) {
  auto const name = std::string_view(request.path).substr(std::string_view("/v1/models/").size());
  if (name != all.model.name)
    throw api_error(404, "invalid_request_error", "the model '" + std::string(name.substr(0, 100)) + "' is not here",
                    "model", "model_not_found");
  json_writer w;
  write_model(w, all);
  return json_answer(w);
}

http_answer answer_version(service&, http_request const&) {
  json_writer w;
  w.begin_object().member("version", version).end_object();
  return json_answer(w);
}

http_answer answer_props(service& all, http_request const&) {
  json_writer w;
  w.begin_object().key("default_generation_settings").begin_object().member("n_ctx", all.model.capacity);
  w.key("params").begin_object();
  write_sampling(w, all.model.sampling);
  w.end_object().end_object();
  w.member("total_slots", all.options.parallel).member("model_path", all.model.path);
  w.member("chat_template", all.model.chat ? all.model.chat->jinja : std::string());
  w.member("kind", all.model.kind == model_kind::decoder   ? "decoder"
                   : all.model.kind == model_kind::encoder ? "encoder"
                                                           : "translator");
  w.member("embeds", all.model.dimensions > 0)
      .member("classifies", all.model.classifies)
      .member("fills", all.model.fills);
  w.member("build_info", "constformer " + std::string(version)).end_object();
  return json_answer(w);
}

http_answer answer_slots(service& all, http_request const& request) {
  auto const stats = all.compute.stats();
  bool const full = stats.running_slots.size() >= static_cast<std::size_t>(all.options.parallel);
  if (full && request.query.find("fail_on_no_slot=1") != std::string::npos)
    throw overloaded("no slot is free", "no_slot");
  json_writer w;
  w.begin_array();
  for (std::size_t i = 0; i < static_cast<std::size_t>(all.options.parallel); ++i) {
    w.begin_object().member("id", i).member("n_ctx", all.model.capacity);
    bool const busy = i < stats.running_slots.size();
    w.member("is_processing", busy);
    if (busy) {
      auto const& slot = stats.running_slots[i];
      w.member("id_task", slot.request).member("n_prompt_tokens", slot.prompt_tokens);
      w.key("next_token").begin_array().begin_object().member("n_remain", slot.remaining_tokens);
      w.member("n_decoded", slot.chosen_tokens).end_object().end_array();
    }
    w.end_object();
  }
  w.end_array();
  return json_answer(w);
}

}  // namespace constformer::serve
