#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/checkpoint/safetensors.hpp"
#include "constformer/core/error.hpp"
#include "json.hpp"
#include "missing_data.hpp"
#include "torch.hpp"

namespace constformer {

namespace {

namespace fs = std::filesystem;

using weight_map = std::map<std::string, std::string, std::less<>>;  // tensor → shard

bool there(fs::path const& path) {
  std::error_code unreadable;
  return fs::exists(path, unreadable);
}

// A shard is a file of this folder: an index must not lead anywhere else.
bool plain_name(std::string const& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

weight_map read_index(fs::path const& path) {
  json_document const index(path);
  json_fields const map = index.fields().object("weight_map");
  weight_map out;
  for (std::string const& tensor : map.all()) {
    std::string const shard = map.text(tensor);
    if (!plain_name(shard)) map.misfit(tensor, "it must be the name of a file in this folder");
    out.emplace(tensor, shard);
  }
  if (out.empty()) throw error(path.string() + ": field \"weight_map\" is empty");
  return out;
}

void require_agreement(std::string const& shard, std::string const& name, weight_map const& map, fs::path const& folder,
                       fs::path const& index) {
  auto const place = map.find(name);
  if (place == map.end())
    throw error((folder / shard).string() + ": holds " + name + ", which " + index.filename().string() +
                " does not name");
  if (place->second != shard)
    throw error((folder / shard).string() + ": holds " + name + ", which " + index.filename().string() + " places in " +
                place->second);
}

// The two kinds of files that a folder's tensors come in: their usual names, and how one is read.
struct weight_files {
  char const* whole;
  char const* index;
  safetensors_content (*read)(mapped_file const& file, made_bytes& made);
};

constexpr std::array kinds{
    weight_files{
        "model.safetensors", "model.safetensors.index.json",
        [](mapped_file const& file, made_bytes&) { return read_safetensors(file.bytes(), file.path().string()); }},
    weight_files{"pytorch_model.bin", "pytorch_model.bin.index.json",
                 [](mapped_file const& file, made_bytes& made) {
                   return read_torch_state(file.bytes(), file.path().string(), made);
                 }},
};

mapped_file map_weights(fs::path const& path, bool shapes_only) {
  return shapes_only ? map_without_data(path) : mapped_file(path);
}

safetensors_content read_shards(fs::path const& folder, weight_files const& kind, std::vector<mapped_file>& files,
                                made_bytes& made, bool shapes_only) {
  fs::path const index = folder / kind.index;
  weight_map const map = read_index(index);
  std::set<std::string> shards;
  for (auto const& [tensor, shard] : map) shards.insert(shard);
  for (std::string const& shard : shards)
    if (!there(folder / shard))
      throw error((folder / shard).string() + ": this shard is missing, " + index.filename().string() + " names it");
  safetensors_content out;
  std::set<std::string> found;
  for (std::string const& shard : shards) {
    files.push_back(map_weights(folder / shard, shapes_only));
    safetensors_content part = kind.read(files.back(), made);
    for (auto const& tensor : part.tensors) {
      require_agreement(shard, tensor.name, map, folder, index);
      found.insert(tensor.name);
    }
    for (auto const& tensor : part.unread) {
      require_agreement(shard, tensor.name, map, folder, index);
      found.insert(tensor.name);
    }
    std::move(part.tensors.begin(), part.tensors.end(), std::back_inserter(out.tensors));
    std::move(part.unread.begin(), part.unread.end(), std::back_inserter(out.unread));
  }
  for (auto const& [tensor, shard] : map)
    if (!found.contains(tensor))
      throw error((folder / shard).string() + ": lacks " + tensor + ", which " + index.filename().string() +
                  " places in it");
  auto const by_name = [](auto const& a, auto const& b) { return a.name < b.name; };
  std::sort(out.tensors.begin(), out.tensors.end(), by_name);
  std::sort(out.unread.begin(), out.unread.end(), by_name);
  return out;
}

}  // namespace

safetensors_content read_weights_folder(fs::path const& folder, std::vector<mapped_file>& files, made_bytes& made,
                                        bool shapes_only) {
  for (weight_files const& kind : kinds) {
    if (there(folder / kind.whole)) {
      files.push_back(map_weights(folder / kind.whole, shapes_only));
      return kind.read(files.back(), made);
    }
    if (there(folder / kind.index)) return read_shards(folder, kind, files, made, shapes_only);
  }
  throw error(folder.string() +
              ": has neither model.safetensors nor pytorch_model.bin, whole or as shards with an index");
}

}  // namespace constformer
