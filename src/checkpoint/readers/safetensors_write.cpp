#include "safetensors_write.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/core/error.hpp"

namespace constformer {

namespace {

// A type's name in the header, and its place in the library's order.
struct written_type {
  std::string_view name;
  int order;
};

written_type written(tensor_view const& t) {
  switch (t.type) {
    case dtype::f32: return {"F32", 0};
    case dtype::bf16: return {"BF16", 1};
    case dtype::f16: return {"F16", 2};
    default: break;
  }
  throw error(t.name + " is " + std::string(name_of(t.type)) + ", safetensors files are written of F32, F16 and BF16");
}

std::string header_of(std::vector<tensor_view> const& tensors, std::map<std::string, std::string> const& metadata) {
  nlohmann::ordered_json header;
  header["__metadata__"] = {{"format", "pt"}};
  for (auto const& [key, value] : metadata) header["__metadata__"][key] = value;
  std::size_t at = 0;
  for (tensor_view const& t : tensors) {
    header[t.name] = {{"dtype", written(t).name}, {"shape", t.shape}, {"data_offsets", {at, at + t.bytes.size()}}};
    at += t.bytes.size();
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the data is aligned
  return text;
}

}  // namespace

void write_safetensors(std::filesystem::path const& path, std::vector<tensor_view> tensors,
                       std::map<std::string, std::string> const& metadata) {
  std::sort(tensors.begin(), tensors.end(), [](tensor_view const& a, tensor_view const& b) {
    int const first = written(a).order, second = written(b).order;
    return first != second ? first < second : a.name < b.name;
  });
  std::string const header = header_of(tensors, metadata);
  atomic_file file(path);
  std::array<std::uint64_t, 1> const length{header.size()};
  file.write(std::as_bytes(std::span(length)));
  file.write(header);
  for (tensor_view const& t : tensors) file.write(t.bytes);
  file.commit();
}

}  // namespace constformer
