#pragma once

#include "constformer/config/kinds.hpp"
#include "constformer/models/bert.hpp"
#include "constformer/models/gpt2.hpp"
#include "constformer/models/llama.hpp"
#include "constformer/models/name_map.hpp"

namespace constformer {

/// How checkpoints of a family name their tensors.
[[nodiscard]] constexpr name_map const& names_of(family_kind family) {
  switch (family) {
    case family_kind::gpt2: return gpt2_names;
    case family_kind::bert: return bert_names;
    case family_kind::llama:
    case family_kind::mistral:
    case family_kind::qwen2: break;
  }
  return llama_names;
}

}  // namespace constformer
