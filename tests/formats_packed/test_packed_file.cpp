#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "constformer/checkpoint/packed_file.hpp"
#include "constformer/core/error.hpp"
#include "packed_format.hpp"
#include "section_sums.hpp"

using namespace constformer;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Message;
using Catch::Matchers::MessageMatches;
namespace fs = std::filesystem;

namespace {

class scratch_folder {
 public:
  scratch_folder() {
    std::string name = (fs::temp_directory_path() / "cf-packed-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~scratch_folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  scratch_folder(scratch_folder const&) = delete;
  scratch_folder& operator=(scratch_folder const&) = delete;

  fs::path operator/(char const* name) const { return path_ / name; }

 private:
  fs::path path_;
};

std::vector<std::byte> const weights = [] {
  std::vector<std::byte> bytes(1000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7);
  return bytes;
}();
std::vector<std::byte> const tokenizer_bytes(77, std::byte{3});
std::vector<std::byte> const module_bytes(24, std::byte{5});

packed_content content() {
  return {.fingerprint = 0xFEED,
          .weights = weights,
          .tokenizer = tokenizer_bytes,
          .metadata =
              {.name = "näme \"x\"", .family = "llama", .source = "safetensors", .stop_ids = {2, 7}, .max_sequence = 5},
          .tensors = {{.name = "a", .type = "f32", .shape = {3, 4}, .offset = 0},
                      {.name = "b", .type = "bf16", .shape = {}, .offset = 64}},
          .modules = module_bytes};
}

std::string read_all(fs::path const& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A copy at an aligned address, which packed data in a program have.
class aligned_copy {
 public:
  explicit aligned_copy(std::string const& bytes)
      : size_(bytes.size()), memory_(std::aligned_alloc(64, (bytes.size() + 64) / 64 * 64)) {
    std::memcpy(memory_, bytes.data(), bytes.size());
  }
  ~aligned_copy() { std::free(memory_); }
  aligned_copy(aligned_copy const&) = delete;
  aligned_copy& operator=(aligned_copy const&) = delete;

  [[nodiscard]] std::byte* data() const { return static_cast<std::byte*>(memory_); }
  [[nodiscard]] std::span<std::byte const> bytes() const { return {data(), size_}; }

 private:
  std::size_t size_;
  void* memory_;
};

void read_everything(std::span<std::byte const> bytes) {
  auto const file = packed_file::view(bytes, "x");
  for (auto which : {packed_section::weights, packed_section::tokenizer, packed_section::metadata,
                     packed_section::tensors, packed_section::modules})
    static_cast<void>(file.section(which));
  static_cast<void>(file.metadata());
  static_cast<void>(file.tensors());
}

std::string good_file() {
  scratch_folder const folder;
  write_packed_file(folder / "m", content());
  return read_all(folder / "m");
}

}  // namespace

TEST_CASE("what is packed comes back, from a mapped file and from memory") {
  scratch_folder const folder;
  write_packed_file(folder / "m", content());
  aligned_copy const copy(read_all(folder / "m"));
  for (auto const& file : {packed_file::map(folder / "m"), packed_file::view(copy.bytes(), "embedded")}) {
    CHECK(file.fingerprint() == 0xFEED);
    file.require(0xFEED, 1000);
    auto const w = file.section(packed_section::weights);
    CHECK(std::vector(w.begin(), w.end()) == weights);
    CHECK(reinterpret_cast<std::uintptr_t>(w.data()) % 64 == 0);
    CHECK(file.section(packed_section::tokenizer).size() == 77);
    CHECK(file.section(packed_section::modules).size() == 24);
    auto const m = file.metadata();
    CHECK(m.name == "näme \"x\"");
    CHECK(m.family == "llama");
    CHECK(m.source == "safetensors");
    CHECK(m.stop_ids == std::vector{2, 7});
    CHECK(m.max_sequence == 5);
    auto const t = file.tensors();
    REQUIRE(t.size() == 2);
    CHECK(t[0].shape == std::vector<std::int64_t>{3, 4});
    CHECK(t[1].name == "b");
    CHECK(t[1].type == "bf16");
    CHECK(t[1].shape.empty());
    CHECK(t[1].offset == 64);
  }
}

TEST_CASE("empty sections are sections") {
  scratch_folder const folder;
  write_packed_file(folder / "m", {});
  auto const file = packed_file::map(folder / "m");
  CHECK(file.section(packed_section::weights).empty());
  CHECK(file.section(packed_section::tokenizer).empty());
  CHECK(file.tensors().empty());
  file.require(0, 0);
}

TEST_CASE("a file of another model is refused with both fingerprints and both sizes") {
  aligned_copy const copy(good_file());
  auto const file = packed_file::view(copy.bytes(), "model.bin");
  CHECK_THROWS_MATCHES(
      file.require(0xBEEF, 1000), error,
      Message("model.bin: was packed for another model: its fingerprint is 000000000000feed, the program's is "
              "000000000000beef"));
  CHECK_THROWS_MATCHES(file.require(0xFEED, 1001), error,
                       Message("model.bin: section weights has 1000 bytes, the program needs 1001"));
}

TEST_CASE("no changed bit and no other length passes") {
  auto const good = good_file();
  {
    aligned_copy const copy(good);
    REQUIRE_NOTHROW(read_everything(copy.bytes()));
  }
  aligned_copy const copy(good);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::byte const before = copy.data()[at];
    copy.data()[at] ^= static_cast<std::byte>(1U << at % 8);
    CAPTURE(at);
    CHECK_THROWS_AS(read_everything(copy.bytes()), error);
    copy.data()[at] = before;
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    CAPTURE(size);
    CHECK_THROWS_AS(read_everything(copy.bytes().first(size)), error);
  }
}

namespace {

template <class Value>
void put(std::string& bytes, std::size_t at, Value value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

}  // namespace

// The numbers of the table are behind a checksum, but whoever writes the checksum may write them too.
TEST_CASE("each fault has its own sentence") {
  auto const sentence = [](std::string const& bytes) -> std::string {
    aligned_copy const copy(bytes);
    try {
      read_everything(copy.bytes());
    } catch (error const& e) {
      return e.what();
    }
    return "no error";
  };
  auto bytes = good_file();
  bytes[0] = 'x';
  CHECK(sentence(bytes) == "x: is no packed file: it does not begin with the mark of one");
  bytes = good_file();
  put(bytes, 8, std::uint32_t{1});
  CHECK(sentence(bytes) == "x: is a packed file of version 1, this program reads version 6");
  bytes = good_file();
  CHECK_THAT(sentence(bytes + "y"), ContainsSubstring("it says it has " + std::to_string(bytes.size()) +
                                                      " bytes, it has " + std::to_string(bytes.size() + 1)));
  put(bytes, 64 + 8, std::uint64_t{1} << 63);
  CHECK_THAT(sentence(bytes), ContainsSubstring("x: is damaged: the checksum of its header is "));
  CHECK(sentence("") == "x: is no packed file: it has 0 bytes, a header has 224");
  bytes = good_file();
  bytes[256 + 1000] = 1;  // weights end at 1256, the tokenizer begins at 1280
  CHECK(sentence(bytes) == "x: is damaged: the gap of 24 bytes before byte 1216 is not zero");
  bytes = good_file();
  bytes[200] = static_cast<char>(bytes[200] ^ 1);
  CHECK_THAT(sentence(bytes), ContainsSubstring("x: is damaged: the checksum of section weights is "));
}

TEST_CASE("bytes at an odd address are refused, not read by vectors") {
  auto const good = good_file();
  aligned_copy const copy("x" + good);
  CHECK_THROWS_MATCHES(packed_file::view(copy.bytes().subspan(1), "m"), error,
                       Message("m: is not at an address that is a multiple of 64"));
}

TEST_CASE("a file that is not there, empty or a folder is named") {
  scratch_folder const folder;
  CHECK_THROWS_MATCHES(packed_file::map(folder / "none"), error,
                       MessageMatches(ContainsSubstring((folder / "none").string())));
  std::ofstream(folder / "empty").close();
  CHECK_THROWS_MATCHES(packed_file::map(folder / "empty"), error,
                       MessageMatches(ContainsSubstring((folder / "empty").string())));
  CHECK_THROWS_AS(packed_file::map(folder / "."), error);
  CHECK_THROWS_MATCHES(write_packed_file(folder / ".", content()), error,
                       MessageMatches(ContainsSubstring("cannot be written")));
}

TEST_CASE("a first reader sums up a section in any order, and is told of any byte that is damaged") {
  scratch_folder const folder;
  auto long_content = content();
  std::vector<std::byte> bytes(5 * packed::piece_bytes + 1000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 2654435761U >> 13);
  long_content.weights = bytes;
  write_packed_file(folder / "long", long_content);
  auto const read = [&](std::vector<std::pair<std::size_t, std::size_t>> const& parts) {
    auto const file = packed_file::map(folder / "long");
    auto const reading = file.first_reading_of(packed_section::weights);
    auto const section = file.unchecked(packed_section::weights);
    REQUIRE(section.size() == bytes.size());
    for (auto const& [begin, end] : parts) {
      reading->map(section.subspan(begin, end - begin));
      reading->sum(section.subspan(begin, end - begin));
    }
    for (std::size_t const i : {2U, 0U, 1U}) reading->sum_rest(i, 3);
    reading->require_sound();
  };
  auto const all = bytes.size();
  std::vector<std::vector<std::pair<std::size_t, std::size_t>>> const orders{
      {},
      {{0, all}},
      {{all - 5, all}, {77, 900000}, {0, 77}},
      {{300000, 300001}},
      {{packed::piece_bytes, 2 * packed::piece_bytes}}};
  for (auto const& parts : orders) CHECK_NOTHROW(read(parts));
  for (std::size_t const at : {std::size_t{0}, packed::piece_bytes, all - 1}) {
    {
      std::fstream file(folder / "long", std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(static_cast<std::streamoff>(256 + at));
      file.put(static_cast<char>(~std::to_integer<unsigned>(bytes[at])));
    }
    for (auto const& parts : orders)
      CHECK_THROWS_MATCHES(read(parts), error,
                           MessageMatches(ContainsSubstring("is damaged: the checksum of section weights is ")));
    write_packed_file(folder / "long", long_content);
  }
}

// As docs/formats.md says it: two whole pieces and the beginning of a third.
TEST_CASE("the checksum of a long section is that of its pieces' checksums") {
  std::vector<std::byte> bytes(2 * packed::piece_bytes + 1000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 2654435761U >> 13);
  std::vector<std::uint64_t> sums;
  for (std::size_t at = 0; at < bytes.size(); at += packed::piece_bytes)
    sums.push_back(packed::checksum(bytes.data() + at, std::min(packed::piece_bytes, bytes.size() - at)));
  REQUIRE(sums.size() == 3);
  CHECK(packed::section_checksum(bytes) == packed::checksum(sums.data(), 24));
  scratch_folder const folder;
  auto long_content = content();
  long_content.weights = bytes;
  write_packed_file(folder / "long", long_content);
  CHECK(packed_file::map(folder / "long").section(packed_section::weights).size() == bytes.size());
  {
    std::fstream file(folder / "long", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(256 + packed::piece_bytes + 77));
    file.put('x');
  }
  CHECK_THROWS_MATCHES(packed_file::map(folder / "long").section(packed_section::weights), error,
                       MessageMatches(ContainsSubstring("is damaged: the checksum of section weights is ")));
}
