#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include <nlohmann/json.hpp>

/// Copies of the repository's sorting model with something wrong in them.
namespace end_to_end {

/// A copy in a new folder of the workshop; `name` becomes the folder's.
std::filesystem::path copy_of_sort(std::string const& name);

/// Changes config.json of a copy.
void change_config(std::filesystem::path const& checkpoint, std::function<void(nlohmann::json&)> const& change);

/// Changes the header of model.safetensors of a copy; the data stays.
void change_header(std::filesystem::path const& checkpoint, std::function<void(nlohmann::ordered_json&)> const& change);

/// Puts `header` as it is before the data of model.safetensors.
void replace_header(std::filesystem::path const& checkpoint, std::string const& header);

/// The header of model.safetensors.
nlohmann::ordered_json header_of(std::filesystem::path const& checkpoint);

/// Takes a tensor out of model.safetensors, or puts one of zeros in.
void remove_tensor(std::filesystem::path const& checkpoint, std::string const& name);
void add_tensor(std::filesystem::path const& checkpoint, std::string const& name, long values);

void write_text(std::filesystem::path const& file, std::string const& content);

/// Cuts a file to its first `bytes` bytes.
void truncate_file(std::filesystem::path const& file, std::uintmax_t bytes);

/// Turns over one bit.
void flip_bit(std::filesystem::path const& file, std::size_t byte);

}  // namespace end_to_end
