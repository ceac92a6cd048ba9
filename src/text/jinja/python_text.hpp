#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "text/jinja/evaluation.hpp"
#include "text/jinja/marked_text.hpp"

/// Python's strings over UTF-8: places are code points there and bytes here.
namespace constformer::jinja {

/// str.isspace of one code point.
[[nodiscard]] bool is_space(char32_t c);
/// str.isspace: not empty, and all of it.
[[nodiscard]] bool is_space(std::string_view text);

/// Bytes of white space that `text` begins with.
[[nodiscard]] std::size_t space_before(std::string_view text);
[[nodiscard]] std::string_view without_space_behind(std::string_view text);

/// len().
[[nodiscard]] std::int64_t length_of(std::string_view text);
/// The byte at which the code point of that number begins; text.size() behind the last.
[[nodiscard]] std::size_t byte_of(std::string_view text, std::int64_t number);

/// str.strip(characters) at the ends that are asked for; without `characters` white space.
[[nodiscard]] marked_text stripped(marked_text const& text, std::string_view const* characters, bool left, bool right);

/// @{ str.lower, upper, swapcase; str.title and str.capitalize; marks stay where they were.
[[nodiscard]] marked_text lower(marked_text const& text);
[[nodiscard]] marked_text upper(marked_text const& text);
[[nodiscard]] marked_text swapcase(marked_text const& text);
[[nodiscard]] marked_text title(marked_text const& text);
[[nodiscard]] marked_text capitalize(marked_text const& text);
/// @}

/// Whether `c` is a letter of that case.
[[nodiscard]] bool is_lower(char32_t c);
[[nodiscard]] bool is_upper(char32_t c);
/// A letter with cases, either of them.
[[nodiscard]] inline bool has_case(char32_t c) { return is_lower(c) || is_upper(c); }

/// str.replace; at most `most` times unless that is negative. Throws `error` if the text grows too large.
[[nodiscard]] marked_text replaced(evaluation& e, marked_text const& text, marked_text const& from,
                                   marked_text const& to, std::int64_t most);

/// markupsafe.escape.
[[nodiscard]] marked_text escaped(marked_text const& text);

}  // namespace constformer::jinja
