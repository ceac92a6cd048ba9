#include "constformer/checkpoint/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "constformer/core/error.hpp"

namespace constformer {

namespace {

[[noreturn]] void fail(std::filesystem::path const& path, int code) {
  throw error(path.string() + ": " + std::generic_category().message(code));
}

struct descriptor {
  int number;
  explicit descriptor(int opened) : number(opened) {}
  ~descriptor() {
    if (number >= 0) ::close(number);
  }
  descriptor(descriptor const&) = delete;
  descriptor& operator=(descriptor const&) = delete;
};

// `at_least` bytes of zeros, over whose beginning a file is mapped.
void* reserve(std::filesystem::path const& path, std::size_t at_least) {
  void* const start = ::mmap(nullptr, at_least, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) fail(path, errno);
  return start;
}

// What stands in for a file that was not fetched: a few lines of text that no reader would make sense of.
char const* placeholder(std::string_view text) {
  if (text.starts_with("version https://git-lfs.github.com/spec/v1"))
    return "is a Git LFS pointer, not the file itself; git lfs pull fetches it";
  if (text.starts_with("/annex/objects/"))
    return "is a git-annex pointer, not the file itself; git annex get fetches it";
  if (text.starts_with("<!DOCTYPE html") || text.starts_with("<!doctype html") || text.starts_with("<html"))
    return "is a web page, not the file itself; its download went wrong";
  if (text == "Entry not found" || text == "Repository not found" || text.starts_with("Access to model "))
    return "is an error message of a server, not the file itself; its download went wrong";
  return nullptr;
}

std::span<std::byte const> map(std::filesystem::path const& path, std::size_t at_least) {
  // O_NONBLOCK: opening a pipe must not wait for a writer only to refuse it.
  descriptor const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number < 0) fail(path, errno);
  struct stat status{};
  if (::fstat(file.number, &status) != 0) fail(path, errno);
  if (S_ISDIR(status.st_mode)) fail(path, EISDIR);
  if (!S_ISREG(status.st_mode)) throw error(path.string() + ": not a regular file");
  if (status.st_size == 0) throw error(path.string() + ": the file is empty");
  auto const size = static_cast<std::size_t>(status.st_size);
  bool const longer = at_least > size;
  void* const zeros = longer ? reserve(path, at_least) : nullptr;
  void* const start = ::mmap(zeros, size, PROT_READ, MAP_PRIVATE | (longer ? MAP_FIXED : 0), file.number, 0);
  if (start == MAP_FAILED) fail(path, errno);
  std::string_view const text(static_cast<char const*>(start), std::min<std::size_t>(size, 512));
  if (char const* const what = size < 65536 ? placeholder(text) : nullptr) {
    ::munmap(start, longer ? at_least : size);
    throw error(path.string() + ": " + what);
  }
  return {static_cast<std::byte const*>(start), longer ? at_least : size};
}

void unmap(std::span<std::byte const> bytes) {
  if (!bytes.empty()) ::munmap(const_cast<std::byte*>(bytes.data()), bytes.size());
}

}  // namespace

mapped_file::mapped_file(std::filesystem::path path, std::size_t at_least)
    : path_(std::move(path)), bytes_(map(path_, at_least)) {}

mapped_file::~mapped_file() { unmap(bytes_); }

mapped_file::mapped_file(mapped_file&& other) noexcept
    : path_(std::move(other.path_)), bytes_(std::exchange(other.bytes_, {})) {}

mapped_file& mapped_file::operator=(mapped_file&& other) noexcept {
  if (this != &other) {
    unmap(bytes_);
    path_ = std::move(other.path_);
    bytes_ = std::exchange(other.bytes_, {});
  }
  return *this;
}

}  // namespace constformer
