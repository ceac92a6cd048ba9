#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "engine.hpp"
#include "generation_fields.hpp"
#include "generation_task.hpp"
#include "http_message.hpp"
#include "openai_format.hpp"
#include "request_metrics.hpp"
#include "serve_options.hpp"
#include "served_model.hpp"
#include "token_texts.hpp"
#include "vocabulary_index.hpp"

namespace constformer::serve {

/// Work for encoders and translators: parts that run on the compute thread, and what is then answered.
struct work_task {
  std::size_t parts = 1;
  std::function<void(session&, std::size_t part)> run;
  std::function<std::string()> body;
  std::function<encoder_text(std::size_t part)> text{};  ///< see session_job
};

/// What all requests share.
class service {
 public:
  service(served_model const& served, engine& behind, serve_options const& chosen)
      : model(served), compute(behind), options(chosen) {}

  served_model const& model;
  engine& compute;
  serve_options const& options;
  request_metrics metrics;
  std::atomic<bool> draining = false;

  [[nodiscard]] generation_bounds bounds() const { return {model.vocab, model.capacity, options.parallel}; }

  /// Made when it is first asked for, by any thread. Throws `api_error` if there is no tokenizer.
  [[nodiscard]] std::shared_ptr<token_texts const> texts();

  /// The same.
  [[nodiscard]] std::shared_ptr<vocabulary_index const> vocabulary();

  /// The same, with the special tokens that stand around calls.
  [[nodiscard]] std::shared_ptr<vocabulary_index const> call_vocabulary();

  /// Throws `api_error` unless the model has a tokenizer.
  [[nodiscard]] tokenizer const& need_text(std::string_view field) const;

  [[nodiscard]] answer_identity identity(std::string_view prefix) const;

 private:
  std::mutex texts_mutex_;
  std::shared_ptr<token_texts const> texts_;
  std::mutex vocabulary_mutex_;
  std::shared_ptr<vocabulary_index const> vocabulary_;
  std::mutex call_vocabulary_mutex_;
  std::shared_ptr<vocabulary_index const> call_vocabulary_;
};

/// Answers at once, on the I/O thread.
using answer_function = http_answer (*)(service&, http_request const&);
/// Reads a request on the front thread.
using generation_function = generation_task (*)(service&, http_request const&);
/// The same of work for encoders and translators.
using work_function = work_task (*)(service&, http_request const&);

/// An endpoint has exactly one of the functions.
struct endpoint {
  std::string_view method;
  std::string_view path;
  model_kind const* only;  ///< for models of that kind alone
  bool decoders = false;   ///< or for decoders, too
  answer_function at_once = nullptr;
  answer_function in_front = nullptr;  ///< at_once, but on the front thread: it may take a while
  generation_function generation = nullptr;
  work_function work = nullptr;
  bool open = false;  ///< without a key, too
};

/// The endpoint for a request. Throws `api_error`: 404, or 405 where the path is known.
[[nodiscard]] endpoint const& endpoint_for(service const& all, http_request const& request);

/// @{ The functions of endpoints, each in the file of its group.
http_answer answer_health(service&, http_request const&);
http_answer answer_models(service&, http_request const&);
http_answer answer_model(service&, http_request const&);
http_answer answer_metrics(service&, http_request const&);
http_answer answer_props(service&, http_request const&);
http_answer answer_slots(service&, http_request const&);
http_answer answer_version(service&, http_request const&);
http_answer answer_page(service&, http_request const&);
http_answer answer_tokenize(service&, http_request const&);
http_answer answer_detokenize(service&, http_request const&);
http_answer answer_apply_template(service&, http_request const&);
generation_task read_completion(service&, http_request const&);
generation_task read_chat(service&, http_request const&);
generation_task read_llama_completion(service&, http_request const&);
work_task read_embeddings(service&, http_request const&);
work_task read_rerank(service&, http_request const&);
work_task read_classify(service&, http_request const&);
work_task read_score(service&, http_request const&);
work_task read_fill(service&, http_request const&);
work_task read_translate(service&, http_request const&);
/// @}

}  // namespace constformer::serve
