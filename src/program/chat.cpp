#include "constformer/text/chat.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chat_choice.hpp"
#include "checkpoint_defaults.hpp"
#include "commands.hpp"
#include "constformer/generate/generation.hpp"
#include "constformer/generate/sampler.hpp"
#include "errors.hpp"
#include "input.hpp"
#include "printers.hpp"
#include "sampling.hpp"
#include "template_options.hpp"

namespace constformer::program {

namespace {

// The next line of standard input without its end.
std::optional<std::string> read_line() {
  char* line = nullptr;
  std::size_t room = 0;
  ::ssize_t const size = ::getline(&line, &room, stdin);
  std::unique_ptr<char, decltype(&std::free)> const owner(line, &std::free);
  if (size < 0) return std::nullopt;
  std::string text(line, static_cast<std::size_t>(size));
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

// A conversation over one session. Each turn is rendered as a whole, as the original does it; what the session has read
// of it already is not read again.
class conversation {
 public:
  conversation(program_context const& context, chat_options const& options, sampling_options const& sampling)
      : context_(context),
        options_(options),
        input_(input_of(context, options)),
        template_(choose_template(context, options.name)),
        model_(context.start(options.session)),
        choose_(make_sampler(sampling, context.model().vocab, model_->capacity())),
        stop_ids_(reply_ends(template_.format, input_, *context.text)) {
    stop_ids_.insert(stop_ids_.end(), context.metadata.stop_ids.begin(), context.metadata.stop_ids.end());
    int const vocab = context.model().vocab;
    auto const most = options.predict ? options.predict : context.metadata.generation.max_new_tokens;
    choose_ = make_ruled_sampler(std::move(choose_), rules_of(context, stop_ids_, most.value_or(-1)), {}, vocab,
                                 model_->capacity());
    printing_.print_ids = options.print_ids;
    if (!options.system.empty()) messages_.push_back({.role = "system", .text = options.system});
  }

  [[nodiscard]] std::string const& name() const { return template_.name; }

  void answer(std::string message, output& out) {
    messages_.push_back({.role = "user", .text = std::move(message)});
    auto const ids = read_as();
    check_ids(ids, context_.model().vocab, "tokenizer");
    if (ids.empty()) throw error("chat: the template renders the conversation as nothing");
    if (ids.size() > static_cast<std::size_t>(model_->capacity()))
      throw error("the conversation has " + std::to_string(ids.size()) + " tokens, the context holds " +
                  std::to_string(model_->capacity()));
    auto const known = keep_known(ids);
    most_ = most_new_tokens(context_, options_.predict, ids.size());
    choose_->restart();  // penalties and rules look at the whole conversation as it stands now
    for (int const id : std::span(ids).first(known)) choose_->accept(id);
    messages_.push_back({.role = "assistant", .text = reply_to(std::span(ids).subspan(known), out)});
  }

 private:
  static chat_input input_of(program_context const& context, chat_options const& options) {
    return {
        .options = template_options(options.template_options), .tokens = template_tokens(context), .now = local_time()};
  }

  // The ids of the conversation up to where a reply is asked for. A model that sees all of a prompt at once needs what
  // its vocabulary puts around one.
  std::vector<int> read_as() {
    input_.messages = chat_messages_json(messages_);
    bool const framed = template_.framed || context_.model().mask == mask_kind::prefix;
    return encode_chat(template_.format.render(input_), *context_.text, framed);
  }

  // Forgets what is not the beginning of `ids`, and at least the last of these, whose logits are wanted; returns what
  // is left. Of a prefix that all tokens see each turn makes another one.
  std::size_t keep_known(std::vector<int> const& ids) {
    auto const same = std::ranges::mismatch(read_, ids).in1 - read_.begin();
    bool const prefix = context_.model().mask == mask_kind::prefix;
    auto const known = prefix ? 0 : std::min(static_cast<std::size_t>(same), ids.size() - 1);
    model_->rewind(static_cast<int>(known));
    read_ = ids;
    return known;
  }

  std::string reply_to(std::span<int const> more, output& out) {
    auto const printer = make_printer(context_, printing_, {}, out);
    auto const stream = context_.text->stream();
    std::string reply;
    generation_limits const limits{.max_tokens = most_, .stop_ids = stop_ids_};
    auto const result = generate(*model_, *choose_, more, limits, [&](int id, std::span<float const> logits) {
      reply += stream->push(id);
      read_.push_back(id);
      return printer->chosen(id, logits);
    });
    printer->finish();
    out.flush();
    reply += stream->flush();
    read_.resize(static_cast<std::size_t>(model_->position()));  // the last token chosen need not have been read
    if (result.end == generation_end::context_full)
      note("stopped: the context of %d tokens is full", model_->capacity());
    return reply;
  }

  program_context const& context_;
  chat_options const& options_;
  chat_input input_;
  chosen_template template_;
  std::unique_ptr<session> model_;
  std::unique_ptr<sampler> choose_;
  std::vector<int> stop_ids_;
  int most_ = -1;  // tokens of a reply
  generate_options printing_;
  std::vector<chat_message> messages_;
  std::vector<int> read_;  // what the session holds
};

}  // namespace

void run_command(program_context const& context, chat_options const& options, output& out) {
  context.need_decoder("chat");
  static_cast<void>(context.need_tokenizer("chat"));
  if (options.predict.value_or(0) < -1)
    throw usage_error("--predict " + std::to_string(*options.predict) + " is below -1, which stands for no limit");
  check_text(options.system, "--system");
  auto const sampling = resolve_sampling(options.sampling, context.metadata.generation);
  conversation talk(context, options, sampling);
  note("sampling: %s", describe(sampling).c_str());
  note("chat: template %s; one message per line, the end of the input ends it", talk.name().c_str());
  int line = 0;
  while (auto message = read_line()) {
    check_text(*message, "standard input, line " + std::to_string(++line));
    if (!message->empty()) talk.answer(std::move(*message), out);
  }
}

}  // namespace constformer::program
