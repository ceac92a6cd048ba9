#pragma once

#include <memory>
#include <string>

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
  std::unique_ptr<tokenizer> text;         // empty if the checkpoint had none
  std::unique_ptr<tokenizer> source_text;  // of sources, if it is another one

  [[nodiscard]] config const& model() const { return *unit.configuration; }
  [[nodiscard]] bool is_encoder() const { return model().mask == mask_kind::bidirectional; }

  /// Throws `error`: text cannot be turned into ids without a tokenizer, so `what` needs ids.
  [[nodiscard]] tokenizer const& need_tokenizer(char const* what) const;

  /// Throws `error` unless the model is of the kind that `what` works with.
  void need_decoder(char const* what) const;
  void need_encoder(char const* what) const;
  void need_translator(char const* what) const;

  /// The tokenizer of sources, which may be another one than that of targets.
  [[nodiscard]] tokenizer const& need_source_tokenizer(char const* what) const;

  /// Threads to use if nobody says: those of the machine, but no more than have something to do.
  [[nodiscard]] int default_threads() const;

  /// Starts a conversation, or several side by side; throws `error` if more context is asked for than was compiled.
  [[nodiscard]] std::unique_ptr<session> start(session_choice const& choice, int sequences = 1) const;
};

/// Opens the packed file, in the program or beside it, and refuses one of another model.
program_context open_context();

}  // namespace constformer::program
