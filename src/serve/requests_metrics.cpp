#include <charconv>
#include <string>
#include <string_view>

#include "service.hpp"

namespace constformer::serve {

namespace {

// The text format of Prometheus, 0.0.4.
class exposition {
 public:
  exposition(std::string prefix, std::string labels) : prefix_(std::move(prefix)), labels_(std::move(labels)) {}

  void gauge(std::string_view name, double value) { write(name, "gauge", value); }
  void counter(std::string_view name, double value) { write(name, "counter", value); }
  void add(std::string_view name, histogram const& values) { values.write(out_, prefix_ + std::string(name), labels_); }

  void labelled(std::string_view name, std::string_view label, double value) {
    out_ += prefix_;
    out_ += name;
    out_ += '{';
    out_ += labels_;
    if (!labels_.empty()) out_ += ',';
    out_ += label;
    out_ += "} ";
    put(value);
  }

  void type(std::string_view name, std::string_view kind) {
    out_ += "# TYPE ";
    out_ += prefix_;
    out_ += name;
    out_ += ' ';
    out_ += kind;
    out_ += '\n';
  }

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void write(std::string_view name, std::string_view kind, double value) {
    type(name, kind);
    out_ += prefix_;
    out_ += name;
    if (!labels_.empty()) out_ += '{' + labels_ + '}';
    out_ += ' ';
    put(value);
  }

  void put(double value) {
    char digits[40];
    out_.append(digits, static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, value).ptr - digits));
    out_ += '\n';
  }

  std::string prefix_;
  std::string labels_;
  std::string out_;
};

double share(std::int64_t part, std::int64_t all) {
  return all > 0 ? static_cast<double>(part) / static_cast<double>(all) : 0;
}

// Ours and vLLM's have the same shape; the names of the first say what they count.
std::string vllm_like(service const& all, engine_stats const& s, bool ours) {
  exposition e(ours ? "constformer:" : "vllm:",
               "model_name=\"" + all.model.name + "\"" + (ours ? "" : ",engine=\"0\""));
  auto const& m = all.metrics;
  auto const d = [](auto count) { return static_cast<double>(count); };
  e.gauge("num_requests_running", s.running);
  e.gauge("num_requests_waiting", s.waiting);
  e.gauge("kv_cache_usage_perc", share(s.blocks_used, s.blocks));
  e.counter("prefix_cache_queries_total", d(s.prompt_tokens));
  e.counter("prefix_cache_hits_total", d(s.cached_prompt_tokens));
  e.counter("num_preemptions_total", d(s.preemptions));
  e.counter("prompt_tokens_total", d(s.prompt_tokens));
  e.counter("prompt_tokens_cached_total", d(s.cached_prompt_tokens));
  e.counter("generation_tokens_total", d(s.generated_tokens));
  e.counter("admission_rejections_total", d(s.refused));
  e.counter("spec_decode_num_drafts_total", d(s.drafts));
  e.counter("spec_decode_num_draft_tokens_total", d(s.draft_tokens));
  e.counter("spec_decode_num_accepted_tokens_total", d(s.accepted_tokens));
  e.type("request_success_total", "counter");
  e.labelled("request_success_total", "finished_reason=\"stop\"", d(m.ended_stop));
  e.labelled("request_success_total", "finished_reason=\"length\"", d(m.ended_length));
  e.labelled("request_success_total", "finished_reason=\"abort\"", d(m.ended_abort));
  e.add("time_to_first_token_seconds", m.first_token_seconds);
  e.add("inter_token_latency_seconds", m.inter_token_seconds);
  e.add("e2e_request_latency_seconds", m.request_seconds);
  e.add("request_queue_time_seconds", m.queue_seconds);
  e.add("request_prompt_tokens", m.prompt_tokens);
  e.add("request_generation_tokens", m.generated_tokens);
  if (!ours) return e.take();
  e.gauge("connections", d(m.connections));
  e.gauge("kv_blocks", d(s.blocks));
  e.gauge("kv_blocks_used", d(s.blocks_used));
  e.counter("steps_total", d(s.steps));
  e.counter("prefill_seconds_total", s.prefill_seconds);
  e.counter("decode_seconds_total", s.decode_seconds);
  e.counter("work_requests_total", d(m.work));
  e.type("http_responses_total", "counter");
  for (std::size_t i = 2; i < m.answers.size(); ++i)
    e.labelled("http_responses_total", "code=\"" + std::to_string(i) + "xx\"", d(m.answers[i]));
  return e.take();
}

std::string llama_like(engine_stats const& s) {
  exposition e("llamacpp:", "");
  auto const d = [](auto count) { return static_cast<double>(count); };
  auto const rate = [](double count, double seconds) { return seconds > 0 ? count / seconds : 0; };
  double const read = d(s.prompt_tokens - s.cached_prompt_tokens), made = d(s.generated_tokens);
  e.counter("prompt_tokens_total", read);
  e.counter("prompt_tokens_cached_total", d(s.cached_prompt_tokens));
  e.counter("prompt_seconds_total", s.prefill_seconds);
  e.counter("tokens_predicted_total", made);
  e.counter("tokens_predicted_seconds_total", s.decode_seconds);
  e.counter("n_decode_total", d(s.steps));
  e.gauge("prompt_tokens_seconds", rate(read, s.prefill_seconds));
  e.gauge("predicted_tokens_seconds", rate(made, s.decode_seconds));
  e.gauge("requests_processing", s.running);
  e.gauge("requests_deferred", s.waiting);
  e.gauge("kv_cache_usage_ratio", share(s.blocks_used, s.blocks));
  return e.take();
}

}  // namespace

http_answer answer_metrics(service& all, http_request const&) {
  auto const stats = all.compute.stats();
  auto const names = all.options.metrics;
  return {.type = "text/plain; version=0.0.4; charset=utf-8",
          .body = names == metric_names::llama_cpp ? llama_like(stats)
                                                   : vllm_like(all, stats, names == metric_names::ours)};
}

}  // namespace constformer::serve
