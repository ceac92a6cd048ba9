#include "merge_adapter.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <regex>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "../checkpoint/readers/json.hpp"
#include "../checkpoint/readers/torch.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/core/error.hpp"
#include "half.hpp"

namespace constformer::command {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view root_prefix = "base_model.model.", a_suffix = ".lora_A.weight", b_suffix = ".lora_B.weight";

// adapter_config.json, as far as it decides what an adapter adds.
class adapter_config {
 public:
  explicit adapter_config(fs::path const& file) : where_(file.string()) {
    mapped_file const text(file);
    read_ = parse_json_object({reinterpret_cast<char const*>(text.bytes().data()), text.bytes().size()}, where_);
    require("peft_type", [](json const& v) { return v == "LORA"; }, "only LORA can be merged");
    require("bias", [](json const& v) { return v == "none"; }, "only adapters without biases can be merged");
    for (char const* const key :
         {"use_dora", "use_bdlora", "use_qalora", "kasa_config", "velora_config", "monteclora_config", "arrow_config",
          "lora_bias", "modules_to_save", "layer_replication", "target_parameters"})
      require(key, is_off, "only adapters without it can be merged");
  }

  // What B·A is multiplied by.
  [[nodiscard]] float scale_of(std::string_view module, std::int64_t rank) const {
    double const alpha = by_pattern("alpha_pattern", module).value_or(number("lora_alpha"));
    double const by = flag("use_rslora") ? std::sqrt(static_cast<double>(rank)) : static_cast<double>(rank);
    return static_cast<float>(alpha / by);
  }
  // Weights are (in, out).
  [[nodiscard]] bool transposed() const { return flag("fan_in_fan_out"); }

 private:
  static bool is_off(json const& v) { return v.is_null() || v == false || v.empty(); }

  template <class Test>
  void require(char const* key, Test const& test, char const* otherwise) const {
    auto const at = read_.find(key);
    if (at != read_.end() && !test(*at)) throw error(where_ + ": " + key + " is " + quoted(*at) + ", " + otherwise);
  }
  [[nodiscard]] double number(char const* key) const {
    auto const at = read_.find(key);
    if (at == read_.end() || !at->is_number()) throw error(where_ + ": " + key + " must be a number");
    return at->get<double>();
  }
  [[nodiscard]] bool flag(char const* key) const {
    auto const at = read_.find(key);
    return at != read_.end() && *at == true;
  }
  // Keys are regular expressions of the end of a module's name, the first that fits counts.
  [[nodiscard]] std::optional<double> by_pattern(char const* key, std::string_view module) const {
    auto const at = read_.find(key);
    if (at == read_.end() || !at->is_object()) return std::nullopt;
    for (auto const& [pattern, value] : at->items()) try {
        std::regex const wanted("(.*\\.)?(" + pattern + ")");
        if (std::regex_match(module.begin(), module.end(), wanted) && value.is_number()) return value.get<double>();
      } catch (std::regex_error const&) {
        throw error(where_ + ": " + key + " holds " + pattern + ", which is no pattern");
      }
    return std::nullopt;
  }

  std::string where_;
  json read_;
};

// The adapter's own tensors, and what they view.
struct adapter_tensors {
  std::string where;
  std::optional<mapped_file> file;
  made_bytes made;
  safetensors_content content;

