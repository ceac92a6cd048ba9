#include "trainer_build.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "../checkpoint/xxh3.hpp"
#include "compile.hpp"
#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/core/error.hpp"
#include "constformer/version.hpp"
#include "float_literal.hpp"
#include "lora_options.hpp"
#include "process.hpp"
#include "progress.hpp"
#include "targets.hpp"
#include "toolchain.hpp"
#include "work_folder.hpp"

namespace constformer::command {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view unit_file = "trainer.cpp", header_file = "model_config.hpp", object_file = "trainer.o",
                           dependency_file = "trainer.d", program_file = "trainer";

std::string unit_text(train_model const& model, train_options const& options) {
  std::string const header = model.header.empty() ? model.include.string() : std::string(header_file);
  std::int64_t const sequences = options.run.data.sequences;
  bool const pairs = options.run.data.kind == data_kind::pairs;
  std::string const bounds =
      "{.tokens = " + std::to_string(sequences * options.block_size) + ", .sequences = " + std::to_string(sequences) +
      (pairs ? ", .sources = " + std::to_string(sequences * options.source_size) : "") +
      ", .length = " + std::to_string(pairs ? std::max(options.block_size, options.source_size) : options.block_size) +
      "}";
  bool const adapted = options.run.lora.rank > 0;
  std::string const trained = adapted ? "constformer::adapted_config<" + model.name + ", " +
                                            adapters_text(options.run.lora, *model.described) + ">"
                                      : "decltype(constformer::model_of<" + model.name + ">())";
  std::string const learns = "{.dropout = " + float_literal(options.run.step.dropout) +
                             ", .smoothing = " + float_literal(options.run.step.smoothing) +
                             ", .recompute = recompute_kind::" + options.run.step.recompute +
                             ", .products = dtype::" + options.run.step.dtype +
                             (adapted ? ", .trains = &adapters_alone}" : "}");
  std::string const wants = options.run.step.dtype == "bf16" ? "#define HWY_WANT_AVX3_ZEN4  // products of bf16\n" : "";
  return "// The one unit that knows the model's shapes.\n" + wants + "#include \"" + header +
         "\"\n"
         "#include \"constformer/execute/program.hpp\"\n"
         "#include \"constformer/train/learner-inl.hpp\"\n"
         "#include \"constformer/train/model_of.hpp\"\n"
         "#include \"constformer/train/optimizer_groups.hpp\"\n\n"
         "namespace constformer::configs {\n"
         "using trained = " +
         trained +
         ";\n"
         "}\n\n"
         "constformer::learner_unit const& constformer::linked_learner() {\n"
         "  using program = training_program<configs::trained::type, " +
         bounds + ", " + learns +
         ">;\n"
         "  static learner_unit const unit = HWY_NAMESPACE::make_learner_unit<program, optimizer_groups::" +
         std::string(train::name_of(options.run.optimizer.kind)) + ">(\"" + model.name +
         "\", configs::trained::described);\n"
         "  return unit;\n}\n";
}

std::string read_text(fs::path const& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

fs::path cache_folder() {
  char const* const cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache != '\0') return fs::path(cache) / "constformer" / "trainers";
  char const* const home = std::getenv("HOME");
  if (home != nullptr && *home != '\0') return fs::path(home) / ".cache" / "constformer" / "trainers";
  return {};
}

std::string hexadecimal(std::uint64_t value) {
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(value));
  return digits.data();
}

// Names of what a unit was made of, as compilers write them for make: "trainer.o: a.cpp b.hpp \".
std::vector<std::string> prerequisites(std::string const& rules) {
  std::vector<std::string> out;
  std::string word;
  std::size_t i = std::min(rules.find(':'), rules.size());
  for (++i; i < rules.size(); ++i) {
    char const c = rules[i];
    bool const escaped = c == '\\' && i + 1 < rules.size();
    if (escaped && rules[i + 1] != '\n') {
      word += rules[++i];
    } else if (c == ' ' || c == '\n' || c == '\\') {
      if (!word.empty()) out.push_back(std::exchange(word, {}));
    } else {
      word += c;
    }
  }
  if (!word.empty()) out.push_back(word);
  return out;
}

// Whether nothing that `program` was made of has changed since.
bool is_up_to_date(fs::path const& program, fs::path const& rules, fs::path const& sources, toolchain const& tools) {
  std::error_code missing;
  auto const made = fs::last_write_time(program, missing);
  if (missing || !fs::exists(rules, missing)) return false;
  auto parts = prerequisites(read_text(rules));
  parts.insert(parts.end(), tools.train_libraries.begin(), tools.train_libraries.end());
  return std::ranges::all_of(parts, [&](std::string const& part) {
    fs::path const file = fs::path(part).is_absolute() ? fs::path(part) : sources / part;
    if (file.parent_path() == sources) return true;  // their text is in the name
    auto const changed = fs::last_write_time(file, missing);
    return !missing && changed <= made;
  });
}

void run(command_line const& line, fs::path const& folder, std::string_view what) {
  process step(line, folder);
  process_result const result = step.wait();
  if (result.exit_code == 0) return;
  std::string const first = first_error(result.output);
  throw error(first.empty() ? std::string(what) + ": the compiler ended with status " + std::to_string(result.exit_code)
                            : first);
}

void deliver(fs::path const& from, fs::path const& to, file_mode mode) {
  mapped_file const content(from);
  atomic_file out(to, mode);
  out.write(content.bytes());
  out.commit();
}

}  // namespace

void write_trainer_sources(train_model const& model, train_options const& options, fs::path const& folder) {
  if (!model.header.empty()) write_file(folder / header_file, model.header);
  write_file(folder / unit_file, unit_text(model, options));
}

fs::path build_trainer(fs::path const& folder, compile_options const& options) {
  toolchain const tools = load_toolchain();
  command_line compile = compile_line(tools, options, target_flags(options.target), unit_file, object_file);
  compile.insert(compile.end(), {"-MD", "-MF", std::string(dependency_file)});
  command_line const link = link_line(tools, options, {std::string(object_file)}, tools.train_libraries, program_file);
  std::string const all = read_text(folder / unit_file) + read_text(folder / header_file) + shell_line(compile) +
                          shell_line(link) + std::string(version);
  fs::path const cache = cache_folder();
  std::string const key = hexadecimal(packed::xxh3(all.data(), all.size()));
  fs::path const kept = (cache.empty() ? folder : cache) / key, rules = fs::path(kept) += ".d";
  if (is_up_to_date(kept, rules, folder, tools)) return kept;
  std::error_code failed;
  fs::create_directories(kept.parent_path(), failed);
  if (failed) throw error(kept.parent_path().string() + ": cannot be made: " + failed.message());
  work_folder const work;
  work.hold_temporary_files();
  progress say;
  say.step("compiling the trainer");
  for (std::string_view const file : {unit_file, header_file})
    if (fs::exists(folder / file, failed)) fs::copy_file(folder / file, work.path() / file, failed);
  run(compile, work.path(), "trainer unit");
  say.step("linking");
  run(link, work.path(), "linking");
  say.done();
  deliver(work.path() / dependency_file, rules, file_mode::plain);
  deliver(work.path() / program_file, kept, file_mode::executable);
  return kept;
}

}  // namespace constformer::command
