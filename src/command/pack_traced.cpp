#include "pack_traced.hpp"

#include <cstring>
#include <string_view>

#include "../checkpoint/readers/traced_checkpoint.hpp"
#include "constformer/checkpoint/packed_file.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/core/arena.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/core/error.hpp"
#include "pack.hpp"

namespace constformer::command {

namespace {

template <class Value>
Value read_value(std::span<std::byte const> bytes, std::size_t at) {
  Value out;
  std::memcpy(&out, bytes.data() + at, sizeof out);
  return out;
}

// calls visit(name, tensor, floats before it) for all of them.
template <class Visit>
void for_each_tensor(checkpoint const& source, traced_description const& description, Visit const& visit) {
  for (traced_parameter const& p : description.parameters)
    for (int layer = 0; layer < p.layers; ++layer) {
      std::string const name = traced_tensor_name(p.name, layer);
      tensor_view const* const tensor = source.find(name);
      if (tensor == nullptr) throw error(source.path.string() + ": tensor " + name + " is missing");
      std::int64_t const wanted = std::int64_t{p.rows} * (p.cols == 0 ? 1 : p.cols);
      if (count_of(tensor->shape) != wanted)
        throw error(source.path.string() + ": tensor " + name + " is " + shape_text(tensor->shape) +
                    ", the model has " + std::to_string(wanted) + " values");
      visit(name, *tensor, p.offset + layer * p.step);
    }
}

packed_metadata metadata_of(checkpoint const& source, std::span<std::string const> chat) {
  packed_metadata out;
  out.name = std::filesystem::weakly_canonical(source.root).stem().string();
  out.family = traced_model_type;
  out.source = name_of(source.format);
  out.stop_ids = source.ids.eos;
  out.decoder_start = source.ids.decoder_start;
  out.chat = {chat.begin(), chat.end()};
  out.generation = source.generation;
  out.config_refusal = "no config.json describes it";
  return out;
}

}  // namespace

traced_description read_traced_facts(std::span<std::byte const> bytes) {
  traced_description out{};
  bool const begins =
      bytes.size() >= sizeof out.head && std::memcmp(bytes.data(), traced_head::mark, sizeof out.head.magic) == 0;
  if (!begins) throw error("the compiler left no description of the model");
  out.head = read_value<traced_head>(bytes, 0);
  auto const count = static_cast<std::size_t>(out.head.count);
  if (bytes.size() < sizeof out.head + count * sizeof(traced_parameter))
    throw error("the compiler left a description of the model that ends too early");
  for (std::size_t i = 0; i < count; ++i)
    out.parameters.push_back(read_value<traced_parameter>(bytes, sizeof out.head + i * sizeof(traced_parameter)));
  return out;
}

void pack_traced(checkpoint const& source, traced_description const& description, std::filesystem::path const& file,
                 std::span<std::string const> chat) {
  arena memory(static_cast<std::size_t>(description.head.floats) * sizeof(float));
  auto const weights = memory.take<float>(static_cast<std::size_t>(description.head.floats));
  std::vector<packed_tensor> tensors;
  for_each_tensor(source, description, [&](std::string const& name, tensor_view const& tensor, std::int64_t at) {
    auto const values = static_cast<std::size_t>(count_of(tensor.shape));
    read_rows_f32(tensor, 0, matrix_of(tensor).rows, weights.subspan(static_cast<std::size_t>(at), values));
    tensors.push_back({.name = name,
                       .type = std::string(name_of(dtype::f32)),
                       .shape = tensor.shape,
                       .offset = at * std::int64_t{sizeof(float)},
                       .stored_type = std::string(name_of(tensor.type))});
  });
  auto const tokenizer = pack_tokenizer(source, false);
  write_packed_file(file, {.fingerprint = description.head.fingerprint,
                           .weights = std::as_bytes(weights),
                           .tokenizer = tokenizer,
                           .metadata = metadata_of(source, chat),
                           .tensors = std::move(tensors)});
}

}  // namespace constformer::command
