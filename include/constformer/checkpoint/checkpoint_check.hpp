#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "constformer/checkpoint/manifest.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/check.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/core/text.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/layers/transformer.hpp"

namespace constformer {

/// One tensor of a checkpoint file, as its header tells it.
struct file_tensor {
  std::string_view name;                  ///< with the checkpoint's prefix
  std::string_view type;                  ///< "Q8" (int8 with scales), and those of `dtype`, "Q4_K", can be loaded
  int rank = 0;                           ///< extents that count
  std::array<std::int64_t, 4> extents{};  ///< outermost first
};

namespace detail {

inline constexpr std::size_t no_entry = static_cast<std::size_t>(-1);

constexpr bool loadable(std::string_view type) {
  if (type == "Q8") return true;
  for (int i = 0; i < dtype_count; ++i) {
    auto const known = static_cast<dtype>(i);
    std::string_view const name = name_of(known);
    bool same = known != dtype::i8 && known != dtype::q8_f && name.size() == type.size();
    for (std::size_t k = 0; same && k < name.size(); ++k)
      same = type[k] == (name[k] >= 'a' && name[k] <= 'z' ? name[k] - 'a' + 'A' : name[k]);
    if (same) return true;
  }
  return false;
}

constexpr std::string_view without(std::string_view prefix, std::string_view name) {
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

constexpr bool fits(file_tensor const& tensor, manifest_entry const& entry) {
  return tensor.rank == entry.rank && tensor.extents[0] == entry.extents[0] &&
         (entry.rank == 1 || tensor.extents[1] == entry.extents[1]);
}

constexpr message shape_text(std::span<std::int64_t const> extents) {
  message out;
  out << std::string_view("[");
  for (std::size_t i = 0; i < extents.size(); ++i) {
    if (i > 0) out << std::string_view(",");
    out << extents[i];
  }
  return out << std::string_view("]");
}

constexpr message shape_text(file_tensor const& t) {
  return shape_text(std::span(t.extents).first(static_cast<std::size_t>(t.rank)));
}
constexpr message shape_text(manifest_entry const& e) {
  return shape_text(std::span(e.extents).first(static_cast<std::size_t>(e.rank)));
}

constexpr std::size_t entry_of(std::span<manifest_entry const> wanted, std::string_view prefix, std::string_view name) {
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    bool const prefixed = wanted[i].prefixed;
    if (prefixed && !name.starts_with(prefix)) continue;
    if (matches(prefixed ? name.substr(prefix.size()) : name, wanted[i].tensor.view())) return i;
  }
  return no_entry;
}

constexpr bool ignorable(name_map const& names, bool tied, std::string_view prefix, std::string_view name) {
  // A tied head is saved again by some writers; the embedding is what counts.
  constexpr std::string_view head = "head.weight";
  if (tied && has_rule(names, head) && name == tensor_of(*rule_for(names, head), head).view()) return true;
  for (std::string_view pattern : names.ignored)
    if (matches(without(prefix, name), pattern)) return true;
  return false;
}

// `pattern` with its `*` replaced by the first index below `layers` of which `tensors` has no such name.
constexpr parameter_name first_missing(std::span<file_tensor const> tensors, std::string_view prefix,
                                       manifest_entry const& entry) {
  std::string_view const pattern = entry.tensor.view();
  std::size_t const star = pattern.find('*');
  for (int layer = 0; layer < entry.layers; ++layer) {
    parameter_name name;
    if (entry.prefixed) name << prefix;
    name << pattern.substr(0, star);
    if (star != std::string_view::npos) name << layer << pattern.substr(star + 1);
    bool found = false;
    for (file_tensor const& tensor : tensors) found = found || tensor.name == name.view();
    if (!found) return name;
  }
  return {};
}

constexpr int index_in(std::string_view name, std::string_view prefix, manifest_entry const& entry) {
  std::size_t const star = entry.tensor.view().find('*');
  if (star == std::string_view::npos) return 0;
  int index = 0;
  for (char c : without(entry.prefixed ? prefix : "", name).substr(star)) {
    if (c < '0' || c > '9' || index > 1'000'000) break;
    index = index * 10 + (c - '0');
  }
  return index;
}

}  // namespace detail

/// Compares a file's tensors with what a model needs: the first tensor that does not fit, is of a type that cannot be
/// loaded, is not known, or is missing, and how many; empty if all is well. `prefix` stands before the file's names
/// ("model.", "bert.", "").
[[nodiscard]] constexpr message checkpoint_misfit(std::span<manifest_entry const> wanted, name_map const& names,
                                                  bool tied, std::string_view prefix,
                                                  std::span<file_tensor const> tensors) {
  message first;
  std::int64_t misfits = 0;
  std::int64_t total = 0;
  auto report = [&](auto const&... sentence) {
    if (misfits++ == 0) first = format_message(sentence...);
  };
  for (manifest_entry const& entry : wanted) total += entry.layers;
  std::vector<std::int64_t> found(wanted.size(), 0);
  for (file_tensor const& tensor : tensors) {
    std::size_t const i = detail::entry_of(wanted, prefix, tensor.name);
    if (i == detail::no_entry || detail::index_in(tensor.name, prefix, wanted[i]) >= wanted[i].layers) {
      if (!detail::ignorable(names, tied, prefix, tensor.name))
        report("{}: checkpoint has {}, the model has no such tensor", tensor.name, detail::shape_text(tensor));
      continue;
    }
    ++found[i];
    if (!detail::fits(tensor, wanted[i]))
      report("{}: checkpoint has {}, model has {}", tensor.name, detail::shape_text(tensor),
             detail::shape_text(wanted[i]));
    else if (!detail::loadable(tensor.type))
      report("{}: checkpoint has type {}, which is none of F32, F16, BF16", tensor.name, tensor.type);
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (found[i] >= wanted[i].layers) continue;
    report("{}: checkpoint does not have it, model has {}", detail::first_missing(tensors, prefix, wanted[i]),
           detail::shape_text(wanted[i]));
    misfits += wanted[i].layers - found[i] - 1;
  }
  if (misfits == 0) return {};
  return format_message("{} ({} of {} tensors do not fit)", first, misfits, total);
}

namespace detail {

// Nothing if the config itself is not valid: that has been said.
template <config const& Config>
constexpr message misfit_of_file(std::span<file_tensor const> tensors, std::string_view prefix, bool linear_in_out) {
  constexpr auto const& table = parameter_table<model_parameters<Config>>;
  if (!first_misfit(Config).empty()) return {};
  if (message const nameless = nameless_parameter(Config, table); !nameless.empty()) return nameless;
  auto const wanted = make_manifest(Config, table, linear_in_out);
  return checkpoint_misfit(wanted.view(), constformer::names_of(Config), Config.tied, prefix, tensors);
}

}  // namespace detail

/// Compiles only if the tensors of a file (`Tensors`, `Prefix`: static constexpr objects) fill `Config`; if not, the
/// error is the sentence of `checkpoint_misfit`. `LinearInOut` is false for a file that stores Conv1D layers as (out,
/// in).
template <config const& Config, auto const& Tensors, auto const& Prefix, bool LinearInOut = true>
struct checkpoint_fits {
  /// The sentence; empty, or the struct does not compile.
  static constexpr message misfit =
      detail::misfit_of_file<Config>(std::span<file_tensor const>(Tensors), Prefix, LinearInOut);
  static_assert(require_empty<misfit>::value);
  static constexpr bool value = true;  ///< true, or the struct does not compile
};

}  // namespace constformer
