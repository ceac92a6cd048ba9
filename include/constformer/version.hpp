#pragma once

/// Transformers whose shapes the compiler checks: configs, layers, kernels, readers, tokenizers and generation.
namespace constformer {

/// The version of constformer, `major.minor.patch`; CMake reads it from this line.
inline constexpr char version[] = "0.1.0";

}  // namespace constformer
