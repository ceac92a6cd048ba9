#include "refusal.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "programs.hpp"

namespace end_to_end {

namespace {

std::vector<std::string> with_command(std::vector<std::string> const& arguments) {
  std::vector<std::string> call{command()};
  call.insert(call.end(), arguments.begin(), arguments.end());
  return call;
}

std::string sentence_of(std::vector<std::string> const& call, int status, run_options const& options) {
  auto const result = run(call, options);
  std::string shown;
  for (auto const& word : call) shown += word + " ";
  INFO(shown << "\n" << result.err);
  CHECK(result.status == status);
  CHECK(result.out.empty());
  std::string const start = std::filesystem::path(call.front()).filename().string() + ": error: ";
  REQUIRE(result.err.starts_with(start));
  REQUIRE(result.err.find('\n') == result.err.size() - 1);
  return result.err.substr(start.size(), result.err.size() - start.size() - 1);
}

}  // namespace

void check_refusal(std::vector<std::string> const& arguments, std::string const& sentence, int status,
                   run_options const& options) {
  CHECK(sentence_of(with_command(arguments), status, options) == sentence);
}

void check_program_refusal(std::vector<std::string> const& call, std::string const& sentence, int status,
                           run_options const& options) {
  CHECK(sentence_of(call, status, options) == sentence);
}

std::string refusal(std::vector<std::string> const& arguments, int status, run_options const& options) {
  return sentence_of(with_command(arguments), status, options);
}

std::vector<std::string> names_in(std::filesystem::path const& folder) {
  std::vector<std::string> names;
  for (auto const& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

}  // namespace end_to_end
