#include "service.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "random_seed.hpp"

namespace constformer::serve {

namespace {

constexpr model_kind decoder = model_kind::decoder, encoder = model_kind::encoder, translator = model_kind::translator;

constexpr std::array endpoints{
    endpoint{.method = "GET", .path = "/health", .only = nullptr, .at_once = answer_health, .open = true},
    endpoint{.method = "GET", .path = "/v1/health", .only = nullptr, .at_once = answer_health, .open = true},
    endpoint{.method = "GET", .path = "/", .only = nullptr, .at_once = answer_page, .open = true},
    endpoint{.method = "GET", .path = "/v1/models", .only = nullptr, .at_once = answer_models},
    endpoint{.method = "GET", .path = "/models", .only = nullptr, .at_once = answer_models},
    endpoint{.method = "GET", .path = "/v1/models/*", .only = nullptr, .at_once = answer_model},
    endpoint{.method = "GET", .path = "/metrics", .only = nullptr, .at_once = answer_metrics},
    endpoint{.method = "GET", .path = "/props", .only = nullptr, .at_once = answer_props},
    endpoint{.method = "GET", .path = "/slots", .only = &decoder, .at_once = answer_slots},
    endpoint{.method = "GET", .path = "/version", .only = nullptr, .at_once = answer_version},
    endpoint{.method = "POST", .path = "/tokenize", .only = nullptr, .in_front = answer_tokenize},
    endpoint{.method = "POST", .path = "/detokenize", .only = nullptr, .in_front = answer_detokenize},
    endpoint{.method = "POST", .path = "/apply-template", .only = &decoder, .in_front = answer_apply_template},
    endpoint{.method = "POST", .path = "/v1/completions", .only = &decoder, .generation = read_completion},
    endpoint{.method = "POST", .path = "/v1/chat/completions", .only = &decoder, .generation = read_chat},
    endpoint{.method = "POST", .path = "/completion", .only = &decoder, .generation = read_llama_completion},
    endpoint{.method = "POST", .path = "/v1/embeddings", .only = &encoder, .decoders = true, .work = read_embeddings},
    endpoint{.method = "POST", .path = "/v1/rerank", .only = &encoder, .work = read_rerank},
    endpoint{.method = "POST", .path = "/rerank", .only = &encoder, .work = read_rerank},
    endpoint{.method = "POST", .path = "/classify", .only = &encoder, .work = read_classify},
    endpoint{.method = "POST", .path = "/v1/score", .only = &encoder, .work = read_score},
    endpoint{.method = "POST", .path = "/score", .only = &encoder, .work = read_score},
    endpoint{.method = "POST", .path = "/fill", .only = &encoder, .work = read_fill},
    endpoint{.method = "POST", .path = "/translate", .only = &translator, .work = read_translate},
};

bool matches(std::string_view pattern, std::string_view path) {
  if (!pattern.ends_with('*')) return pattern == path;
  auto const front = pattern.substr(0, pattern.size() - 1);
  return path.starts_with(front) && path.size() > front.size();
}

std::string_view name_of(model_kind kind) {
  return kind == decoder ? "a decoder" : kind == encoder ? "an encoder" : "an encoder-decoder model";
}

}  // namespace

endpoint const& endpoint_for(service const& all, http_request const& request) {
  auto const method = request.method == "HEAD" ? std::string_view("GET") : std::string_view(request.method);
  bool known = false;
  for (auto const& e : endpoints) {
    if (!matches(e.path, request.path)) continue;
    known = true;
    if (e.method != method) continue;
    bool const fits = e.only == nullptr || *e.only == all.model.kind || (e.decoders && all.model.kind == decoder);
    if (!fits)
      throw api_error(404, "invalid_request_error",
                      all.model.name + " is " + std::string(name_of(all.model.kind)) + "; " + std::string(e.path) +
                          " is for " + std::string(name_of(*e.only)));
    return e;
  }
  if (known)
    throw api_error(405, "invalid_request_error",
                    request.method.substr(0, 20) + " is not what " + request.path.substr(0, 100) + " takes");
  throw api_error(404, "invalid_request_error", "there is nothing at " + request.path.substr(0, 100));
}

std::shared_ptr<token_texts const> service::texts() {
  std::lock_guard const lock(texts_mutex_);
  if (!texts_) texts_ = std::make_shared<token_texts const>(need_text("logprobs"), model.vocab);
  return texts_;
}

std::shared_ptr<vocabulary_index const> service::vocabulary() {
  auto const bytes = texts();
  std::lock_guard const lock(vocabulary_mutex_);
  if (!vocabulary_) vocabulary_ = std::make_shared<vocabulary_index const>(bytes);
  return vocabulary_;
}

std::shared_ptr<vocabulary_index const> service::call_vocabulary() {
  if (model.chat->tools->spelled.empty()) return vocabulary();
  std::lock_guard const lock(call_vocabulary_mutex_);
  if (!call_vocabulary_)
    call_vocabulary_ = std::make_shared<vocabulary_index const>(
        std::make_shared<token_texts const>(need_text("tools"), model.vocab, model.chat->tools->spelled));
  return call_vocabulary_;
}

tokenizer const& service::need_text(std::string_view field) const {
  if (model.text == nullptr)
    throw bad_request(std::string(field) + " needs a tokenizer, and " + model.name + " was built without one", field);
  return *model.text;
}

answer_identity service::identity(std::string_view prefix) const {
  constexpr char const* digits = "0123456789abcdef";
  std::string id(prefix);
  for (int word = 0; word < 2; ++word)
    for (std::uint64_t bits = random_seed(), i = 0; i < 16; ++i) id += digits[bits >> (4 * i) & 15];
  auto const now = std::chrono::system_clock::now().time_since_epoch();
  return {std::move(id), std::chrono::duration_cast<std::chrono::seconds>(now).count(), model.name, model.fingerprint};
}

}  // namespace constformer::serve
