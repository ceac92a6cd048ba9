#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "constformer/text/tokenizer.hpp"
#include "constformer/text/tokenizer_data.hpp"

namespace text_test {

/// A tokenizer and the blob it reads.
struct opened {
  std::vector<std::byte> blob;
  std::unique_ptr<constformer::tokenizer> tokens;

  constformer::tokenizer const* operator->() const { return tokens.get(); }
};

opened open(constformer::tokenizer_data const& data);
opened open(std::filesystem::path const& path);

std::string read_all(std::filesystem::path const& path);
nlohmann::json read_json(std::filesystem::path const& path);

/// fixtures/ of this folder.
std::filesystem::path fixtures();

/// A file of the shared data; skips the test where it is absent.
std::filesystem::path shared(std::string_view relative);

/// `text` cut at each `separator`; one part more than there are separators.
std::vector<std::string> parts_of(std::string const& text, std::string_view separator);

std::vector<int> ids_of(nlohmann::json const& list);

/// Everything a stream prints for `ids`.
std::string streamed(constformer::tokenizer const& tokens, std::vector<int> const& ids, bool skip_special = true);

/// The message of the constformer::error that `call` throws; empty if it throws none.
template <class Call>
std::string message_of(Call call);

}  // namespace text_test

#include "constformer/core/error.hpp"

template <class Call>
std::string text_test::message_of(Call call) {
  try {
    call();
  } catch (constformer::error const& e) {
    return e.what();
  }
  return "";
}
