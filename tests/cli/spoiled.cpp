#include "spoiled.hpp"

#include <cstdint>
#include <cstring>
#include <fstream>

#include "programs.hpp"

namespace end_to_end {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

fs::path weights(fs::path const& checkpoint) { return checkpoint / "model.safetensors"; }

struct parts {
  std::string header;
  std::string data;
};

parts parts_of(fs::path const& checkpoint) {
  std::string const file = read_text(weights(checkpoint));
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), 8);
  return {file.substr(8, length), file.substr(8 + length)};
}

void write(fs::path const& checkpoint, std::string const& header, std::string const& data) {
  std::uint64_t const length = header.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  write_text(weights(checkpoint), file + header + data);
}

}  // namespace

fs::path copy_of_sort(std::string const& name) {
  fs::path const folder = fresh_folder("spoiled") / name;
  fs::copy(source("models/sort"), folder);
  return folder;
}

void change_config(fs::path const& checkpoint, std::function<void(nlohmann::json&)> const& change) {
  auto config = read_json(checkpoint / "config.json");
  change(config);
  write_text(checkpoint / "config.json", config.dump(2));
}

ordered_json header_of(fs::path const& checkpoint) { return ordered_json::parse(parts_of(checkpoint).header); }

void change_header(fs::path const& checkpoint, std::function<void(ordered_json&)> const& change) {
  auto header = header_of(checkpoint);
  change(header);
  replace_header(checkpoint, header.dump());
}

void replace_header(fs::path const& checkpoint, std::string const& header) {
  write(checkpoint, header, parts_of(checkpoint).data);
}

void remove_tensor(fs::path const& checkpoint, std::string const& name) {
  auto [text, data] = parts_of(checkpoint);
  auto header = ordered_json::parse(text);
  std::size_t const begin = header.at(name).at("data_offsets")[0];
  std::size_t const end = header.at(name).at("data_offsets")[1];
  header.erase(name);
  data.erase(begin, end - begin);
  for (auto& [other, entry] : header.items()) {
    if (!entry.contains("data_offsets")) continue;
    for (auto& offset : entry.at("data_offsets"))
      if (offset.get<std::size_t>() >= end) offset = offset.get<std::size_t>() - (end - begin);
  }
  write(checkpoint, header.dump(), data);
}

void add_tensor(fs::path const& checkpoint, std::string const& name, long values) {
  auto [text, data] = parts_of(checkpoint);
  auto header = ordered_json::parse(text);
  std::size_t const begin = data.size();
  data.resize(begin + static_cast<std::size_t>(values) * sizeof(float));
  header[name] = {{"dtype", "F32"}, {"shape", {values}}, {"data_offsets", {begin, data.size()}}};
  write(checkpoint, header.dump(), data);
}

void write_text(fs::path const& file, std::string const& content) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << content;
}

void truncate_file(fs::path const& file, std::uintmax_t bytes) { fs::resize_file(file, bytes); }

void flip_bit(fs::path const& file, std::size_t byte) {
  std::string content = read_text(file);
  content.at(byte) = static_cast<char>(content[byte] ^ 1);
  write_text(file, content);
}

}  // namespace end_to_end
