#include "constformer/checkpoint/ctranslate2.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "constformer/core/dtype.hpp"
#include "constformer/core/error.hpp"

namespace constformer {

namespace {

constexpr std::uint32_t oldest_version = 2;
constexpr std::uint32_t newest_version = 6;

// As model.bin numbers them from version 4 on.
enum class stored_type : std::uint8_t { f32, i8, i16, i32, f16, bf16 };

constexpr std::size_t size_of(stored_type type) {
  constexpr std::array<std::size_t, 6> sizes{4, 1, 2, 4, 2, 2};
  return sizes[static_cast<std::size_t>(type)];
}

struct variable {
  std::string name;  // as in the file
  stored_type type;
  std::vector<std::int64_t> shape;
  std::span<std::byte const> bytes;
};

class cursor {
 public:
  cursor(std::span<std::byte const> file, std::string_view where) : file_(file), where_(where) {}

  std::span<std::byte const> take(std::uint64_t bytes, std::string_view what) {
    if (bytes > file_.size() - at_)
      fail("ends at byte " + std::to_string(file_.size()) + ", " + std::string(what) + " needs " +
           std::to_string(bytes) + " bytes from byte " + std::to_string(at_));
    auto const some = file_.subspan(at_, static_cast<std::size_t>(bytes));
    at_ += some.size();
    return some;
  }

  template <class Number>
  Number number(std::string_view what) {
    Number value;
    std::memcpy(&value, take(sizeof value, what).data(), sizeof value);
    return value;
  }

  // A length of 16 bits, characters and a zero, which the length counts.
  std::string text(std::string_view what) {
    auto const size = number<std::uint16_t>(what);
    if (size == 0) fail(std::string(what) + " before byte " + std::to_string(at_) + " has no end");
    auto const bytes = take(size, what);
    std::string out(reinterpret_cast<char const*>(bytes.data()), bytes.size());
    if (out.find('\0') != out.size() - 1)
      fail(std::string(what) + " before byte " + std::to_string(at_) + " does not end with its first zero");
    out.pop_back();
    return out;
  }

  void end() const {
    if (at_ != file_.size())
      fail("has " + std::to_string(file_.size()) + " bytes, its variables end at byte " + std::to_string(at_));
  }

  [[noreturn]] void fail(std::string const& what) const { throw error(std::string(where_) + ": " + what); }

