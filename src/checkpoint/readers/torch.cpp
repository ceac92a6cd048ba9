#include "torch.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoint/pickle.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/core/error.hpp"
#include "tensor_names.hpp"
#include "zip.hpp"

namespace constformer {

namespace detail {

// Of torch's storage classes, or types that have none; the name is what safetensors calls the type.
struct storage_type {
  std::string_view global;
  std::string_view name;
  int bytes;
  std::optional<dtype> read_as{};
};

// What _rebuild_tensor_v2 is told.
struct described_tensor {
  std::string name;
  storage_type const* type = nullptr;
  std::string_view key;           // of the storage
  std::int64_t storage_size = 0;  // values
  std::int64_t offset = 0;        // of the first value
  std::vector<std::int64_t> shape, strides;
};

}  // namespace detail

namespace {

using detail::described_tensor;
using detail::storage_type;

constexpr std::string_view rebuild_tensor = "torch._utils _rebuild_tensor_v2";
constexpr std::string_view rebuild_typed = "torch._utils _rebuild_tensor_v3";  // of types without a storage class
constexpr std::string_view untyped_storage = "torch.storage UntypedStorage";
constexpr std::string_view rebuild_parameter = "torch._utils _rebuild_parameter";

constexpr std::array storage_types{
    storage_type{"torch FloatStorage", "F32", 4, dtype::f32},
    storage_type{"torch HalfStorage", "F16", 2, dtype::f16},
    storage_type{"torch BFloat16Storage", "BF16", 2, dtype::bf16},
    storage_type{"torch DoubleStorage", "F64", 8},
    storage_type{"torch LongStorage", "I64", 8},
    storage_type{"torch IntStorage", "I32", 4},
    storage_type{"torch ShortStorage", "I16", 2},
    storage_type{"torch CharStorage", "I8", 1},
    storage_type{"torch ByteStorage", "U8", 1},
    storage_type{"torch BoolStorage", "BOOL", 1},
    storage_type{untyped_storage, "U8", 1},
    storage_type{"torch float8_e4m3fn", "F8_E4M3", 1},
    storage_type{"torch float8_e5m2", "F8_E5M2", 1},
    storage_type{"torch float8_e8m0fnu", "F8_E8M0", 1},
    storage_type{"torch float8_e4m3fnuz", "F8_E4M3FNUZ", 1},
    storage_type{"torch float8_e5m2fnuz", "F8_E5M2FNUZ", 1},
    storage_type{"torch uint16", "U16", 2},
    storage_type{"torch uint32", "U32", 4},
    storage_type{"torch uint64", "U64", 8},
};

constexpr auto allowed_globals = [] {
  std::array<std::string_view, storage_types.size() + 3> out{rebuild_tensor, rebuild_typed, rebuild_parameter};
  for (std::size_t i = 0; i < storage_types.size(); ++i) out[i + 3] = storage_types[i].global;
  return out;
}();

storage_type const* type_of(std::string_view global) {
  for (storage_type const& type : storage_types)
    if (type.global == global) return &type;
  return nullptr;
}

std::string_view text_of(std::span<std::byte const> bytes) {
  return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

zip_entry const* entry_of(std::vector<zip_entry> const& entries, std::string_view name) {
  auto const found = std::lower_bound(entries.begin(), entries.end(), name,
                                      [](zip_entry const& e, std::string_view wanted) { return e.name < wanted; });
  return found != entries.end() && found->name == name ? &*found : nullptr;
}

// Before 1.6 torch.save wrote five pickles in a row, the first of them this number.
constexpr std::string_view first_format("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 14);

std::vector<zip_entry> entries_of(std::span<std::byte const> file, std::string const& where) {
  if (text_of(file).starts_with(first_format))
    throw error(where + ": was written by torch.save before torch 1.6, load it and save it again with a newer one");
  return read_stored_zip(file, where);
}

// All entries lie in one folder, whose name is that of the file when it was saved.
std::string folder_of(std::vector<zip_entry> const& entries, std::string const& where) {
  constexpr std::string_view pickle = "/data.pkl";
  std::string folder;
  for (zip_entry const& entry : entries)
    if (entry.name.ends_with(pickle) && entry.name.find('/') == entry.name.size() - pickle.size()) {
      if (!folder.empty()) throw error(where + ": holds two data.pkl");
      folder = entry.name.substr(0, entry.name.size() - pickle.size() + 1);
    }
  if (folder.empty()) throw error(where + ": is a zip archive without the data.pkl of torch.save");
  if (entry_of(entries, folder + "constants.pkl") != nullptr)
    throw error(where + ": is a TorchScript archive, a state_dict saved by torch.save is needed");
  zip_entry const* const order = entry_of(entries, folder + "byteorder");
  if (order != nullptr && text_of(order->bytes) != "little")
    throw error(where + ": was written on a big-endian machine");
  return folder;
}

pickle_value root_of(std::vector<zip_entry> const& entries, std::string const& folder, std::string const& where) {
  zip_entry const& entry = *entry_of(entries, folder + "data.pkl");
  if (entry.checksum != 0 && entry.checksum != crc32_of(entry.bytes))
    throw error(where + ": its data.pkl is damaged, its checksum does not fit");
  return read_pickle(entry.bytes, where + ": data.pkl", allowed_globals);
}

// --- one tensor ------------------------------------------------------------------------------------------------------

std::vector<std::int64_t> extents_of(pickle_value const& tuple, std::string const& what) {
  if (tuple.kind() != pickle_kind::tuple)
    tuple.fail(what + " is " + std::string(name_of(tuple.kind())) + ", it must be a tuple");
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < tuple.size(); ++i) {
    out.push_back(tuple[i].integer(what));
    if (out.back() < 0) tuple.fail(what + " holds " + std::to_string(out.back()) + ", it must not be negative");
  }
  return out;
}

// ("storage", class, key, place, values)
void describe_storage(described_tensor& out, pickle_value const& reference) {
  bool const refers = reference.kind() == pickle_kind::persistent && reference[0].kind() == pickle_kind::tuple &&
                      reference[0].size() == 5 && reference[0][0].kind() == pickle_kind::text &&
                      reference[0][0].text("") == "storage";
  if (!refers) reference.fail(out.name + " has no storage");
  pickle_value const id = reference[0];
  out.type = type_of(id[1].global());
  if (out.type == nullptr) reference.fail(out.name + " has a storage of no type that is known");
  out.key = id[2].text(out.name + ": the key of its storage");
  out.storage_size = id[4].integer(out.name + ": the size of its storage");
  if (out.storage_size < 0)
    reference.fail(out.name + ": its storage has " + std::to_string(out.storage_size) + " values");
}

// Of bytes whose type stands beside.
void take_type(described_tensor& out, pickle_value const& type) {
  if (out.type->global != untyped_storage) type.fail(out.name + " has a type beside that of its storage");
  out.type = type_of(type.global());
  if (out.type == nullptr) type.fail(out.name + " is of no type that is known");
  out.storage_size /= out.type->bytes;
}

described_tensor describe(std::string name, pickle_value value) {
  if (value.global() == rebuild_parameter && value.kind() == pickle_kind::object && value[0].size() > 0)
    value = value[0][0];
  bool const object = value.kind() == pickle_kind::object;
  bool const typed = object && value.global() == rebuild_typed && value[0].size() >= 7;
  if (!typed && !(object && value.global() == rebuild_tensor && value[0].size() >= 4))
    value.fail(name + " is " + std::string(name_of(value.kind())) + ", a tensor is expected");
  described_tensor out;
  out.name = std::move(name);
  pickle_value const arguments = value[0];
  describe_storage(out, arguments[0]);
  if (typed) take_type(out, arguments[6]);
  out.offset = arguments[1].integer(out.name + ": its offset");
  if (out.offset < 0) value.fail(out.name + ": its offset is " + std::to_string(out.offset));
  out.shape = extents_of(arguments[2], out.name + ": its shape");
  out.strides = extents_of(arguments[3], out.name + ": its strides");
  if (out.shape.size() != out.strides.size())
    value.fail(out.name + " has " + std::to_string(out.shape.size()) + " extents and " +
               std::to_string(out.strides.size()) + " strides");
  return out;
}

// A sum of products of two 63-bit numbers.
__extension__ typedef __int128 wide;

// Values of the tensor; refuses one that reaches beyond its storage, or repeats values of it (expand), which needs more
// bytes than the file has.
std::int64_t checked_count(described_tensor const& t, std::string const& where) {
  wide last = t.offset, count = 1;
  for (std::size_t i = 0; i < t.shape.size(); ++i) {
    count *= t.shape[i];
    if (count > t.storage_size)
      throw error(where + ": " + t.name + shape_text(t.shape) + " has more values than its storage of " +
                  std::to_string(t.storage_size));
    last += wide{t.shape[i] - 1} * t.strides[i];
    if (last > t.storage_size) last = t.storage_size;  // enough to know; further sums stay within 128 bits
  }
  if (count > 0 && last >= t.storage_size)
    throw error(where + ": " + t.name + shape_text(t.shape) + " at offset " + std::to_string(t.offset) +
                " with strides " + shape_text(t.strides) + " reaches beyond its storage of " +
                std::to_string(t.storage_size) + " values");
  return static_cast<std::int64_t>(count);
}

bool is_contiguous(described_tensor const& t) {
  std::int64_t expected = 1;
  for (std::size_t i = t.shape.size(); i-- > 0;) {
    if (t.shape[i] != 1 && t.strides[i] != expected) return false;
    expected *= t.shape[i];
  }
  return true;
}

// The values in row-major order: rows of the last extent are gathered one after the other.
std::vector<std::byte> gathered(described_tensor const& t, std::size_t count, std::span<std::byte const> storage) {
  auto const width = static_cast<std::size_t>(t.type->bytes);
  std::vector<std::byte> out(count * width);
  std::vector<std::int64_t> index(t.shape.size());
  std::int64_t from = t.offset;
  for (std::size_t to = 0; to < out.size(); to += width) {
    std::memcpy(out.data() + to, storage.data() + static_cast<std::size_t>(from) * width, width);
    for (std::size_t axis = index.size(); axis-- > 0;) {
      from += t.strides[axis];
      if (++index[axis] < t.shape[axis]) break;
      from -= t.shape[axis] * t.strides[axis];
      index[axis] = 0;
    }
  }
  return out;
}

std::string name_in_state(pickle_value const& key) { return without_wrappers(key.text("a name of the state_dict")); }

// Trainers save the state_dict beside their own state: Lightning, and many loops under two names of their own.
pickle_value state_in(pickle_value const& root) {
  for (char const* const name : {"state_dict", "model_state_dict", "model", "module"})
    if (root.kind() == pickle_kind::dict)
      if (auto const inner = root.find(name); inner && inner->kind() == pickle_kind::dict) return *inner;
  return root;
}

template <class Tensor>
void sort_by_name(std::vector<Tensor>& tensors, std::string const& where) {
  std::sort(tensors.begin(), tensors.end(), [](Tensor const& a, Tensor const& b) { return a.name < b.name; });
  auto const twice = std::adjacent_find(tensors.begin(), tensors.end(),
                                        [](Tensor const& a, Tensor const& b) { return a.name == b.name; });
  if (twice != tensors.end()) throw error(where + ": holds " + twice->name + " twice");
}

}  // namespace

bool is_torch(std::span<std::byte const> file) {
  return text_of(file).starts_with("PK\x03\x04") || text_of(file).starts_with(first_format);
}

torch_file::torch_file(std::span<std::byte const> file, std::string_view where)
    : where_(where),
      most_made_(2 * file.size()),
      entries_(entries_of(file, where_)),
      folder_(folder_of(entries_, where_)),
      root_(root_of(entries_, folder_, where_)) {}

std::span<std::byte const> torch_file::storage(std::string_view tensor, std::string_view key) const {
  zip_entry const* const entry = entry_of(entries_, folder_ + "data/" + std::string(key));
  if (entry == nullptr)
    throw error(where_ + ": " + std::string(tensor) + " is in storage data/" + std::string(key) + ", which is missing");
  return entry->bytes;
}

std::span<std::byte const> torch_file::values_of(described_tensor const& t, made_bytes& made) const {
  auto const bytes = storage(t.name, t.key);
  auto const width = static_cast<std::size_t>(t.type->bytes);
  if (bytes.size() / width != static_cast<std::size_t>(t.storage_size) || bytes.size() % width != 0)
    throw error(where_ + ": storage data/" + std::string(t.key) + " of " + t.name + " has " +
                std::to_string(bytes.size()) + " bytes, " + std::to_string(t.storage_size) + " values of " +
                std::string(t.type->name) + " are expected");
  auto const count = static_cast<std::size_t>(checked_count(t, where_));
  if (count == 0) return {};
  if (is_contiguous(t)) return bytes.subspan(static_cast<std::size_t>(t.offset) * width, count * width);
  std::size_t so_far = count * width;
  for (auto const& one : made) so_far += one.size();
  if (so_far > most_made_)
    throw error(where_ + ": its tensors that are not contiguous take more than twice the bytes of the file");
  made.push_back(gathered(t, count, bytes));
  return made.back();
}

safetensors_content torch_file::tensors_of(pickle_value const& dict, made_bytes& made) const {
  if (dict.kind() != pickle_kind::dict)
    dict.fail("holds " + std::string(name_of(dict.kind())) + ", a dict of tensors is expected");
  safetensors_content out;
  for (std::size_t i = 0; i < dict.size(); ++i) {
    described_tensor t = describe(name_in_state(dict.key(i)), dict.value(i));
    auto const values = values_of(t, made);
    if (t.type->read_as)
      out.tensors.push_back({std::move(t.name), *t.type->read_as, std::move(t.shape), values});
    else
      out.unread.push_back({std::move(t.name), std::string(t.type->name), std::move(t.shape),
                            static_cast<std::int64_t>(values.size()), values});
  }
  sort_by_name(out.tensors, where_);
  sort_by_name(out.unread, where_);
  return out;
}

tensor_view torch_file::tensor_of(std::string name, pickle_value const& value, made_bytes& made) const {
  described_tensor t = describe(std::move(name), value);
  if (!t.type->read_as) value.fail(t.name + " is " + std::string(t.type->name) + ", F32, F16 or BF16 is expected");
  auto const values = values_of(t, made);
  return {std::move(t.name), *t.type->read_as, std::move(t.shape), values};
}

safetensors_content read_torch_state(std::span<std::byte const> file, std::string_view where, made_bytes& made) {
  torch_file const opened(file, where);
  return opened.tensors_of(state_in(opened.root()), made);
}

}  // namespace constformer
