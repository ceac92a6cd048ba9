#include "torch_write.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "zip_write.hpp"

namespace constformer {

namespace {

std::span<std::byte const> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

void write_extents(pickle_writer& to, std::span<std::int64_t const> extents) {
  to.begin_tuple();
  for (std::int64_t const extent : extents) to.integer(extent);
  to.end_tuple();
}

}  // namespace

std::size_t torch_writer::storage_of(std::span<float const> values) {
  auto const known = std::ranges::find(storages_, values.data(), [](auto const& storage) { return storage.data(); });
  auto const key = static_cast<std::size_t>(known - storages_.begin());
  if (known == storages_.end()) storages_.push_back(values);
  return key;
}

void torch_writer::tensor(std::span<std::int64_t const> shape, std::span<float const> values) {
  pickle_.global("torch._utils", "_rebuild_tensor_v2");
  pickle_.begin_tuple();
  pickle_.begin_tuple();
  pickle_.text("storage");
  pickle_.global("torch", "FloatStorage");
  pickle_.text(std::to_string(storage_of(values)));
  pickle_.text("cpu");
  pickle_.integer(static_cast<std::int64_t>(values.size()));
  pickle_.end_tuple();
  pickle_.refer();
  pickle_.integer(0);  // offset
  write_extents(pickle_, shape);
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  write_extents(pickle_, strides);
  pickle_.flag(false);  // requires_grad
  pickle_.global("collections", "OrderedDict");
  pickle_.begin_tuple();
  pickle_.end_tuple();
  pickle_.reduce();  // no hooks
  pickle_.end_tuple();
  pickle_.reduce();
}

void torch_writer::write(std::filesystem::path const& path) {
  std::string const folder = path.stem().string() + "/";
  zip_writer file(path);
  file.add(folder + "data.pkl", bytes_of(pickle_.finish()));
  file.add(folder + "byteorder", bytes_of("little"));
  for (std::size_t key = 0; key < storages_.size(); ++key)
    file.add(folder + "data/" + std::to_string(key), std::as_bytes(storages_[key]));
  file.add(folder + "version", bytes_of("3\n"));
  file.commit();
}

}  // namespace constformer
