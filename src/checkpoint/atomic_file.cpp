#include "constformer/checkpoint/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "constformer/core/error.hpp"

namespace constformer {

namespace {

mode_t allowed(file_mode mode) {
  mode_t const mask = ::umask(0);
  ::umask(mask);
  return static_cast<mode_t>(mode) & ~mask;
}

// Written in such pieces, a file lies in the page cache in pages of this size (Linux 6.16, ext4) and is mapped by them:
// page tables of 512 MB take 0.5 ms, not 65, to make and to give back (docs/performance.md).
constexpr std::size_t huge_page = std::size_t{2} << 20;

std::filesystem::path folder_of(std::filesystem::path const& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

// After a power cut the name must be there too, not only the bytes; a folder that cannot be synced is no failure.
void sync_folder(std::filesystem::path const& folder) {
  int const opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return;
  ::fsync(opened);
  ::close(opened);
}

}  // namespace

atomic_file::atomic_file(std::filesystem::path path, file_mode mode)
    : path_(std::move(path)), target_(path_), mode_(mode) {
  if (path_.empty()) throw error("the name of the output file is empty");
  std::error_code ignored;
  if (auto resolved = std::filesystem::canonical(path_, ignored); !ignored) target_ = std::move(resolved);
  std::error_code reason;
  auto const kind = std::filesystem::status(target_, reason).type();
  if (reason == std::errc::filename_too_long) fail(ENAMETOOLONG);  // the temporary name would not be
  if (kind == std::filesystem::file_type::directory || !path_.has_filename()) fail(EISDIR);
  bool const plain = kind == std::filesystem::file_type::regular || kind == std::filesystem::file_type::not_found ||
                     kind == std::filesystem::file_type::none;
  if (plain) {
    open_temporary();
  } else {
    descriptor_ = ::open(target_.c_str(), O_WRONLY | O_CLOEXEC);
  }
  if (descriptor_ < 0) fail(errno);
}

atomic_file::~atomic_file() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void atomic_file::open_temporary() {
  std::string name = (folder_of(target_) / ".constformer-XXXXXX").string();
  descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor_ >= 0) temporary_ = name;
}

void atomic_file::write(std::span<std::byte const> bytes) {
  if (descriptor_ < 0) fail(EBADF);
  while (!bytes.empty()) {
    std::size_t const piece = std::min(bytes.size(), huge_page - size_ % huge_page);
    ::ssize_t const written = ::write(descriptor_, bytes.data(), piece);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    size_ += static_cast<std::size_t>(written);
  }
}

void atomic_file::write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

void atomic_file::overwrite(std::size_t offset, std::span<std::byte const> bytes) {
  if (descriptor_ < 0 || offset + bytes.size() > size_) fail(EINVAL);
  while (!bytes.empty()) {
    ::ssize_t const written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<::off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::size_t>(written);
  }
}

void atomic_file::commit() {
  if (descriptor_ < 0) fail(EBADF);
  if (temporary_.empty()) return close();
  if (::fchmod(descriptor_, allowed(mode_)) != 0 || ::fsync(descriptor_) != 0) fail(errno);
  close();
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail(errno);
  temporary_.clear();
  sync_folder(folder_of(target_));
}

void atomic_file::close() {
  if (::close(std::exchange(descriptor_, -1)) != 0) fail(errno);
}

void atomic_file::fail(int code) const {
  throw error(path_.string() + ": cannot be written: " + std::generic_category().message(code));
}

void write_file(std::filesystem::path const& path, std::string_view content, file_mode mode) {
  atomic_file file(path, mode);
  file.write(content);
  file.commit();
}

}  // namespace constformer
