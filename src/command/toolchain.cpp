#include "toolchain.hpp"

#include <fstream>
#include <system_error>

#include <nlohmann/json.hpp>

#include "constformer/core/error.hpp"

namespace constformer::command {

namespace {

std::vector<std::string> paths(nlohmann::json const& list, std::filesystem::path const& base) {
  std::vector<std::string> out;
  for (auto const& entry : list) out.push_back((base / entry.get<std::string>()).lexically_normal().string());
  return out;
}

}  // namespace

std::filesystem::path shared_folder() {
  std::error_code failure;
  auto const program = std::filesystem::read_symlink("/proc/self/exe", failure);
  if (failure) throw error("cannot tell where this program is: " + failure.message());
  return program.parent_path().parent_path() / "share" / "constformer";
}

toolchain load_toolchain() {
  auto const file = shared_folder() / "toolchain.json";
  std::ifstream in(file);
  if (!in) throw error(file.string() + ": cannot be read, and it tells how models are compiled");
  try {
    auto const json = nlohmann::json::parse(in);
    auto const base = file.parent_path();
    return {.compiler = json.at("compiler").get<std::string>(),
            .flags = json.at("flags").get<std::vector<std::string>>(),
            .include = paths(json.at("include"), base),
            .system_include = paths(json.at("system_include"), base),
            .libraries = paths(json.at("libraries"), base),
            .train_libraries = paths(json.at("train_libraries"), base),
            .link_flags = json.at("link_flags").get<std::vector<std::string>>(),
            .objcopy = json.value("objcopy", std::string("objcopy")),
            .prelude = json.value("prelude", std::string()),
            .check_prelude = json.value("check_prelude", std::string()),
            .launcher = json.value("launcher", std::vector<std::string>())};
  } catch (nlohmann::json::exception const& wrong) {
    throw error(file.string() + ": " + wrong.what());
  }
}

}  // namespace constformer::command
