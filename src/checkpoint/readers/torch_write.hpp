#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "../pickle_write.hpp"

namespace constformer {

/// Writes what torch.save does: a pickle of dicts, numbers and tensors of float32 on a CPU, and their storages.
class torch_writer {
 public:
  /// What everything but tensors is written with.
  [[nodiscard]] pickle_writer& pickle() { return pickle_; }

  /// Writes a tensor. `values` must outlive the object; tensors of the same values share a storage, as tied ones do.
  void tensor(std::span<std::int64_t const> shape, std::span<float const> values);

  /// Writes the file, atomically. Throws `error` as `atomic_file` does.
  void write(std::filesystem::path const& path);

 private:
  [[nodiscard]] std::size_t storage_of(std::span<float const> values);

  pickle_writer pickle_;
  std::vector<std::span<float const>> storages_;
};

}  // namespace constformer
