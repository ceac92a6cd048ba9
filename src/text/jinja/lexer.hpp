#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace constformer::jinja {

enum class token_kind : std::uint8_t {
  data,            ///< text outside of tags
  block_begin,     ///< {%
  block_end,       ///< %}
  variable_begin,  ///< {{
  variable_end,    ///< }}
  name,
  string,    ///< without quotes, escapes resolved
  integer,   ///< digits without underscores
  real,      ///< likewise
  operation  ///< one of the operators and brackets
};

struct token {
  token_kind kind = token_kind::data;
  int line = 1;
  std::string text;
};

/// Cuts a template into tokens as jinja2's lexer does with trim_blocks and lstrip_blocks, which transformers sets:
/// the first line end behind a block or comment and the blanks before one that begins a line are dropped. Throws
/// `error` with the line.
[[nodiscard]] std::vector<token> tokenize_template(std::string_view source);

/// Throws `error`: "chat template, line N: what".
[[noreturn]] void fail_at(int line, std::string const& what);

}  // namespace constformer::jinja
