#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/pickle.hpp"
#include "constformer/checkpoint/safetensors.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "zip.hpp"

namespace constformer {

namespace detail {
struct described_tensor;
}

/// Whether torch.save wrote a file, or another tool that makes zip archives, by its first bytes.
[[nodiscard]] bool is_torch(std::span<std::byte const> file);

/// A file that torch.save wrote (pytorch.org/docs/stable/notes/serialization.html): a zip archive of data.pkl, a pickle
/// whose persistent references name the storages data/0, data/1, … The file in memory must outlive the object and the
/// tensors.
class torch_file {
 public:
  /// Reads archive and pickle; `where` names the file in messages. Throws `error` if the file is damaged, asks for
  /// anything but tensors, containers and scalars, was written before torch 1.6 or on a big-endian machine, or is a
  /// TorchScript archive.
  torch_file(std::span<std::byte const> file, std::string_view where);

  /// What was saved. A tensor is an object of torch._utils; `tensors_of` reads dicts of them.
  [[nodiscard]] pickle_value const& root() const { return root_; }

  /// The tensors of a dict under their names, as a state_dict has them, `without_wrappers`. Tied tensors are views of
  /// one storage. What is not contiguous is copied to `made`. Throws `error` naming the tensor if a value is none, or
  /// reaches beyond its storage, or a storage's entry is missing or of another length.
  [[nodiscard]] safetensors_content tensors_of(pickle_value const& dict, made_bytes& made) const;

  /// One tensor, of a type that is read; `name` is what it is called in messages.
  [[nodiscard]] tensor_view tensor_of(std::string name, pickle_value const& value, made_bytes& made) const;

 private:
  [[nodiscard]] std::span<std::byte const> storage(std::string_view tensor, std::string_view key) const;
  [[nodiscard]] std::span<std::byte const> values_of(detail::described_tensor const& t, made_bytes& made) const;

  std::string where_;
  std::size_t most_made_;  // bytes
  std::vector<zip_entry> entries_;
  std::string folder_;  // of the archive, with its slash
  pickle_value root_;
};

/// The state_dict of a file that holds nothing else, as pytorch_model.bin is, or that a trainer saved among its own
/// state.
[[nodiscard]] safetensors_content read_torch_state(std::span<std::byte const> file, std::string_view where,
                                                   made_bytes& made);

}  // namespace constformer
