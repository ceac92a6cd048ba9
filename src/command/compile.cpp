#include "compile.hpp"

#include <algorithm>

namespace constformer::command {

namespace {

command_line compiler_of(toolchain const& tools, compile_options const& options) {
  return {options.compiler.empty() ? tools.compiler : options.compiler};
}

void include_first(command_line& line, std::string const& header) {
  if (!header.empty()) line.insert(line.begin() + 1, {"-include", header});
}

// g++ 12 leaves free vector registers unused and keeps weights of AVX-512 tiles on the stack, unless it assigns
// registers loop by loop.
constexpr std::string_view registers_by_loop = "-fira-region=all";

// g++ looks for memory to free whenever its heap has grown by a part, and finds little in a unit of a model: without
// that it takes 2 to 7 % less time for the same code, and 55 to 130 MB more (docs/performance.md).
constexpr std::string_view no_collection = "--param=ggc-min-heapsize=1000000";  // kB

bool is_clang(command_line const& line) { return line.front().find("clang") != std::string::npos; }

void add_flags(command_line& line, toolchain const& tools, std::vector<std::string> const& flags) {
  line.insert(line.end(), flags.begin(), flags.end());
  for (auto const& folder : tools.include) line.push_back("-I" + folder);
  for (auto const& folder : tools.system_include) {
    line.push_back("-isystem");
    line.push_back(folder);
  }
}

// The text between quotes in the template arguments of SHAPE_ERROR<...>, put together.
std::string shape_sentence(std::string_view line) {
  std::size_t const start = line.find("SHAPE_ERROR<");
  if (start == std::string_view::npos) return {};
  std::string sentence;
  bool inside = false;
  for (std::size_t i = start; i < line.size(); ++i) {
    char const c = line[i];
    if (c == '"') {
      inside = !inside;
    } else if (!inside &&
               (c == '\'' || line.substr(i).starts_with("\xE2\x80\x99"))) {  // the quote that ends the type's name
      break;
    } else if (inside) {
      if (c == '\\' && i + 1 < line.size()) ++i;
      sentence += line[i];
    }
  }
  return sentence;
}

}  // namespace

std::vector<std::string> unit_flags(toolchain const& tools, compile_options const& options,
                                    std::vector<std::string> const& flags) {
  std::vector<std::string> out = tools.flags;
  out.insert(out.end(), flags.begin(), flags.end());
  out.insert(out.end(), options.more.begin(), options.more.end());
  bool const named =
      std::ranges::any_of(flags, [](auto const& flag) { return flag.starts_with("-DHWY_COMPILE_ONLY_"); });
  if (!named) out.push_back("-DHWY_COMPILE_ONLY_STATIC");
  if (!is_clang(compiler_of(tools, options)))
    out.insert(out.end(), {std::string(registers_by_loop), std::string(no_collection)});
  out.push_back("-ffunction-sections");
  return out;
}

std::string unbounded_constants(toolchain const& tools, compile_options const& options) {
  return is_clang(compiler_of(tools, options)) ? "-fconstexpr-steps=1000000000" : "-fconstexpr-ops-limit=1000000000";
}

std::vector<std::string> check_flags(toolchain const& tools, compile_options const& options) {
  std::vector<std::string> out = tools.flags;
  // Hundreds of names are compared in constant evaluation: far above Clang's default of a million steps for the largest
  // models.
  out.push_back(unbounded_constants(tools, options));
  return out;
}

command_line compile_line(toolchain const& tools, compile_options const& options, std::vector<std::string> const& flags,
                          std::string_view unit, std::string_view object) {
  command_line line = compiler_of(tools, options);
  add_flags(line, tools, unit_flags(tools, options, flags));
  line.insert(line.end(), {"-c", std::string(unit), "-o", std::string(object)});
  return line;
}

command_line with_shortcuts(command_line line, toolchain const& tools, compile_options const& options) {
  if (!options.compiler.empty()) return line;
  include_first(line, tools.prelude);
  line.insert(line.begin(), tools.launcher.begin(), tools.launcher.end());
  return line;
}

command_line ungroup_line(toolchain const& tools, compile_options const& options, std::string_view object,
                          std::string_view apart) {
  command_line line = compiler_of(tools, options);
  line.insert(line.end(),
              {"-r", "-nostdlib", "-Wl,--force-group-allocation", std::string(object), "-o", std::string(apart)});
  return line;
}

command_line hide_line(toolchain const& tools, std::string_view object, std::string_view function) {
  return {tools.objcopy, "--keep-global-symbol=" + std::string(function), std::string(object)};
}

command_line check_line(toolchain const& tools, compile_options const& options, std::string_view unit) {
  command_line line = compiler_of(tools, options);
  add_flags(line, tools, check_flags(tools, options));
  line.insert(line.end(), {"-fsyntax-only", std::string(unit)});
  if (options.compiler.empty()) include_first(line, tools.check_prelude);
  return line;
}

command_line check_object_line(toolchain const& tools, compile_options const& options, std::string_view unit,
                               std::string_view object) {
  command_line line = compiler_of(tools, options);
  add_flags(line, tools, check_flags(tools, options));
  line.insert(line.end(), {"-c", std::string(unit), "-o", std::string(object)});
  return line;
}

command_line section_line(toolchain const& tools, std::string_view object, std::string_view section,
                          std::string_view file) {
  return {tools.objcopy,    "-O", "binary", "--only-section=" + std::string(section), std::string(object),
          std::string(file)};
}

command_line link_line(toolchain const& tools, compile_options const& options, std::vector<std::string> const& objects,
                       std::string_view program) {
  command_line line = compiler_of(tools, options);
  line.insert(line.end(), objects.begin(), objects.end());
  line.insert(line.end(), tools.libraries.begin(), tools.libraries.end());
  line.insert(line.end(), tools.link_flags.begin(), tools.link_flags.end());
  line.insert(line.end(), {"-Wl,--gc-sections", "-s", "-o", std::string(program)});
  return line;
}

std::string response_file(std::vector<std::string> const& flags) {
  std::string out;
  for (std::string const& flag : flags) {
    if (flag.starts_with("-std=")) continue;
    for (char const c : flag) {
      if (c == '\\' || c == '"' || c == '\'' || c == ' ') out += '\\';
      out += c;
    }
    out += '\n';
  }
  return out;
}

std::string first_error(std::string_view output) {
  std::size_t const at = output.find("error: ");
  if (at == std::string_view::npos) return {};
  std::size_t const begin = output.rfind('\n', at) + 1;
  std::string_view const line = output.substr(begin, output.find('\n', at) - begin);
  std::string const sentence = shape_sentence(line);
  return sentence.empty() ? std::string(line) : sentence;
}

}  // namespace constformer::command
