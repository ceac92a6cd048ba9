#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "support.hpp"

using namespace constformer;
using namespace formats_test;
namespace fs = std::filesystem;

TEST_CASE("a mapped file shows the bytes of the file, also after a move", "[files]") {
  scratch_folder const folder;
  mapped_file first(folder.write("a", "some bytes"));
  mapped_file second(std::move(first));
  mapped_file third(folder.write("b", "others"));
  third = std::move(second);
  REQUIRE(third.bytes().size() == 10);
  CHECK(std::string(reinterpret_cast<char const*>(third.bytes().data()), 10) == "some bytes");
  CHECK(third.path() == folder / "a");
}

TEST_CASE("what cannot be mapped is named", "[files]") {
  scratch_folder const folder;
  auto const open = [&](char const* name) {
    return sentence_of([&] { mapped_file const file(folder / name); }, folder.path());
  };
  CHECK(open("missing") == "missing: No such file or directory");
  folder.write("empty", "");
  CHECK(open("empty") == "empty: the file is empty");
  fs::create_directory(folder / "folder");
  CHECK(open("folder") == "folder: Is a directory");
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(open("pipe") == "pipe: not a regular file");
  folder.write("locked", "secret");
  fs::permissions(folder / "locked", fs::perms::none);
  if (::geteuid() != 0) {
    CHECK(open("locked") == "locked: Permission denied");
  }
}

TEST_CASE("an atomic file appears when it is committed and not before", "[files]") {
  scratch_folder const folder;
  folder.write("model", "old");
  {
    atomic_file file(folder / "model", file_mode::executable);
    file.write("new ");
    file.write("content");
    CHECK(file.size() == 11);
    CHECK(read_all(folder / "model") == "old");
    file.commit();
  }
  CHECK(read_all(folder / "model") == "new content");
  CHECK((fs::status(folder / "model").permissions() & fs::perms::owner_exec) != fs::perms::none);
  CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator{}) == 1);
}

namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

// Kilobytes of this process that are mapped from files by huge pages.
long huge_kilobytes() {
  std::ifstream summary("/proc/self/smaps_rollup");
  for (std::string line; std::getline(summary, line);)
    if (long found = 0; std::sscanf(line.c_str(), "FilePmdMapped: %ld", &found) == 1) return found;
  return 0;
}

// The same of a file whose pages have all been touched.
long huge_kilobytes_of(fs::path const& path) {
  long const before = huge_kilobytes();
  mapped_file const file(path);
  std::size_t touched = 0;
  for (std::size_t i = 0; i < file.bytes().size(); i += 4096) touched += std::to_integer<std::size_t>(file.bytes()[i]);
  return touched > 0 ? huge_kilobytes() - before : 0;
}

}  // namespace

TEST_CASE("a long atomic file is mapped by huge pages where one written page by page is", "[files]") {
  constexpr long pages = 16;
  scratch_folder const folder;
  {
    std::string const page(huge_page, 'x');
    int const plain = ::open((folder / "plain").c_str(), O_WRONLY | O_CREAT, 0600);
    REQUIRE(plain >= 0);
    for (long i = 0; i < pages; ++i)
      REQUIRE(::write(plain, page.data(), page.size()) == static_cast<::ssize_t>(huge_page));
    ::close(plain);
  }
  constexpr long most = pages * static_cast<long>(huge_page >> 10);
  if (huge_kilobytes_of(folder / "plain") < most) SKIP("this system does not map files by huge pages");
  {
    mapped_file const plain(folder / "plain");
    atomic_file file(folder / "atomic");
    file.write("a head");
    file.write(plain.bytes());
    file.commit();
  }
  CHECK(huge_kilobytes_of(folder / "atomic") > most / 2);
}

TEST_CASE("an atomic file that is given up leaves nothing behind", "[files]") {
  scratch_folder const folder;
  {
    atomic_file file(folder / "model");
    file.write("half");
  }
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("an atomic file follows links and writes devices directly", "[files]") {
  scratch_folder const folder;
  folder.write("real", "old");
  fs::create_symlink("real", folder / "link");
  write_file(folder / "link", "new");
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(read_all(folder / "real") == "new");
  write_file("/dev/null", "gone");
  CHECK(fs::is_character_file("/dev/null"));
}

TEST_CASE("what cannot be written is named", "[files]") {
  scratch_folder const folder;
  auto const write = [&](fs::path const& path) { return sentence_of([&] { write_file(path, "x"); }, folder.path()); };
  CHECK(write(folder / "no" / "file") == "no/file: cannot be written: No such file or directory");
  fs::create_directory(folder / "folder");
  CHECK(write(folder / "folder") == "folder: cannot be written: Is a directory");
  CHECK(write("") == "the name of the output file is empty");
  CHECK(write("/dev/full") == "/dev/full: cannot be written: No space left on device");
  folder.write("plain", "x");
  CHECK(write(folder / "plain" / "below") == "plain/below: cannot be written: Not a directory");
  if (::geteuid() != 0) {
    fs::permissions(folder / "folder", fs::perms::owner_read | fs::perms::owner_exec);
    CHECK(write(folder / "folder" / "file") == "folder/file: cannot be written: Permission denied");
    fs::permissions(folder / "folder", fs::perms::owner_all);
  }
}
