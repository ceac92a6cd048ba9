#include "tensor_names.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

namespace constformer {

namespace {

constexpr std::array<std::string_view, 3> wrappers{"_orig_mod.", "_fsdp_wrapped_module.",
                                                   "_checkpoint_wrapped_module."};

template <class Visit>
void for_each_name(safetensors_content& content, Visit const& visit) {
  for (auto& tensor : content.tensors) visit(tensor.name);
  for (auto& tensor : content.unread) visit(tensor.name);
}

// What stands before `known` in the one name that ends with it as a whole part; empty if there is none.
std::string lead_of(safetensors_content& content, std::string_view known) {
  std::string lead;
  for_each_name(content, [&](std::string const& name) {
    if (!name.ends_with(known) || name.size() == known.size() || name[name.size() - known.size() - 1] != '.') return;
    auto const found = std::string_view(name).substr(0, name.size() - known.size());
    if (lead.empty() || found.size() < lead.size()) lead = found;
  });
  return lead;
}

bool holds(safetensors_content& content, std::string_view wanted) {
  bool found = false;
  for_each_name(content, [&](std::string const& name) { found = found || name == wanted; });
  return found;
}

template <class Rename>
void rename_all(safetensors_content& content, Rename const& rename) {
  std::set<std::string> names;
  std::size_t count = 0;
  for_each_name(content, [&](std::string const& name) {
    names.insert(rename(name));
    ++count;
  });
  if (names.size() != count) return;
  for_each_name(content, [&](std::string& name) { name = rename(name); });
  auto const by_name = [](auto const& a, auto const& b) { return a.name < b.name; };
  std::sort(content.tensors.begin(), content.tensors.end(), by_name);
  std::sort(content.unread.begin(), content.unread.end(), by_name);
}

}  // namespace

std::string without_wrappers(std::string_view name) {
  std::string out(name);
  for (std::string_view const wrapper : wrappers)
    for (std::size_t at = out.find(wrapper); at != std::string::npos; at = out.find(wrapper, at))
      if (at == 0 || out[at - 1] == '.')
        out.erase(at, wrapper.size());
      else
        ++at;
  constexpr std::string_view parallel = "module.";
  while (out.starts_with(parallel)) out.erase(0, parallel.size());
  return out;
}

void settle_names(safetensors_content& content, std::string_view prefix, std::string_view known) {
  rename_all(content, [](std::string const& name) { return without_wrappers(name); });
  std::string const usual = std::string(prefix) + std::string(known);
  if (holds(content, usual) || holds(content, known)) return;
  std::string lead = lead_of(content, usual);
  if (lead.empty()) lead = lead_of(content, known);
  if (lead.empty()) return;
  rename_all(content,
             [&](std::string const& name) { return name.starts_with(lead) ? name.substr(lead.size()) : name; });
}

}  // namespace constformer
