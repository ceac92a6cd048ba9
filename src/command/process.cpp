#include "process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "constformer/core/error.hpp"

extern char** environ;  // NOLINT: POSIX

namespace constformer::command {

namespace {

std::sig_atomic_t volatile interrupted = 0;

extern "C" void on_interrupt(int signal) { interrupted = signal; }

std::string reason(int code) { return std::strerror(code); }

// A compiler starts others: it leads a group, so that all of them can be ended.
class spawn_attributes {
 public:
  spawn_attributes() {
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes_, 0);
  }
  ~spawn_attributes() { posix_spawnattr_destroy(&attributes_); }
  spawn_attributes(spawn_attributes const&) = delete;
  spawn_attributes& operator=(spawn_attributes const&) = delete;
  [[nodiscard]] posix_spawnattr_t const* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

// The actions that give the program an empty input, one pipe for all it prints, and its folder.
class spawn_actions {
 public:
  spawn_actions(int output, std::filesystem::path const& folder) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
    posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str());
  }
  ~spawn_actions() { posix_spawn_file_actions_destroy(&actions_); }
  spawn_actions(spawn_actions const&) = delete;
  spawn_actions& operator=(spawn_actions const&) = delete;
  [[nodiscard]] posix_spawn_file_actions_t const* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

}  // namespace

void catch_interrupts() {
  struct sigaction action{};
  action.sa_handler = on_interrupt;  // without SA_RESTART: a waiting read returns at once
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
}

void throw_if_interrupted() {
  if (interrupted != 0) throw error(std::string("stopped by a signal (") + strsignal(interrupted) + ")");
}

process::process(std::vector<std::string> const& arguments, std::filesystem::path const& folder)
    : name_(arguments.at(0)) {
  throw_if_interrupted();
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) throw error("cannot make a pipe: " + reason(errno));
  std::vector<char*> argv;
  for (auto const& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  spawn_actions const actions(pipe_ends[1], folder);
  spawn_attributes const attributes;
  int const failure = posix_spawnp(&pid_, argv[0], actions.get(), attributes.get(), argv.data(), environ);
  close(pipe_ends[1]);
  output_ = pipe_ends[0];
  if (failure != 0) {
    close(output_);
    pid_ = -1;
    throw error("compiler \"" + name_ + "\" cannot be run: " + reason(failure));
  }
}

process::~process() {
  if (pid_ > 0) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);  // what it started is waited for here when its parent is gone before it
    kill(-pid_, SIGTERM);
    while (waitpid(-pid_, nullptr, 0) > 0 || errno == EINTR) {}
  }
  if (output_ >= 0) close(output_);
}

process_result process::wait() {
  process_result result;
  std::array<char, 4096> buffer{};
  while (true) {
    ssize_t const n = read(output_, buffer.data(), buffer.size());
    if (n == 0) break;
    if (n < 0) {
      throw_if_interrupted();
      if (errno == EINTR) continue;
      throw error("cannot read what \"" + name_ + "\" prints: " + reason(errno));
    }
    result.output.append(buffer.data(), static_cast<std::size_t>(n));
  }
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) throw_if_interrupted();
  pid_ = -1;
  throw_if_interrupted();
  if (WIFSIGNALED(status)) throw error("\"" + name_ + "\" was ended by a signal (" + strsignal(WTERMSIG(status)) + ")");
  result.exit_code = WEXITSTATUS(status);
  return result;
}

std::string shell_line(std::vector<std::string> const& arguments) {
  std::string line;
  for (auto const& argument : arguments) {
    if (!line.empty()) line += ' ';
    bool const plain =
        argument.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%") ==
        std::string::npos;
    if (plain && !argument.empty()) {
      line += argument;
      continue;
    }
    line += '\'';
    for (char c : argument) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

}  // namespace constformer::command
