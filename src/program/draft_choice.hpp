#pragma once

#include <optional>
#include <string>

#include "../serve/engine.hpp"
#include "context.hpp"

namespace constformer::program {

/// What guesses tokens ahead, as --draft says.
struct draft_choice {
  bool lookup = false;                      ///< what the text repeats
  std::optional<draft_context> draft = {};  ///< or the program's smaller model
  int tokens = 0;                           ///< that it guesses at a time

  [[nodiscard]] bool given() const { return lookup || draft; }

  /// Into what an engine is told.
  void tell(serve::engine_options& options) const;
};

/// Reads none, lookup or a number. Throws `usage_error`, and `error` if the program cannot have its tokens guessed.
draft_choice choose_draft(program_context const& context, std::string const& word);

}  // namespace constformer::program
