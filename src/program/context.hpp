#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "../serve/engine.hpp"
#include "constformer/checkpoint/packed_file.hpp"
#include "constformer/generate/session.hpp"
#include "constformer/text/tokenizer.hpp"
#include "options.hpp"

namespace constformer::program {

/// The model this program is: its compiled unit and the opened packed file.
struct program_context {
  model_unit const& unit;
  packed_file packed;
  packed_metadata metadata;
  std::unique_ptr<tokenizer> text;  // of what the model reads; empty if the checkpoint had none

  [[nodiscard]] config const& model() const { return *unit.configuration; }
  [[nodiscard]] bool is_encoder() const { return model().mask == mask_kind::bidirectional; }

  /// The family that the model is of, as config.json calls it.
  [[nodiscard]] std::string_view family() const;

  /// The tokenizer of what the model reads. Throws `error` if there is none: `what` then needs the ids that `instead`
  /// takes.
  [[nodiscard]] tokenizer const& need_tokenizer(char const* what, char const* instead = "--ids") const;

  /// That of what it writes, which encoder-decoder models may have besides.
  [[nodiscard]] tokenizer const& need_target_tokenizer(char const* what) const { return need_tokenizer(what).target(); }

  /// Throws `error` unless the model is of the kind that `what` works with.
  void need_decoder(char const* what) const;
  void need_encoder(char const* what) const;
  void need_translator(char const* what) const;
  void need_embedding(char const* what) const;

  /// Threads to use if nobody says: those of the machine, but no more than have something to do.
  [[nodiscard]] int default_threads() const;

  /// Starts a conversation, or several side by side; throws `error` if more context is asked for than was compiled.
  [[nodiscard]] std::unique_ptr<session> start(session_choice const& choice, int sequences = 1) const;

  /// The same for an engine, as far as `choice` says.
  [[nodiscard]] serve::engine_options engine(session_choice const& choice) const;
};

/// A smaller model in the program that guesses tokens for its own, and its packed file.
struct draft_context {
  model_unit const& unit;
  packed_file packed;

  /// For an engine: `tokens` ahead, on `threads` threads at most.
  [[nodiscard]] serve::draft_options engine(int tokens, int threads) const;
};

/// Empty if the program has none.
std::optional<draft_context> open_draft();

/// Opens the packed file, in the program or beside it, and refuses one of another model.
program_context open_context();

}  // namespace constformer::program
