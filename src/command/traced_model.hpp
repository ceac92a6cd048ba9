#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "constformer/checkpoint/open.hpp"
#include "sources.hpp"

namespace constformer::command {

/// A model of one's own, as the command line names it.
struct traced_choice {
  std::filesystem::path header;  ///< absolute
  std::string type;              ///< as C++ names it from outside: "::my::model"
};

/// Reads FILE.hpp[:TYPE]; without a type, the struct in the global namespace that has the file's name. Throws `error`
/// if there is no such file.
[[nodiscard]] traced_choice traced_choice_of(std::string const& asked);

/// A header that names the type constformer::configs::NAME.
[[nodiscard]] std::string traced_header(traced_choice const& choice, std::string_view name);

/// A unit that compiles only if the tensors of `source` are the parameters of constformer::configs::NAME, which
/// `header` names, and whose object file says what packing needs (traced_facts.hpp).
[[nodiscard]] std::string traced_check_unit(checkpoint const& source, std::string_view name, std::string_view header);

/// The same without a checkpoint.
[[nodiscard]] std::string traced_facts_unit(std::string_view name, std::string_view header);

/// The unit of constformer::configs::NAME: with `context` tokens, or if that is 0 as many as it has positions for, at
/// most `usual`.
[[nodiscard]] unit_parts traced_unit(std::string_view name, std::string_view header, int context, int usual);

/// What the first error of a compiler means: that the header has no such type, else the error itself.
[[nodiscard]] std::string traced_error(std::string const& first, traced_choice const& choice);

}  // namespace constformer::command
