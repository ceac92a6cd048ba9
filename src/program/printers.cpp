#include "printers.hpp"

#include <range/v3/algorithm/partial_sort_copy.hpp>
#include <range/v3/view/iota.hpp>
#include <string_view>
#include <vector>

#include "../serve/log_probabilities.hpp"
#include "../serve/stop_text.hpp"
#include "../text/utf8.hpp"
#include "errors.hpp"

namespace constformer::program {

namespace {

// Ids as numbers between blanks.
class id_printer final : public token_printer {
 public:
  explicit id_printer(output& out) : out_(out) {}

  void given(int id) override {
    if (!first_) out_.put(" ");
    first_ = false;
    out_.put(static_cast<long long>(id));
    out_.flush();
  }

  bool chosen(int id, std::span<float const>) override {
    given(id);
    return true;
  }

  void finish() override { out_.put("\n"); }

 private:
  output& out_;
  bool first_ = true;
};

// Prompt and continuation as one text, as llama.cpp and run.c print it. The stream holds back what is not yet a whole
// character, and what may become a stop string.
class text_printer final : public token_printer {
 public:
  text_printer(output& out, tokenizer const& text, std::span<int const> prompt, std::vector<std::string> const& stops)
      : out_(out), stream_(text.stream()), stop_(stops) {
    for (int const id : prompt) given(id);
    out_.flush();
  }

  void given(int id) override { out_.put(stream_->push(id)); }

  bool chosen(int id, std::span<float const>) override {
    std::string_view const piece = stop_.push(stream_->push(id));
    if (!piece.empty()) {
      out_.put(piece);
      out_.flush();
    }
    return !stop_.stopped();
  }

  void finish() override {
    out_.put(stop_.push(stream_->flush()));
    out_.put(stop_.flush());
    out_.put("\n");
  }

 private:
  output& out_;
  std::unique_ptr<text_stream> stream_;
  serve::stop_text stop_;
};

// Lines of id, log-probability and the likeliest tokens with theirs, of the model's distribution before any sampling
// option.
class log_probability_printer final : public token_printer {
 public:
  log_probability_printer(output& out, int likeliest) : out_(out), likeliest_(static_cast<std::size_t>(likeliest)) {}

  void given(int) override {}

  bool chosen(int id, std::span<float const> logits) override {
    double const norm = serve::log_sum_exp(logits);
    auto const value = [&](int of) { return static_cast<double>(logits[static_cast<std::size_t>(of)]) - norm; };
    out_.put(static_cast<long long>(id));
    out_.put("\t");
    out_.put_rounded(value(id));
    auto const likelier = [&](int a, int b) { return value(a) > value(b) || (value(a) == value(b) && a < b); };
    ranges::partial_sort_copy(ranges::views::iota(0, static_cast<int>(logits.size())), likeliest_, likelier);
    for (int const other : likeliest_) {
      out_.put("\t");
      out_.put(static_cast<long long>(other));
      out_.put(":");
      out_.put_rounded(value(other));
    }
    out_.put("\n");
    out_.flush();
    return true;
  }

  void finish() override {}

 private:
  output& out_;
  std::vector<int> likeliest_;
};

}  // namespace

std::unique_ptr<token_printer> make_printer(program_context const& context, generate_options const& options,
                                            std::span<int const> prompt, output& out) {
  if (options.logprobs) return std::make_unique<log_probability_printer>(out, *options.logprobs);
  if (options.print_ids) return std::make_unique<id_printer>(out);
  return std::make_unique<text_printer>(out, *context.text, prompt, options.stop);
}

void check_printing(program_context const& context, generate_options const& options) {
  if (options.logprobs && options.print_ids) throw usage_error("--logprobs prints ids itself, without --print-ids");
  if (options.logprobs && (*options.logprobs < 0 || *options.logprobs > context.model().vocab))
    throw usage_error("--logprobs " + std::to_string(*options.logprobs) + " is not between 0 and the vocabulary of " +
                      std::to_string(context.model().vocab));
  bool const text = !options.logprobs && !options.print_ids;
  if (!text && !options.stop.empty()) throw usage_error("--stop is for text, without --print-ids and --logprobs");
  for (auto const& stop : options.stop) {
    if (stop.empty()) throw usage_error("--stop: the text is empty");
    if (text::find_invalid_utf8(stop) != stop.size()) throw usage_error("--stop: the text is not UTF-8");
  }
}

}  // namespace constformer::program
