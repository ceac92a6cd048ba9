// write_units OUT FIXTURE...
// Writes a unit that checks the traced form of each fixture's model (check.hpp), its config as a header beside it, and
// gradients_OUT, which checks its gradients.
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

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return std::fputs("usage: write_units OUT FIXTURE...\n", stderr), 2;
  try {
    fs::path const out = argv[1];
    std::string includes, forward, backward;
    for (int i = 2; i < argc; ++i) {
      fs::path const folder = argv[i];
      std::string const name = folder.parent_path().filename().string() + "_" + folder.filename().string();
      auto const expected = fixture_json(folder);
      write(out.parent_path() / (name + ".hpp"),
            constformer::command::config_header(open_fixture(folder).model, name, "a fixture"));
      includes += "#include \"" + name + ".hpp\"\n";
      std::string const tokens = count(expected, expected.contains("source") ? "target" : "prompt");
      std::string const what = "<constformer::configs::" + name + ", constformer::batch_bounds{.tokens = " + tokens +
                               ", .sources = " + count(expected, "source") + "}>(\"" + folder.string() + "\");\n}\n";
      forward += "TEST_CASE(\"" + name + "\") {\n  check_traced" + what;
      backward += "TEST_CASE(\"gradients of " + name + "\") {\n  check_gradients" + what;
    }
    write(out, "#include \"check.hpp\"\n" + includes + forward);
    write(out.parent_path() / ("gradients_" + out.filename().string()),
          "#include \"check.hpp\"\n" + includes + backward);
  } catch (std::exception const& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
