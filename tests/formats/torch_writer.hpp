#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Zip archives and pickles byte by byte, so that tests can write what no library would.
namespace formats_test {

struct zip_part {
  std::string name;
  std::string content;
  unsigned method = 0;  ///< 0: stored
  unsigned flags = 0;
};

/// A valid archive of these entries, but for what the parts say.
[[nodiscard]] std::string zip_of(std::vector<zip_part> const& parts);

/// "X", length, text: a pickled str.
[[nodiscard]] std::string pickled(std::string_view text);
/// A pickled int.
[[nodiscard]] std::string pickled(int value);

/// The call of torch._utils._rebuild_tensor_v2 for a view of storage `key`; shape and strides are pickled tuples.
[[nodiscard]] std::string pickled_tensor(std::string_view storage_class, std::string_view key, int storage_size,
                                         int offset, std::vector<int> const& shape, std::vector<int> const& strides);

/// The call of torch._utils._rebuild_tensor_v3 for all `bytes` of storage `key`, a row of the type torch.`type`.
[[nodiscard]] std::string pickled_typed_tensor(std::string_view type, std::string_view key, int bytes, int values);

/// A pickled dict of values that are pickled already.
[[nodiscard]] std::string pickled_dict(std::vector<std::pair<std::string, std::string>> const& entries);

/// A torch file: `root` (pickled) and storages data/0, data/1, …
[[nodiscard]] std::string torch_of(std::string_view root, std::vector<std::string> const& storages);

}  // namespace formats_test
