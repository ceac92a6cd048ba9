#include <cstdio>
#include <exception>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Error.hpp>
#include <CLI/Formatter.hpp>

#include "commands.hpp"
#include "constformer/version.hpp"

namespace {

constexpr char const* footer =
    "PATH is a Hugging Face folder (config.json, model.safetensors or shards), a CTranslate2 folder, a GGUF file,\n"
    "a torch file (nanoGPT, nanochat, a bare state_dict) or a llama2.c .bin; tokenize and detokenize take any\n"
    "tokenizer file, too.\n"
    "Exit status: 0, 1 after an error, 2 after an invalid command line.";

// An error is one line, whatever a file's or a tensor's name holds.
int report(std::string sentence, int status) {
  for (char& c : sentence)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  std::fprintf(stderr, "constformer: error: %s\n", sentence.c_str());
  return status;
}

// CLI11 says of a word that is no subcommand only that it wants one.
std::string usage_problem(CLI::App const& app, CLI::ParseError const& problem, int argc, char** argv) {
  if (argc < 2 || !app.get_subcommands().empty()) return problem.what();
  std::string names;
  for (CLI::App const* const command : app.get_subcommands(nullptr))
    names += (names.empty() ? "" : ", ") + command->get_name();
  return "\"" + std::string(argv[1]) + "\" is none of the subcommands " + names;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Compiles a transformer checkpoint into a native program", "constformer");
  try {
    app.set_version_flag("--version", std::string("constformer ") + std::string(constformer::version));
    app.require_subcommand(1);
    app.footer(footer);
    constformer::command::add_inspect(app);
    constformer::command::add_config(app);
    constformer::command::add_verify(app);
    constformer::command::add_build(app);
    constformer::command::add_export(app);
    constformer::command::add_train(app);
    constformer::command::add_tokenize(app);
    constformer::command::add_detokenize(app);
    constformer::command::add_train_tokenizer(app);
    constformer::command::add_chat_render(app);
    constformer::command::add_serve(app);
    app.parse(argc, argv);
  } catch (CLI::Success const& asked) {  // --help, --version
    return app.exit(asked);
  } catch (CLI::ParseError const& problem) {
    return report(usage_problem(app, problem, argc, argv), 2);
  } catch (std::exception const& problem) {
    return report(problem.what(), 1);
  }
  return 0;
}