  explicit adapter_tensors(fs::path const& folder) {
    std::error_code missing;
    fs::path path = folder / "adapter_model.safetensors";
    bool const safe = fs::exists(path, missing) || !fs::exists(folder / "adapter_model.bin", missing);
    if (!safe) path = folder / "adapter_model.bin";
    where = path.string();
    file.emplace(path);
    content = safe ? read_safetensors(file->bytes(), where) : read_torch_state(file->bytes(), where, made);
  }
  [[nodiscard]] tensor_view const* find(std::string const& name) const {
    auto const at = std::ranges::find(content.tensors, name, &tensor_view::name);
    return at == content.tensors.end() ? nullptr : &*at;
  }
};

std::vector<float> values_of(tensor_view const& t) {
  std::vector<float> out(static_cast<std::size_t>(count_of(t.shape)));
  read_rows_f32(t, 0, matrix_of(t).rows, out);
  return out;
}

// Files of a model without its head may leave out the prefix that its modules have, or the other way round.
bool is_weight_of(std::string_view tensor, std::string const& module) {
  std::string const wanted = module + ".weight";
  return tensor == wanted || tensor.ends_with("." + wanted) || wanted.ends_with("." + std::string(tensor));
}

tensor_view& weight_of(std::vector<tensor_view>& tensors, std::string const& module, std::string const& where) {
  tensor_view* found = nullptr;
  for (tensor_view& t : tensors) {
    if (t.name == module + ".weight") return t;
    if (!is_weight_of(t.name, module)) continue;
    if (found != nullptr) throw error(where + ": " + module + " may be " + found->name + " or " + t.name);
    found = &t;
  }
  if (found == nullptr) throw error(where + ": the model has no " + module + ".weight");
  return *found;
}

std::vector<std::byte> as_stored(std::vector<float> const& values, dtype type) {
  std::vector<std::byte> out(static_cast<std::size_t>(bytes_of(type, static_cast<std::int64_t>(values.size()))));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (type == dtype::f32) {
      std::memcpy(out.data() + 4 * i, &values[i], 4);
    } else {
      std::uint16_t const bits = type == dtype::f16 ? to_f16(values[i]) : to_bf16(values[i]);
      std::memcpy(out.data() + 2 * i, &bits, 2);
    }
  }
  return out;
}

// W + scale·B·A: A (rank, in), B (out, rank), W (out, in) or, `transposed`, (in, out).
void add_product(std::vector<float>& w, std::vector<float> const& a, std::vector<float> const& b, std::size_t rank,
                 float scale, bool transposed) {
  std::size_t const in = a.size() / rank, out = b.size() / rank;
  std::vector<float> row(in);
  for (std::size_t o = 0; o < out; ++o) {
    std::ranges::fill(row, 0.0F);
    for (std::size_t k = 0; k < rank; ++k)
      for (std::size_t i = 0; i < in; ++i) row[i] += b[o * rank + k] * a[k * in + i];
    for (std::size_t i = 0; i < in; ++i) w[transposed ? i * out + o : o * in + i] += row[i] * scale;
  }
}

void merge(tensor_view const& a, tensor_view const& b, tensor_view& w, float scale, bool transposed,
           std::string const& where, made_bytes& made) {
  bool const matrices = a.shape.size() == 2 && b.shape.size() == 2 && a.shape[0] == b.shape[1] && a.shape[0] > 0;
  std::vector<std::int64_t> wanted = matrices ? std::vector{b.shape[0], a.shape[1]} : std::vector<std::int64_t>{};
  if (transposed) std::ranges::reverse(wanted);
  if (w.shape != wanted)
    throw error(where + ": " + a.name + " is " + shape_text(a.shape) + ", " + b.name + " " + shape_text(b.shape) +
                ", and " + w.name + " " + shape_text(w.shape));
  std::vector<float> values = values_of(w);
  add_product(values, values_of(a), values_of(b), static_cast<std::size_t>(a.shape[0]), scale, transposed);
  made.push_back(as_stored(values, w.type));
  w.bytes = made.back();
}

}  // namespace

void merge_adapter(fs::path const& adapter, std::vector<tensor_view>& tensors, made_bytes& made) {
  adapter_config const settings(adapter / "adapter_config.json");
  adapter_tensors const own(adapter);
  for (unread_tensor const& t : own.content.unread) throw error(own.where + ": " + t.name + " is " + t.type);
  for (tensor_view const& t : own.content.tensors) {
    bool const first = t.name.ends_with(a_suffix);
    if (!t.name.starts_with(root_prefix) || !(first || t.name.ends_with(b_suffix)))
      throw error(own.where + ": " + t.name + " is neither A nor B of a linear layer");
    std::string const module = t.name.substr(root_prefix.size(), t.name.size() - root_prefix.size() - a_suffix.size());
    tensor_view const* const other =
        own.find(std::string(root_prefix) + module + std::string(first ? b_suffix : a_suffix));
    if (other == nullptr) throw error(own.where + ": " + t.name + " stands alone");
    if (first)
      merge(t, *other, weight_of(tensors, module, own.where),
            settings.scale_of(module, t.shape.empty() ? 1 : t.shape[0]), settings.transposed(), own.where, made);
  }
}

}  // namespace constformer::command
