// write_units model|gradients|session OUT FIXTURE...
// Writes a unit that checks the traced form of each fixture's model or its gradients (check.hpp), or its session
// (check_session.hpp), its config as a header beside it.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

#include "config_header.hpp"
#include "open_fixture.hpp"

namespace {

namespace fs = std::filesystem;

// The files are touched only if they change: units are compiled anew for nothing else.
void write(fs::path const& path, std::string const& text) {
  std::ifstream in(path);
  if (std::string const old((std::istreambuf_iterator<char>(in)), {}); old == text) return;
  std::ofstream(path) << text;
}

std::string count(nlohmann::json const& expected, char const* key) {
  return std::to_string(expected.contains(key) ? expected.at(key).size() : 0);
}

// What a check is instantiated with beside the config: a batch of the fixture's, or for a session its longest context.
std::string bounds_of(nlohmann::json const& expected, bool session) {
  if (session) return ", " + std::to_string(expected.at("context").get<int>());
  return ", constformer::batch_bounds{.tokens = " + count(expected, expected.contains("source") ? "target" : "prompt") +
         ", .sources = " + count(expected, "source") + "}";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return std::fputs("usage: write_units model|gradients|session OUT FIXTURE...\n", stderr), 2;
  try {
    std::string const kind = argv[1];
    bool const session = kind == "session";
    fs::path const out = argv[2];
    std::string includes, cases;
    for (int i = 3; i < argc; ++i) {
      fs::path const folder = argv[i];
      std::string const name = folder.parent_path().filename().string() + "_" + folder.filename().string();
      auto const expected = fixture_json(folder);
      write(out.parent_path() / (name + ".hpp"),
            constformer::command::config_header(open_fixture(folder).model, name, "a fixture"));
      includes += "#include \"" + name + ".hpp\"\n";
      cases += "TEST_CASE(\"" + name + "\") {\n  check_" + (kind == "model" ? "traced" : kind) +
               "<constformer::configs::" + name + bounds_of(expected, session) + ">(\"" + folder.string() + "\");\n}\n";
    }
    write(out, std::string("#include \"") + (session ? "check_session" : "check") + ".hpp\"\n" + includes + cases);
  } catch (std::exception const& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
