#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <initializer_list>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/checkpoint/safetensors.hpp"
#include "constformer/core/error.hpp"
#include "foreign.hpp"
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

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> beginnings) {
  return std::ranges::any_of(beginnings, [&](std::string_view beginning) { return name.starts_with(beginning); });
}

// Beside the weights of many folders, and never they.
bool is_of_training(std::string_view name) {
  return is_one_of(name, {"adapter_", "consolidated", "optimizer", "scheduler", "scaler", "training_args", "rng_state",
                          "random_states", "non_lora_trainables"});
}

bool is_torch_name(std::string_view name) {
  return name.ends_with(".bin") || name.ends_with(".pt") || name.ends_with(".pth") || name.ends_with(".ckpt");
}

// "…-00002-of-00003.safetensors": what comes before the number, the number, and how many there are.
struct numbered_name {
  std::string stem;
  int number = 0, count = 0;
  std::string ending;
};

std::optional<numbered_name> numbered(std::string const& name) {
  constexpr std::size_t digits = 5, tail = 2 * digits + 5;  // -00002-of-00003
  std::size_t const dot = name.rfind('.');
  if (dot == std::string::npos || dot < tail) return std::nullopt;
  std::string_view const part = std::string_view(name).substr(dot - tail, tail);
  auto const number_at = [&](std::size_t at) {
    int value = 0;
    auto const text = part.substr(at, digits);
    auto const [end, failed] = std::from_chars(text.data(), text.data() + digits, value);
    return failed == std::errc() && end == text.data() + digits ? value : -1;
  };
  if (part[0] != '-' || part.substr(1 + digits, 4) != "-of-") return std::nullopt;
  numbered_name out{name.substr(0, dot - tail), number_at(1), number_at(digits + 5), name.substr(dot)};
  return out.number > 0 && out.count >= out.number ? std::optional(out) : std::nullopt;
}

weight_files const& kind_of(std::string_view name) { return name.ends_with(".safetensors") ? kinds[0] : kinds[1]; }

void append(safetensors_content& out, safetensors_content part) {
  std::move(part.tensors.begin(), part.tensors.end(), std::back_inserter(out.tensors));
  std::move(part.unread.begin(), part.unread.end(), std::back_inserter(out.unread));
}

// All parts of a numbered set that no index describes.
safetensors_content read_numbered(fs::path const& folder, numbered_name const& set, std::vector<mapped_file>& files,
                                  made_bytes& made) {
  safetensors_content out;
  for (int number = 1; number <= set.count; ++number) {
    char middle[40];
    std::snprintf(middle, sizeof middle, "-%05d-of-%05d", number, set.count);
    fs::path const path = folder / (set.stem + middle + set.ending);
    if (!there(path)) throw error(path.string() + ": this shard is missing, the others are there");
    files.emplace_back(path);
    append(out, kind_of(set.ending).read(files.back(), made));
  }
  auto const by_name = [](auto const& a, auto const& b) { return a.name < b.name; };
  std::sort(out.tensors.begin(), out.tensors.end(), by_name);
  std::sort(out.unread.begin(), out.unread.end(), by_name);
  auto const twice = std::ranges::adjacent_find(out.tensors, {}, &tensor_view::name);
  if (twice != out.tensors.end()) throw error(folder.string() + ": two of its shards hold " + twice->name);
  return out;
}

// Files of weights under names that nothing agrees on: a numbered set without an index, or a single file.
std::vector<std::string> oddly_named(fs::path const& folder, bool torch) {
  constexpr std::size_t most = 4096;
  std::vector<std::string> out;
  std::error_code failed;
  for (fs::directory_iterator i(folder, failed), end; !failed && i != end && out.size() < most; i.increment(failed)) {
    std::string const name = i->path().filename().string();
    bool const fits = torch ? is_torch_name(name) : name.ends_with(".safetensors");
    if (!fits || is_of_training(name) || !fs::is_regular_file(i->path(), failed)) continue;
    if (torch && !is_torch(mapped_file(i->path()).bytes())) continue;
    out.push_back(name);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::optional<safetensors_content> read_oddly_named(fs::path const& folder, bool torch, std::vector<mapped_file>& files,
                                                    made_bytes& made) {
  auto const names = oddly_named(folder, torch);
  if (names.empty()) return std::nullopt;
  auto const set = numbered(names.front());
  auto const same = [&](std::string const& name) {
    auto const other = numbered(name);
    return other && other->stem == set->stem && other->count == set->count && other->ending == set->ending;
  };
  if (set && std::ranges::all_of(names, same)) return read_numbered(folder, *set, files, made);
  if (names.size() > 1)
    throw error(folder.string() + ": holds " + names[0] + " and " + names[1] +
                ", either of which may be the model; name it model.safetensors or pytorch_model.bin");
  files.emplace_back(folder / names.front());
  return kind_of(names.front()).read(files.back(), made);
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
  for (bool const torch : {false, true})
    if (auto found = read_oddly_named(folder, torch, files, made)) return *std::move(found);
  if (auto const what = what_folder_holds(folder); !what.empty()) throw error(folder.string() + ": " + what);
  throw error(folder.string() +
              ": has neither model.safetensors nor pytorch_model.bin, whole or as shards with an index");
}

}  // namespace constformer
