#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What programs and the command read from their user, free of any model.
namespace constformer::program {

/// Whole numbers separated by commas or white space; throws `error` beginning with `name` on anything else.
std::vector<int> read_ids(std::string_view list, char const* name);

/// Throws `error` unless every id is in [0, vocab).
void check_ids(std::span<int const> ids, int vocab, char const* name);

/// What messages call FILE: "standard input" for "-".
std::string name_of_file(std::string const& file);

/// The bytes of FILE, or of standard input for "-".
std::string read_input(std::string const& file);

/// Throws `error` with the place of the first byte that is not UTF-8, beginning with `name`.
void check_text(std::string_view text, std::string const& name);

}  // namespace constformer::program
