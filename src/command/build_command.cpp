#include <array>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Error.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include "../checkpoint/readers/traced_checkpoint.hpp"
#include "chat_source.hpp"
#include "checkpoint_options.hpp"
#include "commands.hpp"
#include "compile.hpp"
#include "config_header.hpp"
#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/error.hpp"
#include "model_units.hpp"
#include "pack.hpp"
#include "pack_traced.hpp"
#include "process.hpp"
#include "progress.hpp"
#include "sources.hpp"
#include "standard_output.hpp"
#include "targets.hpp"
#include "toolchain.hpp"
#include "traced_model.hpp"
#include "weight_choice.hpp"
#include "work_folder.hpp"

namespace constformer::command {

namespace {

constexpr int default_capacity = 4096;
constexpr int largest_capacity = 1 << 24;

struct build_options {
  std::string path;
  std::string model;  // FILE.hpp[:TYPE] of one of one's own
  std::string output;
  std::string tokenizer;
  std::string chat_template;
  std::string draft;  // checkpoint of a smaller model that guesses
  open_options open;
  int context = 0;
  std::string type;
  std::string inputs;
  std::string kv_type = "f32";
  std::string weights = "embed";
  bool lowered = false;  // layers by lowering the graph
  std::string keep;
  std::string sources;
  compile_options compile;
};

// Names of the files of a build in its work folder.
constexpr std::string_view config_file = "model_config.hpp";
constexpr std::string_view check_file = "check.cpp";
constexpr std::string_view check_object = "check.o";
constexpr std::string_view facts_file = "model.facts";
constexpr std::string_view weights_file = "weights.cpp";
constexpr std::string_view packed_name = "model.weights";
constexpr std::string_view draft_config_file = "draft_config.hpp";
constexpr std::string_view draft_check_file = "draft_check.cpp";
constexpr std::string_view draft_weights_file = "draft_weights.cpp";
constexpr std::string_view draft_packed_name = "draft.weights";

// Types that matrices may be packed in.
constexpr std::array packed_types{dtype::f32, dtype::bf16, dtype::f16, dtype::q8_0, dtype::q4_0, dtype::iq4_nl};

void set_weight_types(checkpoint const& source, std::string const& asked, config& model) {
  if (asked.empty()) return set_stored_types(source, model);
  if (std::ranges::find(mixtures, asked) != std::end(mixtures)) return set_mixture(model, asked);
  for (dtype const type : packed_types)
    if (name_of(type) == asked) model.weights = type;
  model.group = quantisation_group(model.weights);
}

bool is_quantised(config const& model) {
  auto const others = std::span(model.types.list).first(static_cast<std::size_t>(model.types.count));
  return model.group > 0 || std::ranges::any_of(others, [](auto const& t) { return quantisation_group(t.type) > 0; });
}

// Types that inputs of matrices may be rounded to.
constexpr std::array input_types{dtype::f32, dtype::bf16, dtype::i8};

// Types that keys and values may be kept in.
constexpr std::array kept_types{dtype::f32, dtype::bf16, dtype::i8};

config compiled_config(checkpoint const& source, build_options const& options) {
  config model = source.model;
  model.capacity = options.context != 0 ? options.context : std::min(model.positions, default_capacity);
  set_weight_types(source, options.type, model);
  // Inputs are rounded where rounding was asked for; a file's own numbers are kept.
  model.inputs = is_quantised(model) && !options.type.empty() ? dtype::i8 : dtype::f32;
  for (dtype const type : input_types)
    if (name_of(type) == options.inputs) model.inputs = type;
  for (dtype const type : kept_types)
    if (name_of(type) == options.kv_type) model.kv_dtype = type;
  if (message const misfit = first_misfit(model); !misfit.empty())
    throw error(options.path + ": " + std::string(misfit.view()));
  return model;
}

// Models of one's own are computed in f32, and what they may have of positions their headers say.
config traced_config(checkpoint const& source, build_options const& options) {
  if (!options.type.empty() || !options.inputs.empty() || options.kv_type != "f32")
    throw error(
        "--dtype, --inputs and --kv-dtype are for models that a checkpoint describes, those of --model are f32");
  if (options.lowered) throw error("--lowered is for models that a checkpoint describes, and not yet for --model");
  config model = source.model;
  if (model.positions > 0 && options.context > model.positions)
    throw error(options.path + ": context: capacity=" + std::to_string(options.context) +
                " is more than positions=" + std::to_string(model.positions));
  return model;
}

// A model that guesses for another one.
struct draft_model {
  checkpoint source;
  config model;
  std::string name;  // of the config
};

// Everything one build knows.
struct build {
  build_options const& options;
  toolchain tools;
  std::optional<traced_choice> own;  // a model of one's own
  checkpoint source;
  config model;
  std::string name;
  std::vector<std::string> chat;  // of the config
  std::optional<draft_model> draft;
  std::vector<object_plan> objects;  // of the model and the draft
  work_folder folder;
  progress say;

