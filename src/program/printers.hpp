#pragma once

#include <memory>
#include <span>

#include "context.hpp"
#include "options.hpp"
#include "output.hpp"

namespace constformer::program {

/// Prints what is generated, token by token.
class token_printer {
 public:
  virtual ~token_printer() = default;
  token_printer(token_printer const&) = delete;
  token_printer& operator=(token_printer const&) = delete;

  /// Tokens that are given, not chosen: those of --prefix.
  virtual void given(int id) = 0;
  /// A token chosen from `logits`; false: nothing after it is wanted, for a stop string has come.
  virtual bool chosen(int id, std::span<float const> logits) = 0;
  /// No more tokens come.
  virtual void finish() = 0;

 protected:
  token_printer() = default;
};

/// The printer that the options ask for: text, which begins with that of `prompt`, ids, or log-probabilities.
std::unique_ptr<token_printer> make_printer(program_context const& context, generate_options const& options,
                                            std::span<int const> prompt, output& out);

/// Throws `usage_error` if the options ask for more than one way of printing, or for stop strings where there is no
/// text.
void check_printing(program_context const& context, generate_options const& options);

}  // namespace constformer::program
