#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "constformer/core/error.hpp"
#include "constformer/data/batch_source.hpp"
#include "constformer/execute/ragged_batch.hpp"
#include "constformer/text/tokenizer.hpp"

namespace data_test {

/// What make_vectors.py wrote: vectors.json, packed.json, tokenizers.json.
/// @{
nlohmann::json const& vectors();
nlohmann::json const& packed();
nlohmann::json const& tokenizers();
/// @}

/// A folder that is empty and goes when the object does.
struct scratch {
  scratch();
  ~scratch();
  scratch(scratch const&) = delete;
  scratch& operator=(scratch const&) = delete;

  std::filesystem::path write(std::string const& name, std::string_view content) const;
  std::string read(std::string const& name) const;

  std::filesystem::path folder;
};

/// The tokens that make_vectors.py puts into its files.
std::vector<int> made_tokens(int count, int salt = 0);

/// A tokenizer and the blob it reads.
struct opened_tokenizer {
  explicit opened_tokenizer(std::filesystem::path const& path);
  std::vector<std::byte> blob;
  std::unique_ptr<constformer::tokenizer> tokens;
};

/// The path of a vocabulary of tests/text/fixtures.
std::filesystem::path fixture_path(std::string const& name);

/// A vocabulary of tests/text/fixtures.
opened_tokenizer fixture(std::string const& name);

/// The rows of a column of a batch, each filled up to a length, as the originals do it.
std::vector<std::vector<std::int32_t>> padded_rows(constformer::ragged_batch const& batch,
                                                   std::span<std::int32_t const> constformer::batch_sequence::* column,
                                                   int length, std::int32_t padding = -1);

/// All columns of so many batches, one after the other.
std::vector<std::int32_t> everything(constformer::batch_source& source, int batches);

/// Goes on from the position after each of `batches`, and checks that the rest is what follows without a pause.
void check_resuming(constformer::batch_source& source, int batches);

/// The message of the constformer::error that `call` throws; empty if it throws none.
template <class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (constformer::error const& e) {
    return e.what();
  }
  return "";
}

}  // namespace data_test