  [[nodiscard]] std::filesystem::path file(std::string_view local) const { return folder.path() / local; }
  [[nodiscard]] bool embedded() const { return options.weights == "embed"; }
  [[nodiscard]] std::string beside_name() const {
    if (!options.sources.empty()) return std::string(packed_name);
    return std::filesystem::path(options.output).filename().string() + ".weights";
  }
  [[nodiscard]] std::string draft_beside_name() const {
    return std::filesystem::path(options.output).filename().string() + ".draft.weights";
  }
  /// As the assembler finds it: compilers that run elsewhere need the whole path.
  [[nodiscard]] std::string packed_path() const {
    return options.sources.empty() ? std::string(packed_name) : file(packed_name).string();
  }
};

std::string qualified(std::string const& name) { return "constformer::configs::" + name; }

// A file that holds `text` already keeps its time, so that a build system compiles what changed and nothing else.
void write_changed(std::filesystem::path const& file, std::string const& text) {
  std::ifstream old(file, std::ios::binary);
  if (old && std::string(std::istreambuf_iterator<char>(old), {}) == text) return;
  write_file(file, text);
}

unit_parts unit_of(build const& b) {
  auto const way = b.options.lowered ? layers_by::lowering : layers_by::hand;
  if (!b.own) return config_unit(qualified(b.name), b.name, config_file, way);
  int const usual = b.model.positions > 0 ? std::min(b.model.positions, default_capacity) : default_capacity;
  return traced_unit(b.name, config_file, b.options.context, usual);
}

// The model's objects and the draft's.
std::vector<object_plan> objects_of(build const& b, toolchain const& tools) {
  auto plans = model_objects(tools, b.options.compile, b.model, unit_of(b));
  if (!b.draft) return plans;
  auto const name = qualified(b.draft->name);
  auto const unit = config_unit(name, b.draft->name, draft_config_file);
  auto line = compile_line(tools, b.options.compile, model_flags(b.options.compile.target, b.draft->model), "draft.cpp",
                           "draft.o");
  if (b.options.compile.target == compile_options{}.target)
    line = with_shortcuts(std::move(line), tools, b.options.compile);
  plans.push_back({"draft.cpp", draft_unit_source(unit, name, unit_of(b), qualified(b.name)), "draft.o", {line}});
  return plans;
}

void write_draft_sources(build const& b) {
  auto const& d = *b.draft;
  auto const from = std::filesystem::path(b.options.draft).filename().string();
  write_changed(b.file(draft_config_file), config_header(d.model, d.name, from));
  write_changed(b.file(draft_check_file), check_unit(d.source, qualified(d.name), draft_config_file));
  write_changed(b.file(draft_weights_file), b.embedded()
                                                ? embedded_weights_source(draft_packed_name, weights_of::draft)
                                                : beside_weights_source(b.draft_beside_name(), weights_of::draft));
}

void write_sources(build const& b) {
  if (b.draft) write_draft_sources(b);
  auto const from = std::filesystem::path(b.options.path).filename().string();
  write_changed(b.file(config_file), b.own ? traced_header(*b.own, b.name) : config_header(b.model, b.name, from));
  write_changed(b.file(check_file), b.own ? traced_check_unit(b.source, b.name, config_file)
                                          : check_unit(b.source, qualified(b.name), config_file));
  for (object_plan const& plan : b.objects) write_changed(b.file(plan.source), plan.text);
  write_changed(b.file(weights_file),
                b.embedded() ? embedded_weights_source(b.packed_path()) : beside_weights_source(b.beside_name()));
}

void require_success(build const& b, process_result const& result, std::string_view what) {
  if (result.exit_code == 0) return;
  std::string const first = first_error(result.output);
  if (first.empty())
    throw error(std::string(what) + ": the compiler ended with status " + std::to_string(result.exit_code));
  if (b.own && traced_error(first, *b.own) != first) throw error(traced_error(first, *b.own));
  if (first.starts_with("draft: ")) throw error(b.options.draft + ": " + first);
  throw error(b.options.path + ": " + first);
}

command_line weights_line(build const& b, std::string_view file, std::string_view object) {
  auto const flags = target_flags(b.options.compile.target);
  return compile_line(b.tools, b.options.compile, flags, file, object);
}

std::vector<command_line> weights_lines(build const& b) {
  std::vector<command_line> out{weights_line(b, weights_file, "weights.o")};
  if (b.draft) out.push_back(weights_line(b, draft_weights_file, "draft_weights.o"));
  return out;
}

void run(build const& b, command_line const& line, std::string_view what) {
  process step(line, b.folder.path());
  require_success(b, step.wait(), what);
}

// Where parameters lie the compiler alone knows; the check's object file tells it.
void check_and_pack_traced(build const& b) {
  run(b, check_object_line(b.tools, b.options.compile, check_file, check_object), "checkpoint check");
  run(b, section_line(b.tools, check_object, ".constformer_facts", facts_file), "description of the model");
  mapped_file const facts(b.file(facts_file));
  pack_traced(b.source, read_traced_facts(facts.bytes()), b.file(packed_name), b.chat);
}

void check_and_pack(build const& b) {
  if (b.own) return check_and_pack_traced(b);
  run(b, check_line(b.tools, b.options.compile, check_file), "checkpoint check");
  pack_checkpoint(b.source, b.model, b.file(packed_name), b.chat);
  if (!b.draft) return;
  run(b, check_line(b.tools, b.options.compile, draft_check_file), "checkpoint check");
  pack_checkpoint(b.draft->source, b.draft->model, b.file(draft_packed_name));
}

// The check runs while the model is compiled, and packing fills the wait.
void compile_units(build& b) {
  b.say.step("compiling the model");
  std::list<process> models;
  for (object_plan const& plan : b.objects) models.emplace_back(plan.lines.front(), b.folder.path());
  check_and_pack(b);
  for (process& model : models) require_success(b, model.wait(), "model unit");
  for (object_plan const& plan : b.objects)
    for (command_line const& line : plan.lines | std::views::drop(1)) run(b, line, plan.object);
  for (command_line const& line : weights_lines(b)) run(b, line, "weights unit");
}

command_line program_line(build const& b, std::string_view program) {
  std::vector<std::string> objects;
  for (object_plan const& plan : b.objects) objects.push_back(plan.object);
  objects.push_back("weights.o");
  if (b.draft) objects.push_back("draft_weights.o");
  return link_line(b.tools, b.options.compile, objects, b.tools.libraries, program);
}

void link_program(build& b) {
  b.say.step("linking");
  process link(program_line(b, "program"), b.folder.path());
  auto const result = link.wait();
  if (result.exit_code != 0)
    throw error("linking: " + (result.output.empty() ? "failed" : result.output.substr(0, result.output.find('\n'))));
}

void deliver(std::filesystem::path const& from, atomic_file& to) {
  std::error_code missing;
  auto const bytes = std::filesystem::file_size(from, missing);
  if (missing) throw error("the compiler made no " + from.filename().string() + " and said nothing of it");
  if (bytes == 0) throw error(from.string() + ": is empty");
  mapped_file const content(from);
  to.write(content.bytes());
}

// One line that makes MODEL of the kept sources by hand, without what only a build tree has.
std::string hand_line(build const& b) {
  toolchain plain = b.tools;
  plain.prelude.clear();
  plain.launcher.clear();
  std::string out = "cd " + shell_line({b.folder.path().string()});
  for (object_plan const& plan : objects_of(b, plain))
    for (command_line const& line : plan.lines) out += " && " + shell_line(line);
  for (command_line const& line : weights_lines(b)) out += " && " + shell_line(line);
  return out + " && " + shell_line(program_line(b, std::filesystem::absolute(b.options.output).string()));
}

// Code of x86 reaches 2 GB, and the C library's own code and data lie there too.
constexpr std::int64_t most_embedded = 2'000'000'000;

void require_room(build_options const& options, checkpoint const& source, config const& model) {
  std::int64_t bytes = 0;
  if (options.model.empty())
    bytes = packed_layout_of(model).bytes;
  else
    for (tensor_view const& tensor : source.tensors) bytes += count_of(tensor.shape) * std::int64_t{sizeof(float)};
  if (options.weights == "embed" && bytes > most_embedded)
    throw error(options.path + ": weights of " + std::to_string(bytes) +
                " bytes do not fit into a program, which holds " + std::to_string(most_embedded) +
                "; build with --weights beside, or a smaller --dtype");
}

// What a build system of the user's own compiles: one unit of the model, its check and its weights, each with the flags
// that it needs.
void write_for_others(build const& b) {
  if (b.objects.size() != 1)
    throw error("--sources gives one unit for one instruction set, and --target portable is " +
                std::to_string(b.objects.size()) + " units");
  write_sources(b);
  auto const model = model_flags(b.options.compile.target, b.model);
  write_changed(b.file("model.flags"), response_file(unit_flags(b.tools, b.options.compile, model)));
  write_changed(b.file("check.flags"), response_file(check_flags(b.tools, b.options.compile)));
  if (b.own) return check_and_pack_traced(b);
  pack_checkpoint(b.source, b.model, b.file(packed_name));
}

// A model of one's own is traced in constants, and has no prelude.
build_options with_traces(build_options options, toolchain& tools) {
  if (options.model.empty()) return options;
  options.compile.more.push_back(unbounded_constants(tools, options.compile));
  tools.prelude.clear();
  return options;
}

// Ids must mean the same to both.
void require_same_tokens(checkpoint const& source, draft_model const& draft, std::string const& path) {
  auto const ours = pack_tokenizer(source, false), theirs = pack_tokenizer(draft.source, false);
  if (ours.empty() || theirs.empty()) return;
  auto const a = open_tokenizer(ours), b = open_tokenizer(theirs);
  for (int id = 0; id < std::min(a->vocab_size(), b->vocab_size()); ++id)
    if (a->piece(id) != b->piece(id))
      throw error(path + ": token " + std::to_string(id) + " is '" + std::string(b->piece(id).substr(0, 40)) +
                  "', and the model's is '" + std::string(a->piece(id).substr(0, 40)) + "'");
}

std::optional<draft_model> open_draft(build_options const& options, checkpoint const& source, config const& model) {
  if (options.draft.empty()) return std::nullopt;
  if (!options.model.empty() || !options.sources.empty() || options.compile.target == "portable")
    throw error("--draft does not go with --model, --sources or --target portable");
  auto other = options;
  other.path = options.draft;
  draft_model out{open_checkpoint(options.draft, options.open), {}, identifier_from(options.draft) + "_draft"};
  other.context = std::min(model.capacity, out.source.model.positions);
  out.model = compiled_config(out.source, other);
  if (out.model.vocab == model.vocab) require_same_tokens(source, out, options.draft);
  return out;
}

void run_build(build_options const& asked) {
  catch_interrupts();
  toolchain tools = load_toolchain();
  build_options const options = with_traces(asked, tools);
  std::optional<traced_choice> own;
  if (!options.model.empty()) own = traced_choice_of(options.model);
  open_options open = options.open;
  open.tokenizer = options.tokenizer;
  checkpoint source = own ? open_traced_checkpoint(options.path, open) : open_checkpoint(options.path, open);
  config const model = own ? traced_config(source, options) : compiled_config(source, options);
  require_room(options, source, model);
  auto draft = open_draft(options, source, model);
  auto chat = chat_words(source, model, options.chat_template);
  bool const whole = options.sources.empty();
  std::optional<atomic_file> program, weights,
      draft_weights;  // first, so that a name that cannot be written costs no compilation
  if (whole) program.emplace(options.output, file_mode::executable);
  if (whole && options.weights == "beside") weights.emplace(options.output + ".weights");
  if (weights && draft) draft_weights.emplace(options.output + ".draft.weights");
  std::string const& kept = whole ? options.keep : options.sources;
  build b{.options = options,
          .tools = std::move(tools),
          .own = std::move(own),
          .source = std::move(source),
          .model = model,
          .name = identifier_from(options.path),
          .chat = std::move(chat),
          .draft = std::move(draft),
          .objects = {},
          .folder = kept.empty() ? work_folder() : work_folder(std::filesystem::path(kept)),
          .say = {}};
  b.folder.hold_temporary_files();
  b.objects = objects_of(b, b.tools);
  if (!whole) return write_for_others(b);
  write_sources(b);
  compile_units(b);
  link_program(b);
  b.say.step("writing " + options.output);
  if (weights) deliver(b.file(packed_name), *weights);
  if (draft_weights) deliver(b.file(draft_packed_name), *draft_weights);
  deliver(b.file("program"), *program);
  throw_if_interrupted();
  if (weights) weights->commit();
  if (draft_weights) draft_weights->commit();
  program->commit();
  b.say.done();
  if (!options.keep.empty()) print(hand_line(b) + "\n");
}

}  // namespace

void add_build(CLI::App& app) {
  auto const options = std::make_shared<build_options>();
  CLI::App* const command = app.add_subcommand("build", "Builds the program of a checkpoint");
  add_checkpoint_options(*command, options->path, options->open);
  CLI::Option* const output = command->add_option("-o,--output", options->output, "the program")->type_name("MODEL");
  command
      ->add_option("--draft", options->draft,
                   "checkpoint of a smaller model with the same vocabulary, which goes into the program and guesses "
                   "tokens for serve --draft N")
      ->type_name("PATH");
  command
      ->add_option("--model", options->model,
                   "a model of your own: a header, and the struct in it that maps ids to logits (default: the file's "
                   "name); PATH is then the folder of its parameters")
      ->type_name("FILE.hpp[:TYPE]");
  command
      ->add_option("--tokenizer", options->tokenizer, "tokenizer file or folder (default: the one beside the weights)")
      ->type_name("FILE");
  command
      ->add_option("--chat-template", options->chat_template,
                   "file with a Jinja template (default: the checkpoint's own), or none")
      ->type_name("FILE|none");
  command->add_option("-c,--ctx-size", options->context, "longest context (default: the checkpoint's, at most 4096)")
      ->check(CLI::Range(1, largest_capacity))
      ->type_name("N");
  command
      ->add_option(
          "--dtype", options->type,
          "of packed matrices; q4_k_m, q5_k_m and q6_k mix types as llama-quantize does (default: a GGUF file's own "
          "types if any is quantised, bf16 if all matrices are, else f32)")
      ->check(CLI::IsMember({"f32", "bf16", "f16", "q8_0", "q4_0", "iq4_nl", "q4_k_m", "q5_k_m", "q6_k"}))
      ->type_name("f32|bf16|f16|q8_0|q4_0|iq4_nl|q4_k_m|q5_k_m|q6_k");
  command
      ->add_option("--inputs", options->inputs,
                   "of matrices: f32, as they are; i8, beside quantised types, rounded to 8 bits per 32 values, which "
                   "is faster; bf16, beside bf16 (i8 if --dtype asks for a quantised type, else f32)")
      ->check(CLI::IsMember({"f32", "bf16", "i8"}))
      ->type_name("f32|bf16|i8");
  command
      ->add_option("--kv-dtype", options->kv_type,
                   "of a decoder's kept keys and values: bf16 is half as much, i8 a quarter and a scale per position "
                   "and head (f32)")
      ->check(CLI::IsMember({"f32", "bf16", "i8"}))
      ->type_name("f32|bf16|i8");
  command->add_flag("--lowered", options->lowered,
                    "phases that the model's graph is lowered to run its layers, instead of layers written by hand "
                    "(docs/graph.md says of which models)");
  command->add_option("--weights", options->weights, "in the program, or in MODEL.weights beside it")
      ->check(CLI::IsMember({"embed", "beside"}))
      ->type_name("embed|beside");
  command
      ->add_option("--target", options->compile.target,
                   "processor: native (this one), a name that -march= or Highway knows, scalar (no vectors), or "
                   "portable (the best of several instruction sets, chosen at start)")
      ->type_name("native|portable|ARCH");
  command->add_option("--compiler", options->compile.compiler, "C++ compiler")->type_name("CXX");
  command->add_option("--keep", options->keep, "keep the sources in DIR and print the command that compiles them")
      ->type_name("DIR")
      ->needs(output);
  command
      ->add_option("--sources", options->sources,
                   "write sources, weights and flags to DIR for a build of your own, instead of a program")
      ->type_name("DIR")
      ->excludes(output);
  command->callback([options] {
    if (options->output.empty() && options->sources.empty()) throw CLI::RequiredError("--output");
    run_build(*options);
  });
}

}  // namespace constformer::command
