#include "command_line.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdint>
#include <string>
#include <utility>

#include "constformer/version.hpp"
#include "errors.hpp"

namespace constformer::program {

namespace {

constexpr char const* footer =
    "Text goes to standard output, everything else to standard error. Exit status: 0, 1 after an error, 2 after an "
    "invalid command line.";

void add_text(CLI::App& app, input_options& input, bool pair) {
  auto* option = app.add_option("-p,--prompt", input.texts, pair ? "text; given twice: a pair of texts" : "text")
                     ->type_name("TEXT")
                     ->allow_extra_args(false);
  option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  option->expected(1);
}

void add_file(CLI::App& app, input_options& input, char const* what) {
  app.add_option("-f,--file", input.file, what)->type_name("FILE");
}

void add_ids(CLI::App& app, input_options& input) {
  app.add_option("--ids", input.ids, "token ids, separated by commas or blanks, taken as they are")->type_name("LIST");
}

void add_threads(CLI::App& app, session_choice& session) {
  app.add_option("-t,--threads", session.threads,
                 "threads (default: those of the machine, fewer for small models); results do not depend on it");
}

void add_session(CLI::App& app, session_choice& session) {
  app.add_option("-c,--ctx-size", session.context, "tokens of context (default: as many as were compiled in)");
  add_threads(app, session);
}

void add_sampling(CLI::App& app, sampling_choice& s) {
  app.add_option("-s,--seed", s.seed, "seed of the sampler (default: another one each time)")->type_name("SEED");
  app.add_option("--sampler", s.sampler, "standard, or llama2c for exactly what run.c draws")->type_name("NAME");
  app.add_option("--temp", s.temperature, "temperature (0.8; llama2c 1.0); 0 always takes the likeliest token");
  app.add_option("--top-k", s.top_k, "consider only this many likeliest tokens (40); 0: all");
  app.add_option("--top-p", s.top_p,
                 "consider only the fewest tokens with this probability (0.95; llama2c 0.9); 1: all");
  app.add_option("--min-p", s.min_p, "consider only tokens this likely relative to the likeliest (0.05); 0: all");
  app.add_option("--repeat-penalty", s.repeat_penalty, "make recent tokens less likely by this factor (1: off)");
  app.add_option("--repeat-last-n", s.repeat_last_n, "how many tokens are recent (64); 0: none, -1: the whole context");
  app.add_option("--presence-penalty", s.presence_penalty, "taken off the logit of recent tokens (0)");
  app.add_option("--frequency-penalty", s.frequency_penalty, "taken off the logit of recent tokens per occurrence (0)");
}

void add_beams(CLI::App& app, beam_choice& b) {
  app.add_option("--beam-size", b.size, "search with this many hypotheses side by side instead of sampling (4)");
  app.add_option("--beam-rule", b.rule, "whose search: hf, lecture or ct2 (hf)")->type_name("NAME");
  app.add_option("--length-penalty", b.length_penalty,
                 "exponent of the length that log-probabilities are divided by (1; lecture 0.7)");
  app.add_option("--coverage-penalty", b.coverage_penalty,
                 "ct2: how much is taken off for tokens of the source that nothing attends to (0)");
  app.add_option("--early-stopping", b.stopping,
                 "hf: end with as many results as beams (true), or when no beam is "
                 "likely to (false), or can (never), become better (false)")
      ->type_name("WHEN");
  app.add_option("--n-best", b.best, "hypotheses to print (1)");
  app.add_option("--no-repeat-ngram-size", b.no_repeat_ngram, "no sequence of this many tokens occurs twice (0: off)");
  app.add_flag("--scores", b.scores, "print the score of each hypothesis before it");
}

void add_text_ends(CLI::App& app, generate_options& o) {
  app.add_option("--stop", o.stop, "end before this text; may be repeated")
      ->type_name("TEXT")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->expected(1);
  app.add_option("--prefix", o.prefix, "what the continuation begins with")->type_name("TEXT");
}

CLI::App* add_command(CLI::App& app, char const* name, char const* what) {
  auto* sub = app.add_subcommand(name, what);
  sub->fallthrough(false);
  return sub;
}

void add_source_ids(CLI::App& app, std::optional<std::string>& ids) {
  app.add_option("--source-ids", ids, "token ids of the source, separated by commas or blanks, taken as they are")
      ->type_name("LIST");
}

void add_draft(CLI::App& app, std::string& draft) {
  app.add_option("--draft", draft,
                 "what guesses tokens ahead: none, lookup, what the text repeats, or a number of tokens at a time, by "
                 "the model of build --draft (none)");
}

// The parser fills all aggregates; the one of the subcommand that was named is the result.
struct parsed {
  generate_options generate;
  chat_options chat;
  translate_options translate;
  score_options score;
  embed_options embed;
  classify_options classify;
  fill_options fill;
  tokenize_options tokenize;
  detokenize_options detokenize;
  info_options info;
  bench_options bench;
  serve_options serve;
};

void add_generate(CLI::App& app, generate_options& o) {
  add_text(app, o.input, false);
  add_file(app, o.input, "read the text from FILE; -: from standard input");
  add_ids(app, o.input);
  app.add_option("-n,--predict", o.predict,
                 "tokens to generate at most (-1: until the model stops or the context is full)");
  add_session(app, o.session);
  add_sampling(app, o.sampling);
  app.add_flag("--ignore-eos", o.ignore_eos, "continue past the model's stop tokens");
  app.add_flag("--print-ids", o.print_ids, "print the ids of the generated tokens instead of text");
  app.add_option("--logprobs", o.logprobs,
                 "print for each generated token a line: its id, its log-probability, and this many likeliest tokens "
                 "with theirs");
  add_text_ends(app, o);
  app.add_flag("--batch-lines", o.batch_lines, "each line of --file is a prompt of its own; they run side by side");
  add_beams(app, o.beams);
  add_draft(app, o.draft);
}

void add_chat(CLI::App& app, chat_options& o) {
  auto* chat = add_command(app, "chat", "Answers each line of standard input as a message of one conversation");
  chat->add_option("--system", o.system, "system message at the beginning of the conversation")->type_name("TEXT");
  chat->add_option("--template", o.name,
                   "llama2, llama3, chatml, nanochat, glm, deepseek, chatglm, or one that the checkpoint names "
                   "(default: what the checkpoint has)")
      ->type_name("NAME");
  chat->add_option("--template-option", o.template_options,
                   "pass KEY with a JSON value to the template; may be repeated")
      ->type_name("KEY=JSON")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->expected(1);
  chat->add_option("-n,--predict", o.predict, "tokens of a reply at most (-1: until the model stops)");
  add_session(*chat, o.session);
  add_sampling(*chat, o.sampling);
  chat->add_flag("--print-ids", o.print_ids, "print the ids of the replies instead of text");
}

void add_translate(CLI::App& app, translate_options& o) {
  auto* translate = add_command(app, "translate", "Writes the target text of a source (encoder-decoder models)");
  auto* text = translate->add_option("-p,--prompt", o.source.texts, "the source")->type_name("TEXT");
  text->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  text->expected(1);
  translate->add_option("-f,--file", o.source.file, "read the source from FILE; -: from standard input")
      ->type_name("FILE");
  add_source_ids(*translate, o.source.ids);
  translate->add_option("-n,--predict", o.predict,
                        "tokens to generate at most (-1: until the model stops or the context is full)");
  add_session(*translate, o.session);
  add_sampling(*translate, o.sampling);
  add_beams(*translate, o.beams);
  translate->add_option("--prefix", o.prefix, "what the target begins with")->type_name("TEXT");
  translate->add_flag("--print-ids", o.print_ids, "print the ids of the target, its end included, instead of text");
}

void add_serve(CLI::App& app, serve_options& o) {
  auto* serve = add_command(app, "serve", "Serves the model over HTTP, with OpenAI's API, until SIGTERM");
  serve->add_option("--host", o.host, "address to listen on (127.0.0.1); 0.0.0.0: all interfaces");
  serve->add_option("--port", o.port, "port to listen on (8080); 0: any free port");
  serve->add_option("--parallel", o.parallel, "sequences decoded together (8)");
  serve->add_option("--queue", o.queue, "requests that may wait in the queue (64)");
  serve->add_option("--queue-tokens", o.queue_tokens,
                    "tokens of their prompts (default: eight times what the cache holds)");
  add_session(*serve, o.session);
  auto* blocks = serve->add_option("--kv-blocks", o.kv_blocks, "blocks of keys and values for all texts together");
  serve->add_option("--kv-memory", o.kv_memory, "the same as a size: 512M, 2G")->type_name("SIZE")->excludes(blocks);
  add_draft(*serve, o.draft);
  serve
      ->add_option("--api-key", o.api_keys,
                   "accept requests with this key; may be repeated (default: no key is needed)")
      ->type_name("KEY")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->expected(1);
  serve->add_option("--api-key-file", o.api_key_file, "file of keys, one per line")->type_name("FILE");
  serve->add_option("--cors", o.cors, "allow browser requests from this origin (default: none)")->type_name("ORIGIN");
  serve->add_option("--timeout", o.timeout, "seconds a client may take to send a request or to read a response (30)");
  serve->add_option("--drain", o.drain, "seconds running requests may take after SIGTERM (30)");
  serve->add_option("--connections", o.connections, "connections at once (1000)");
  serve->add_option("--metrics-names", o.metrics_names, "of /metrics: ours, vllm or llama.cpp (ours)")
      ->type_name("NAMES");
  serve->add_option("--log", o.log, "a line for each request on standard error: json or text (json)")
      ->type_name("FORM");
}

void add_commands(CLI::App& app, parsed& p) {
  add_serve(app, p.serve);
  add_chat(app, p.chat);
  add_translate(app, p.translate);
  auto* score = add_command(app, "score", "Scores a text: negative log-likelihood and perplexity");
  add_text(*score, p.score.input, false);
  add_file(*score, p.score.input, "read the text from FILE; longer ones are scored in windows of the context");
  add_ids(*score, p.score.input);
  add_source_ids(*score, p.score.source_ids);
  score->add_option("-o,--output", p.score.output, "write the logits, float32 (tokens, vocab), as .npy")
      ->type_name("FILE");
  add_session(*score, p.score.session);

  auto* embed = add_command(app, "embed", "Prints the hidden states of a text, pooled to one vector or token by token");
  add_text(*embed, p.embed.input, true);
  add_file(*embed, p.embed.input, "read the text from FILE; -: from standard input");
  add_ids(*embed, p.embed.input);
  embed->add_option("--segments", p.embed.segments, "segment of each id (default: all 0)")->type_name("LIST");
  embed
      ->add_option(
          "--pool", p.embed.pool,
          "mean, cls (first token), last, max, mean_sqrt_len, weighted_mean, pooler (the model's own layer), "
          "several joined as cls,mean, or none (default: what the model's files ask for, or mean, decoders last)")
      ->type_name("HOW");
  embed
      ->add_option("--prompt-name", p.embed.prompt_name,
                   "put the prompt of this name before the text (default: what the model's files ask for)")
      ->type_name("NAME");
  embed->add_option("--prefix", p.embed.prefix, "put this before the text instead of a prompt of the model's files")
      ->type_name("TEXT");
  // Bound to the optional itself, CLI11 before 2.2 would set it to false when neither flag is given.
  embed->add_flag_function(
      "--normalize,!--no-normalize", [&wanted = p.embed.normalize](std::int64_t count) { wanted = count > 0; },
      "scale to length 1, or not (default: what the model's files ask for)");
  embed->add_option("-o,--output", p.embed.output, "write float32 as .npy instead of text")->type_name("FILE");
  add_session(*embed, p.embed.session);

  auto* classify = add_command(app, "classify", "Prints the labels of a sequence, or of each of its tokens");
  add_text(*classify, p.classify.input, true);
  add_file(*classify, p.classify.input, "read the text from FILE; -: from standard input");
  add_ids(*classify, p.classify.input);
  classify->add_option("--segments", p.classify.segments, "segment of each id (default: all 0)")->type_name("LIST");
  classify->add_option("-o,--output", p.classify.output, "write the scores before softmax, float32, as .npy")
      ->type_name("FILE");
  add_session(*classify, p.classify.session);

  auto* fill = add_command(app, "fill", "Prints the likeliest tokens for each mask token of a text");
  add_text(*fill, p.fill.input, true);
  add_file(*fill, p.fill.input, "read the text from FILE; -: from standard input");
  add_ids(*fill, p.fill.input);
  fill->add_option("--segments", p.fill.segments, "segment of each id (default: all 0)")->type_name("LIST");
  fill->add_option("--top", p.fill.top, "how many (5)");
  fill->add_option("-o,--output", p.fill.output, "write the logits, float32 (tokens, vocab), as .npy")
      ->type_name("FILE");
  add_session(*fill, p.fill.session);

  auto* tokenize = add_command(app, "tokenize", "Prints the token ids of a text");
  add_text(*tokenize, p.tokenize.input, false);
  add_file(*tokenize, p.tokenize.input, "read the text from FILE; -: from standard input");
  tokenize->add_flag("--no-special", p.tokenize.no_special, "add no token for the begin or the end");

  auto* detokenize = add_command(app, "detokenize", "Prints the text of token ids");
  add_ids(*detokenize, p.detokenize.input);
  add_file(*detokenize, p.detokenize.input, "read the ids from FILE; -: from standard input");

  auto* info = add_command(app, "info", "Shows what was compiled: hyperparameters, parameters, bytes, tensors");
  info->add_flag("--json", p.info.json, "as JSON");

  auto* bench = add_command(app, "bench", "Measures tokens per second");
  bench->add_option("-p,--prompt", p.bench.prompt, "tokens of the prefill (128, or what fits)");
  bench->add_option("-n,--predict", p.bench.predict, "tokens of the decode (64, or what fits)");
  add_source_ids(*bench, p.bench.source_ids);
  add_beams(*bench, p.bench.beams);
  bench->add_option("-r,--repetitions", p.bench.repetitions, "repetitions (5)");
  bench->add_option("-t,--threads", p.bench.threads, "numbers of threads, as 1,2 (default: as for generating)")
      ->type_name("LIST");
  bench->add_option("-o,--output", p.bench.format, "md or json (md)")->type_name("FORMAT");
}

command chosen(CLI::App const& app, parsed& p) {
  if (app.got_subcommand("chat")) return std::move(p.chat);
  if (app.got_subcommand("translate")) return std::move(p.translate);
  if (app.got_subcommand("score")) return std::move(p.score);
  if (app.got_subcommand("embed")) return std::move(p.embed);
  if (app.got_subcommand("classify")) return std::move(p.classify);
  if (app.got_subcommand("fill")) return std::move(p.fill);
  if (app.got_subcommand("tokenize")) return std::move(p.tokenize);
  if (app.got_subcommand("detokenize")) return std::move(p.detokenize);
  if (app.got_subcommand("info")) return std::move(p.info);
  if (app.got_subcommand("bench")) return std::move(p.bench);
  if (app.got_subcommand("serve")) return std::move(p.serve);
  return std::move(p.generate);
}

std::string one_line(std::string text) {
  for (char& c : text)
    if (c == '\n') c = ' ';
  return text;
}

// `MODEL -n 3 score …` would silently drop the -n.
void refuse_options_before(CLI::App const& app) {
  if (app.get_subcommands().empty()) return;
  for (auto const* option : app.get_options())
    if (option->count() > 0)
      throw usage_error(option->get_name(false, false) + " stands before the subcommand " +
                        app.get_subcommands().front()->get_name() + "; its options go after it");
}

}  // namespace

command parse_command_line(int argc, char const* const* argv, std::string const& name) {
  parsed values;
  CLI::App app(
      "A transformer compiled by constformer " + std::string(version) + ". Without a subcommand it generates text.",
      name);
  app.footer(footer);
  app.require_subcommand(0, 1);
  app.set_help_flag("-h,--help", "print this and end");
  app.set_version_flag("--version", name + " (constformer " + version + ")", "print the version and end");
  app.get_formatter()->column_width(34);
  add_generate(app, values.generate);
  add_commands(app, values);
  try {
    app.parse(argc, argv);
  } catch (CLI::CallForHelp const&) {
    auto const subcommands = app.get_subcommands();
    return print_text{subcommands.empty() ? app.help() : subcommands.front()->help(name)};
  } catch (CLI::CallForVersion const& version_text) {
    return print_text{std::string(version_text.what()) + "\n"};
  } catch (CLI::ParseError const& problem) {
    throw usage_error(one_line(problem.what()) + "; --help lists what there is");
  }
  refuse_options_before(app);
  return chosen(app, values);
}

}  // namespace constformer::program