 private:
  std::span<std::byte const> file_;
  std::string_view where_;
  std::size_t at_ = 0;
};

// Before version 4 a type was told by its width alone.
stored_type type_of(cursor& in, std::string const& name, std::uint32_t version, std::uint8_t told) {
  if (version >= 4) {
    if (told > 5) in.fail("variable " + name + " is of type " + std::to_string(told) + ", known are 0 to 5");
    return static_cast<stored_type>(told);
  }
  if (told == 4) return stored_type::f32;
  if (told == 2) return stored_type::i16;
  if (told == 1) return stored_type::i8;
  in.fail("variable " + name + " has values of " + std::to_string(told) + " bytes, known are 1, 2 and 4");
}

variable read_variable(cursor& in, std::uint32_t version) {
  variable v;
  v.name = in.text("the name of a variable");
  auto const rank = in.number<std::uint8_t>("the rank of " + v.name);
  if (rank > 4) in.fail("variable " + v.name + " has " + std::to_string(rank) + " extents, at most 4 are read");
  std::uint64_t values = 1;
  for (std::uint8_t i = 0; i < rank; ++i) {
    auto const extent = in.number<std::uint32_t>("the shape of " + v.name);
    if (extent == 0) in.fail("variable " + v.name + " is empty");
    if (values > std::numeric_limits<std::uint32_t>::max() / extent)
      in.fail("variable " + v.name + " has more values than a file can hold");
    values *= extent;
    v.shape.push_back(extent);
  }
  v.type = type_of(in, v.name, version, in.number<std::uint8_t>("the type of " + v.name));
  std::uint64_t const bytes =
      in.number<std::uint32_t>("the size of " + v.name) * std::uint64_t{version >= 4 ? 1 : size_of(v.type)};
  if (bytes != values * size_of(v.type))
    in.fail("variable " + v.name + " has " + std::to_string(bytes) + " bytes, its shape " + shape_text(v.shape) +
            " needs " + std::to_string(values * size_of(v.type)));
  v.bytes = in.take(bytes, "variable " + v.name);
  return v;
}

template <class Stored>
Stored value_at(std::span<std::byte const> bytes, std::size_t index) {
  Stored value;
  std::memcpy(&value, bytes.data() + index * sizeof value, sizeof value);
  return value;
}

double number_of(variable const& v) {
  switch (v.type) {
    case stored_type::f32: return static_cast<double>(value_at<float>(v.bytes, 0));
    case stored_type::i8: return value_at<std::int8_t>(v.bytes, 0);
    case stored_type::i16: return value_at<std::int16_t>(v.bytes, 0);
    case stored_type::i32: return value_at<std::int32_t>(v.bytes, 0);
    case stored_type::f16:
    case stored_type::bf16: break;
  }
  float value = 0;
  read_rows_f32({v.name, v.type == stored_type::f16 ? dtype::f16 : dtype::bf16, {1}, v.bytes}, 0, 1, {&value, 1});
  return static_cast<double>(value);
}

// Slashes become dots; a norm's gamma and beta are our weight and bias.
std::string canonical(std::string name) {
  std::replace(name.begin(), name.end(), '/', '.');
  for (auto const& [theirs, ours] : {std::pair(".gamma", ".weight"), std::pair(".beta", ".bias")})
    if (name.ends_with(theirs)) name.replace(name.size() - std::strlen(theirs), std::string::npos, ours);
  for (std::string_view const side : {"encoder.", "decoder."}) {
    std::string const listed = std::string(side) + "embeddings_0.";
    if (name.starts_with(listed)) name.replace(0, listed.size(), std::string(side) + "embeddings.");
  }
  return name;
}

// Of a quantised weight; queries_scale is an attribute.
bool is_scale(std::string_view name) { return name.ends_with("weight_scale"); }

// stored / scale, the scale being one for each row or one for all.
class dequantiser {
 public:
  dequantiser(cursor const& in, std::vector<variable> const& all) : in_(in) {
    for (variable const& v : all)
      if (is_scale(v.name)) scales_.emplace(v.name, &v);
  }

  std::vector<std::byte> floats(variable const& v) const {
    if (v.type == stored_type::i32)
      in_.fail("variable " + v.name + " holds integers of 32 bits, as AWQ packs weights, which is not supported");
    auto const rows = static_cast<std::size_t>(v.shape.empty() ? 1 : v.shape.front());
    std::size_t const columns = v.bytes.size() / size_of(v.type) / rows;
    variable const& scale = scale_of(v, rows);
    bool const each = scale.bytes.size() > sizeof(float);
    std::vector<std::byte> out(rows * columns * sizeof(float));
    for (std::size_t row = 0; row < rows; ++row) {
      float const divisor = value_at<float>(scale.bytes, each ? row : 0);
      if (!(std::isfinite(divisor) && divisor > 0))
        in_.fail("scale " + std::to_string(row) + " of " + v.name + " is not a positive number");
      for (std::size_t at = row * columns; at < (row + 1) * columns; ++at) {
        float const stored = v.type == stored_type::i8 ? static_cast<float>(value_at<std::int8_t>(v.bytes, at))
                                                       : static_cast<float>(value_at<std::int16_t>(v.bytes, at));
        float const value = stored / divisor;
        std::memcpy(out.data() + at * sizeof value, &value, sizeof value);
      }
    }
    return out;
  }

 private:
  variable const& scale_of(variable const& v, std::size_t rows) const {
    auto const found = scales_.find(v.name + "_scale");
    if (found == scales_.end()) in_.fail("variable " + v.name + " is quantised and has no scale");
    variable const& scale = *found->second;
    std::size_t const values = scale.bytes.size() / sizeof(float);
    if (scale.type != stored_type::f32 || (values != 1 && values != rows))
      in_.fail("variable " + scale.name + " is " + shape_text(scale.shape) + ", " + std::to_string(rows) +
               " float32 scales or one are needed");
    return scale;
  }

