#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "constformer/checkpoint/packed_file.hpp"

namespace constformer::packed {

/// The JSON sections of a packed file. The readers throw `error` naming `file`, the field and what it should be.
/// @{
std::string write_metadata(packed_metadata const& metadata);
std::string write_tensors(std::vector<packed_tensor> const& tensors);
packed_metadata read_metadata(std::span<std::byte const> json, std::string const& file);
std::vector<packed_tensor> read_tensors(std::span<std::byte const> json, std::string const& file);
/// @}

}  // namespace constformer::packed
