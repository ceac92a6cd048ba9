#include "process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

extern char** environ;

namespace {

// Streams go through files, so that no pipe can fill up and block; they are unlinked at once where nobody needs their
// name.
class scratch_file {
 public:
  scratch_file() {
    std::string name = (std::filesystem::temp_directory_path() / "cf-process-XXXXXX").string();
    descriptor_ = ::mkstemp(name.data());
    if (descriptor_ < 0) throw std::runtime_error("no temporary file");
    ::unlink(name.c_str());
  }
  ~scratch_file() { ::close(descriptor_); }
  scratch_file(scratch_file const&) = delete;
  scratch_file& operator=(scratch_file const&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }

  void fill(std::string const& text) const {
    if (::write(descriptor_, text.data(), text.size()) != static_cast<::ssize_t>(text.size()))
      throw std::runtime_error("short write");
    ::lseek(descriptor_, 0, SEEK_SET);
  }

  [[nodiscard]] std::string content() const {
    std::string text;
    char part[4096];
    ::lseek(descriptor_, 0, SEEK_SET);
    for (::ssize_t n; (n = ::read(descriptor_, part, sizeof part)) > 0;) text.append(part, static_cast<std::size_t>(n));
    return text;
  }

 private:
  int descriptor_ = -1;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

int open_output(process_options const& options, scratch_file const& out) {
  if (!options.output_to.empty()) return ::open(options.output_to.c_str(), O_WRONLY);
  if (!options.closed_output) return ::dup(out.descriptor());
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  ::close(ends[0]);
  return ends[1];
}

}  // namespace

outcome run_process(std::vector<std::string> const& arguments, process_options const& options) {
  scratch_file in;
  scratch_file out;
  scratch_file err;
  in.fill(options.input);
  int const output = open_output(options, out);

  auto texts = arguments;
  auto variables = options.environment;
  for (char** v = environ; *v != nullptr; ++v) variables.emplace_back(*v);
  auto argv = pointers(texts);
  auto envp = pointers(variables);

  ::posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in.descriptor(), 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, 1);
  ::posix_spawn_file_actions_adddup2(&actions, err.descriptor(), 2);
  ::pid_t child = 0;
  int const failed = ::posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), envp.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(output);
  if (failed != 0) throw std::runtime_error("cannot start " + arguments.front());

  int status = 0;
  ::waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), out.content(), err.content()};
}