  cursor const& in_;
  std::map<std::string, variable const*> scales_;
};

// A list of int8 is a text, where it is not a matrix.
bool is_text(variable const& v) {
  return v.type == stored_type::i8 && v.shape.size() == 1 && v.name.find('/') == std::string::npos;
}

void sort_in(ctranslate2_content& out, variable const& v, dequantiser const& quantised) {
  std::string const name = canonical(v.name);
  if (v.shape.empty() && !is_scale(v.name)) {
    // As a flag 1 asks for √d_model; as a float it is the scale itself, and changes nothing.
    bool const unscaled = v.type == stored_type::f32 && name.ends_with("scale_embeddings") && number_of(v) == 1;
    out.attributes[name] = unscaled ? 0 : number_of(v);
    return;
  }
  if (is_text(v)) {
    out.texts[name] = std::string(reinterpret_cast<char const*>(v.bytes.data()), v.bytes.size());
    return;
  }
  if (is_scale(v.name)) return;
  switch (v.type) {
    case stored_type::f32: out.tensors.push_back({name, dtype::f32, v.shape, v.bytes}); return;
    case stored_type::f16: out.tensors.push_back({name, dtype::f16, v.shape, v.bytes}); return;
    case stored_type::bf16: out.tensors.push_back({name, dtype::bf16, v.shape, v.bytes}); return;
    case stored_type::i8:
    case stored_type::i16:
    case stored_type::i32: break;
  }
  out.made.push_back(quantised.floats(v));
  out.tensors.push_back({name, dtype::f32, v.shape, out.made.back()});
}

tensor_view const* find(std::vector<tensor_view> const& tensors, std::string_view name) {
  auto const place = std::find_if(tensors.begin(), tensors.end(), [&](tensor_view const& t) { return t.name == name; });
  return place == tensors.end() ? nullptr : &*place;
}

void read_aliases(cursor& in, ctranslate2_content& out) {
  auto const count = in.number<std::uint32_t>("the number of aliases");
  for (std::uint32_t i = 0; i < count; ++i) {
    std::string const alias = canonical(in.text("an alias"));
    std::string const name = canonical(in.text("what an alias stands for"));
    if (is_scale(alias)) continue;
    if (auto const attribute = out.attributes.find(name); attribute != out.attributes.end()) {
      out.attributes[alias] = attribute->second;
      continue;
    }
    tensor_view const* const tensor = find(out.tensors, name);
    if (tensor == nullptr) in.fail("alias " + alias + " stands for " + name + ", which is no variable");
    tensor_view copy = *tensor;
    copy.name = alias;
    out.tensors.push_back(std::move(copy));
    out.aliases[alias] = name;
  }
}

void sort_by_name(cursor const& in, std::vector<tensor_view>& tensors) {
  std::sort(tensors.begin(), tensors.end(), [](tensor_view const& a, tensor_view const& b) { return a.name < b.name; });
  auto const twice = std::adjacent_find(tensors.begin(), tensors.end(),
                                        [](tensor_view const& a, tensor_view const& b) { return a.name == b.name; });
  if (twice != tensors.end()) in.fail("variable " + twice->name + " comes twice");
}

}  // namespace

ctranslate2_content read_ctranslate2(std::span<std::byte const> file, std::string_view where) {
  cursor in(file, where);
  auto const version = in.number<std::uint32_t>("the binary version");
  if (version < oldest_version || version > newest_version)
    in.fail("is of binary version " + std::to_string(version) + ", versions " + std::to_string(oldest_version) +
            " to " + std::to_string(newest_version) + " are read");
  ctranslate2_content out;
  out.spec = in.text("the name of the model's class");
  static_cast<void>(in.number<std::uint32_t>("the revision"));
  auto const count = in.number<std::uint32_t>("the number of variables");
  std::vector<variable> variables;
  for (std::uint32_t i = 0; i < count; ++i) variables.push_back(read_variable(in, version));
  dequantiser const quantised(in, variables);
  for (variable const& v : variables) sort_in(out, v, quantised);
  if (version >= 3) read_aliases(in, out);
  in.end();
  sort_by_name(in, out.tensors);
  return out;
}

}  // namespace constformer
