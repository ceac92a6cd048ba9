#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/traced_facts.hpp"

namespace constformer::command {

/// What an object file says of a model of one's own.
struct traced_description {
  traced_head head;                          ///< of all
  std::vector<traced_parameter> parameters;  ///< in the order of memory
};

/// Reads the bytes of such a section. Throws `error` if they are none.
[[nodiscard]] traced_description read_traced_facts(std::span<std::byte const> bytes);

/// Packs the parameters of `source`, the tokenizer beside them, if there is one, and `chat` into `file`, for programs of
/// the model that `description` is of. Throws `error` if a tensor is missing or of another size.
void pack_traced(checkpoint const& source, traced_description const& description, std::filesystem::path const& file,
                 std::span<std::string const> chat);

}  // namespace constformer::command
