#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/checkpoint/tensor.hpp"
#include "constformer/config/config.hpp"

namespace constformer {

/// What a model.bin of CTranslate2 (github.com/OpenNMT/CTranslate2) holds, quantised weights given back as float32.
/// Names have dots for slashes, and `weight` and `bias` for `gamma` and `beta`.
struct ctranslate2_content {
  std::string spec;                            ///< the class that wrote it
  std::vector<tensor_view> tensors;            ///< by name, each once; aliases are tensors of their own
  std::map<std::string, double> attributes;    ///< single numbers, by name
  std::map<std::string, std::string> texts;    ///< attributes that are text, by name
  std::map<std::string, std::string> aliases;  ///< from a tensor's name to that of the one it is
  std::vector<std::vector<std::byte>> made;    ///< what dequantised tensors view
};

/// Reads a model.bin in memory, of binary versions 2 to 6; `where` names it in messages. int8 weights have a scale for
/// each row, int16 ones a single scale: value = stored / scale. Throws `error` if the file ends early or has more than
/// it says, a name comes twice, or a size, type or scale does not fit.
[[nodiscard]] ctranslate2_content read_ctranslate2(std::span<std::byte const> file, std::string_view where);

/// The config of a sequence-to-sequence model, or of a decoder alone; `layer_norm_eps` is that of its config.json, or 0
/// where that has none. What cannot be said by a `config` is refused by the attribute's name.
[[nodiscard]] config ctranslate2_config(ctranslate2_content const& content, float layer_norm_eps,
                                        std::string_view where);

}  // namespace constformer
