#include "programs.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "process.hpp"
#include "running.hpp"

namespace end_to_end {

namespace {

namespace fs = std::filesystem;

fs::path from_environment(char const* name) {
  char const* const value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set; CTest sets it");
  return value;
}

// Programs are shared by test programs that may run at the same time.
class file_lock {
 public:
  explicit file_lock(fs::path const& path) : descriptor_(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666)) {
    if (descriptor_ < 0 || ::flock(descriptor_, LOCK_EX) != 0)
      throw std::runtime_error(path.string() + ": cannot be locked");
  }
  ~file_lock() { ::close(descriptor_); }
  file_lock(file_lock const&) = delete;
  file_lock& operator=(file_lock const&) = delete;

 private:
  int descriptor_;
};

fs::file_time_type newest_below(fs::path const& path) {
  if (!fs::is_directory(path)) return fs::last_write_time(path);
  fs::file_time_type newest = fs::file_time_type::min();
  for (auto const& entry : fs::recursive_directory_iterator(path))
    if (entry.is_regular_file()) newest = std::max(newest, entry.last_write_time());
  return newest;
}

// What a program is made of: the command, the libraries, our headers, the checkpoint.
fs::file_time_type newest_part(fs::path const& checkpoint) {
  auto newest = std::max({newest_below(command()), newest_below(source("include")), newest_below(checkpoint)});
  for (auto const& entry : fs::directory_iterator(from_environment("CONSTFORMER_BUILD")))
    if (entry.path().extension() == ".a") newest = std::max(newest, entry.last_write_time());
  return newest;
}

// Unchanged files keep their time, so that what was made of them is not made again.
void write_if_other(fs::path const& file, std::string const& content) {
  if (fs::exists(file) && read_text(file) == content) return;
  std::ofstream(file, std::ios::binary) << content;
}

}  // namespace

fs::path shared_data(std::string const& name) {
  char const* const shared = std::getenv("CONSTFORMER_SHARED");
  fs::path const folder = (shared == nullptr ? fs::path() : fs::path(shared)) / "data" / name;
  if (shared == nullptr || !fs::exists(folder)) SKIP("needs data/" << name << " in CONSTFORMER_SHARED");
  return folder;
}

fs::path source(std::string const& local) { return from_environment("CONSTFORMER_SOURCE") / local; }

std::string command() { return from_environment("CONSTFORMER_COMMAND").string(); }

fs::path workshop() {
  fs::path const folder = from_environment("CONSTFORMER_BUILD") / "workshop";
  fs::create_directories(folder);
  return folder;
}

fs::path fresh_folder(std::string const& name) {
  fs::path const folder = workshop() / (std::string("scratch_") + program_invocation_short_name) / name;
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

fs::path linked_checkpoint(std::string const& name, std::vector<linked_file> const& files,
                           nlohmann::json const& config) {
  fs::path const folder = workshop() / name;
  file_lock const lock(workshop() / (name + ".lock"));
  fs::create_directories(folder);
  for (auto const& file : files)
    if (!fs::exists(folder / file.name)) fs::create_symlink(file.from, folder / file.name);
  if (!config.is_null()) write_if_other(folder / "config.json", config.dump(2) + "\n");
  return folder;
}

fs::path kept(std::string const& name) { return workshop() / (name + ".kept"); }

std::string program(std::string const& name, fs::path const& checkpoint, std::vector<std::string> const& options) {
  fs::path const path = workshop() / (name + ".program");
  file_lock const lock(workshop() / (name + ".lock"));
  fs::path const made_by = workshop() / (name + ".call");
  std::vector<std::string> call{command(),     "build",  checkpoint.string(), "-o",
                                path.string(), "--keep", kept(name).string()};
  call.insert(call.end(), options.begin(), options.end());
  std::string const line = constformer::command::shell_line(call);
  bool const same = fs::exists(made_by) && fs::exists(path) && read_text(made_by) == line;
  if (same && fs::last_write_time(path) > newest_part(checkpoint)) return path.string();
  output_of(call);
  write_if_other(made_by, line);
  return path.string();
}

nlohmann::json read_json(fs::path const& file) {
  std::ifstream in(file);
  return nlohmann::json::parse(in);
}

std::string read_text(fs::path const& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string joined(std::vector<int> const& ids, char between) {
  std::string out;
  for (int const id : ids) {
    if (!out.empty()) out += between;
    out += std::to_string(id);
  }
  return out;
}

}  // namespace end_to_end
