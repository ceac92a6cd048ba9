#include "run.hpp"

#include <csignal>
#include <filesystem>
#include <new>
#include <string>
#include <type_traits>
#include <variant>

#include "command_line.hpp"
#include "commands.hpp"
#include "errors.hpp"

namespace constformer::program {

namespace {

constexpr int failed = 1;
constexpr int bad_usage = 2;
constexpr int reader_gone = 128 + SIGPIPE;  // what a shell reports of a program that SIGPIPE ended

void run_parsed(command const& parsed) {
  static output out;
  if (auto const* help = std::get_if<print_text>(&parsed)) {
    out.put(help->text);
    return out.flush();
  }
  auto const context = open_context();
  auto const run_it = [&]<class Options>(Options const& options) {
    if constexpr (!std::is_same_v<Options, print_text>) run_command(context, options, out);
  };
  std::visit(run_it, parsed);
}

int report(std::string const& name, char const* what, int status) {
  note("%s: error: %s", name.c_str(), what);
  return status;
}

}  // namespace

int run(int argc, char const* const* argv) {
  std::signal(SIGPIPE, SIG_IGN);  // so that destructors run and no temporary file stays
  std::string const name = argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "model";
  try {
    run_parsed(parse_command_line(argc, argv, name));
    return 0;
  } catch (output_closed const&) {
    return reader_gone;
  } catch (usage_error const& problem) {
    return report(name, problem.what(), bad_usage);
  } catch (std::bad_alloc const&) {
    return report(name, "there is not enough memory", failed);
  } catch (std::exception const& problem) {
    return report(name, problem.what(), failed);
  }
}

}  // namespace constformer::program
