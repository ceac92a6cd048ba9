#include "input_bytes.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <system_error>

#include "../text/utf8.hpp"
#include "constformer/core/error.hpp"

namespace constformer::program {

namespace {

constexpr std::string_view separators = ", \t\r\n";

class input_file {
 public:
  explicit input_file(std::string const& name) : name_(name == "-" ? "standard input" : name) {
    descriptor_ = name == "-" ? STDIN_FILENO : ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor_ < 0) fail();
  }
  ~input_file() {
    if (descriptor_ != STDIN_FILENO) ::close(descriptor_);
  }
  input_file(input_file const&) = delete;
  input_file& operator=(input_file const&) = delete;

  std::string read_all() {
    std::string content;
    std::size_t size = 0;
    while (true) {
      content.resize(size + (std::size_t{1} << 16));
      ::ssize_t const got = ::read(descriptor_, content.data() + size, content.size() - size);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail();
      size += static_cast<std::size_t>(got);
      if (got == 0) break;
    }
    content.resize(size);
    return content;
  }

 private:
  [[noreturn]] void fail() const { throw error(name_ + ": cannot be read: " + std::generic_category().message(errno)); }

  std::string name_;
  int descriptor_ = -1;
};

}  // namespace

std::string name_of_file(std::string const& file) { return file == "-" ? "standard input" : file; }

std::vector<int> read_ids(std::string_view list, char const* name) {
  std::vector<int> ids;
  while (true) {
    list.remove_prefix(std::min(list.find_first_not_of(separators), list.size()));
    if (list.empty()) return ids;
    std::string_view const word = list.substr(0, list.find_first_of(separators));
    int id = 0;
    auto const [end, failed] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (failed != std::errc() || end != word.data() + word.size())
      throw error(std::string(name) + ": entry " + std::to_string(ids.size()) + ", '" +
                  std::string(word.substr(0, 40)) + "', is not a token id");
    ids.push_back(id);
    list.remove_prefix(word.size());
  }
}

void check_ids(std::span<int const> ids, int vocab, char const* name) {
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (ids[i] < 0 || ids[i] >= vocab)
      throw error(std::string(name) + ": id " + std::to_string(ids[i]) + " at place " + std::to_string(i) +
                  " is not in the vocabulary of " + std::to_string(vocab));
}

void check_text(std::string_view text, std::string const& name) {
  std::size_t const at = text::find_invalid_utf8(text);
  if (at == text.size()) return;
  char byte[8];
  std::snprintf(byte, sizeof byte, "0x%02X", static_cast<unsigned>(static_cast<unsigned char>(text[at])));
  throw error(name + ": byte " + byte + " at offset " + std::to_string(at) + " of " + std::to_string(text.size()) +
              " is not UTF-8");
}

std::string read_input(std::string const& file) { return input_file(file).read_all(); }

}  // namespace constformer::program
