#include "traced_model.hpp"

#include <system_error>

#include "config_header.hpp"
#include "constformer/core/error.hpp"

namespace constformer::command {

namespace {

namespace fs = std::filesystem;

// Where `traced_header` names the type: compilers say so if there is none.
constexpr int line_of_type = 5;

bool is_file(fs::path const& path) {
  std::error_code unreadable;
  return fs::is_regular_file(path, unreadable);
}

// For a section of the object file.
std::string facts_of(std::string const& model) {
  return "[[gnu::section(\".constformer_facts\"), gnu::used]] static constinit auto const facts =\n"
         "    constformer::facts_of<" +
         model + ">();\n";
}

}  // namespace

traced_choice traced_choice_of(std::string const& asked) {
  std::size_t const colon = is_file(asked) ? std::string::npos : asked.find(':');
  fs::path const file = asked.substr(0, colon);
  if (!is_file(file)) throw error(file.string() + ": is no file, --model takes FILE.hpp[:TYPE]");
  std::string type = colon == std::string::npos ? identifier_from(file.stem()) : asked.substr(colon + 1);
  if (type.empty()) throw error(asked + ": names no type behind the colon");
  if (!type.starts_with("::")) type.insert(0, "::");
  return {fs::absolute(file), type};
}

std::string traced_header(traced_choice const& choice, std::string_view name) {
  return "// The model that the program is made of.\n#pragma once\n#include " + literal(choice.header.string()) +
         "\nnamespace constformer::configs {\nusing " + std::string(name) + " = " + choice.type +
         ";\n}  // namespace constformer::configs\n";
}

std::string traced_check_unit(checkpoint const& source, std::string_view name, std::string_view header) {
  std::string const model = "constformer::configs::" + std::string(name);
  return "// Compiles only if the checkpoint holds the model's parameters; the object file says where they lie.\n"
         "#include " +
         literal(header) +
         "\n#include \"constformer/checkpoint/traced_check.hpp\"\n"
         "#include \"constformer/checkpoint/traced_facts.hpp\"\n\nnamespace {\n\n" +
         tensor_table(source) + "\n}  // namespace\n\nstatic_assert(constformer::traced_checkpoint_fits<" + model +
         ", tensors>::value);\n" + facts_of(model);
}

std::string traced_facts_unit(std::string_view name, std::string_view header) {
  return "// The object file says what the model's parameters are.\n#include " + literal(header) +
         "\n#include \"constformer/checkpoint/traced_facts.hpp\"\n\n" +
         facts_of("constformer::configs::" + std::string(name));
}

unit_parts traced_unit(std::string_view name, std::string_view header, int context, int usual) {
  std::string const model = "constformer::configs::" + std::string(name);
  return {.header = std::string(header),
          .engine = "constformer/generate/traced_unit-inl.hpp",
          .make = "make_traced_unit<" + model + ", constformer::HWY_NAMESPACE::traced_capacity<" + model + ", " +
                  std::to_string(context) + ", " + std::to_string(usual) + ">>",
          .label = std::string(name)};
}

std::string traced_error(std::string const& first, traced_choice const& choice) {
  if (first.find("model_config.hpp:" + std::to_string(line_of_type) + ":") == std::string::npos) return first;
  return choice.header.string() + ": has no type " + choice.type.substr(2);
}

}  // namespace constformer::command
