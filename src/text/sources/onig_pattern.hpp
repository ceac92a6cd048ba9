#pragma once

#include <string>
#include <string_view>

namespace constformer::text {

/// A pattern in Oniguruma's Ruby syntax, which tokenizer.json has, in PCRE2's. Throws `error` where the two have no
/// common form and where PCRE2 does not take the result; `name` is what errors call the file.
std::string pcre_of_onig(std::string_view pattern, std::string_view name);

/// The same of a pattern of Rust's fancy-regex, which tiktoken has: there ^ and $ stand for the ends of the whole text.
std::string pcre_of_rust(std::string_view pattern, std::string_view name);

}  // namespace constformer::text
