// export: from a program and from a checkpoint back to a Hugging Face folder.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "programs.hpp"
#include "refusal.hpp"
#include "running.hpp"

namespace {

using namespace end_to_end;
namespace fs = std::filesystem;

}  // namespace

TEST_CASE("export of a program and of its checkpoint give the same files") {
  auto const folder = fresh_folder("export");
  auto const sort = source("models/sort");
  std::string const model = program("sort", sort);
  fs::path const of_program = folder / "of_program", of_folder = folder / "of_folder";
  output_of({command(), "export", model, "-o", of_program.string()});
  output_of({command(), "export", sort.string(), "-o", of_folder.string()});
  CHECK(read_text(of_program / "model.safetensors") == read_text(of_folder / "model.safetensors"));
  // What a program keeps keys and values in is in its fingerprint and not in its config.json.
  std::string const narrow = program("sort_kv_i8", sort, {"--kv-dtype", "i8"});
  output_of({command(), "export", narrow, "-o", (folder / "of_narrow").string()});
  CHECK(read_text(folder / "of_narrow" / "model.safetensors") == read_text(of_folder / "model.safetensors"));
  CHECK(read_text(of_program / "config.json") == read_text(sort / "config.json"));
  CHECK(read_text(of_folder / "config.json") == read_text(sort / "config.json"));
  CHECK(read_text(of_folder / "chars.json") == read_text(sort / "chars.json"));
}

TEST_CASE("export of a program in blocks gives f32, and says so") {
  auto const folder = fresh_folder("export_rounded");
  std::string const model = program("sort_q8_0", source("models/sort"), {"--dtype", "q8_0"});
  auto const result = run({command(), "export", model, "-o", (folder / "x").string()});
  CHECK(result.status == 0);
  CHECK(result.err ==
        "constformer: " + model +
            ": its matrices were rounded to q8_0 when it was built; they are written in f32 as the values "
            "that it multiplies with\n");
  CHECK(read_text(folder / "x" / "model.safetensors").find("F16") == std::string::npos);
  check_refusal(
      {"export", model, "--softcap", "20", "-o", (folder / "y").string()},
      model + ": is a program, --heads, --activation and --softcap are for checkpoints that do not say theirs");
}

TEST_CASE("export refuses what it cannot give back, and leaves no folder behind") {
  auto const folder = fresh_folder("export_refused");
  std::string const to = (folder / "x").string();
  std::string const sort = source("models/sort").string();
  CHECK(refusal({"export", "nowhere", "-o", to}).find("nowhere") != std::string::npos);
  check_refusal({"export", sort, "-o", sort}, sort + ": is the checkpoint itself");
  CHECK(refusal({"export", sort + "/chars.json", "-o", to}).find("chars.json") != std::string::npos);
  std::ofstream(folder / "elf") << "\x7F"
                                   "ELF and nothing more";
  CHECK(refusal({"export", (folder / "elf").string(), "-o", to}).find("is a program without weights in it") !=
        std::string::npos);
  CHECK_FALSE(fs::exists(to));
}
