#pragma once

#include <string>
#include <string_view>

namespace constformer::text {

/// ChatGLM-6B writes white space as tokens of its vocabulary: `<n>` for a line's end, `<|tab|>`, and `<|blank_N|>` for
/// N blanks.
inline constexpr int longest_blank_token = 80;

/// The spelling of the token for `blanks` blanks, 2 to 80.
std::string blank_token(int blanks);

/// Appends `text` with its white space spelled so; a long run is cut into 80 blanks and the rest, and a single blank
/// stays.
void append_with_white_space_tokens(std::string& out, std::string_view text);

/// What a token stands for: its white space, put into `buffer`, or its own text.
std::string_view white_space_of(std::string_view token, std::string& buffer);

}  // namespace constformer::text
