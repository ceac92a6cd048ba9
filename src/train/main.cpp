// The main of every compiled trainer: trainer FOLDER, where run/settings.json says what to do.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <new>
#include <string>

#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/train/learner.hpp"
#include "run.hpp"
#include "settings.hpp"

namespace {

int report(std::string sentence) {
  for (char& c : sentence)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  std::fprintf(stderr, "constformer: error: %s\n", sentence.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return report("a trainer is started by `constformer train`");
  try {
    std::filesystem::path const folder = argv[1];
    auto const file = folder / constformer::train::run_folder / "settings.json";
    constformer::mapped_file const text(file);
    auto const settings = constformer::train::settings_of(
        {reinterpret_cast<char const*>(text.bytes().data()), text.bytes().size()}, file.string());
    return constformer::train::run_training(constformer::linked_learner(), settings, folder);
  } catch (std::bad_alloc const&) {
    return report("there is not enough memory");
  } catch (std::exception const& problem) {
    return report(problem.what());
  }
}
