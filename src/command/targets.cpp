#include "targets.hpp"

#include <algorithm>

#include "constformer/core/dtype.hpp"

namespace constformer::command {

namespace {

// Highway's AVX2 and AVX-512 want these two, which the levels of the psABI leave out and every such processor has.
constexpr std::string_view aes = "-maes", carryless = "-mpclmul";

std::vector<std::string> level(std::string_view name) {
  return {"-march=" + std::string(name), std::string(aes), std::string(carryless)};
}

// AVX-512 as of Ice Lake: products of bytes.
std::vector<std::string> level_4_with_vnni() {
  auto flags = level("x86-64-v4");
  for (char const* extension : {"vnni", "vbmi", "vbmi2", "bitalg", "vpopcntdq"})
    flags.push_back(std::string("-mavx512") + extension);
  flags.insert(flags.end(), {"-mvaes", "-mvpclmulqdq", "-mgfni"});
  return flags;
}

// And products of bf16, which Highway wants to be asked for: the name is that of the first AMD processor that has them.
constexpr std::string_view want_bf16 = "-DHWY_WANT_AVX3_ZEN4";
std::vector<std::string> level_4_with_bf16() {
  auto flags = level_4_with_vnni();
  flags.insert(flags.end(), {"-mavx512bf16", std::string(want_bf16)});
  return flags;
}

std::vector<unit_target> all_targets() {
#if defined(__aarch64__)
  return {{"neon", "HWY_NEON", {"-march=armv8-a+crypto"}}};
#else
  return {{"avx3_zen4", "HWY_AVX3_ZEN4", level_4_with_bf16()},
          {"avx3_dl", "HWY_AVX3_DL", level_4_with_vnni()},
          {"avx3", "HWY_AVX3", level("x86-64-v4")},
          {"avx2", "HWY_AVX2", level("x86-64-v3")},
          {"sse4", "HWY_SSE4", level("x86-64-v2")}};
#endif
}

}  // namespace

std::vector<unit_target> portable_targets(config const& model) {
  auto targets = all_targets();
  if (model.inputs != dtype::i8) std::erase_if(targets, [](unit_target const& t) { return t.name == "avx3_dl"; });
  if (model.inputs != dtype::bf16) std::erase_if(targets, [](unit_target const& t) { return t.name == "avx3_zen4"; });
  return targets;
}

std::vector<std::string> target_flags(std::string_view target) {
  if (target == "portable") return {};
  // Highway takes g++ before 14 to compile this one wrongly; the suite holds our kernels on it. At -O2 a model of test
  // size takes a minute.
  if (target == "emu128") return {"-DHWY_COMPILE_ONLY_EMU128", "-DHWY_BROKEN_EMU128=0", "-O1"};
  // One value at a time, for processors without vectors.
  if (target == "scalar") return {"-DHWY_COMPILE_ONLY_SCALAR"};
  for (unit_target const& known : all_targets())
    if (known.name == target) return known.flags;
  if (target.starts_with("x86-64-v")) return level(target);
#if defined(__x86_64__)
  // g++ leaves AES out of Haswell and Broadwell; nothing of ours uses it, but Highway would go down to 128-bit vectors
  // without it.
  if (target != "native") return {"-march=" + std::string(target), "-DHWY_DISABLE_PCLMUL_AES"};
#endif
  return {"-march=" + std::string(target)};
}

std::vector<std::string> model_flags(std::string_view target, config const& model) {
  auto flags = target_flags(target);
#if defined(__x86_64__)
  if (target == "native" && model.inputs == dtype::bf16 && __builtin_cpu_supports("avx512bf16"))
    flags.emplace_back(want_bf16);
#endif
  return flags;
}

std::string unit_function(unit_target const& target) { return "constformer_unit_" + std::string(target.name); }

}  // namespace constformer::command
