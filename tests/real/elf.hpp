#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace end_to_end {

/// True if an executable asks for no interpreter and no shared library: what `ldd` calls static.
bool is_static(std::filesystem::path const& executable);

/// Bytes of machine code in an object file: all its executable sections.
std::int64_t code_bytes(std::filesystem::path const& object);

/// Whether an object file has a section of this name.
bool has_section(std::filesystem::path const& object, std::string const& name);

/// The names that an object file gives to all others.
std::vector<std::string> global_names(std::filesystem::path const& object);

}  // namespace end_to_end
