#include "support.hpp"

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "constformer/text/load.hpp"

namespace data_test {

namespace fs = std::filesystem;

namespace {

fs::path source_folder() { return std::getenv("CONSTFORMER_SOURCE"); }

nlohmann::json read_json(char const* name) {
  std::ifstream in(source_folder() / "tests/data" / name);
  return nlohmann::json::parse(in);
}

void append(std::vector<std::int32_t>& to, std::vector<std::int32_t> const& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

nlohmann::json const& vectors() {
  static nlohmann::json const all = read_json("vectors.json");
  return all;
}
nlohmann::json const& packed() {
  static nlohmann::json const all = read_json("packed.json");
  return all;
}

nlohmann::json const& tokenizers() {
  static nlohmann::json const all = read_json("tokenizers.json");
  return all;
}

scratch::scratch() {
  std::string name = (fs::temp_directory_path() / "constformer-data-XXXXXX").string();
  folder = mkdtemp(name.data());
}
scratch::~scratch() {
  std::error_code ignored;
  fs::permissions(folder, fs::perms::owner_all, ignored);
  fs::remove_all(folder, ignored);
}

fs::path scratch::write(std::string const& name, std::string_view content) const {
  fs::path const path = folder / name;
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::vector<int> made_tokens(int count, int salt) {
  std::vector<int> out;
  for (int i = 0; i < count; ++i) out.push_back((i * 31 + (i * i) % 97 + salt) % 500);
  return out;
}

std::string scratch::read(std::string const& name) const {
  std::ifstream in(folder / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

opened_tokenizer::opened_tokenizer(fs::path const& path)
    : blob(constformer::pack(constformer::load_tokenizer_source(path))), tokens(constformer::open_tokenizer(blob)) {}

fs::path fixture_path(std::string const& name) { return source_folder() / "tests/text/fixtures" / name; }

opened_tokenizer fixture(std::string const& name) { return opened_tokenizer(fixture_path(name)); }

std::vector<std::vector<std::int32_t>> padded_rows(constformer::ragged_batch const& batch,
                                                   std::span<std::int32_t const> constformer::batch_sequence::* column,
                                                   int length, std::int32_t padding) {
  std::vector<std::vector<std::int32_t>> out;
  for (int i = 0; i < batch.sequences(); ++i) {
    auto const row = batch[i].*column;
    out.emplace_back(row.begin(), row.end()).resize(static_cast<std::size_t>(length), padding);
  }
  return out;
}

std::vector<std::int32_t> everything(constformer::batch_source& source, int batches) {
  std::vector<std::int32_t> out;
  for (int i = 0; i < batches; ++i) {
    auto const& b = source.next();
    for (auto const* column : {&b.tokens, &b.positions, &b.targets, &b.segments, &b.labels, &b.source,
                               &b.source_positions, &b.starts, &b.source_starts})
      append(out, *column);
  }
  return out;
}

void check_resuming(constformer::batch_source& source, int batches) {
  source.restart();
  auto const whole = everything(source, batches);
  for (int done = 0; done <= batches; ++done) {
    source.restart();
    auto joined = everything(source, done);
    std::string const position = source.position();
    INFO("after " << done << " batches: " << position);
    CHECK(position.size() < 20000);
    everything(source, 3);  // it went on, and was killed
    source.resume(position);
    CHECK(source.position() == position);
    append(joined, everything(source, batches - done));
    CHECK(joined == whole);
  }
}

}  // namespace data_test
