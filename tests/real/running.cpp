#include "running.hpp"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace end_to_end {

namespace {

namespace fs = std::filesystem;
using clock = std::chrono::steady_clock;

// A file in memory: unlike a pipe it cannot fill up while nobody reads.
class stream_file {
 public:
  explicit stream_file(std::string const& content = {}) : descriptor_(::memfd_create("stream", MFD_CLOEXEC)) {
    if (descriptor_ < 0) throw std::runtime_error("no file in memory");
    if (::write(descriptor_, content.data(), content.size()) != static_cast<::ssize_t>(content.size()))
      throw std::runtime_error("short write");
    ::lseek(descriptor_, 0, SEEK_SET);
  }
  ~stream_file() { ::close(descriptor_); }
  stream_file(stream_file const&) = delete;
  stream_file& operator=(stream_file const&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }

  [[nodiscard]] std::string content() const {
    std::string text;
    char part[4096];
    ::lseek(descriptor_, 0, SEEK_SET);
    for (::ssize_t n; (n = ::read(descriptor_, part, sizeof part)) > 0;) text.append(part, static_cast<std::size_t>(n));
    return text;
  }

 private:
  int descriptor_;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> environment_with(std::vector<std::string> const& changes) {
  auto const name = [](std::string const& variable) { return variable.substr(0, variable.find('=') + 1); };
  std::vector<std::string> out = changes;
  for (char** v = environ; *v != nullptr; ++v) {
    std::string const ours = *v;
    bool changed = false;
    for (auto const& change : changes) changed = changed || name(change) == name(ours);
    if (!changed) out.push_back(ours);
  }
  return out;
}

// The child's side, between fork and exec: system calls only.
[[noreturn]] void become(char** argv, char** envp, run_options const& options, int in, int out, int err) {
  constexpr int cannot = 127;
  ::setsid();  // its group, and what it starts in groups of their own, are told by this
  if (::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(err, 2) < 0) ::_exit(cannot);
  if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) ::_exit(cannot);
  if (!options.root.empty() && (::chroot(options.root.c_str()) != 0 || ::chdir("/") != 0)) ::_exit(cannot);
  auto const user = static_cast<::uid_t>(options.user);
  if (options.user != 0 && (::setgid(user) != 0 || ::setuid(user) != 0)) ::_exit(cannot);
  ::execvpe(argv[0], argv, envp);
  ::_exit(cannot);
}

// Resident bytes of all processes of a session.
long resident_bytes(::pid_t session) {
  long pages = 0;
  std::error_code gone;
  for (auto const& entry : fs::directory_iterator("/proc", gone)) {
    std::string const name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream stat(entry.path() / "stat");
    std::string line;
    std::getline(stat, line);
    auto const after_name = line.rfind(')');
    if (after_name == std::string::npos) continue;
    char state = 0;
    long parent = 0, group = 0, its_session = 0;
    if (std::sscanf(line.c_str() + after_name + 1, " %c %ld %ld %ld", &state, &parent, &group, &its_session) != 4 ||
        its_session != session)
      continue;
    std::ifstream statm(entry.path() / "statm");
    long size = 0, resident = 0;
    if (statm >> size >> resident) pages += resident;
  }
  return pages * ::sysconf(_SC_PAGESIZE);
}

double seconds_since(clock::time_point start) { return std::chrono::duration<double>(clock::now() - start).count(); }

double seconds_of(::timeval const& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; }

// Waits while signals and memory are looked after.
int wait_for(::pid_t child, run_options const& options, clock::time_point start, finished& out, ::rusage& usage) {
  int status = 0;
  bool pending = options.signal != 0;
  bool const watch = options.watch_memory || pending;
  while (true) {
    ::pid_t const ended = ::wait4(child, &status, watch ? WNOHANG : 0, &usage);
    if (ended == child) return status;
    if (ended < 0 && errno != EINTR) throw std::runtime_error("waiting failed");
    if (pending && seconds_since(start) >= options.signal_after) {
      ::kill(options.signal_children ? -child : child, options.signal);
      pending = false;
    }
    if (options.watch_memory) out.peak_bytes = std::max(out.peak_bytes, resident_bytes(child));
    std::this_thread::sleep_for(std::chrono::milliseconds(options.watch_memory ? 10 : 2));
  }
}

}  // namespace

finished run(std::vector<std::string> const& arguments, run_options const& options) {
  stream_file const in(options.input);
  stream_file const out;
  stream_file const err;
  auto texts = arguments;
  auto variables = environment_with(options.environment);
  auto argv = pointers(texts);
  auto envp = pointers(variables);

  auto const start = clock::now();
  ::pid_t const child = ::fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child == 0) become(argv.data(), envp.data(), options, in.descriptor(), out.descriptor(), err.descriptor());

  finished result;
  ::rusage usage{};
  int const status = wait_for(child, options, start, result, usage);
  result.seconds = seconds_since(start);
  result.cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  result.out = out.content();
  result.err = err.content();
  return result;
}

std::string output_of(std::vector<std::string> const& arguments, run_options const& options) {
  auto const result = run(arguments, options);
  INFO(arguments.front() << "\n" << result.err);
  REQUIRE(result.status == 0);
  return result.out;
}

bool is_root() { return ::geteuid() == 0; }

}  // namespace end_to_end
